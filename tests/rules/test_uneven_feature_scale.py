"""uneven-feature-scale: the spread of the features of an input."""

from dataclasses import replace

import numpy as np
import pytest

from tests.rules.builder import STEPS, change, findings, healthy, stuck, unmeasured, verdict, with_data, with_layers

RULE = "uneven-feature-scale"


def fed(low, high, run=None):
    return with_data(run or stuck(healthy()), "input/x", feature_std_min=low, feature_std_max=high)


def test_similar_features_pass():
    assert findings(RULE, fed(0.3, 2.0)) == ()
    assert findings(RULE, fed(0.01, 9.9)) == ()


def test_uneven_features_are_a_warning_unless_something_is_learnt():
    (finding,) = findings(RULE, fed(0.003, 300.0))
    assert finding.severity == "warning" and abs(finding.observed - 1e5) < 1
    assert findings(RULE, fed(0.003, 300.0, healthy()))[0].severity == "info"


def test_batches_of_one_example_show_nothing():
    assert verdict(RULE, change(fed(0.0, 0.0), "step", "batch_size", 1.0)).status == "no_data"


def test_features_that_never_vary_are_left_out():
    assert findings(RULE, fed(0.0, 300.0)) == ()


def constant(count, run=None, shape=(None, 32), **statistics):
    run = with_data(fed(0.3, 2.0, run), "input/x", constant_features=count, data_std=1.0, **statistics)
    batch = tuple(replace(t, shape=shape) if t.stage == "input" else t for t in run.model.batch)
    return replace(run, model=replace(run.model, batch=batch))


LIMITS = {
    "spread": (fed(0.003, 300.0), 2e5),
    "constant": (constant(31), 1.0),
    "examples": (constant(31), 33),
    "samples": (constant(31), 29),
}


def test_features_that_are_the_same_in_every_batch_are_information():
    (finding,) = findings(RULE, constant(31))
    assert (finding.severity, finding.observed, finding.limit) == ("info", 31, pytest.approx(3.2))
    assert finding.message == "In each sampled batch at least 31 of the 32 features of the input x are constant."
    assert findings(RULE, constant(3)) == ()


def test_rare_features_are_none_of_the_same_in_every_batch():
    assert findings(RULE, constant(np.where(STEPS % 16 == 0, 16, 8 + STEPS % 7))) == ()
    assert len(findings(RULE, constant(np.where(STEPS == 8, 14, 12)))) == 1


def test_pictures_and_single_examples_have_constant_features():
    assert findings(RULE, constant(2, shape=(None, 9, 9, 3))) == ()
    assert findings(RULE, change(constant(32), "step", "batch_size", 1.0)) == ()


def test_an_input_of_equal_examples_is_a_warning_unless_something_is_learnt():
    nan = float("nan")
    (finding,) = findings(RULE, constant(32, feature_std_min=nan, feature_std_max=0.0))
    assert finding.severity == "warning"
    assert finding.message == "In each sampled batch all examples of the input x are the same."
    assert findings(RULE, constant(32, healthy()))[0].severity == "info"


def test_an_input_of_one_number_is_left_to_another_rule():
    assert findings(RULE, with_data(constant(32), "input/x", data_std=0.0)) == ()


def test_a_model_that_normalizes_is_not_judged():
    run = with_layers(fed(0.003, 300.0), dense_0={"normalizes": True})
    assert verdict(RULE, run).status == "no_data"
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"
