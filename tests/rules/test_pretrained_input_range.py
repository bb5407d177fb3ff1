"""pretrained-input-range: what a known model was trained on."""

from dataclasses import replace

import pytest

from tests.rules.builder import findings, healthy, stuck, thin, unmeasured, verdict, with_data, with_layers

RULE = "pretrained-input-range"
MOBILE = {"dense_0": "mobilenet/Conv1", "dense_1": "mobilenet/expanded_conv_depthwise"}


def backbone(low, high, run=None, names=MOBILE, inputs=("input/x",)):
    run = with_data(run or stuck(healthy()), "input/x", data_min=low, data_max=high)
    first, *rest = (replace(layer, path=names.get(layer.path, layer.path)) for layer in run.model.layers)
    return replace(run, model=replace(run.model, layers=(replace(first, inputs=inputs), *rest)))


def test_the_range_that_it_was_trained_on_passes():
    assert findings(RULE, backbone(-1.0, 1.0)) == ()
    assert findings(RULE, backbone(0.0, 1.0)) == ()


def test_another_range_is_a_warning_unless_something_is_learnt():
    (finding,) = findings(RULE, backbone(0.0, 255.0))
    assert finding.severity == "warning"
    assert finding.message == "The input goes from 0 to 255, and MobileNetV2 was trained on -1 to 1."
    assert findings(RULE, backbone(0.0, 255.0, healthy()))[0].severity == "info"
    assert len(findings(RULE, thin(backbone(0.0, 255.0), 3))) == 1


@pytest.mark.parametrize(("high", "count"), [(5.9, 0), (6.1, 1), (0.68, 0), (0.66, 1)])
def test_limit_is_three_times_or_a_third(high, count):
    assert len(findings(RULE, backbone(0.0, high))) == count


def test_other_models_and_prepared_inputs_are_not_judged():
    assert verdict(RULE, backbone(0.0, 255.0, names={})).status == "no_data"
    assert verdict(RULE, backbone(0.0, 255.0, inputs=())).status == "no_data"
    padded = with_layers(backbone(0.0, 255.0), dense_2={"inputs": ("input/x",), "class_name": "ZeroPadding2D"})
    padded = with_layers(padded, **{"mobilenet/Conv1": {"inputs": ("dense_2",)}})
    assert len(findings(RULE, padded)) == 1
    rescaled = with_layers(padded, dense_2={"class_name": "Rescaling"})
    assert verdict(RULE, rescaled).status == "no_data"
    assert verdict(RULE, unmeasured(backbone(0.0, 255.0))).status == "no_data"
