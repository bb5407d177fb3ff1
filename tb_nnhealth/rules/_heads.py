"""What a model is asked to predict and how it answers: each output with its loss and its target."""

import math
from dataclasses import dataclass

from tb_nnhealth.pairing import paired
from tb_nnhealth.records import BatchTensor, HealthRun, Layer

CATEGORICAL = ("CategoricalCrossentropy", "SparseCategoricalCrossentropy", "CategoricalFocalCrossentropy")
BINARY = ("BinaryCrossentropy", "BinaryFocalCrossentropy")
SQUARED = ("MeanSquaredError", "Mse")
REGRESSION = (
    *SQUARED,
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredLogarithmicError",
    "Huber",
    "LogCosh",
)

KERAS_OWN = (*CATEGORICAL, *BINARY, *REGRESSION)
"""Losses of Keras' own, of which it is known what they are for."""

RANGES: dict[str, tuple[float, float]] = {
    "softmax": (0.0, 1.0),
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu": (0.0, math.inf),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, math.inf),
    "exponential": (0.0, math.inf),
    "elu": (-1.0, math.inf),
    "selu": (-1.7581, math.inf),
}
"""Ranges of the activation functions that have an end."""


@dataclass(frozen=True)
class Head:
    """One output of the model. What could not be told is None, and `activations` too (see `BatchTensor`)."""

    name: str
    loss: str
    from_logits: bool
    prediction: BatchTensor
    target: BatchTensor | None
    layer: Layer | None
    aligns_ranks: bool = True
    """Whether the loss gives targets and predictions the same number of axes: Keras does, unless it is a subclass
    of `Loss`."""
    ignored: int | None = None
    """The class that the loss leaves out."""
    reduction: str | None = None
    """How the losses of the examples become one."""

    @property
    def activations(self) -> tuple[str, ...] | None:
        """The activation functions of the output, the last one first; of an eager step, its layer's own."""
        if self.prediction.activations is not None:
            return self.prediction.activations
        if self.layer is None or self.layer.class_name not in ("Dense", "Conv1D", "Conv2D", "Conv3D", "Activation"):
            return None
        return () if self.layer.activation is None else (self.layer.activation,)

    @property
    def activation(self) -> str | None:
        """The last activation function's name, "linear" for none, None where it cannot be told."""
        if self.activations is None:
            return None
        return self.activations[0] if self.activations else "linear"

    @property
    def units(self) -> int | None:
        """The size of the prediction's last axis; 1 for a prediction of rank 1."""
        return self.prediction.shape[-1] if len(self.prediction.shape) > 1 else 1

    @property
    def place(self) -> str:
        return self.layer.path if self.layer else self.name


def heads(run: HealthRun) -> tuple[Head, ...]:
    """Returns the outputs that have a compiled loss, in the model's order."""
    predictions, targets = run.model.tensors("prediction"), run.model.tensors("target")
    losses = run.model.compile.get("losses") or []
    if len(losses) == 1 and len(predictions) == 1:
        pairs = [(losses[0], predictions[0])]
    else:
        by_name = {str(loss.get("output")): loss for loss in losses}
        pairs = [(by_name[p.name], p) for p in predictions if p.name in by_name]
    names = paired([target.name for target in targets], [prediction.name for prediction in predictions])
    target_of = {names[target.name]: target for target in targets if target.name in names}
    return tuple(
        Head(
            prediction.name,
            str(loss.get("class_name")),
            bool(loss.get("from_logits", False)),
            prediction,
            target_of.get(prediction.name),
            run.model.layer_of_row(prediction.row) if prediction.row else None,
            bool(loss.get("aligns_ranks", True)),
            loss.get("ignore_class"),
            loss.get("reduction"),
        )
        for loss, prediction in pairs
    )


def target_range(run: HealthRun, head: Head) -> tuple[float, float]:
    """Returns the smallest and the largest target of an output that were seen, NaN where none was measured."""
    if head.target is None:
        return math.nan, math.nan
    row = head.target.place
    lows, highs = run.data.lows("data_min", row), run.data.highs("data_max", row)
    finite = [float(low) for low in lows if math.isfinite(low)], [float(high) for high in highs if math.isfinite(high)]
    return min(finite[0], default=math.nan), max(finite[1], default=math.nan)
