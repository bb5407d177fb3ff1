"""increasing-loss: the end against the start."""

import numpy as np

from tests.rules.builder import STEPS, findings, healthy, losses, stuck, thin, unmeasured, verdict

RULE = "increasing-loss"


def test_falling_and_flat_losses_pass():
    assert findings(RULE, healthy()) == ()
    assert findings(RULE, stuck(healthy())) == ()


def test_a_rise_is_an_error():
    rising = losses(healthy(), 2.3 + STEPS / 300)
    assert findings(RULE, rising)[0].severity == "error"
    assert len(findings(RULE, thin(rising, 2))) == 1


def test_noise_is_no_rise():
    noisy = np.random.default_rng(0).normal(2.3, 0.8, len(STEPS)).clip(0.1)
    assert findings(RULE, losses(healthy(), noisy)) == ()


def test_a_spike_is_no_rise():
    assert findings(RULE, losses(healthy(), np.where(STEPS == 500, 90.0, 2.3))) == ()


def test_unmeasured_is_no_data():
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"
