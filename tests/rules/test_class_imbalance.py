"""class-imbalance: how often each class comes."""

from dataclasses import replace

import numpy as np

from tb_nnhealth.records import Epoch, Flight
from tests.rules.builder import STEPS, findings, healthy, losses, stuck, verdict, with_classes, with_head

RULE = "class-imbalance"
LIMITS = {
    "warning": (with_classes(healthy(), [30, 1, 20]), 31),
    "examples": (with_classes(healthy(), [30, 1, 20]), 500),
}


def test_balanced_classes_pass():
    assert findings(RULE, with_classes(stuck(healthy()), [3, 4, 2, 5])) == ()


def test_rare_classes_are_a_warning_unless_something_is_learnt():
    (finding,) = findings(RULE, with_classes(stuck(healthy()), [30, 1, 20]))
    assert (finding.severity, finding.observed) == ("warning", 30.0)
    assert finding.message == "Class 0 of y comes 30 times as often as class 1."
    assert findings(RULE, with_classes(healthy(), [30, 1, 20]))[0].severity == "info"


def test_few_examples_of_a_preflight_must_be_sure_of_it():
    def flown(often, rare):
        counts = np.zeros((len(STEPS), 2))
        counts[0] = often, rare
        return findings(RULE, replace(with_classes(stuck(healthy()), counts), flight=Flight(60.0, 1.0, False)))

    (finding,) = flown(127, 1)
    assert finding.message == (
        "Class 0 of y comes 127 times as often as class 1 in the 128 examples of the first steps, which tells of at "
        "least 22 times."
    )
    assert finding.severity == "warning" and 20 < finding.observed < 25
    assert flown(117, 11) == ()


def predicting(run, counts):
    """The run with the counts of the predicted classes beside those of the labels."""
    predicted, seen = with_classes(run, counts, "prediction/y").classes, run.classes
    values = np.concatenate([seen.values, predicted.values[:, :1]], axis=1)
    return replace(
        run, classes=replace(seen, rows=(*seen.rows, "prediction/y"), values=values, low=values, high=values)
    )


def test_the_frequent_class_alone_predicted_is_a_warning_whatever_is_learnt():
    run = with_classes(healthy(), [30, 1, 20])
    alone = np.where(STEPS[:, None] < 400, [30, 1, 20], [51, 0, 0])
    for counts, severity in ((alone, "warning"), ([31, 0, 20], "info"), ([0, 51, 0], "info"), ([0, 0, 0], "info")):
        assert findings(RULE, predicting(run, counts))[0].severity == severity
    (finding,) = findings(RULE, predicting(run, alone))
    assert finding.message == (
        "Class 0 of y comes 30 times as often as class 1, and nothing else was predicted in the last half of the "
        "training."
    )


def test_the_share_of_one_of_two_classes_is_the_mean_of_the_target():
    rare = with_classes(stuck(healthy()), [30, 1])
    assert findings(RULE, rare)[0].statistic == "data_mean"
    assert findings(RULE, with_head(rare, units=2, target=(None, 2)))[0].statistic is None
    assert findings(RULE, with_classes(rare, [30, 1, 20]))[0].statistic is None


def test_classes_that_never_come_are_left_out():
    assert findings(RULE, with_classes(stuck(healthy()), [3, 0, 4])) == ()


def test_uncounted_is_no_data():
    assert verdict(RULE, healthy()).status == "no_data"


def test_rare_classes_are_a_warning_where_no_validation_is_better_than_a_constant_answer():
    run = with_classes(healthy(), [900, 10])
    behind = [Epoch(i, 100 * (i + 1), {"loss": 0.01, "val_loss": 1.5}) for i in range(4)]
    trivial = with_classes(losses(run, 0.01), [900, 10])
    assert findings(RULE, trivial)[0].severity == "info"
    assert findings(RULE, replace(trivial, epochs=tuple(behind)))[0].severity == "warning"
