"""non-gaussian-weights: kurtosis against the peers'."""

import numpy as np
import pytest

from tests.rules.builder import STEPS, change, findings, healthy, model, stuck, thin, unmeasured, verdict

RULE = "non-gaussian-weights"
LATE = STEPS >= 300


def shaped(value, run=None, peers=1.0):
    run = change(run or stuck(healthy()), "variable", "value_kurtosis", peers)
    return change(run, "variable", "value_kurtosis", np.where(LATE, value, 0.0), "dense_1/kernel")


LIMITS = {
    "kurtosis": (shaped(100.0), 101),
    "peers": (shaped(100.0), 101),
}


def test_alike_kernels_pass():
    assert findings(RULE, shaped(2.0)) == ()


def test_one_that_differs_is_a_warning_unless_something_is_learnt():
    (finding,) = findings(RULE, shaped(100.0))
    assert (finding.severity, finding.variable, finding.observed) == ("warning", "dense_1/kernel", 100.0)
    assert findings(RULE, shaped(100.0, healthy()))[0].severity == "info"
    assert len(findings(RULE, thin(shaped(100.0), 3))) == 1


@pytest.mark.parametrize(("value", "count"), [(19.9, 0), (20.1, 1)])
def test_limit(value, count):
    assert len(findings(RULE, shaped(value))) == count


def test_what_all_kernels_have_is_no_outlier():
    assert findings(RULE, shaped(100.0, peers=25.0)) == ()


def test_too_little_to_compare_is_no_data():
    assert verdict(RULE, change(stuck(healthy(model(hidden=1))), "variable", "value_kurtosis", 1.0)).status == "no_data"
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"


def test_a_kernel_that_started_so_passes():
    run = change(shaped(100.0), "variable", "value_kurtosis", 100.0, "dense_1/kernel")
    assert findings(RULE, run) == ()
