"""loss-scale-collapse: skipped steps under a dynamic loss scale."""

import numpy as np

from tests.rules.builder import STEPS, change, findings, healthy, model, thin, unmeasured, verdict

RULE = "loss-scale-collapse"
SCALED = {"optimizer": {"class_name": "Adam", "learning_rate": 1e-3, "loss_scaled": True}}


def scaled(skipped, scale=32768.0):
    run = change(healthy(model(**SCALED)), "step", "step_skipped", skipped)
    return change(run, "step", "loss_scale", scale)


LIMITS = {
    "skipped": (scaled(np.where(np.arange(len(STEPS)) % 3 == 0, 1.0, 0.0)), 0.5),
    "scale": (scaled(0.0, 1.0), 0.9),
}


def test_a_search_at_the_start_passes():
    assert findings(RULE, scaled(np.where(STEPS < 16, 1.0, 0.0)[:, None])) == ()


def test_skipping_on_is_a_warning_and_always_an_error():
    (finding,) = findings(RULE, scaled((np.arange(len(STEPS)) % 3 == 0).astype(float)[:, None]))
    assert finding.severity == "warning" and 0.2 < finding.observed < 0.5
    assert findings(RULE, scaled(1.0))[0].severity == "error"
    assert len(findings(RULE, thin(scaled(1.0), 2))) == 1


def test_a_scale_at_its_floor():
    assert findings(RULE, scaled(0.0, 1.0))[0].severity == "warning"


def test_without_a_scale():
    assert verdict(RULE, change(healthy(), "step", "loss_scale", 1.0)).status == "no_data"
    assert verdict(RULE, unmeasured(healthy(model(**SCALED)))).status == "no_data"
