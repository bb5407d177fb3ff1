"""still-improving: the last quarter of the training."""

from dataclasses import replace

import numpy as np

from tests.rules.builder import findings, healthy, stuck, unmeasured, verdict, with_epochs

RULE = "still-improving"
LIMITS = {"drop": (with_epochs(healthy(), np.geomspace(2.3, 0.1, 16)), 0.9)}


def test_a_curve_that_has_levelled_off_passes():
    assert findings(RULE, with_epochs(healthy(), 0.3 + 2 * np.exp(-np.arange(16)))) == ()
    assert findings(RULE, stuck(healthy())) == ()


def test_a_curve_that_still_falls_is_information():
    (finding,) = findings(RULE, with_epochs(healthy(), np.geomspace(2.3, 0.1, 16)))
    assert finding.severity == "info" and finding.observed > 0.4


def test_a_validation_loss_that_has_turned_says_enough():
    run = with_epochs(healthy(), np.geomspace(2.3, 0.1, 16))
    validation = np.r_[np.geomspace(2.3, 1.0, 8), np.linspace(1.0, 2.0, 8)]
    epochs = [replace(e, logs={**e.logs, "val_loss": float(v)}) for e, v in zip(run.epochs, validation, strict=True)]
    assert findings(RULE, replace(run, epochs=tuple(epochs))) == ()


def test_noise_is_no_fall():
    random = np.random.default_rng(2)
    assert findings(RULE, with_epochs(healthy(), 1.0 + 0.4 * random.standard_normal(24))) == ()


def test_what_goes_on_or_is_unmeasured():
    assert verdict(RULE, replace(healthy(), finished=False)).status == "no_data"
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"
