"""large-bias: biases beside what their kernels add."""

import numpy as np
import pytest

from tests.rules.builder import STEPS, change, findings, healthy, stuck, thin, unmeasured, verdict, with_layers

RULE = "large-bias"
CONTRIBUTION = 0.17 * 0.7 * np.sqrt(32)  # of the builder's hidden layers: kernel, input, fan-in


def biased(times, run=None, layer="dense_2"):
    return change(run or stuck(healthy()), "variable", "value_rms", times * CONTRIBUTION, f"{layer}/bias")


def small(run=None):
    run = run or stuck(healthy())
    return change(run, "variable", "value_rms", 0.01, [row for row in run.variables.rows if row.endswith("bias")])


LIMITS = {"ratio": (biased(30, small()), 31)}


def test_biases_in_proportion_pass():
    assert findings(RULE, small()) == ()


@pytest.mark.parametrize(("times", "count"), [(9.9, 0), (10.1, 1)])
def test_limit_is_the_contribution_times_ten(times, count):
    assert len(findings(RULE, biased(times, small()))) == count


def test_a_bias_that_outweighs_is_a_warning_unless_something_is_learnt():
    (finding,) = findings(RULE, biased(30, small()))
    assert (finding.severity, finding.layer) == ("warning", "dense_2")
    assert finding.observed == pytest.approx(30, rel=1e-3)
    assert findings(RULE, biased(30, small(healthy())))[0].severity == "info"
    assert len(findings(RULE, thin(biased(30, small()), 3))) == 1


def test_the_first_layers_input_is_the_batch():
    run = with_layers(biased(30, small(), "dense_0"), dense_0={"inputs": ("input/x",)})
    assert findings(RULE, run) == ()  # The builder's batch was not measured.
    run = change(change(run, "data", "data_mean", 0.0, "input/x"), "data", "data_std", 0.7, "input/x")
    assert findings(RULE, run)[0].layer == "dense_0"


def test_the_output_is_left_out():
    assert findings(RULE, biased(30, small(), "output")) == ()


def test_unmeasured_is_no_data():
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"
    links = {f"dense_{i}": {"inputs": ()} for i in range(4)}
    assert verdict(RULE, with_layers(small(), **links)).status == "no_data"


def test_a_bias_that_has_become_large_is_information():
    grown = np.where(STEPS < 8, 0.01, 30 * CONTRIBUTION)
    (finding,) = findings(RULE, change(small(), "variable", "value_rms", grown, "dense_2/bias"))
    assert (finding.severity, finding.layer) == ("info", "dense_2")
    both = change(biased(30, small(), "dense_3"), "variable", "value_rms", grown, "dense_2/bias")
    (finding,) = findings(RULE, both)
    assert (finding.severity, finding.layer, finding.others) == ("warning", "dense_3", ("dense_2",))


def test_a_bias_that_outweighed_at_first_counts_whatever_became_of_its_layer_since():
    run = biased(np.where(STEPS < 8, 30.0, 0.01), small())
    (finding,) = findings(RULE, change(run, "activation", "activation_rms", np.where(STEPS < 8, 0.7, 0.0)[:, None]))
    assert (finding.severity, finding.layer) == ("warning", "dense_2")
    assert (finding.first_step, finding.last_step) == (0, 0) and finding.observed == pytest.approx(30, rel=1e-3)
