"""loss-label-mismatch: shapes of targets."""

from dataclasses import replace

import pytest

from tests.rules.builder import findings, healthy, unmeasured, verdict, with_head

RULE = "loss-label-mismatch"
SPARSE, ONE_HOT = "SparseCategoricalCrossentropy", "CategoricalCrossentropy"


@pytest.mark.parametrize(
    ("loss", "units", "target"),
    [
        (SPARSE, 10, (None,)),
        (SPARSE, 10, (None, 1)),
        (ONE_HOT, 10, (None, 10)),
        ("BinaryCrossentropy", 1, (None,)),
        ("MeanSquaredError", 1, (None,)),
        ("mine", 1, (None, 1)),
        ("a_function", 1, (None,)),
    ],
)
def test_forms_that_fit(loss, units, target):
    assert findings(RULE, with_head(healthy(), loss, (), units, target)) == ()


@pytest.mark.parametrize(("loss", "units", "target"), [(ONE_HOT, 10, (None, 1)), (SPARSE, 10, (None, 10))])
def test_forms_that_do_not_are_an_error(loss, units, target):
    for run in (healthy(), unmeasured(healthy())):
        assert findings(RULE, with_head(run, loss, (), units, target))[0].severity == "error"


def test_a_loss_that_broadcasts_is_an_error_and_shows_the_shapes():
    (finding,) = findings(RULE, with_head(healthy(), "mine", (), 1, (None,), aligns_ranks=False))
    assert finding.severity == "error"
    assert finding.message == "mine gets targets of shape (N,) and predictions of (N, 1): they broadcast."


def shaped(target, prediction, loss="MeanSquaredError"):
    run = with_head(healthy(), loss, (), 1, target)
    batch = tuple(replace(t, shape=prediction) if t.stage == "prediction" else t for t in run.model.batch)
    return replace(run, model=replace(run.model, batch=batch))


@pytest.mark.parametrize(
    ("target", "prediction"),
    [
        ((None, 10), (None, 10)),
        ((None,), (None,)),
        ((None, 1), (None,)),
        ((None,), (None, 1)),
        ((None, 7), (None, 7, 1)),
        ((None, 7, 1), (None, 7)),
        ((None, None), (None, 7, 1)),
        ((None, None, 3), (None, 7, None)),
        ((32, 3), (None, 3)),
    ],
)
def test_shapes_that_keras_makes_alike(target, prediction):
    assert findings(RULE, shaped(target, prediction)) == ()


@pytest.mark.parametrize(
    ("target", "prediction"),
    [
        ((None, 1), (None, 10)),
        ((None,), (None, 10)),
        ((None, 10), (None, 1)),
        ((None, 1), (None, 7, 1)),
        ((None,), (None, 7, 1)),
    ],
)
@pytest.mark.parametrize("loss", ["MeanSquaredError", "Huber", "Poisson"])
def test_distances_that_broadcast_are_an_error(target, prediction, loss):
    (finding,) = findings(RULE, shaped(target, prediction, loss))
    assert finding.severity == "error" and finding.message.endswith(": they broadcast.")
    assert findings(RULE, shaped(target, prediction, "a_function")) == ()


def test_shapes_of_a_first_step_that_died_may_not_fit_at_all():
    (finding,) = findings(RULE, replace(shaped((None,), (None, 10)), steps=0))
    assert finding.message.endswith("(N, 10): they broadcast or do not fit.")


def test_without_compiled_losses():
    run = healthy()
    bare = replace(run, model=replace(run.model, batch=()))
    assert verdict(RULE, bare).status == "no_data"
