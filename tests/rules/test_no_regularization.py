"""no-regularization: weights, examples, and the gap to the validation."""

from dataclasses import replace

import pytest

from tb_nnhealth.records import Epoch
from tests.rules.builder import findings, healthy, model, thin, unmeasured, verdict, with_classes, with_layers

RULE = "no-regularization"


def run(validation=1.0, training=0.3, steps_per_epoch=1, optimizer=None):
    facts = model(optimizer=optimizer) if optimizer else model()
    facts = replace(facts, plan={"epochs": 10, "steps_per_epoch": steps_per_epoch})
    epochs = tuple(Epoch(i, 100 * (i + 1), {"loss": training, "val_loss": validation}) for i in range(5))
    return replace(healthy(facts), epochs=epochs)


LIMITS = {
    "weights": (run(), 143),
    "gap": (run(), 3.5),
}


def test_a_model_that_falls_behind_in_validation_is_told():
    (finding,) = findings(RULE, run())
    assert (finding.severity, finding.observed) == ("info", pytest.approx(4554 / 32))
    assert "the validation loss is 3.33 times the training loss" in finding.message
    assert len(findings(RULE, thin(run(), 3))) == 1


@pytest.mark.parametrize(("validation", "count"), [(0.44, 0), (0.46, 1)])
def test_one_that_keeps_up_passes(validation, count):
    assert len(findings(RULE, run(validation))) == count


@pytest.mark.parametrize(("steps", "count"), [(14, 1), (15, 0)])
def test_a_small_model_passes(steps, count):
    assert len(findings(RULE, run(steps_per_epoch=steps))) == count


@pytest.mark.parametrize("change", [{"rate": 0.5}, {"regularized": True}, {"normalizes": True}])
def test_a_regularized_model_passes(change):
    assert findings(RULE, with_layers(run(), dense_1=change)) == ()
    assert findings(RULE, run(optimizer={"class_name": "AdamW", "weight_decay": 0.01})) == ()


def test_without_validation_is_no_data():
    assert verdict(RULE, replace(run(), epochs=())).status == "no_data"
    assert verdict(RULE, unmeasured(run())).status == "no_data"


def test_a_validation_that_turns_is_a_warning():
    logs = [{"loss": 1 / (i + 1), "val_loss": loss} for i, loss in enumerate([1.5, 1.0, 1.05, 1.1, 1.2, 1.3])]
    turned = replace(run(), epochs=tuple(Epoch(i, 100 * (i + 1), log) for i, log in enumerate(logs)))
    assert findings(RULE, turned)[0].severity == "warning"
    assert findings(RULE, replace(turned, epochs=turned.epochs[:3]))[0].severity == "info"


def test_a_validation_that_never_was_better_than_a_constant_answer_is_a_warning():
    assert findings(RULE, with_classes(run(2.25), [3] * 10))[0].severity == "warning"
    assert findings(RULE, with_classes(run(2.0), [3] * 10))[0].severity == "info"


def test_validation_data_unlike_those_of_the_training_are_told_elsewhere():
    assert findings(RULE, with_classes(run(60.0), [3] * 10)) == ()
