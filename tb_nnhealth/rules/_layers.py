"""How layers follow each other, as far as the traced step shows it."""

from collections.abc import Iterator

from tb_nnhealth.records import HealthRun, Layer, Variable
from tb_nnhealth.rules._once import once
from tb_nnhealth.rules._rule import NotJudged
from tb_nnhealth.rules._series import is_kernel

WEIGHTED = ("Dense", "EinsumDense", "Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "Conv3DTranspose")
"""Layers that multiply by a kernel over all their inputs, and then apply an activation function, or none."""

RECURRENT = ("SimpleRNN", "GRU", "LSTM")
"""Layers whose state of so many units is all that they tell of a sequence."""

PASSING = (
    "Activation",
    "AlphaDropout",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "BatchNormalization",
    "Cropping1D",
    "Cropping2D",
    "Dropout",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "Identity",
    "Permute",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "UpSampling1D",
    "UpSampling2D",
    "ZeroPadding1D",
    "ZeroPadding2D",
)
"""Layers that are linear in what they are given (for `Activation`, if it has none)."""


@once
def weighted(run: HealthRun) -> tuple[Layer, ...]:
    """Returns the layers that multiply by a kernel, in forward order."""
    found = [layer for layer in run.model.layers if layer.class_name in WEIGHTED]
    return tuple(sorted(found, key=lambda layer: layer.position))


@once
def hidden(run: HealthRun) -> tuple[Layer, ...]:
    """Returns the layers that multiply by a kernel and do not make an output, by themselves or with what follows."""
    last = last_weights(run)
    return tuple(layer for layer in weighted(run) if layer.path not in last)


def check_traced(run: HealthRun) -> None:
    """Raises NotJudged where no step of the model was seen: which layers make its outputs is not known."""
    if not run.model.batch:
        raise NotJudged("no step of the model was seen, which tells its last layers from the hidden ones")


def recurrent(run: HealthRun) -> tuple[Layer, ...]:
    """Returns the recurrent layers that do not make an output, but for those in a wrapper that joins two of them."""
    last, joined = last_weights(run), {x.path for x in run.model.layers if x.class_name == "Bidirectional"}
    found = [layer for layer in run.model.layers if layer.class_name in RECURRENT and layer.path not in last]
    return tuple(layer for layer in found if layer.path.rpartition("/")[0] not in joined)


def outputs(run: HealthRun) -> tuple[Layer, ...]:
    """Returns the layers that make the model's outputs; those that feed no other where these are not known, as of a
    training step of the user's own, or of one that failed."""
    known = tuple(layer for layer in run.model.layers if layer.is_output)
    fed = {row for layer in run.model.layers for row in layer.inputs}
    called = (layer for layer in run.model.layers if layer.rows or layer.inputs)
    return known or tuple(layer for layer in called if not fed & {layer.path, *layer.rows})


@once
def last_weights(run: HealthRun) -> set[str]:
    """Returns the paths of the layers whose weights are the last ones before an output."""
    found = set()
    for output in outputs(run):
        for layer in (output, *before(run, output)):
            if layer.parameters and not layer.normalizes:
                found.add(layer.path)
                break
    return found


def before(run: HealthRun, layer: Layer) -> Iterator[Layer]:
    """Yields the layers that a layer's input comes through, nearest first, as far as each has a single known one."""
    seen = {layer.path}
    while len(layer.inputs) == 1:
        source = run.model.layer_of_row(layer.inputs[0])
        if source is None or source.path in seen:
            return
        yield source
        seen.add(source.path)
        layer = source


def is_bypassed(run: HealthRun, layer: Layer) -> bool:
    """Returns whether an output is reached from an input without passing through a layer, as far as is known: what
    weighs a sequence's positions narrows nothing down."""
    seen, rows = {layer.path}, [row for output in outputs(run) if output is not layer for row in output.inputs]
    while rows:
        row = rows.pop()
        if row.startswith("input/"):
            return True
        source = run.model.layer_of_row(row)
        if source is not None and source.path not in seen:
            seen.add(source.path)
            rows += source.inputs
    return False


def hidden_activation(run: HealthRun, layer: Layer) -> str | None:
    """Returns the activation function that a weighted layer's output goes through before the next weights:
    its own, or that of a layer behind it. None where there is none."""
    if layer.activation is not None:
        return layer.activation
    for other in run.model.layers:
        chain = list(before(run, other))
        if other.activation is None or other.class_name in WEIGHTED or layer not in chain:
            continue
        between = chain[: chain.index(layer)]
        if all(step.class_name in PASSING and step.activation is None for step in between):
            return other.activation
    return None


def kernel(run: HealthRun, layer: Layer) -> Variable | None:
    """Returns a layer's kernel."""
    return next(filter(is_kernel, run.model.variables_of(layer.path)), None)
