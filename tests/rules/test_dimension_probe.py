"""dimension-probe: what shapes tell."""

import pytest

from tests.rules.builder import findings, healthy, verdict, with_probe

RULE = "dimension-probe"


def answer(size, *shapes, error=""):
    return {"size": size, "shapes": [list(shape) for shape in shapes], "error": error}


def answers(shape=lambda n: (n, 3), failing=()):
    sizes = (32, 7, 11, 1)
    return [answer(n, error="ValueError: no") if n in failing else answer(n, shape(n)) for n in sizes]


def loss(*broadcasts, **values):
    known = {"error": "", "examples": 7, "names": ["mine"], "has_own": True, "from_mean": 1e-7, "from_sum": 1.0}
    records = [{"operation": "Sub", "target": t, "prediction": p, "result": r} for t, p, r in broadcasts]
    return {**known, "broadcasts": records, **values}


def run(found=None, lost=None, **values):
    return with_probe(RULE, answers=found or answers(), is_bound=False, names=["out"], loss=lost or {}, **values)


LIMITS = {"mean": (run(lost=loss(from_mean=0.01)), 0.1)}


def test_outputs_that_follow_the_examples_pass():
    assert findings(RULE, run(lost=loss())) == ()
    assert findings(RULE, run(answers(lambda n: ()))) == ()


@pytest.mark.parametrize(
    "shape, severity, words",
    [
        (lambda n: (5, n, 3), "error", "axis 1"),
        (lambda n: (5 * n, 3), "warning", "mixes the batch with one of 5"),
        (lambda n: (4, 3), "warning", "not the batch"),
    ],
)
def test_an_axis_that_went_astray(shape, severity, words):
    (found,) = findings(RULE, run(answers(shape)))
    assert found.severity == severity and words in found.message and "`out`" in found.message


@pytest.mark.parametrize("shapes, name", [([(4, 3)], "output"), ([(7, 3), (4, 3)], "output 1")])
def test_outputs_without_names_are_counted_where_there_are_several(shapes, name):
    (found,) = findings(RULE, with_probe(RULE, answers=[answer(7, *shapes)], is_bound=False, names=[], loss={}))
    assert f"`{name}` has the shape (4, 3)" in found.message


def test_a_batch_as_long_as_another_axis_hides_nothing():
    swapped = [answer(32, (32, 32)), answer(7, (32, 7)), answer(11, (32, 11))]
    assert "Of 7 examples" in findings(RULE, run(swapped))[0].message


def test_one_number_of_examples_only():
    (found,) = findings(RULE, run(answers(failing=(7, 11, 1))))
    assert found.severity == "error" and "32 examples, and not with 7" in found.message
    assert findings(RULE, run(answers(failing=(1,))))[0].severity == "warning"


def test_models_that_say_so_are_not_judged_by_other_numbers():
    bound = with_probe(RULE, answers=answers(failing=(7, 11, 1)), is_bound=True, names=["out"])
    assert findings(RULE, bound) == ()


def test_an_example_alone_that_loses_its_axis():
    squeezed = [*answers()[:3], answer(1, (1,))]
    assert findings(RULE, run(squeezed))[0].severity == "warning"


def test_a_free_axis_of_another_length():
    assert findings(RULE, run(cut={**answer(7, (7, 13)), "length": 13})) == ()
    assert findings(RULE, run(cut={**answer(7, (13, 7)), "length": 13}))[0].severity == "error"
    assert findings(RULE, run(cut={**answer(7, error="no"), "length": 13}))[0].severity == "info"


def test_targets_against_predictions_of_all_examples():
    (found,) = findings(RULE, run(lost=loss(([7], [7, 1], [7, 7]))))
    assert found.severity == "error" and "(7,) meet predictions (7, 1) and give (7, 7)" in found.message


def test_broadcasts_that_are_meant_and_those_that_are_not():
    quantiles, pairs = ([7, 1], [7, 3], [7, 3]), ([7, 1, 2], [1, 7, 2], [7, 7, 2])
    assert findings(RULE, run(lost=loss(quantiles, pairs))) == ()
    assert findings(RULE, run(lost=loss(([7, 3], [7, 1], [7, 3]), has_own=False)))[0].severity == "warning"
    assert findings(RULE, run(lost=loss(([7, 3], [12, 7, 1], [12, 7, 3])))) == ()


def test_what_a_loss_of_keras_lays_out_is_meant_unless_examples_meet():
    time_and_labels, examples = ([1, 7, 3, 6], [12, 7, 1, 6], [12, 7, 3, 6]), ([7, 1, 3], [7, 3], [7, 7, 3])
    for laid_out, count in ((time_and_labels, 0), (examples, 1)):
        lost = loss(laid_out, has_own=False)
        lost["broadcasts"][0]["is_laid_out"] = True
        assert len(findings(RULE, run(lost=lost))) == count


@pytest.mark.parametrize("from_mean, from_sum, own, words", [(0.3, 0.2, True, "no mean"), (0.5, 1e-6, True, "a sum")])
def test_a_loss_that_is_no_mean_is_information(from_mean, from_sum, own, words):
    (found,) = findings(RULE, run(lost=loss(from_mean=from_mean, from_sum=from_sum)))
    assert found.severity == "info" and words in found.message
    assert findings(RULE, run(lost=loss(from_mean=from_mean, from_sum=from_sum, has_own=False))) == ()


def test_a_loss_that_needs_a_usual_batch():
    (found,) = findings(RULE, run(lost={"error": "ValueError: no", "examples": 7}))
    assert found.severity == "warning" and "cannot be computed: ValueError: no" in found.message


@pytest.mark.parametrize("wrong", [None, "?", [3], [{"size": "?"}], [{"size": 7, "shapes": [["?"]], "error": 5}]])
def test_what_has_another_form_breaks_nothing(wrong):
    damaged = with_probe(RULE, answers=wrong, names=wrong, loss={"broadcasts": wrong}, cut=wrong)
    assert verdict(RULE, damaged).status in ("no_data", "pass", "fail")
    assert verdict(RULE, healthy()).status == "no_data"
