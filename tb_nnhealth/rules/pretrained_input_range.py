"""A pretrained model gets inputs on another scale than it was trained on.

## What it detects
Models of `keras.applications` whose first layer takes the input of the training as it is, while its range is not the
one that they were trained on.

## Why it matters
The features of a pretrained model are right for one range only. Grey levels of 0 to 255 where -1 to 1 was meant make
every filter fire at full strength; 0 to 1 where 0 to 255 was meant leaves them silent, also where the model rescales
by itself: an EfficientNet that is given 0 to 1 sees black pictures.

## How it is decided
The model is recognized by the names of its layers. The smallest and the largest input of all sampled batches are
compared with its range: a third of its width or less, or three times or more, is a warning, and information where
something is learnt. It is judged only where the first layer takes the batch's own tensor, with nothing but padding and
the model's own rescaling in between (EfficientNet, MobileNetV3 and ConvNeXt have one).

## When it is wrong
A model with the same names of layers that was trained from scratch takes any range. Pixels of 0 to 1 for a model of
-1 to 1 are not found: the widths differ by 2 only.

## What to try
* Use the `preprocess_input` of the same module: `keras.applications.mobilenet_v2.preprocess_input(x)`.
* EfficientNet, MobileNetV3 and ConvNeXt rescale by themselves: give them 0 to 255.

## References
* 37 reasons why your neural network is not working, 1.3 and 3.3 (preprocessing of pretrained models).
* Keras 3, applications: the input that each model expects.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tb_nnhealth.numbers import number
from tb_nnhealth.records import HealthRun, Layer
from tb_nnhealth.rules._learning import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold
from tb_nnhealth.rules._series import span

RULE = Rule(
    name="pretrained-input-range",
    category="data",
    title="A pretrained model gets inputs on another scale",
    passing_title="The pretrained model gets the scale that it was trained on",
    needs=("data_min", "data_max"),
    min_samples=1,
    thresholds=(Threshold("width", 3.0, "ratio", "0 to 1, -1 to 1, and 0 to 255 differ by 2 and by 128"),),
)

GREY_LEVELS, ONES = (0.0, 255.0), (-1.0, 1.0)
CENTRED, STANDARDIZED = (-124.0, 152.0), (-2.12, 2.64)
"""What `preprocess_input` makes of grey levels in its modes "caffe" and "torch"; "tf" makes -1 to 1 of them."""

Chain = tuple[str, ...]


@dataclass(frozen=True)
class Backbone:
    """A model of `keras.applications`: layers that tell it, of which the first one given is the first with weights, and
    the range that it was trained on where these of its own layers (classes, the last one first) come before that."""

    name: str
    layers: tuple[str, ...]
    range: tuple[float, float]
    own: Chain = ()


EFFICIENT = ("stem_conv", "block1a_project_conv")
MOBILE = ("conv", "expanded_conv_depthwise")
ANY_CONVOLUTION = "conv2d"
"""The name of a layer without one of its own, which Keras numbers."""

BACKBONES = (
    Backbone("VGG", ("block1_conv1", "block1_conv2", "block1_pool"), CENTRED),
    Backbone("ResNet", ("conv1_conv", "conv2_block1_0_conv", "conv2_block1_0_bn"), CENTRED),
    Backbone("ResNetV2", ("conv1_conv", "conv2_block1_preact_bn"), ONES),
    Backbone("DenseNet", ("conv1_conv", "conv2_block1_0_relu"), STANDARDIZED),
    Backbone("MobileNet", ("conv1", "conv_dw_1"), ONES),
    Backbone("MobileNetV2", ("Conv1", "expanded_conv_depthwise"), ONES),
    Backbone("MobileNetV3", MOBILE, GREY_LEVELS, ("Rescaling",)),
    Backbone("MobileNetV3", MOBILE, ONES),
    Backbone("Xception", ("block1_conv1", "block1_conv1_bn"), ONES),
    Backbone("InceptionV3", (ANY_CONVOLUTION, "mixed0", "mixed1"), ONES),
    Backbone("InceptionResNetV2", (ANY_CONVOLUTION, "mixed_5b", "block35_1_mixed"), ONES),
    Backbone("NASNet", ("stem_conv1", "reduction_conv_1_stem_1"), ONES),
    Backbone("EfficientNet", EFFICIENT, GREY_LEVELS, ("Normalization", "Rescaling")),
    Backbone("EfficientNet", EFFICIENT, GREY_LEVELS, ("Rescaling", "Normalization", "Rescaling")),
    Backbone("EfficientNetV2", EFFICIENT, GREY_LEVELS, ("Rescaling",)),
    Backbone("EfficientNetV2", EFFICIENT, ONES),
    *(
        Backbone("ConvNeXt", (f"convnext_{size}_prestem_normalization", f"convnext_{size}_stem_conv"), GREY_LEVELS)
        for size in ("tiny", "small", "base", "large", "xlarge")
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    judged = [(backbone, row) for backbone in BACKBONES if (row := _row(run, backbone)) is not None]
    if not judged:
        raise NotJudged("no known pretrained model that takes the input as it is was seen")
    for backbone, row in judged:
        low, high = backbone.range
        seen = float(run.data.lows("data_min", row).min()), float(run.data.highs("data_max", row).max())
        ratio = (seen[1] - seen[0]) / (high - low)
        if not (ratio <= 1 / limits["width"] or ratio >= limits["width"]):
            continue
        yield Finding(
            RULE.name,
            severity_of_symptom(run),
            f"The input goes from {number(seen[0])} to {number(seen[1])}, and {backbone.name} was trained on "
            f"{number(low)} to {number(high)}.",
            tensor=row,
            **span(run.data.steps),
            statistic="data_max",
            observed=seen[1] - seen[0],
            limit=high - low,
            unit="",
        )


def _row(run: HealthRun, backbone: Backbone) -> str | None:
    """Returns the data row that comes to a backbone through nothing but padding and its own layers, None where there is
    no such row, or no such backbone."""
    layers = {layer.path.rsplit("/", 1)[-1]: layer for layer in run.model.layers}
    first = _stem(run) if backbone.layers[0] == ANY_CONVOLUTION else layers.get(backbone.layers[0])
    if first is None or not all(name in layers for name in backbone.layers[1:]):
        return None
    row, between = _source(run, first)
    return row if between == backbone.own else None


def _stem(run: HealthRun) -> Layer | None:
    """Returns the first convolution that makes 32 maps of a picture of three colours, as both Inceptions begin."""
    stems = {variable.layer for variable in run.model.variables if variable.shape == (3, 3, 3, 32)}
    found = [layer for layer in run.model.layers if layer.class_name == "Conv2D" and layer.path in stems]
    return min(found, key=lambda layer: layer.position, default=None)


def _source(run: HealthRun, layer: Layer) -> tuple[str | None, Chain]:
    """Returns the data row that comes to a layer, None where it comes through other layers than these, and the classes
    of the layers in between but for padding, the last one first."""
    between: Chain = ()
    while len(layer.inputs) == 1:
        row = layer.inputs[0]
        if run.data.row(row) is not None:
            return row, between
        before = run.model.layer_of_row(row)
        if before is None or before.class_name not in ("ZeroPadding2D", "Rescaling", "Normalization"):
            break
        between += () if before.class_name == "ZeroPadding2D" else (before.class_name,)
        layer = before
    return None, ()
