"""bad-input-values: NaN, constants and repetitions."""

from dataclasses import replace

import numpy as np

from tb_nnhealth.records import BatchTensor, NonFinite, Place
from tests.rules.builder import (
    STEPS,
    change,
    findings,
    healthy,
    model,
    stuck,
    unmeasured,
    verdict,
    with_data,
    with_epochs,
    with_layers,
)

RULE = "bad-input-values"
RANDOM = np.random.default_rng(0).random(len(STEPS))


def fed(run, **statistics):
    usual = {"data_mean": RANDOM, "data_std": 1.0, "data_min": -3.0, "data_max": 3.0, "data_zero_fraction": 0.0}
    return with_data(run, "input/x", **(usual | statistics))


LIMITS = {
    "constant": (fed(healthy(), data_std=0.0), 1.0),
    "repeats": (fed(healthy(), data_mean=0.5), 29),
}


def test_usual_inputs_pass():
    assert findings(RULE, fed(stuck(healthy()))) == ()


def test_nan_is_an_error_and_names_the_step():
    counts = np.where(STEPS >= 32, 7.0, 0.0)
    (finding,) = findings(RULE, fed(healthy(), data_nonfinite=counts))
    assert (finding.severity, finding.first_step, finding.observed) == ("error", 32, 7.0)
    assert finding.message == "The input x holds 7 NaN or Inf at step 32."


def test_nan_in_a_step_that_was_not_sampled_is_an_error_too():
    event = NonFinite(77, (Place("input", "input/x", 3.0), Place("activation", "dense_0", 9.0)))
    (finding,) = findings(RULE, replace(fed(healthy()), nonfinite=event))
    assert finding.message == "The input x holds 3 NaN or Inf at step 77."
    assert (finding.severity, finding.first_step, finding.last_step) == ("error", 77, 77)
    elsewhere = NonFinite(77, (Place("activation", "dense_0", 9.0),))
    assert findings(RULE, replace(fed(healthy()), nonfinite=elsewhere)) == ()


def test_a_constant_input_is_an_error_where_nothing_is_learnt():
    (finding,) = findings(RULE, fed(stuck(healthy()), data_std=0.0))
    assert (finding.severity, finding.observed) == ("error", 1.0)
    assert findings(RULE, fed(healthy(), data_std=0.0))[0].severity == "info"
    assert findings(RULE, fed(stuck(healthy()), data_std=np.where(STEPS < 64, 0.0, 1.0))) == ()


def test_the_same_batch_over_and_over():
    assert findings(RULE, fed(stuck(healthy()), data_mean=0.5))[0].severity == "warning"
    assert findings(RULE, fed(healthy(), data_mean=0.5))[0].severity == "info"


def test_epochs_that_ended_tell_their_length_where_the_plan_does_not():
    run = fed(healthy(replace(model(), plan={})), data_mean=0.5)
    assert findings(RULE, run) == ()
    assert findings(RULE, with_epochs(run, [2.3] * 9))[0].statistic == "data_mean"
    assert findings(RULE, with_epochs(run, [2.3] * run.steps)) == ()


def test_unmeasured_is_no_data():
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"


def test_the_same_place_of_each_epoch_is_no_repeat():
    assert findings(RULE, fed(stuck(healthy(steps=np.arange(20) * 100)), data_mean=0.5)) == ()


def test_a_single_number_is_no_constant():
    run = fed(stuck(healthy()), data_std=0.0)
    for shape, batch, count in (((None, 1), 1.0, 0), ((None, 1), 2.0, 1), ((None, 3), 1.0, 1), ((None, None), 1.0, 1)):
        fed_with = (BatchTensor("input", "x", shape, "float32"), *run.model.batch[1:])
        single = change(replace(run, model=replace(run.model, batch=fed_with)), "step", "batch_size", batch)
        assert len(findings(RULE, single)) == count


def test_an_input_that_the_model_multiplies_by_zero_is_constant_behind_that():
    scaled = with_layers(fed(stuck(healthy())), dense_0={"class_name": "Rescaling", "normalizes": True})
    (finding,) = findings(RULE, change(scaled, "activation", "activation_std", 0.0, "dense_0"))
    assert (finding.severity, finding.layer) == ("error", "dense_0")
    assert finding.message == "The input behind dense_0 is constant in 100 % of the sampled batches."
    assert findings(RULE, change(scaled, "activation", "activation_std", 0.5, "dense_0")) == ()
    single = change(scaled, "step", "batch_size", 1.0)
    assert findings(RULE, change(single, "activation", "activation_std", 0.0, "dense_0")) == ()


def looked_up(run, **statistics):
    embedding = {"class_name": "Embedding", "inputs": ("input/x",)}
    return with_layers(fed(run, **({"data_min": 0.0} | statistics)), dense_0=embedding)


def test_ids_that_are_not_whole_are_an_error_and_a_warning_where_something_is_learnt():
    (finding,) = findings(RULE, looked_up(stuck(healthy()), data_max=0.998))
    assert finding.severity == "error"
    assert finding.message == "The input x holds ids for an Embedding that are not whole: their fractions are cut."
    assert findings(RULE, looked_up(healthy(), data_max=0.998))[0].severity == "warning"
    assert findings(RULE, looked_up(healthy(), data_min=-1.7, data_max=2.0))[0].severity == "warning"


def test_ids_between_zero_and_one_are_told_from_zeros_and_ones():
    for std, count in ((0.29, 1), (0.5, 0)):
        run = looked_up(healthy(), data_min=0.0, data_max=1.0, data_mean=0.5, data_std=std)
        assert len([f for f in findings(RULE, run) if f.statistic == "data_max"]) == count


def test_whole_ids_pass_as_do_fractions_elsewhere_and_what_was_not_measured():
    for run in (healthy(), stuck(healthy())):
        assert findings(RULE, looked_up(run, data_max=998.0)) == ()
        assert findings(RULE, looked_up(run, data_min=np.nan, data_max=np.nan)) == ()
        beside = looked_up(run, data_max=0.998)
        assert findings(RULE, with_layers(beside, dense_0={"inputs": ("scaled",)})) == ()
