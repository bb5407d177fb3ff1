"""What is known of a model before a step is taken: its layers, its variables, its batch, how it was compiled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Layer:
    """A layer as the manifest describes it.

    `rows` are its rows in the activations table: one for each call in the training step, in order
    ("dense", "dense#2" …); none where nothing of it was tapped. `activation` is the name of its own
    activation function, None for linear or none. `position` is its place in the forward order.
    `inputs` are the rows that its first call takes as they are, of layers' outputs (paths of layers without
    rows) or of the batch ("input/<name>"): none where something that is no layer stands between. `rate` is
    that of a dropout layer; `regularized` says that a penalty on its weights or output is part of the loss.
    `left_out` says that the rule at hand has nothing to say of it.
    """

    path: str
    class_name: str
    trainable: bool
    parameters: int
    position: int
    activation: str | None = None
    units: int | None = None
    dtype: str = "float32"
    is_output: bool = False
    normalizes: bool = False
    rows: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    rate: float | None = None
    regularized: bool = False
    left_out: bool = False


@dataclass(frozen=True)
class Variable:
    """A variable of the model, in forward order. `trainable` ones have a row in the variables table.

    `role` is its attribute name ("kernel", "bias", "gamma", "embeddings" …). `initial` holds facts
    taken before the first step: {"std", "norm", "constant": bool, "identical_units": fraction of the
    units (last axis) whose weights equal those of another unit}, or, of one that was frozen then,
    {"frozen_std", "frozen_absmax"}; empty where training did not start from there. `left_out` says
    that the rule at hand has nothing to say of it.
    """

    path: str
    layer: str
    role: str
    shape: tuple[int, ...]
    dtype: str
    trainable: bool
    initializer: str | None = None
    fan_in: int | None = None
    fan_out: int | None = None
    initial: Mapping[str, Any] = field(default_factory=dict)
    left_out: bool = False

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))


@dataclass(frozen=True)
class BatchTensor:
    """A tensor of the batch, or a prediction, as the traced step shows it.

    `stage` is "input", "target" or "prediction"; in `shape` None stands for what may vary. A prediction
    has the `row` of the layer that gives it, where it comes straight from one, and the activation functions
    that made it, the last one first: none for linear, None where they cannot be told.
    """

    stage: str
    name: str
    shape: tuple[int | None, ...]
    dtype: str
    row: str | None = None
    activations: tuple[str, ...] | None = None

    @property
    def place(self) -> str:
        """Its row in the data table."""
        return f"{self.stage}/{self.name}"


@dataclass(frozen=True)
class ModelFacts:
    """The model and how it was compiled, from the last session's manifest; variables' `initial` from the first's.

    `plan` is what `fit` was asked for: {"epochs", "steps_per_epoch"}, None where unknown.
    """

    name: str
    class_name: str
    parameters: int
    trainable_parameters: int
    layers: tuple[Layer, ...]
    variables: tuple[Variable, ...]
    compile: Mapping[str, Any]
    sampling: Mapping[str, Any]
    batch: tuple[BatchTensor, ...] = ()
    plan: Mapping[str, int | None] = field(default_factory=dict)

    def tensors(self, stage: str) -> tuple[BatchTensor, ...]:
        """Returns the batch's tensors of a stage: "input", "target" or "prediction"."""
        return tuple(tensor for tensor in self.batch if tensor.stage == stage)

    def layer(self, path: str) -> Layer | None:
        return self._layers.get(path)

    def layer_of_row(self, row: str) -> Layer | None:
        """Returns the layer that a row belongs to; one without rows of its own goes by its path."""
        return self._layer_of_row.get(row) or self._layers.get(row)

    def variable(self, path: str) -> Variable | None:
        return self._variables.get(path)

    def variables_of(self, layer: str) -> tuple[Variable, ...]:
        """Returns a layer's own variables, in forward order."""
        return self._variables_of.get(layer, ())

    @cached_property
    def _layers(self) -> dict[str, Layer]:
        return {layer.path: layer for layer in self.layers}

    @cached_property
    def _layer_of_row(self) -> dict[str, Layer]:
        return {row: layer for layer in self.layers for row in layer.rows}

    @cached_property
    def _variables(self) -> dict[str, Variable]:
        return {variable.path: variable for variable in self.variables}

    @cached_property
    def _variables_of(self) -> dict[str, tuple[Variable, ...]]:
        found: dict[str, tuple[Variable, ...]] = {}
        for variable in self.variables:
            found[variable.layer] = (*found.get(variable.layer, ()), variable)
        return found
