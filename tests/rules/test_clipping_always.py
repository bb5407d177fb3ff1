"""clipping-always: how often clipping acts."""

import numpy as np

from tests.rules.builder import (
    STEPS,
    change,
    findings,
    healthy,
    losses,
    model,
    stuck,
    thin,
    unmeasured,
    verdict,
    with_classes,
)

RULE = "clipping-always"
CLIPS = {"optimizer": {"class_name": "Adam", "learning_rate": 1e-3, "clipnorm": 1.0}}


def slow():
    return with_classes(losses(healthy(model(**CLIPS)), np.linspace(2.3, 1.95, len(STEPS))), np.full(10, 3))


def clipped(fraction, run=None):
    return change(run or stuck(healthy(model(**CLIPS))), "step", "clipped_fraction", fraction)


LIMITS = {
    "steps": (clipped(0.8), 1.0),
    "clipped": (clipped(0.8), 0.9),
    "nearly": (clipped(0.99, slow()), 0.995),
}


def test_rare_clipping_passes():
    assert findings(RULE, clipped(np.where(STEPS < 8, 0.9, 0.0)[:, None])) == ()
    assert findings(RULE, clipped(0.05)) == ()


def test_clipping_at_every_step_is_a_warning_unless_something_is_learnt():
    (finding,) = findings(RULE, clipped(0.8))
    assert (finding.severity, finding.observed) == ("warning", 1.0)
    assert finding.message == "Clipping takes away 80 % of the gradient's norm, at 100 % of the sampled steps."
    assert findings(RULE, clipped(0.8, healthy(model(**CLIPS))))[0].severity == "info"
    assert len(findings(RULE, thin(clipped(0.8), 2))) == 1


def test_clipping_that_takes_nearly_all_is_a_warning_where_little_is_learnt():
    for fraction, severity in ((0.99, "warning"), (0.8, "info")):
        assert findings(RULE, clipped(fraction, slow()))[0].severity == severity
    assert findings(RULE, clipped(0.99, healthy(model(**CLIPS))))[0].severity == "info"


def test_without_clipping():
    assert verdict(RULE, clipped(0.8, healthy())).status == "no_data"
    assert verdict(RULE, unmeasured(healthy(model(**CLIPS)))).status == "no_data"
