"""metric-disagrees: accuracy against the loss."""

from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth.records import Epoch
from tests.rules.builder import STEPS, findings, healthy, losses, stuck, verdict, with_classes, with_step

RULE = "metric-disagrees"


def scored(values, run=None, name="accuracy"):
    run = with_classes(run or healthy(), np.full(10, 3))
    return replace(run, epochs=tuple(Epoch(i, 100 * (i + 1), {name: v}) for i, v in enumerate(values)))


def test_a_metric_that_follows_passes():
    assert findings(RULE, scored([0.3, 0.6, 0.8])) == ()


def test_an_accuracy_at_chance_beside_a_falling_loss_is_an_error():
    (finding,) = findings(RULE, scored([0.1, 0.1, 0.1]))
    assert (finding.severity, finding.observed, finding.limit) == ("error", 0.1, 0.1)
    assert (finding.statistic, finding.unit) == ("metric/accuracy", "accuracy")


def test_where_the_loss_does_not_fall_it_agrees():
    assert findings(RULE, scored([0.1, 0.1, 0.1], stuck(healthy()))) == ()


def test_a_loss_that_came_down_to_chance_agrees():
    run = scored([0.1, 0.1, 0.1], losses(healthy(), np.geomspace(100.0, 2.3, len(STEPS))))
    assert findings(RULE, run) == ()


def test_few_epochs_and_other_metrics():
    assert verdict(RULE, scored([0.1, 0.1])).status == "no_data"
    assert verdict(RULE, scored([0.1] * 5, name="mae")).status == "no_data"
    assert verdict(RULE, replace(scored([0.1] * 5), classes=healthy().classes)).status == "no_data"


FALLING = np.geomspace(2.3, 0.2, 9)
DOWN = (0.5, 0.8, 0.9, 0.9, 0.8, 0.5, 0.2, 0.15, 0.15)


def followed(values, means=FALLING, name="accuracy", run=None):
    """A run of ten even classes whose epochs have these values of a metric, and these mean losses."""
    run = scored(values, run, name)
    logged = zip(run.epochs, means, strict=True)
    return replace(run, epochs=tuple(replace(epoch, logs={**epoch.logs, "loss": loss}) for epoch, loss in logged))


LIMITS = {
    "fell": (scored([0.1, 0.1, 0.1]), 0.9),
    "above": (scored([0.12, 0.12, 0.12]), 0.01),
    "lost": (followed(DOWN), 1.0),
    "epochs": (scored([0.1, 0.1, 0.1]), 4),
}


def test_an_accuracy_that_falls_for_good_while_the_loss_falls_is_a_warning():
    (finding,) = findings(RULE, followed(DOWN))
    assert (finding.severity, finding.first_step, finding.last_step) == ("warning", 299, 899)
    assert finding.message == (
        "From step 299 to step 899 the loss fell by 78.3 %, and accuracy went the wrong way, from 0.9 to 0.15."
    )
    assert finding.observed == pytest.approx(0.75 / 0.8) and finding.limit == 0.5
    assert len(findings(RULE, replace(followed(DOWN), classes=healthy().classes))) == 1


@pytest.mark.parametrize("name", ["mae", "mean_absolute_error", "root_mean_squared_error"])
def test_so_is_an_error_that_rises(name):
    rising = 1 / np.array(DOWN)
    assert findings(RULE, followed(rising, name=name))[0].severity == "warning"
    assert findings(RULE, followed(rising[::-1], name=name)) == ()
    assert findings(RULE, followed(DOWN, name=name)) == ()


@pytest.mark.parametrize(
    "values",
    [
        (0.5, 0.8, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.15),
        (0.5, 0.8, 0.9, 0.15, 0.9, 0.15, 0.9, 0.9, 0.9),
        (0.9, 0.9, 0.9, 0.8, 0.8, 0.7, 0.7, 0.6, 0.6),
        (0.12, 0.12, 0.12, 0.11, 0.11, 0.1, 0.1, 0.1, 0.1),
    ],
)
def test_what_does_not_last_or_is_small_is_no_wrong_way(values):
    assert [finding for finding in findings(RULE, followed(values)) if "wrong way" in finding.message] == []


def test_a_metric_that_gets_worse_with_its_loss_agrees():
    assert findings(RULE, followed(DOWN, np.r_[FALLING[:3], 0.8, 1.0, 1.2, 1.5, 1.8, 2.0])) == ()


def test_a_weighted_loss_may_trade_accuracy_for_rare_classes():
    for run in (followed(DOWN), scored([0.1, 0.1, 0.1])):
        assert len(findings(RULE, run)) == 1
        assert findings(RULE, with_step(run, "weight/y", 1.0)) == ()


def test_a_metric_of_unknown_direction_is_not_judged():
    assert verdict(RULE, followed(DOWN, name="precision")).status == "no_data"
    assert verdict(RULE, followed(DOWN[:4], FALLING[:4])).status == "pass"


def of_own_loss(run, name="own"):
    """The run under a loss whose labels are not counted."""
    compiled = {**run.model.compile, "losses": [{"output": "output", "class_name": name}]}
    return replace(run, model=replace(run.model, compile=compiled), classes=healthy().classes)


WRONG_SIGN = ((0.28, 0.12, 0.063), (-1.3, -5.0, -9.96))


def test_a_loss_of_ones_own_with_the_wrong_sign_is_seen_in_three_epochs():
    (finding,) = findings(RULE, of_own_loss(followed(*WRONG_SIGN)))
    assert (finding.severity, finding.first_step, finding.last_step) == ("warning", 99, 299)
    assert finding.observed == pytest.approx((0.2 - 0.063) / 0.2)
    assert findings(RULE, of_own_loss(followed(WRONG_SIGN[0][::-1], WRONG_SIGN[1]))) == ()
    assert findings(RULE, with_step(of_own_loss(followed(*WRONG_SIGN)), "weight/y", 1.0)) == ()
    assert verdict(RULE, of_own_loss(followed([1.0, 3.0, 9.0], WRONG_SIGN[1], "mae"))).status == "no_data"


@pytest.mark.parametrize("name", ["MeanSquaredError", "BinaryCrossentropy"])
def test_three_epochs_of_a_known_loss_show_no_trend(name):
    assert verdict(RULE, of_own_loss(followed(*WRONG_SIGN), name)).status == "no_data"
