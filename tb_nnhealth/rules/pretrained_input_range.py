"""A pretrained model gets inputs on another scale than it was trained on.

## What it detects
Models of `keras.applications` whose first layer takes the input of the training as it is, while its range is not the
one that they were trained on.

## Why it matters
The features of a pretrained model are right for one range only. Grey levels of 0 to 255 where -1 to 1 was meant make
every filter fire at full strength; 0 to 1 where 0 to 255 was meant leaves them silent.

## How it is decided
The model is recognized by the names of its layers. The smallest and the largest input of all sampled batches are
compared with its range: a third of its width or less, or three times or more, is a warning, and information where
something is learnt. It is judged only where the first layer takes the batch's own tensor, with nothing but padding in
between. Models that rescale by themselves (EfficientNet, MobileNetV3, ConvNeXt) are not judged.

## When it is wrong
A model with the same names of layers that was trained from scratch takes any range.

## What to try
* Use the `preprocess_input` of the same module: `keras.applications.mobilenet_v2.preprocess_input(x)`.
* EfficientNet and MobileNetV3 rescale by themselves: give them 0 to 255.

## References
* 37 reasons why your neural network is not working, 1.3 and 3.3 (preprocessing of pretrained models).
* Keras 3, applications: the input that each model expects.
"""

from collections.abc import Iterator

from tb_nnhealth.records import HealthRun, Layer
from tb_nnhealth.rules._loss import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold

RULE = Rule(
    name="pretrained-input-range",
    category="data",
    title="A pretrained model gets inputs on another scale",
    passing_title="The pretrained model gets the scale that it was trained on",
    needs=("data_min", "data_max"),
    min_samples=1,
    thresholds=(Threshold("width", 3.0, "ratio", "0 to 1, -1 to 1, and 0 to 255 differ by 2 and by 128"),),
)

BACKBONES: dict[str, tuple[tuple[str, ...], float, float]] = {
    "VGG": (("block1_conv1", "block1_conv2", "block1_pool"), -124.0, 152.0),
    "ResNet": (("conv1_conv", "conv2_block1_0_bn"), -124.0, 152.0),
    "ResNetV2": (("conv1_conv", "conv2_block1_preact_bn"), -1.0, 1.0),
    "MobileNet": (("conv1", "conv_dw_1"), -1.0, 1.0),
    "MobileNetV2": (("Conv1", "expanded_conv_depthwise"), -1.0, 1.0),
    "Xception": (("block1_conv1", "block1_conv1_bn"), -1.0, 1.0),
}
"""Layers that tell a model of `keras.applications`, and the range that it was trained on; the first one given is the
first with weights."""


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    layers = {layer.path.rsplit("/", 1)[-1]: layer for layer in run.model.layers}
    found = [
        (name, layers[names[0]], low, high)
        for name, (names, low, high) in BACKBONES.items()
        if all(layer in layers for layer in names)
    ]
    judged = [(name, row, low, high) for name, layer, low, high in found if (row := _row(run, layer)) is not None]
    if not judged:
        raise NotJudged("no known pretrained model that takes the input as it is was seen")
    for name, row, low, high in judged:
        seen = float(run.data.lows("data_min", row).min()), float(run.data.highs("data_max", row).max())
        ratio = (seen[1] - seen[0]) / (high - low)
        if not (ratio <= 1 / limits["width"] or ratio >= limits["width"]):
            continue
        yield Finding(
            RULE.name,
            severity_of_symptom(run),
            f"The input goes from {seen[0]:.3g} to {seen[1]:.3g}, and {name} was trained on {low:g} to {high:g}.",
            first_step=int(run.data.steps[0]),
            last_step=int(run.data.steps[-1]),
            statistic="data_max",
            observed=seen[1] - seen[0],
            limit=high - low,
        )


def _row(run: HealthRun, layer: Layer) -> str | None:
    """Returns the data row that comes to a layer through nothing but padding, None where there is none."""
    while len(layer.inputs) == 1:
        row = layer.inputs[0]
        if run.data.row(row) is not None:
            return row
        before = run.model.layer_of_row(row)
        if before is None or before.class_name != "ZeroPadding2D":
            return None
        layer = before
    return None
