"""no-better-than-trivial: the late loss against the best constant's."""

from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth.records import Epoch
from tests.rules.builder import (
    change,
    findings,
    healthy,
    losses,
    stuck,
    thin,
    unmeasured,
    verdict,
    with_classes,
    with_step,
    with_two_outputs,
)

RULE = "no-better-than-trivial"
EVEN = np.full(10, 3)
LIMITS = {
    "low": (with_classes(stuck(healthy(), np.log(10)), EVEN), 1.01),
    "high": (with_classes(stuck(healthy(), np.log(10)), EVEN), 0.99),
}


def test_a_model_that_learns_passes():
    assert findings(RULE, with_classes(healthy(), EVEN)) == ()


@pytest.mark.parametrize("level", [0.97, 1.0, 1.04])
def test_a_loss_at_chance_is_an_error(level):
    run = with_classes(stuck(healthy(), level * np.log(10)), EVEN)
    assert findings(RULE, run)[0].severity == "error"
    assert len(findings(RULE, replace(thin(run, 3), classes=run.classes))) == 1


@pytest.mark.parametrize("level", [0.9, 1.2])
def test_other_levels_have_other_causes(level):
    assert findings(RULE, with_classes(stuck(healthy(), level * np.log(10)), EVEN)) == ()


def test_chance_follows_the_labels():
    uneven = with_classes(losses(healthy(), 0.325), [9, 1])
    assert len(findings(RULE, uneven)) == 1


def test_several_outputs_are_no_better_where_none_of_them_is():
    run = with_two_outputs(stuck(healthy(), np.log(2) + 2))
    assert findings(RULE, run)[0].severity == "error"
    run = with_step(run, "output_loss/size", 4.0)
    assert len(findings(RULE, with_step(run, "output_loss/kind", 0.68))) == 1
    assert findings(RULE, with_step(run, "output_loss/kind", 0.6)) == ()
    assert verdict(RULE, with_two_outputs(stuck(healthy()), class_name="Huber")).status == "no_data"


def test_without_labels_or_while_it_goes_on():
    assert verdict(RULE, stuck(healthy())).status == "no_data"
    run = with_classes(stuck(healthy(), np.log(10)), EVEN)
    assert verdict(RULE, replace(run, finished=False, steps=400)).status == "no_data"
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"


def validated(*losses_of_validation, penalty=0.0):
    run = change(with_classes(healthy(), EVEN), "step", "regularization_loss", penalty)
    logs = [{"loss": 1.0, "val_loss": loss} for loss in losses_of_validation]
    return replace(run, epochs=tuple(Epoch(i, 100 * (i + 1), log) for i, log in enumerate(logs)))


def test_a_model_that_never_is_better_in_validation_is_a_warning():
    (finding,) = findings(RULE, validated(2.4, 2.3, 2.5, 2.9))
    assert finding.severity == "warning"
    assert finding.message == "The best validation loss, 2.3, is not 5 % below the best constant answer's 2.3."
    assert findings(RULE, validated(2.4, 2.0, 2.1, 2.9)) == ()
    assert findings(RULE, validated(2.4, 2.5)) == ()  # too few to tell
    assert findings(RULE, validated(2.4, 2.3, 2.5, 2.9, penalty=0.5)) == ()


def test_a_training_loss_that_never_was_finite_has_no_steps_to_tell():
    endless = replace(validated(2.4, 2.3, 2.5), step=change(validated(), "step", "loss", np.inf).step)
    endless = replace(endless, epochs=tuple(replace(e, logs={"val_loss": 2.5}) for e in endless.epochs))
    assert findings(RULE, endless) == ()


def test_an_accuracy_above_a_guess_shows_that_noisy_labels_are_learnt():
    run = with_classes(stuck(healthy(), 0.975 * np.log(2)), [16, 16])
    scored = replace(run, epochs=tuple(Epoch(i, 100 * (i + 1), {"accuracy": 0.64}) for i in range(9)))
    assert findings(RULE, run)[0].severity == "error"
    (finding,) = findings(RULE, scored)
    assert finding.severity == "info"
    assert finding.message == (
        "The loss ends at 0.674 (median of the last 5 samples), within 5 % of the best constant answer's 0.693, but "
        "accuracy is 0.64: always saying the most frequent class gives 0.5."
    )


def test_validation_data_that_are_not_like_those_of_the_training_are_told():
    (finding,) = findings(RULE, validated(70.0, 64.5, 80.0))
    assert (finding.severity, finding.message) == (
        "warning",
        "The best validation loss, 64.5, is 28 times the best constant answer's: the validation data is not like the "
        "training data, or not prepared like it.",
    )
