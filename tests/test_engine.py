"""The engine: pass, fail, no_data, error, and what a rule is given."""

from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth.engine import judge
from tb_nnhealth.records import Flight, NonFinite, Place
from tb_nnhealth.rules import Diagnosis, Finding, NotJudged, Rule, Threshold
from tests.rules.builder import STEPS, change, healthy, unmeasured


def diagnosis(check, **changes):
    rule = Rule("made-up", "loss", "Bad", "Good", thresholds=(Threshold("error", 2.0, "", "made up"),), **changes)
    return Diagnosis(rule, check, "", {})


def verdict(check, run=None, limits=None, **changes):
    (only,) = judge(run or healthy(), limits, [diagnosis(check, **changes)])
    return only


def quiet(run, limits):
    return ()


def finds(severity):
    return lambda run, limits: [Finding("made-up", severity, "…", limit=limits["error"])]


def test_silence_is_pass():
    assert verdict(quiet).status == "pass"


@pytest.mark.parametrize(("severity", "status"), [("info", "pass"), ("warning", "fail"), ("error", "fail")])
def test_findings_fail_unless_they_are_information(severity, status):
    result = verdict(finds(severity))
    assert (result.status, result.severity) == (status, severity)


def test_what_was_not_measured_is_no_data_with_the_reason():
    result = verdict(quiet, unmeasured(healthy()), needs=("loss",), min_samples=1)
    assert (result.status, result.reason) == ("no_data", "loss was not measured")


def test_what_a_model_has_nothing_of_is_told_so_unless_nothing_at_all_was_measured():
    facts = {"needs": ("clipped_fraction",), "min_samples": 1, "absent": "gradients are not clipped"}
    run = change(healthy(), "step", "clipped_fraction", np.nan)
    assert verdict(quiet, run, **facts).reason == "gradients are not clipped"
    assert verdict(quiet, unmeasured(healthy()), **facts).reason == "clipped fraction was not measured"


@pytest.mark.parametrize(
    ("lost", "cure"),
    [
        (30, "the others were lost as they were written"),
        (0, "leave nnhealth out of --samples_per_plugin and start TensorBoard again, unless the file is damaged"),
    ],
)
def test_a_series_is_not_judged_by_fewer_than_half_of_its_samples(lost, cure):
    few = replace(healthy(), thinned=True, missing_rows=30, lost_rows=lost)
    result = verdict(finds("error"), few, needs=("loss",), min_samples=4)
    assert (result.status, result.reason) == ("no_data", f"only 28 of 58 samples are here ({cure})")
    assert verdict(finds("error"), few, needs=("loss",), min_samples=1).status == "fail"
    half = replace(healthy(), thinned=True, missing_rows=28)
    assert verdict(finds("error"), half, needs=("loss",), min_samples=4).status == "fail"


def test_too_few_samples_are_no_data_with_the_reason():
    run = change(healthy(), "step", "loss", np.where(np.arange(28) < 3, 1.0, np.nan))
    result = verdict(quiet, run, needs=("loss",), min_samples=4)
    assert result.status == "no_data"
    assert result.reason == "loss was measured at 3 of the 4 steps that a verdict needs"
    assert verdict(quiet, run, needs=("loss",), min_samples=3).status == "pass"


@pytest.mark.parametrize(("at", "needed"), [(0, 1), (3, 8)])
def test_what_comes_after_a_nan_was_measured_but_tells_nothing(at, needed):
    run = replace(healthy(), nonfinite=NonFinite(int(STEPS[at]), (Place("loss", "", 1.0),)))
    result = verdict(quiet, run, needs=("dead_unit_fraction",), min_samples=needed)
    assert result.status == "no_data"
    told = f"NaN or infinity appears at step {STEPS[at]}, and too little was measured before it"
    assert result.reason == told
    unknown = change(run, "activation", "dead_unit_fraction", np.nan)
    assert verdict(quiet, unknown, needs=("dead_unit_fraction",), min_samples=needed).reason == (
        "dead unit fraction was not measured"
    )


@pytest.mark.parametrize(
    ("scope", "statistic", "count"),
    [("step", "loss", None), ("step", "learning_rate", None), ("variable", "gradient_rms", "gradient_nonfinite")],
)
def test_what_is_nan_at_every_sample_was_measured(scope, statistic, count):
    run = replace(healthy(), nonfinite=NonFinite(0, (Place("input", "target/y", 1.0), Place("loss", "", 1.0))))
    if statistic != "learning_rate":
        run = change(run, scope, statistic, np.nan)
    run = change(run, scope, count, 1.0) if count else run
    told = "NaN or infinity appears at step 0, and too little was measured before it"
    assert verdict(quiet, run, needs=(statistic, "loss"), min_samples=4).reason == told


def test_what_is_nan_beside_finite_samples_counts_as_measured():
    run = change(healthy(), "step", "loss", np.where(np.arange(28) < 3, 1.0, np.nan))
    run = replace(run, nonfinite=NonFinite(int(STEPS[3]), (Place("loss", "", 1.0),)))
    told = f"NaN or infinity appears at step {STEPS[3]}, and too little was measured before it"
    assert verdict(quiet, run, needs=("loss",), min_samples=4).reason == told
    needed = "loss was measured at 28 of the 40 steps that a verdict needs"
    assert verdict(quiet, run, needs=("loss",), min_samples=40).reason == needed


def test_what_was_judged_up_to_a_nan_only_is_marked():
    run = replace(healthy(), nonfinite=NonFinite(int(STEPS[9]), (Place("loss", "", 1.0),)))
    judged = verdict(quiet, run, needs=("loss",), min_samples=4)
    assert (judged.status, judged.cut_off) == ("pass", STEPS[9])
    assert verdict(quiet, run).cut_off is None
    assert verdict(quiet, run, needs=("loss",), min_samples=4, judges_nonfinite=True).cut_off is None
    assert verdict(quiet, run, needs=("loss",), min_samples=4, limits={"made-up": {"enabled": False}}).cut_off is None
    assert verdict(quiet, healthy(), needs=("loss",), min_samples=4).cut_off is None


def test_a_rule_that_leaves_out_what_it_needs_is_not_told_of_nan():
    result = verdict(quiet, limits={"made-up": {"ignore": ["*"]}}, needs=("dead_unit_fraction",), min_samples=1)
    assert (result.status, result.reason) == ("no_data", "dead unit fraction was not measured")


def test_a_rule_may_say_that_there_is_nothing_to_judge():
    def check(run, limits):
        raise NotJudged("no such layer")

    result = verdict(check)
    assert (result.status, result.reason) == ("no_data", "no such layer")


def test_a_broken_rule_is_an_error_and_spares_the_rest():
    def broken(run, limits):
        yield Finding("made-up", "error", "half done")
        raise ZeroDivisionError("by zero")

    results = judge(healthy(), None, [diagnosis(broken), replace(diagnosis(quiet), rule=Rule("other", "loss", "", ""))])
    assert [result.status for result in results] == ["error", "pass"]
    assert results[0].reason == "ZeroDivisionError: by zero"
    assert results[0].findings == ()


def test_limits_in_force_reach_the_rule_and_the_verdict():
    assert verdict(finds("error")).findings[0].limit == 2.0
    result = verdict(finds("error"), limits={"made-up": {"error": 5.0}})
    assert (result.findings[0].limit, result.limits) == (5.0, {"error": 5.0})


def test_the_limits_in_force_of_rules_that_it_consults_reach_a_rule_after_its_own():
    seen = []

    def check(run, *limits):
        seen.append(limits)
        return ()

    other = Rule("other", "loss", "", "", thresholds=(Threshold("drop", 0.1, "", "made up"),))
    assert verdict(check, consults=(other,)).limits == {"error": 2.0}
    verdict(check, limits={"other": {"drop": 0.5, "enabled": False}}, consults=(other,))
    assert seen == [({"error": 2.0}, {"drop": 0.1}), ({"error": 2.0}, {"drop": 0.5})]


def test_limits_of_unknown_rules_and_thresholds_are_refused():
    with pytest.raises(ValueError, match=r"Expected the name of a rule; .* Received: 'other'"):
        verdict(quiet, limits={"other": {}})
    with pytest.raises(ValueError, match=r"Expected a setting of made-up, one of error, .* Received: 'height'"):
        verdict(quiet, limits={"made-up": {"height": 1.0}})


def test_a_rule_that_is_off_is_not_run():
    def broken(run, limits):
        raise AssertionError

    result = verdict(broken, limits={"made-up": {"enabled": False}})
    assert (result.status, result.reason, result.enabled) == ("no_data", "turned off by the settings", False)


def test_rules_judge_what_came_before_the_first_nonfinite_value():
    seen = []

    def check(run, limits):
        seen.append(run.variables.steps.max())
        return ()

    run = replace(healthy(), nonfinite=NonFinite(300, (Place("loss", "", 1.0),)))
    verdict(check, run)
    verdict(check, run, judges_nonfinite=True)
    assert seen == [250, 950]
    verdict(check, replace(run, nonfinite=NonFinite(300, (Place("update", "output/kernel", 1.0),), since=199)))
    assert seen[-1] < 200


def test_before_a_training_nothing_that_follows_one_is_judged():
    untrained = replace(healthy(), flight=Flight(60.0, 3.0, trained=False))
    told = verdict(finds("error"), untrained, needs=("loss",), min_samples=2)
    assert (told.status, told.reason) == ("no_data", "the model was not trained yet")
    assert verdict(finds("error"), untrained, needs=("loss",), min_samples=1).status == "fail"
    assert verdict(finds("error"), needs=("loss",), min_samples=2).status == "fail"
