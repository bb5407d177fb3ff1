"""initial-loss: the first loss against that of a guess."""

import numpy as np

from tests.rules.builder import (
    STEPS,
    change,
    findings,
    healthy,
    stuck,
    unmeasured,
    verdict,
    with_classes,
    with_data,
    with_two_outputs,
)

RULE = "initial-loss"


def starting(first, run=None):
    run = with_classes(run or stuck(healthy()), np.full(10, 3))
    return change(run, "step", "data_loss", np.where(STEPS == 0, first, 2.3)[:, None])


def learnt(first):
    return change(starting(first, healthy()), "step", "data_loss", np.where(STEPS == 0, first, 0.4)[:, None])


LIMITS = {"ratio": (starting(23.0), 11), "far": (learnt(24.0), 20)}


def test_a_start_at_chance_passes():
    for first in (2.3, 1.5, 5.0):
        assert findings(RULE, starting(first)) == ()


def test_a_start_far_above_is_a_warning_unless_something_is_learnt():
    (finding,) = findings(RULE, starting(23.0))
    assert finding.severity == "warning" and abs(finding.observed - 10) < 0.1
    assert findings(RULE, learnt(23.0))[0].severity == "info"


def test_a_classification_that_starts_ten_times_above_is_a_warning_whatever_is_learnt():
    for first, severity in ((22.0, "info"), (24.0, "warning")):
        assert findings(RULE, learnt(first))[0].severity == severity


def test_where_inputs_are_not_normalized_that_is_the_reason():
    odd = with_data(learnt(24.0), "input/x", data_mean=120.0, data_std=70.0, data_min=0.0)
    assert findings(RULE, odd)[0].severity == "info"


def test_where_some_classes_are_rare_a_guess_gives_each_the_same_probability():
    run = change(stuck(healthy()), "step", "data_loss", np.where(STEPS == 0, 2.3, 0.2)[:, None])
    assert findings(RULE, with_classes(run, np.array([191] + [1] * 9))) == ()


def test_several_outputs_start_at_the_sum_of_guesses():
    for first, count in ((2.7, 0), (9.0, 1)):
        run = change(with_two_outputs(stuck(healthy())), "step", "data_loss", first)
        assert len(findings(RULE, run)) == count


def test_a_run_whose_start_was_not_seen():
    assert verdict(RULE, starting(float("nan"))).status == "no_data"
    assert verdict(RULE, change(stuck(healthy()), "step", "data_loss", 9.0)).status == "no_data"
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"
