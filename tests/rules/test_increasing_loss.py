"""increasing-loss: the end against the start."""

from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth.records import Epoch
from tests.rules.builder import STEPS, findings, healthy, losses, model, stuck, thin, unmeasured, verdict

RULE = "increasing-loss"
LIMITS = {
    "rise": (losses(healthy(), 2.3 + STEPS / 300), 2.0),
    "errors": (losses(healthy(), (2.3 + STEPS / 300) * (1 + 0.1 * np.sin(STEPS))), 50),
}


def test_falling_and_flat_losses_pass():
    assert findings(RULE, healthy()) == ()
    assert findings(RULE, stuck(healthy())) == ()


def test_a_rise_is_an_error():
    rising = losses(healthy(), 2.3 + STEPS / 300)
    assert findings(RULE, rising)[0].severity == "error"
    assert len(findings(RULE, thin(rising, 2))) == 1


def test_the_median_of_the_first_samples_is_not_called_the_first_loss():
    loss = np.where(STEPS == 0, 3.2e7, np.where(STEPS == 1, 1.27e24, 4.7e24))
    assert findings(RULE, losses(healthy(), loss))[0].message == (
        "The loss rises from 1.3e24 (median of the first 3 samples) to 4.7e24 (median of the last 5 samples)."
    )


def test_noise_is_no_rise():
    noisy = np.random.default_rng(0).normal(2.3, 0.8, len(STEPS)).clip(0.1)
    assert findings(RULE, losses(healthy(), noisy)) == ()


def test_samples_that_rise_while_the_epochs_fall_are_noise():
    rising = losses(healthy(), 2.3 + STEPS / 300)
    epochs = tuple(Epoch(i, 320 * (i + 1), {"loss": loss}) for i, loss in enumerate((4.0, 3.5, 3.0)))
    assert findings(RULE, replace(rising, epochs=epochs)) == ()
    rising_too = tuple(Epoch(i, 320 * (i + 1), {"loss": loss}) for i, loss in enumerate((3.0, 3.5, 4.0)))
    assert len(findings(RULE, replace(rising, epochs=rising_too))) == 1


def test_a_spike_is_no_rise():
    assert findings(RULE, losses(healthy(), np.where(STEPS == 500, 90.0, 2.3))) == ()


def test_unmeasured_is_no_data():
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"


@pytest.mark.parametrize(
    ("logs", "losses_compiled", "status"),
    [
        ({"loss": 5.4, "d_loss": 1.4, "val_d_loss": 4.0}, [], "no_data"),
        ({"loss": 5.4, "d_loss": 1.4}, [{"class_name": "MeanSquaredError", "output": "p"}], "fail"),
        ({"loss": 5.4, "kl_loss": 1.4, "pixel_loss": 4.01}, [], "fail"),
        ({"loss": 5.4, "val_loss": 1.4, "mae": 4.0}, [], "fail"),
    ],
)
def test_the_losses_of_adversaries_may_rise(logs, losses_compiled, status):
    rising = losses(healthy(model(losses=losses_compiled)), 2.3 + STEPS / 300)
    assert verdict(RULE, replace(rising, epochs=(Epoch(0, 951, logs),))).status == status
