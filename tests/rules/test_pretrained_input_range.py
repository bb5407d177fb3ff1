"""pretrained-input-range: what a known model was trained on."""

from dataclasses import replace

import pytest

from tests.rules.builder import findings, healthy, model, stuck, thin, unmeasured, verdict, with_data, with_layers

RULE = "pretrained-input-range"
MOBILE = {"dense_0": "mobilenet/Conv1", "dense_1": "mobilenet/expanded_conv_depthwise"}


def backbone(low, high, run=None, names=MOBILE, inputs=("input/x",)):
    run = with_data(run or stuck(healthy()), "input/x", data_min=low, data_max=high)
    first, *rest = (replace(layer, path=names.get(layer.path, layer.path)) for layer in run.model.layers)
    return replace(run, model=replace(run.model, layers=(replace(first, inputs=inputs), *rest)))


LIMITS = {"width": (backbone(0.0, 6.1), 4.0)}


def test_the_range_that_it_was_trained_on_passes():
    assert findings(RULE, backbone(-1.0, 1.0)) == ()
    assert findings(RULE, backbone(0.0, 1.0)) == ()


def test_another_range_is_a_warning_unless_something_is_learnt():
    (finding,) = findings(RULE, backbone(0.0, 255.0))
    assert finding.severity == "warning"
    assert finding.message == "The input goes from 0 to 255, and MobileNetV2 was trained on −1 to 1."
    assert findings(RULE, backbone(0.0, 255.0, healthy()))[0].severity == "info"
    assert len(findings(RULE, thin(backbone(0.0, 255.0), 3))) == 1


@pytest.mark.parametrize(("high", "count"), [(5.9, 0), (6.1, 1), (0.68, 0), (0.66, 1)])
def test_limit_is_three_times_or_a_third(high, count):
    assert len(findings(RULE, backbone(0.0, high))) == count


EFFICIENT = ("efficientnet/stem_conv", "efficientnet/block1a_project_conv")
MOBILE_V3 = ("conv", "expanded_conv_depthwise")


def built(high, first, *others, own=(), low=0.0):
    """A backbone of these layers, behind which `own` layers stand, the last one first."""
    run = with_data(stuck(healthy(model(hidden=8))), "input/x", data_min=low, data_max=high)
    names = [first, *others, *(f"own_{index}" for index in range(len(own)))]
    classes = ["Conv2D", *("Dense" for _ in others), *own]
    inputs = [*names[1 + len(others) :], "input/x"]
    layers = list(run.model.layers)
    for index, (name, kind) in enumerate(zip(names, classes, strict=True)):
        layers[index] = replace(layers[index], path=name, rows=(name,), class_name=kind, inputs=())
    for index, row in zip([0, *range(1 + len(others), len(names))], inputs, strict=True):
        layers[index] = replace(layers[index], inputs=(row,))
    return replace(run, model=replace(run.model, layers=tuple(layers)))


@pytest.mark.parametrize(
    ("layers", "own"),
    [
        (EFFICIENT, ("ZeroPadding2D", "Normalization", "Rescaling")),
        (EFFICIENT, ("ZeroPadding2D", "Rescaling", "Normalization", "Rescaling")),
        (EFFICIENT, ("Rescaling",)),
        (MOBILE_V3, ("Rescaling",)),
        (("convnext_tiny_prestem_normalization", "convnext_tiny_stem_conv"), ()),
    ],
)
def test_models_that_rescale_by_themselves_want_grey_levels(layers, own):
    assert findings(RULE, built(255.0, *layers, own=own)) == ()
    assert "was trained on 0 to 255" in findings(RULE, built(1.0, *layers, own=own))[0].message
    assert len(findings(RULE, built(1.0, *layers, own=own, low=-1.0))) == 1
    assert verdict(RULE, built(1.0, *layers, own=(*own, "Rescaling", "Rescaling"))).status == "no_data"


@pytest.mark.parametrize("layers", [EFFICIENT, MOBILE_V3])
def test_models_without_their_rescaling_want_minus_one_to_one(layers):
    assert findings(RULE, built(1.0, *layers, low=-1.0)) == ()
    assert "was trained on −1 to 1" in findings(RULE, built(255.0, *layers))[0].message


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("ResNet", ("conv1_conv", "conv2_block1_0_conv", "conv2_block1_0_bn")),
        ("ResNetV2", ("conv1_conv", "conv2_block1_preact_bn", "conv2_block1_0_conv")),
        ("DenseNet", ("conv1_conv", "conv2_block1_0_bn", "conv2_block1_0_relu")),
        ("NASNet", ("stem_conv1", "reduction_conv_1_stem_1")),
    ],
)
def test_models_are_told_apart(name, layers):
    (finding,) = findings(RULE, built(5000.0, *layers))
    assert f", and {name} was trained on " in finding.message


@pytest.mark.parametrize(
    ("name", "marks"), [("InceptionV3", ("mixed0", "mixed1")), ("InceptionResNetV2", ("mixed_5b", "block35_1_mixed"))]
)
def test_a_stem_without_a_name_of_its_own_is_told_by_its_kernel(name, marks):
    run = built(255.0, "conv2d_7", *marks)
    assert verdict(RULE, run).status == "no_data"
    kernel = replace(run.model.variables[0], layer="conv2d_7", shape=(3, 3, 3, 32))
    run = replace(run, model=replace(run.model, variables=(kernel, *run.model.variables[1:])))
    assert findings(RULE, run)[0].message == f"The input goes from 0 to 255, and {name} was trained on −1 to 1."


def test_other_models_and_prepared_inputs_are_not_judged():
    assert verdict(RULE, backbone(0.0, 255.0, names={})).status == "no_data"
    assert verdict(RULE, backbone(0.0, 255.0, inputs=())).status == "no_data"
    padded = with_layers(backbone(0.0, 255.0), dense_2={"inputs": ("input/x",), "class_name": "ZeroPadding2D"})
    padded = with_layers(padded, **{"mobilenet/Conv1": {"inputs": ("dense_2",)}})
    assert len(findings(RULE, padded)) == 1
    rescaled = with_layers(padded, dense_2={"class_name": "Rescaling"})
    assert verdict(RULE, rescaled).status == "no_data"
    assert verdict(RULE, unmeasured(backbone(0.0, 255.0))).status == "no_data"
