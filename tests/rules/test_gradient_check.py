"""gradient-check: what is said of comparisons, and of what is different on purpose."""

import pytest

from tests.rules.builder import findings, healthy, verdict, with_probe

RULE = "gradient-check"


def compared(kind="layer", name="net/mine", by="input", error=1e-9, doubt=1e-10, **more):
    known = {"class_name": "Mine", "held": None, "is_blocked": False, "is_stepped": False, "is_identity": False}
    return {
        "kind": kind, "name": name, "by": by, "error": error, "doubt": doubt, "hides_held": False, "dropped": 0,
        "operations": [], **known, **more,
    }  # fmt: skip


def run(*checks, precision="float64", undone=0, **values):
    whole = compared("model", "net", "")
    return with_probe(RULE, checks=[*checks, whole], precision=precision, undone=undone, **values)


LIMITS = {
    "wrong": (run(compared(error=0.02)), 0.1),
    "kinks": (run(compared(error=2e-4, dropped=1)), 1e-3),
    "smooth": (run(compared(error=2e-5)), 1e-4),
}


def starved(*paths, **more):
    return [compared("model", "net", path, 0.0, 0.0, is_blocked=True, **more) for path in paths]


@pytest.mark.parametrize(
    "error, dropped, severity",
    [(0.02, 0, "error"), (0.004, 0, "warning"), (2e-6, 0, "warning"), (2e-6, 2, None), (5e-7, 0, None)],
)
def test_the_bands(error, dropped, severity):
    found = findings(RULE, run(compared(error=error, dropped=dropped)))
    assert [finding.severity for finding in found] == ([severity] if severity else [])


@pytest.mark.parametrize(
    "error, band",
    [
        (0.02, "above 1e-2 it is probably wrong"),
        (0.004, "between 1e-4 and 1e-2 it should make you feel uncomfortable"),
        (2e-5, "up to 1e-4 it is okay with kinks only, and none was met"),
    ],
)
def test_the_message_says_in_which_band_of_cs231n_an_error_lies(error, band):
    (found,) = findings(RULE, run(compared(error=error)))
    assert f"of its size (CS231n: {band}); they are exact" in found.message


def test_in_float32_only_what_is_blocked_is_judged():
    assert verdict(RULE, run(compared(error=0.5), precision="float32")).status == "no_data"
    (found,) = findings(RULE, run(compared(error=0.5), *starved("net/a/kernel"), precision="float32"))
    assert found.variable == "net/a/kernel"


def test_an_error_within_the_doubt_of_finite_differences_is_none():
    assert findings(RULE, run(compared(error=0.02, doubt=0.003))) == ()
    assert len(findings(RULE, run(compared(error=0.02, doubt=0.001)))) == 1


def test_the_layer_is_told_with_what_it_holds():
    (found,) = findings(RULE, run(compared(error=0.3, operations=["custom_gradient"])))
    assert found.layer == "net/mine" and found.observed == 0.3
    assert "net/mine (Mine) by input" in found.message and "custom_gradient" in found.message


def test_a_loss_is_told_by_its_name():
    (found,) = findings(RULE, run(compared("loss", "focal", error=0.3)))
    assert "the loss `focal`" in found.message and found.layer is None


@pytest.mark.parametrize("purpose", [{"is_stepped": True}, {"is_identity": True}, {"held": 1e-9}, {"hides_held": True}])
def test_what_is_meant_is_information(purpose):
    (found,) = findings(RULE, run(compared(error=0.9, **purpose)))
    assert found.severity == "info" and "on purpose?" in found.message


def test_what_rounds_on_the_way_is_left_out_and_named():
    (found,) = findings(RULE, run(compared(error=0.9, jumps=True, operations=["Round"])))
    assert found.severity == "info" and found.layer == "net/mine"
    assert found.message == (
        "The gradient of net/mine (Mine) by input (it has Round) cannot be checked by finite differences: it rounds on "
        "the way forward, and a gradient comes through all the same, as by straight-through estimators."
    )


def test_what_rounds_somewhere_excuses_nothing_else():
    found = findings(RULE, run(compared(error=0.9, jumps=True), compared(name="net/gelu", error=0.2)))
    assert sorted((each.layer, each.severity) for each in found) == [("net/gelu", "error"), ("net/mine", "info")]


def test_what_stop_gradient_does_not_explain_is_no_purpose():
    assert findings(RULE, run(compared(error=0.9, held=0.4)))[0].severity == "error"


def test_of_nested_layers_the_inner_one_is_told_and_the_model_is_its_symptom():
    checks = [compared(error=0.02, name="net/block"), compared(error=0.5, name="net/block/mine")]
    (found,) = findings(RULE, run(*checks, compared("model", "net", "net/dense/kernel", 0.1)))
    assert found.layer == "net/block/mine"


def test_a_model_that_is_off_by_itself_names_the_variable_that_is_most():
    checks = [compared("model", "net", "net/a/kernel", 0.1), compared("model", "net", "net/b/kernel", 0.2)]
    (found,) = findings(RULE, run(*checks))
    assert found.variable == "net/b/kernel" and found.others == ("net/a/kernel",)


def test_no_gradient_is_an_error_where_a_variable_gets_none_of_it():
    blocked = compared(is_blocked=True, error=0.0, operations=["Round"])
    (found,) = findings(RULE, run(blocked, *starved("net/a/kernel", "net/a/bias")))
    assert found.severity == "error" and found.layer == "net/mine" and "Round" in found.message
    assert found.others == ("net/a/kernel", "net/a/bias")
    (found,) = findings(RULE, run(blocked))
    assert found.severity == "info" and found.message.endswith(": on purpose?")


def test_no_gradient_without_a_layer_to_blame_names_the_variable():
    (found,) = findings(RULE, run(*starved("net/a/kernel")))
    assert found.variable == "net/a/kernel" and found.severity == "error"


def test_a_train_step_of_ones_own_may_update_what_gets_no_gradient():
    assert findings(RULE, run(*starved("teacher/kernel"), has_own_step=True))[0].severity == "info"


def test_what_cannot_be_told_is_not_judged():
    assert verdict(RULE, healthy()).status == "no_data"
    assert verdict(RULE, with_probe(RULE, checks=[], precision="float64")).status == "no_data"
    assert verdict(RULE, with_probe(RULE, checks="?", precision=3)).status == "no_data"
    assert verdict(RULE, with_probe(RULE, checks=[compared(error=None)])).status == "no_data"
    assert verdict(RULE, with_probe(RULE, reason="the budget is spent")).reason == "the budget is spent"


def test_a_budget_that_was_too_small_is_no_pass_and_no_excuse():
    assert "2" in verdict(RULE, run(compared(), undone=2)).reason
    assert verdict(RULE, run(compared(error=0.5), undone=2)).status == "fail"


def test_terms_of_the_loss_are_named_with_what_they_belong_to():
    added = compared("added", error=0.02, operations=["custom_gradient", "Cast to int64"])
    (found,) = findings(RULE, run(added, compared("model", "net", "net/a/kernel", 7e-5)))
    assert found.layer == "net/mine" and found.variable is None
    assert found.message == (
        "The gradient of the loss that is added by net/mine (Mine) by input (it has a custom_gradient, a cast to int64)"
        " differs from finite differences by 0.02 of its size (CS231n: above 1e-2 it is probably wrong); they are "
        "exact to 1e-10 of it."
    )
    (found,) = findings(RULE, run(compared("regularizer", "net/a/kernel", "net/a/kernel", error=0.02)))
    assert found.layer is None and found.variable == "net/a/kernel"
    assert found.message.startswith("The gradient of the regularizer of net/a/kernel (Mine) differs")


def test_a_layer_and_what_it_adds_are_told_each():
    found = findings(RULE, run(compared(error=0.02), compared("added", error=0.03)))
    assert [finding.observed for finding in found] == [0.02, 0.03]


def test_a_gradient_that_is_none_is_an_error_where_it_reaches_the_loss():
    nonfinite = {"error": None, "doubt": None, "is_nonfinite": True}
    part, whole = compared(**nonfinite), compared("model", "net", "dense/kernel", **nonfinite)
    (finding,) = findings(RULE, run(part, whole))
    assert finding.severity == "error"
    assert finding.message.startswith("The gradient of net/mine (Mine) by input is NaN or infinite where what it")
    assert findings(RULE, run(part)) == () and len(findings(RULE, run(whole))) == 1


def test_of_a_train_step_of_ones_own_it_is_told_what_was_not_looked_at():
    (finding,) = findings(RULE, run(compared(), has_own_step=True))
    assert finding.severity == "info" and "train_step does with its answers was not looked at" in finding.message
