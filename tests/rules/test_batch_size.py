"""batch-size: against the data, and under batch normalization."""

from dataclasses import replace

import numpy as np

from tb_nnhealth.records import Flight
from tb_nnhealth.rules._rule import OnCurve
from tests.rules.builder import (
    STEPS,
    change,
    findings,
    healthy,
    losses,
    stuck,
    unmeasured,
    verdict,
    with_classes,
    with_epochs,
    with_layers,
)

RULE = "batch-size"


def planned(run, steps):
    return replace(run, model=replace(run.model, plan={"epochs": 5, "steps_per_epoch": steps}))


def normalized(run, size):
    run = change(planned(run, 100), "step", "batch_size", size)
    return with_layers(run, dense_1={"class_name": "BatchNormalization"})


LIMITS = {"steps": (planned(healthy(), 2), 2), "normalized": (normalized(healthy(), 2.0), 2)}


def test_many_steps_an_epoch_pass():
    assert findings(RULE, planned(stuck(healthy()), 100)) == ()
    assert findings(RULE, planned(stuck(healthy()), 10)) == ()


def test_few_steps_an_epoch_are_a_warning_unless_something_is_learnt():
    (finding,) = findings(RULE, planned(stuck(healthy()), 1))
    assert (finding.severity, finding.message) == ("warning", "An epoch has 1 step, of 32 examples each.")
    assert (finding.first_step, finding.last_step) == (0, 950)
    assert findings(RULE, planned(healthy(), 2))[0].severity == "info"


def test_steps_of_an_epoch_are_what_is_measured_and_their_limit_is_a_batch_size():
    (finding,) = findings(RULE, planned(healthy(), 2))
    assert (finding.observed, finding.limit, finding.unit) == (2, 10, "steps")
    assert finding.on_curve == OnCurve("batch_size", 32.0, 32 * 2 / 10)


def test_batches_of_one_under_batch_normalization():
    run = change(planned(stuck(healthy()), 100), "step", "batch_size", 1.0)
    assert findings(RULE, run) == ()
    (finding,) = findings(RULE, with_layers(run, dense_1={"class_name": "BatchNormalization"}))
    assert (finding.severity, finding.layer) == ("warning", "dense_1")
    assert findings(RULE, planned(run, 1))[0].message == "An epoch has 1 step, of one example each."


def test_batches_of_a_few_examples_under_batch_normalization():
    for size, told in (
        (1.0, "one example under batch normalization have no variance"),
        (3.0, "3 examples under batch normalization have a mean and a variance that are mostly chance."),
        (4.0, None),
    ):
        found = findings(RULE, normalized(stuck(healthy()), size))
        assert [finding.severity for finding in found] == (["warning"] if told else [])
        assert not told or told in found[0].message
    assert findings(RULE, normalized(healthy(), 2.0))[0].severity == "info"
    slow = with_classes(losses(healthy(), np.geomspace(2.3, 1.5, len(STEPS))), np.full(10, 3))
    assert findings(RULE, normalized(slow, 2.0))[0].severity == "warning"


def test_behind_a_convolution_a_batch_of_one_has_a_variance():
    run = change(planned(stuck(healthy()), 100), "step", "batch_size", 1.0)
    run = with_layers(run, dense_0={"class_name": "Conv2D"}, dense_1={"class_name": "BatchNormalization"})
    assert findings(RULE, run) == ()


def test_batches_of_one_are_told_where_the_length_of_an_epoch_is_not_known():
    run = change(planned(stuck(healthy()), None), "step", "batch_size", 1.0)
    (finding,) = findings(RULE, with_layers(run, dense_1={"class_name": "BatchNormalization"}))
    assert (finding.severity, finding.layer) == ("warning", "dense_1")
    assert verdict(RULE, run).status == "no_data"


def test_epochs_that_ended_tell_their_length_where_the_plan_does_not():
    run = planned(stuck(healthy()), None)
    (finding,) = findings(RULE, with_epochs(run, [2.3] * 317))
    assert finding.message == "An epoch has 3 steps, of 32 examples each."
    assert findings(RULE, with_epochs(run, [2.3] * 9)) == ()


def test_unknown_epochs_and_unmeasured():
    assert verdict(RULE, planned(healthy(), None)).status == "no_data"
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"


def test_a_batch_of_all_data_is_a_warning_where_the_training_ends_too_soon():
    steps = np.arange(20)
    falling = losses(healthy(steps=steps), np.geomspace(2.3, 0.5, 20))
    assert findings(RULE, planned(falling, 1))[0].severity == "warning"
    assert findings(RULE, planned(falling, 2))[0].severity == "info"
    levelled = losses(healthy(steps=steps), np.r_[np.geomspace(2.3, 0.5, 6), np.full(14, 0.5)])
    assert findings(RULE, planned(levelled, 1))[0].severity == "info"


def test_before_a_training_few_steps_an_epoch_are_no_more_than_information():
    untrained = replace(planned(stuck(healthy()), 3), flight=Flight(60.0, 3.0, trained=False))
    assert [finding.severity for finding in findings(RULE, untrained)] == ["info"]
    assert [finding.severity for finding in findings(RULE, planned(stuck(healthy()), 3))] == ["warning"]
