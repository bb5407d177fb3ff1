"""unnormalized-input: mean and spread of what goes in."""

from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth.records import BatchTensor
from tests.rules.builder import (
    STEPS,
    change,
    findings,
    healthy,
    stuck,
    thin,
    unmeasured,
    verdict,
    with_data,
    with_layers,
)

RULE = "unnormalized-input"


def fed(mean, std, run=None):
    return with_data(run or stuck(healthy()), "input/x", data_mean=mean, data_std=std, data_min=mean - 2 * std)


LIMITS = {
    "mean": (fed(20, 3), 21),
    "low_std": (fed(0.001, 0.002), 0.001),
    "high_std": (fed(33, 30), 31),
    "far": (fed(900, 9), 1000),
}


@pytest.mark.parametrize(("mean", "std"), [(0, 1), (0.13, 0.31), (4, 3), (-3, 0.2)])
def test_usual_inputs_pass(mean, std):
    assert findings(RULE, fed(mean, std)) == ()


@pytest.mark.parametrize(
    ("mean", "std", "severity", "statistic"),
    [
        (33, 30, "warning", "data_std"),
        (200, 300, "error", "data_std"),
        (0.001, 0.002, "error", "data_std"),
        (20, 3, "warning", "data_mean"),
        (900, 9, "error", "data_mean"),
    ],
)
def test_others_do_not_where_nothing_is_learnt(mean, std, severity, statistic):
    (finding,) = findings(RULE, fed(mean, std))
    assert (finding.severity, finding.statistic) == (severity, statistic)
    assert findings(RULE, fed(mean, std, healthy()))[0].severity == ("warning" if severity == "error" else "info")


def test_a_model_that_normalizes_is_not_judged():
    run = with_layers(fed(33, 79), dense_0={"class_name": "BatchNormalization", "normalizes": True})
    assert verdict(RULE, run).status == "no_data"
    unmeasured_layer = with_layers(fed(33, 79), dense_0={"class_name": "Rescaling", "normalizes": True, "rows": ()})
    assert verdict(RULE, unmeasured_layer).status == "no_data"
    late = with_layers(fed(33, 79), dense_2={"class_name": "BatchNormalization", "normalizes": True})
    assert len(findings(RULE, late)) == 1


@pytest.mark.parametrize(("std", "count"), [(0.3, 0), (0.0015, 1)])
def test_what_comes_out_of_a_rescaling_is_judged_wherever_it_was_measured(std, count):
    run = with_layers(fed(0.1, 0.3), dense_0={"class_name": "Rescaling", "normalizes": True})
    run = change(
        change(run, "activation", "activation_mean", 0.0, "dense_0"), "activation", "activation_std", std, "dense_0"
    )
    assert [(finding.layer, finding.statistic) for finding in findings(RULE, run)] == [
        ("dense_0", "activation_std")
    ] * count


def test_an_input_beside_the_one_that_is_normalized_is_judged():
    run = with_layers(
        fed(900, 9), dense_0={"class_name": "Normalization", "normalizes": True, "inputs": ("input/other",)}
    )
    run = with_layers(run, dense_1={"inputs": ("input/x",)})
    run = change(
        change(run, "activation", "activation_mean", 0.0, "dense_0"), "activation", "activation_std", 1.0, "dense_0"
    )
    assert [finding.statistic for finding in findings(RULE, run)] == ["data_mean"]
    assert findings(RULE, with_layers(run, dense_1={"inputs": ("dense_0",)})) == ()


def test_an_input_that_operations_compute_with_is_not_judged():
    links = {"dense_0": {"inputs": ()}, "dense_1": {"inputs": ("dense_0",)}}
    judged = verdict(RULE, with_layers(fed(120, 70), **links))
    assert judged.status == "no_data" and "operations that are no layers" in judged.reason
    links["dense_0"]["inputs"] = ("input/x",)
    assert len(findings(RULE, with_layers(fed(120, 70), **links))) == 1


def test_relu_hands_the_scale_on_to_what_normalizes_it():
    links = {"dense_0": {"inputs": ("input/x",)}, "dense_1": {"inputs": ("dense_0",), "class_name": "ReLU"}}
    for activation, severity in ((None, "info"), ("tanh", "warning")):
        links["dense_0"]["activation"] = activation
        run = with_layers(fed(120, 70, healthy()), **links, dense_2={"inputs": ("dense_1",), "normalizes": True})
        assert findings(RULE, run)[0].severity == severity


def test_far_inputs_are_information_where_what_the_first_weights_give_is_normalized():
    for normalizes, severity in ((True, "info"), (False, "warning")):
        links = {"dense_0": {"inputs": ("input/x",)}, "dense_1": {"inputs": ("dense_0",), "normalizes": normalizes}}
        assert findings(RULE, with_layers(fed(120, 70, healthy()), **links))[0].severity == severity


def test_single_numbers_are_spread_over_the_batches():
    means = np.where(np.arange(len(STEPS)) % 2, 1.0, -1.0)
    assert findings(RULE, with_data(fed(0, 0), "input/x", data_mean=means, data_std=0.0)) == ()


def test_what_does_not_vary_is_told_as_that_and_not_as_a_matter_of_scale():
    for mean in (0, 200):
        assert findings(RULE, fed(mean, 0)) == () and len(findings("bad-input-values", fed(mean, 0))) == 1


def test_of_several_that_normalize_the_last_one_counts():
    run = with_layers(
        fed(120, 70),
        dense_0={"class_name": "Rescaling", "normalizes": True},
        dense_1={"class_name": "BatchNormalization", "normalizes": True},
    )
    assert verdict(RULE, run).reason == "the model normalizes its input itself"


def test_indices_have_no_scale():
    run = with_layers(fed(500, 300), dense_0={"class_name": "Embedding"})
    ids = (BatchTensor("input", "x", (None, 64), "int32"), *run.model.batch[1:])
    assert verdict(RULE, replace(run, model=replace(run.model, batch=ids))).status == "no_data"


def test_thinned_and_unmeasured():
    assert len(findings(RULE, thin(fed(33, 79), 6))) == 1
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"


def test_of_several_limits_the_one_exceeded_most_is_told():
    assert findings(RULE, fed(6, 100))[0].statistic == "data_std"
    assert findings(RULE, fed(60, 4))[0].statistic == "data_mean"
