"""weight-growth: norms that do not stop growing."""

import numpy as np

from tests.rules.builder import STEPS, change, findings, healthy, losses, stuck, thin, unmeasured, verdict

RULE = "weight-growth"
KERNEL = "dense_1/kernel"


def grown(curve, run=None):
    return change(run or stuck(healthy()), "variable", "value_norm", 5.4 * np.asarray(curve), KERNEL)


LIMITS = {
    "growth": (grown(1 + STEPS / 20), 50),
    "still": (grown(1 + STEPS / 20), 2.0),
    "far": (grown(np.where(STEPS < 100, 1.0, 1500.0)), 2000),
    "start": (grown(1 + STEPS / 20), 1.1),
}


def test_steady_norms_pass():
    assert findings(RULE, stuck(healthy())) == ()
    assert findings(RULE, grown(np.geomspace(1, 5, len(STEPS)))) == ()


def test_growth_that_goes_on_is_a_warning_unless_something_is_learnt():
    (finding,) = findings(RULE, grown(1 + STEPS / 20))
    assert (finding.severity, finding.variable) == ("warning", KERNEL)
    assert findings(RULE, grown(1 + STEPS / 20, healthy()))[0].severity == "info"
    assert len(findings(RULE, thin(grown(1 + STEPS / 20), 3))) == 1


def test_growth_that_has_stopped_passes():
    assert findings(RULE, grown(np.where(STEPS < 100, 1.0, 20.0))) == ()


def test_growth_out_of_all_proportion_counts_although_it_has_stopped():
    (finding,) = findings(RULE, grown(np.where(STEPS < 2, 1.0, 7e19)))
    assert finding.message == f"The norm of {KERNEL} has grown 7e19 times."
    assert len(findings(RULE, thin(grown(np.where(STEPS < 2, 1.0, 7e19)), 3))) == 1
    assert findings(RULE, grown(np.where(STEPS < 2, 1.0, 999.0))) == ()


def test_a_kernel_that_begins_near_zero_must_grow():
    assert findings(RULE, grown((1 + STEPS / 20) / 1000)) == ()


def test_unmeasured_is_no_data():
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"


def test_growth_is_a_warning_where_the_loss_has_no_floor():
    falls = losses(healthy(), -((STEPS / 100) ** 2))
    (finding,) = findings(RULE, grown(1 + STEPS / 20, falls))
    assert finding.severity == "warning"
    levels = losses(healthy(), 1 - 3 * (1 - np.exp(-STEPS / 100)))
    assert findings(RULE, grown(1 + STEPS / 20, levels))[0].severity == "info"
