"""train-eval-mismatch: the same batch in both of the model's modes."""

from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth.records import Epoch, ModeLosses
from tests.rules.builder import change, findings, healthy, stuck, thin, unmeasured, verdict, with_layers

RULE = "train-eval-mismatch"
TRAINING = (1.2, 0.8, 0.5, 0.35, 0.3)


def measured(inference, training=TRAINING, run=None):
    """A run whose modes were measured at the ends of epochs of 180 steps; the loss was 2.3 at its start."""
    pairs = zip(training, inference, strict=True)
    epochs = tuple(
        Epoch(i, 180 * (i + 1), {"loss": t}, None if v is None else ModeLosses(t, v)) for i, (t, v) in enumerate(pairs)
    )
    return replace(run or healthy(), epochs=epochs)


def scaled(factor):
    return [factor * loss for loss in TRAINING]


LIMITS = {
    "warning": (measured([2.0, 2.0, 2.0, 2.0, 1.9]), 0.9),
    "epochs": (measured([2.0, 2.0, 2.0, 2.0, 1.9]), 6),
}


@pytest.mark.parametrize("inference", [scaled(1.0), scaled(0.3), scaled(1.3), scaled(0.0), [2.2, 2.2, 2.2, 0.9, 0.4]])
def test_modes_that_are_alike_or_better_in_inference_or_meet_in_time_pass(inference):
    assert findings(RULE, measured(inference)) == ()


def test_inference_mode_that_loses_what_training_gained_is_a_warning():
    (finding,) = findings(RULE, measured([2.0, 2.0, 2.0, 2.0, 1.9]))
    assert finding.severity == "warning" and (finding.first_step, finding.last_step) == (539, 899)
    assert finding.observed == pytest.approx((1.9 - 0.3) / (2.25 - 0.3), abs=0.03)
    assert finding.message.startswith("At step 899 the same batch has a loss of 0.3 in training mode and 1.9 in")


@pytest.mark.parametrize(("share", "count"), [(0.45, 0), (0.55, 1)])
def test_the_limit_is_half_of_what_was_gained(share, count):
    run = change(healthy(), "step", "data_loss", 2.3)
    inference = [loss + share * (2.3 - loss) for loss in TRAINING]
    assert len(findings(RULE, measured(inference, run=run))) == count
    assert findings(RULE, measured(inference, run=run), warning=0.6) == ()


def test_one_good_end_of_an_epoch_in_the_last_half_is_enough():
    assert findings(RULE, measured([2.0, 2.0, 2.0, 0.4, 2.0])) == ()


def test_the_first_half_does_not_count():
    assert len(findings(RULE, measured([0.9, 0.9, 2.0, 2.0, 2.0]))) == 1


def test_epochs_that_were_not_measured_do_not_count():
    assert len(findings(RULE, measured([2.0, 2.0, None, 2.0, 2.0]))) == 1
    assert verdict(RULE, measured([None, None, None, None, 2.0])).status == "no_data"
    assert verdict(RULE, measured([None] * 5)).status == "no_data"
    assert verdict(RULE, healthy()).status == "no_data"


def test_two_measured_epochs_are_enough():
    assert len(findings(RULE, measured([2.0, None, None, None, 2.0]))) == 1
    assert findings(RULE, measured([2.0, None, None, None, 0.4])) == ()


def test_an_inference_loss_that_is_not_finite_is_the_worst():
    (finding,) = findings(RULE, measured([float("nan")] * 5))
    assert finding.observed is None and "no finite loss" in finding.message


def test_a_training_loss_that_is_not_finite_says_nothing():
    assert verdict(RULE, measured([2.0] * 5, training=(float("nan"),) * 5)).status == "no_data"


def test_where_nothing_is_learnt_there_is_nothing_to_lose():
    assert verdict(RULE, measured([9.0] * 5, training=(2.3,) * 5, run=stuck(healthy()))).status == "no_data"


def test_without_a_gain_on_the_batch_nothing_is_said():
    assert findings(RULE, measured([9.0] * 5, training=(2.5,) * 5)) == ()


def test_the_start_is_that_of_the_compiled_loss_alone():
    run = change(healthy(), "step", "loss", np.geomspace(50.0, 5.0, len(healthy().step.steps))[:, None])
    run = change(run, "step", "data_loss", np.geomspace(2.3, 0.3, len(run.step.steps))[:, None])
    assert len(findings(RULE, measured([2.0] * 5, run=run))) == 1


def test_thinned_and_unmeasured_runs():
    sick = measured([2.0] * 5)
    assert len(findings(RULE, thin(sick, 3))) == 1
    assert verdict(RULE, unmeasured(sick)).status == "no_data"


def test_epochs_of_another_loss_do_not_count():
    assert verdict(RULE, replace(measured([2.0] * 5), loss_since=800)).status == "no_data"


def test_the_reason_is_that_no_layer_does_otherwise_in_training():
    for run in (healthy(), measured([None] * 5), with_layers(measured([None] * 5), dense_1={"rate": 0.0})):
        assert verdict(RULE, run).reason == "no layer is known to do otherwise in training than in inference"


@pytest.mark.parametrize("layer", [{"rate": 0.5}, {"class_name": "BatchNormalization"}, {"class_name": "RandomFlip"}])
def test_the_reason_is_that_the_modes_of_a_model_that_has_two_were_not_compared(layer):
    run = with_layers(measured([None] * 5), dense_1=layer)
    assert verdict(RULE, run).reason.startswith("no epoch's end has a finite loss in both modes")
    assert verdict(RULE, replace(run, epochs=())).reason == "no epoch has ended, at which the modes are compared"


def test_the_reason_is_that_one_end_of_an_epoch_is_too_little():
    reason = "the modes were compared at the end of 1 epoch, of the 2 that a verdict needs"
    assert verdict(RULE, measured([None] * 4 + [2.0])).reason == reason
