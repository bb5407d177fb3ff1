"""overfitting: validation against training."""

from dataclasses import replace

import numpy as np

from tb_nnhealth.records import Epoch
from tests.rules.builder import findings, healthy, verdict, with_classes

RULE = "overfitting"
FALLING = np.geomspace(2.0, 0.05, 12)


def validated(validation, training=FALLING):
    logs = [{"loss": float(t), "val_loss": float(v)} for t, v in zip(training, validation, strict=False)]
    return replace(healthy(), steps=960, epochs=tuple(Epoch(i, 80 * (i + 1), log) for i, log in enumerate(logs)))


def turned(end):
    return np.r_[np.geomspace(2.0, 1.0, 5), np.geomspace(1.0, end, 8)[1:]]


LIMITS = {
    "info": (validated(turned(1.3)), 0.4),
    "warning": (validated(turned(2.0)), 1.1),
    "lost": (validated(turned(1.3)), 0.5),
    "validations": (validated(turned(1.3)), 9),
}


def test_validation_that_follows_passes():
    assert findings(RULE, validated(FALLING * 1.2)) == ()
    assert findings(RULE, validated(np.maximum(FALLING, 0.4))) == ()


def test_a_rise_is_information_and_a_large_one_a_warning():
    (finding,) = findings(RULE, validated(turned(1.3)))
    assert (finding.severity, finding.first_step) == ("info", 399)
    assert findings(RULE, validated(turned(2.0)))[0].severity == "warning"


def test_a_rise_that_loses_hardly_any_of_what_was_gained_passes():
    for best, count in ((0.001, 0), (0.1, 1)):
        rising = np.r_[np.geomspace(2.0, best, 5), np.geomspace(best, 10 * best, 8)[1:]]
        for run in (validated(rising), with_classes(validated(rising), [3] * 10)):
            assert len(findings(RULE, run)) == count
            assert len(findings(RULE, run, lost=0.0)) == 1


def test_a_last_jump_is_no_turn():
    assert findings(RULE, validated(np.r_[FALLING[:-1], 3.0])) == ()


def test_where_training_gets_worse_too_it_is_something_else():
    assert findings(RULE, validated(turned(2.0), turned(2.0))) == ()


def test_validations_that_are_fewer_than_the_epochs_are_compared_with_training_at_the_same_steps():
    def rarely(training):
        logs = [{"loss": float(loss)} for loss in training]
        for log, loss in zip(logs[1::2], turned(2.0), strict=True):
            log["val_loss"] = float(loss)
        return replace(healthy(), steps=960, epochs=tuple(Epoch(i, 40 * (i + 1), log) for i, log in enumerate(logs)))

    assert findings(RULE, rarely(np.r_[np.geomspace(3.0, 0.6, 10), np.geomspace(0.6, 1.5, 14)])) == ()
    assert findings(RULE, rarely(np.geomspace(3.0, 0.6, 24)))[0].first_step == 399


def test_without_validation():
    assert verdict(RULE, healthy()).status == "no_data"
    assert verdict(RULE, validated(turned(2.0)[:4])).status == "no_data"


def test_validation_data_unlike_those_of_the_training_are_no_overfitting():
    assert len(findings(RULE, with_classes(validated(turned(2.0)), [3] * 10))) == 1
    assert findings(RULE, with_classes(validated(30 * turned(2.0)), [3] * 10)) == ()
