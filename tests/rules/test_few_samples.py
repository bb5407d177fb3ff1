"""few-samples: examples of each class."""

from dataclasses import replace

import pytest

from tb_nnhealth.records import Epoch
from tests.rules.builder import change, findings, healthy, unmeasured, verdict, with_classes, with_head, with_variables

RULE = "few-samples"


def planned(steps, run=None):
    run = run or healthy()
    return replace(run, model=replace(run.model, plan={"epochs": 5, "steps_per_epoch": steps}))


LIMITS = {"examples": (planned(10), 31)}


def test_many_examples_pass():
    assert findings(RULE, planned(400)) == ()


def test_few_are_information():
    (finding,) = findings(RULE, planned(10))
    assert (finding.severity, finding.observed) == ("info", 32.0)
    assert finding.message.startswith("An epoch shows about 32 examples for each class, and the model has ")


@pytest.mark.parametrize("size, said", [(4.0, "less than one example "), (10.0, "about 1 example ")])
def test_no_class_has_zero_examples(size, said):
    (finding,) = findings(RULE, change(planned(1), "step", "batch_size", size))
    assert f"shows {said}" in finding.message


def test_epochs_that_ended_tell_how_many_examples_there_are():
    run = planned(None)
    assert verdict(RULE, run).status == "no_data"
    (finding,) = findings(RULE, replace(run, epochs=(Epoch(0, 10, {}), Epoch(1, 20, {}))))
    assert finding.observed == 32.0


def test_pretrained_and_regression_are_not_judged():
    frozen = with_variables(planned(10), {"dense_0/kernel": {"trainable": False}})
    assert verdict(RULE, frozen).status == "no_data"
    assert verdict(RULE, with_head(planned(10), "MeanSquaredError")).status == "no_data"
    assert verdict(RULE, unmeasured(planned(10))).status == "no_data"


def test_examples_with_several_labels_are_not_judged():
    assert verdict(RULE, with_classes(planned(10), [3] * 10)).status == "pass"
    several = verdict(RULE, with_classes(planned(10), [30] * 10))
    assert several.status == "no_data"
    assert several.reason == "an example has several labels, and how many of a class an epoch shows is not known"


def test_few_that_were_learnt_by_heart_are_a_warning():
    run = with_classes(planned(10), [3] * 10)
    logs = [{"loss": 0.3, "val_loss": 2.3 + 0.1 * i} for i in range(4)]
    behind = replace(run, epochs=tuple(Epoch(i, 100 * (i + 1), log) for i, log in enumerate(logs)))
    assert findings(RULE, run)[0].severity == "info"
    assert findings(RULE, behind)[0].severity == "warning"
    assert findings(RULE, replace(behind, finished=False, steps=200))[0].severity == "info"


def test_validation_data_unlike_those_of_the_training_show_nothing_learnt_by_heart():
    run = with_classes(planned(10), [3] * 10)
    logs = [{"loss": 0.3, "val_loss": 60.0 + i} for i in range(4)]
    unlike = replace(run, epochs=tuple(Epoch(i, 100 * (i + 1), log) for i, log in enumerate(logs)))
    assert findings(RULE, unlike)[0].severity == "info"
