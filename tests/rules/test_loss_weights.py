"""loss-weights: shares of the loss."""

from dataclasses import replace

import numpy as np

from tb_nnhealth.records import Flight
from tests.rules.builder import (
    STEPS,
    change,
    findings,
    healthy,
    losses,
    stuck,
    table,
    unmeasured,
    verdict,
    with_classes,
    with_head,
    with_layers,
    with_spread,
    with_step,
    with_two_outputs,
)

RULE = "loss-weights"


def with_regularizer(run):
    return with_layers(run, dense_1={"regularized": True})


def regularized(share, run=None):
    run = run or with_regularizer(stuck(healthy(), 2.0))
    return change(run, "step", "regularization_loss", 2.0 * share)


def untrained(share, pull):
    return replace(regularized(share), flight=Flight(60.0, 3.0, trained=False, pull=pull))


LIMITS = {"share": (regularized(0.97), 0.98), "pull": (untrained(0.97, 30.0), 40.0)}


def test_small_parts_pass():
    assert findings(RULE, regularized(0.3)) == ()


def test_a_part_that_drowns_the_rest_is_a_warning():
    (finding,) = findings(RULE, regularized(0.97))
    assert (finding.severity, finding.statistic) == ("warning", "regularization_loss")
    assert finding.message == "Regularization makes up 97.1 % of the loss."
    assert finding.tensor is None


def outputs(first, second):
    run = stuck(healthy(), 2.0)
    columns = {name: run.step.series(name) for name in run.step.columns}
    more = {"output_loss/a": first, "output_loss/b": second}
    return replace(run, step=table(("step",), {**columns, **more}))


def test_of_several_outputs():
    assert findings(RULE, outputs(3.0, 1.0)) == ()
    assert findings(RULE, outputs(50.0, 1.0))[0].message == "The output a makes up 98 % of the loss."


def test_outputs_count_with_their_weights():
    run = outputs(100.0, 1.0)
    parts = [{"output": "a", "weight": 0.01}, {"output": "b"}]
    balanced = replace(run, model=replace(run.model, compile={**run.model.compile, "losses": parts}))
    assert findings(RULE, balanced) == ()
    parts = [{"output": "a"}, {"output": "b", "weight": 1000.0}]
    drowned = replace(run, model=replace(run.model, compile={**run.model.compile, "losses": parts}))
    assert findings(RULE, drowned)[0].message == "The output b makes up 90.9 % of the loss."


def test_a_single_part_and_unmeasured():
    assert verdict(RULE, stuck(healthy())).status == "no_data"
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"


def test_a_penalty_above_the_loss_of_a_constant_answer_is_a_warning_also_where_something_is_learnt():
    run = with_classes(with_regularizer(healthy()), [16, 16])
    assert (
        findings(RULE, change(change(run, "step", "loss", 0.5), "step", "regularization_loss", 0.48))[0].severity
        == "info"
    )
    run = change(change(run, "step", "data_loss", 0.1), "step", "loss", 4.0)
    assert findings(RULE, change(run, "step", "regularization_loss", 3.9))[0].severity == "warning"
    (finding,) = findings(RULE, change(run, "step", "regularization_loss", 3.2))
    assert finding.severity == "warning"
    assert finding.message == "Regularization makes up 80 % of the loss, more than a constant answer has."
    assert findings(RULE, change(run, "step", "regularization_loss", 0.6)) == ()


def test_what_layers_add_to_the_loss_asks_for_no_small_weights():
    run = change(with_classes(healthy(), [16, 16]), "step", "loss", 4.0)
    run = change(run, "step", "regularization_loss", 3.2)
    assert findings(RULE, run) == ()
    assert findings(RULE, with_regularizer(run))[0].severity == "warning"


def test_what_layers_add_that_drowns_the_rest_is_told_as_such():
    (finding,) = findings(RULE, regularized(0.97, stuck(healthy(), 2.0)))
    assert (finding.severity, finding.statistic) == ("warning", "regularization_loss")
    assert finding.message == "What layers add to the loss makes up 97.1 % of the loss."


def paid_off(end, regularization):
    run = losses(with_regularizer(healthy()), np.linspace(40.0, end, len(STEPS)))
    run = change(run, "step", "data_loss", np.linspace(1.0, end, len(STEPS)))
    return change(
        with_head(with_spread(run, 1.0), loss="MeanSquaredError"),
        "step",
        "regularization_loss",
        regularization,
    )


def test_regularization_that_was_all_that_the_training_followed():
    (finding,) = findings(RULE, paid_off(0.9, np.where(STEPS < 16, 38.0, 0.01)))
    assert finding.severity == "warning" and finding.message.startswith(
        "Regularization made up 98.6 % of the first losses"
    )
    assert findings(RULE, paid_off(0.2, np.where(STEPS < 16, 38.0, 0.01))) == ()
    assert findings(RULE, paid_off(0.9, np.where(STEPS < 16, 38.0, 0.9))) == ()
    assert findings(RULE, paid_off(0.9, np.where(STEPS < 16, 9.0, 0.001))) == ()


def drowning(kind, size=2.0, **of_size):
    """A run whose total falls: "kind" has a constant answer's loss of 0.69, "size" one of 4."""
    run = with_two_outputs(losses(healthy(), np.geomspace(400.0, 20.0, len(STEPS))), **({"weight": 10.0} | of_size))
    return with_step(with_step(run, "output_loss/kind", kind), "output_loss/size", size)


def test_an_output_that_is_drowned_is_a_warning_though_the_total_falls():
    (finding,) = findings(RULE, drowning(kind=0.69))
    assert finding.severity == "warning"
    assert finding.message == (
        "The output size makes up 96.7 % of the loss, and the output kind is no better than a constant answer."
    )
    assert finding.tensor == "prediction/size"


def test_an_output_that_learns_beside_a_larger_one_is_information():
    assert findings(RULE, drowning(kind=0.4))[0].severity == "info"
    assert findings(RULE, drowning(kind=0.4, size=4.0))[0].severity == "info"


def test_an_output_is_drowned_only_where_it_counts_and_training_has_had_its_time():
    run = drowning(kind=0.69)
    assert findings(RULE, replace(run, finished=False))[0].severity == "info"
    unasked = [{**loss, "weight": 0.0} if loss["output"] == "kind" else loss for loss in run.model.compile["losses"]]
    compiled = {**run.model.compile, "losses": unasked}
    assert findings(RULE, replace(run, model=replace(run.model, compile=compiled)))[0].severity == "info"


def test_an_output_that_was_nearly_all_of_the_first_losses_is_a_warning_where_another_was_not_learnt():
    led = np.where(STEPS < 100, 40.0, 0.2)[:, None]
    (finding,) = findings(RULE, drowning(kind=0.69, size=led))
    assert (finding.severity, finding.limit) == ("warning", 0.9)
    assert finding.message == (
        "The output size made up 99.8 % of the first losses, and the output kind is no better than a constant answer."
    )
    assert finding.tensor == "prediction/size"
    assert findings(RULE, drowning(kind=0.4, size=led)) == ()
    assert findings(RULE, drowning(kind=0.69, size=0.2)) == ()
    assert findings(RULE, drowning(kind=0.69, size=10 * led, weight=1.0)) == ()


def test_before_a_training_a_penalty_counts_that_is_most_of_the_loss_and_of_its_gradient():
    (finding,) = findings(RULE, untrained(0.97, 32.5))
    assert (finding.severity, finding.observed, finding.limit) == ("warning", 32.5, 20.0)
    assert finding.message == (
        "Regularization makes up 96.8 % of the first losses, and its gradient is 32.5 times that of the data loss: "
        "the weights follow it, and not the data."
    )
    assert findings(RULE, untrained(0.97, 7.5)) == () and findings(RULE, untrained(0.5, 32.5)) == ()


def test_before_a_training_nothing_is_said_where_no_penalty_was_measured():
    result = verdict(RULE, untrained(0.97, None))
    assert result.status == "no_data" and "not trained yet" in result.reason
    assert verdict(RULE, unmeasured(untrained(0.97, 32.5))).status == "no_data"
