"""poor-initialization: identical units and the scale of the start."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from tests.rules.builder import (
    STEPS,
    change,
    findings,
    healthy,
    losses,
    model,
    stuck,
    unmeasured,
    verdict,
    with_layers,
    with_variables,
)  # fmt: skip

RULE = "poor-initialization"
CONSTANT = {"std": 0.0, "norm": 5.0, "constant": True, "identical_units": 1.0}
ZERO = {**CONSTANT, "norm": 0.0}


def start(run, path, **facts):
    usual = {"std": 0.17, "norm": 5.4, "constant": False, "identical_units": 0.0}
    return with_variables(run, {path: {"initial": {**usual, **facts}}})


def alike(run, path, **facts):
    """The run whose units start alike in a kernel, and stay so: each has the same bias."""
    layer = path.split("/")[0]
    return change(start(run, path, **facts), "variable", "value_std", 0.0, f"{layer}/bias")


def zeros(run, bias=True):
    """The run with a kernel that starts from zeros and gets no gradient at first."""
    run = alike(run, "dense_1/kernel", **ZERO)
    still = np.where(STEPS > 0, 1e-3, 0.0)
    run = change(run, "variable", "gradient_rms", still, "dense_1/kernel")
    return run if bias else change(run, "variable", "gradient_rms", 0.0, "dense_1/bias")


LIMITS = {
    "identical": (alike(healthy(), "dense_1/kernel", identical_units=0.25), 0.3),
    "low": (start(stuck(healthy()), "dense_1/kernel", std=0.01), 0.01),
    "high": (start(stuck(healthy()), "dense_1/kernel", std=4.0), 30),
}


def test_a_usual_start_passes():
    assert findings(RULE, healthy()) == ()
    assert findings(RULE, stuck(healthy())) == ()


@pytest.mark.parametrize("facts", [CONSTANT, ZERO, {"identical_units": 0.25}], ids=["constant", "zero", "some"])
def test_identical_units_are_an_error(facts):
    (finding,) = findings(RULE, alike(stuck(healthy()), "dense_1/kernel", **facts))
    assert (finding.severity, finding.layer, finding.variable) == ("error", "dense_1", "dense_1/kernel")


def test_all_layers_that_start_alike_are_one_finding():
    run = alike(alike(stuck(healthy()), "dense_0/kernel", **CONSTANT), "dense_2/kernel", **CONSTANT)
    (finding,) = findings(RULE, run)
    assert (finding.variable, finding.others) == ("dense_0/kernel", ("dense_2/kernel",))


def test_a_run_that_learns_may_start_a_branch_from_zero():
    assert findings(RULE, alike(healthy(), "dense_1/kernel", **ZERO)) == ()
    assert findings(RULE, alike(healthy(), "dense_1/kernel", **CONSTANT))[0].severity == "warning"


def test_zeros_whose_units_get_different_gradients_are_no_finding_while_nothing_is_learnt():
    assert findings(RULE, start(stuck(healthy()), "dense_1/kernel", **ZERO)) == ()


def test_another_constant_whose_units_get_different_gradients_is_information():
    run = start(start(stuck(healthy()), "dense_1/kernel", **CONSTANT), "dense_2/kernel", **ZERO)
    (finding,) = findings(RULE, run)
    assert (finding.severity, finding.variable, finding.others) == ("info", "dense_1/kernel", ())


def test_units_that_stay_alike_come_before_those_that_were_told_apart():
    run = start(alike(stuck(healthy()), "dense_1/kernel", **CONSTANT), "dense_0/kernel", **CONSTANT)
    (finding,) = findings(RULE, run)
    assert (finding.severity, finding.variable, finding.others) == ("error", "dense_1/kernel", ())


def test_zeros_without_biases_are_told_apart_by_a_gradient_in_the_first_sample():
    assert findings(RULE, zeros(stuck(healthy()), bias=False))[0].severity == "error"
    run = change(zeros(stuck(healthy()), bias=False), "variable", "gradient_rms", 1e-3, "dense_1/kernel")
    assert findings(RULE, run) == ()


def test_a_gradient_does_not_tell_units_apart_whose_biases_stay_alike():
    run = change(zeros(stuck(healthy())), "variable", "gradient_rms", 1e-3, "dense_1/kernel")
    assert findings(RULE, run)[0].severity == "error"


def test_biases_that_differ_by_rounding_alone_tell_nothing():
    run = start(stuck(healthy()), "dense_1/kernel", **CONSTANT)
    assert findings(RULE, change(run, "variable", "gradient_rms", 1e-9, "dense_1/bias"))[0].severity == "error"


def test_the_gates_of_a_recurrent_unit_have_different_biases_though_units_are_alike():
    run = start(stuck(healthy()), "dense_1/kernel", **CONSTANT)
    assert findings(RULE, with_layers(run, dense_1={"units": 8}))[0].severity == "error"


def test_the_outputs_units_are_told_apart_by_their_targets():
    assert findings(RULE, start(stuck(healthy()), "output/kernel", **ZERO)) == ()


def test_a_single_unit_has_none_to_be_identical_to():
    run = with_variables(stuck(healthy()), {"dense_1/kernel": {"shape": (32, 1), "initial": CONSTANT}})
    assert findings(RULE, run) == ()


@pytest.mark.parametrize(("std", "found"), [(0.005, True), (0.03, False), (0.17, False), (2.0, False), (4.0, True)])
def test_scale_is_judged_by_the_fan(std, found):
    result = findings(RULE, start(stuck(healthy()), "dense_1/kernel", std=std))
    assert [finding.severity for finding in result] == (["error"] if found else [])


def test_an_odd_scale_is_a_warning_while_the_loss_falls_a_little():
    run = losses(healthy(), 2.3 - 0.2 * STEPS / STEPS[-1])
    assert findings(RULE, start(run, "dense_1/kernel", std=4.0))[0].severity == "warning"


def test_an_odd_scale_of_a_run_that_learns_is_no_finding():
    assert findings(RULE, start(healthy(), "dense_1/kernel", std=4.0)) == ()


def test_frozen_kernels_and_embeddings_are_not_judged():
    run = alike(stuck(healthy()), "dense_1/kernel", **CONSTANT)
    assert findings(RULE, with_variables(run, {"dense_1/kernel": {"trainable": False}})) == ()
    assert findings(RULE, with_variables(run, {"dense_1/kernel": {"role": "embeddings"}})) == ()


def test_the_start_is_known_without_samples_or_not_at_all():
    assert verdict(RULE, start(unmeasured(healthy()), "dense_1/kernel", **CONSTANT)).status == "fail"
    facts = model()
    run = with_variables(healthy(facts), {variable.path: {"initial": {}} for variable in facts.variables})
    assert verdict(RULE, run).status == "no_data"


def _lora(keras):
    model = keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
    model.layers[0].enable_lora(2)
    return model


def _residual_branch(keras):
    inputs = keras.layers.Input((6,))
    trunk = keras.layers.Dense(8, "relu")(inputs)
    branch = keras.layers.Dense(8, kernel_initializer="zeros", use_bias=False)(keras.layers.Dense(8, "relu")(trunk))
    return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Add()([trunk, branch])))


def _symmetric(keras):
    constant = keras.initializers.Constant(0.1)
    stack = [keras.layers.Dense(units, "relu", kernel_initializer=constant) for units in (8, 8)]
    return keras.Sequential([keras.layers.Input((6,)), *stack, keras.layers.Dense(1)])


@pytest.mark.slow
@pytest.mark.parametrize(("build", "severities"), [(_lora, []), (_residual_branch, []), (_symmetric, ["error"])])
def test_a_short_fit_that_learns_nothing_tells_a_deliberate_start_from_a_symmetric_one(tmp_path, build, severities):
    keras = pytest.importorskip("keras")
    from tb_nnhealth import HealthCallback

    keras.utils.set_random_seed(1)
    random = np.random.default_rng(0)
    health = HealthCallback(tmp_path)
    model = build(keras)
    model.compile(keras.optimizers.Adam(1e-5), "mse")
    x, y = random.normal(size=(32, 6)), random.normal(size=(32, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(x, y, batch_size=32, epochs=8, verbose=0, callbacks=[health])
    assert [finding.severity for finding in health.scorecard.findings if finding.rule == RULE] == severities


def test_kernels_in_a_row_multiply_what_each_is_off_by():
    run = stuck(healthy())
    for path in ("dense_1/kernel", "dense_2/kernel"):
        run = start(run, path, std=0.17 * 4 * 1.5)
    (finding,) = findings(RULE, run)
    assert (finding.variable, finding.others, finding.limit) == ("dense_1/kernel", ("dense_2/kernel",), 10.0)
    assert (
        finding.message == "The standard deviations of 2 kernels in a row start at 16.6 times what their fans ask for."
    )
    assert findings(RULE, start(stuck(healthy()), "dense_1/kernel", std=0.17 * 4 * 1.5)) == ()


@pytest.mark.parametrize("between", [{"normalizes": True}, {"activation": "tanh"}])
def test_normalization_and_bounded_functions_part_a_row(between):
    run = start(start(stuck(healthy()), "dense_1/kernel", std=1.0), "dense_2/kernel", std=1.0)
    assert len(findings(RULE, run)) == 1
    assert findings(RULE, with_layers(run, dense_1=between)) == ()


def recurrent(deviation, activation="relu", steps=24):
    """A stuck run with a recurrent layer of 32 units over some time steps."""
    run = with_layers(stuck(healthy()), dense_1={"class_name": "SimpleRNN", "activation": activation})
    facts = {"role": "recurrent_kernel", "initial": {"std": deviation, "norm": 5.4, "constant": False}}
    run = with_variables(run, {"dense_1/kernel": facts})
    batch = (replace(run.model.batch[0], shape=(None, steps, 1)), *run.model.batch[1:])
    return replace(run, model=replace(run.model, batch=batch))


def test_a_recurrent_kernel_counts_once_for_each_time_step():
    (finding,) = findings(RULE, recurrent(0.4))
    assert finding.variable == "dense_1/kernel" and finding.observed > 1000
    assert findings(RULE, recurrent(0.17)) == ()  # as an orthogonal start has it
    assert findings(RULE, recurrent(0.4, steps=2)) == ()
    assert findings(RULE, recurrent(0.4, "tanh")) == ()
