"""What a trace of the step shows of the model itself, with nothing measured: how its layers hang together, what the
batch is like, what the predictions end in, and what must not be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tb_nnhealth.instrument import passing
from tb_nnhealth.instrument.batch import named_tensors
from tb_nnhealth.instrument.fusion import intruding, rewritten
from tb_nnhealth.instrument.heads import last_activations
from tb_nnhealth.instrument.layers import Site
from tb_nnhealth.instrument.taps import Observer
from tb_nnhealth.records import BatchTensor

Names = tuple[Sequence[str] | None, Sequence[str] | None]

SAME_NUMBERS = ("Cast", "Identity", "Reshape", "ExpandDims", "Squeeze", "Transpose")
"""Operations that change no number, but for what a type rounds."""


@dataclass(frozen=True)
class Unreadable:
    """What must not be read: outputs and the gradients into them by rows, gradients by the `id` of their variable."""

    outputs: frozenset[str] = frozenset()
    flows: frozenset[str] = frozenset()
    gradients: frozenset[int] = frozenset()


class Definition(Observer):
    """An observer that adds nothing to the step but, in a rehearsal, identities that the gradients pass.

    Args:
      names: names of the model's inputs and outputs, where it has them.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._is_rehearsed = False
        self._outputs: list[tuple[str, tf.Tensor]] = []
        self._computed: list[tuple[str, tf.Tensor]] = []
        self._flows: list[tuple[str, Any]] = []
        self._received: dict[str, list[Any]] = {}
        self._given: list[tuple[str, tf.Tensor]] = []
        self._tensors: dict[tuple[str, str], BatchTensor] = {}
        self._gradients: list[tuple[Any, Any]] = []

    @property
    def tensors(self) -> tuple[BatchTensor, ...]:
        """What is known of the batch's tensors while the step is traced."""
        return tuple(self._tensors.values())

    @property
    def inputs(self) -> Mapping[str, tuple[str, ...]]:
        """The rows that each call takes as they are, whatever their type and shape: of layers' outputs, and of the
        batch's inputs."""
        rows = {id(tensor): name for name, tensor in (*self._given, *self._outputs)}
        found = {row: [_row_of(tensor, rows) for tensor in taken] for row, taken in self._received.items()}
        return {row: tuple(source for source in sources if source is not None) for row, sources in found.items()}

    def unreadable(self) -> Unreadable:
        """Returns what must not be read; asked when the trace has ended."""
        gradients = ((id(variable), gradient) for variable, gradient in self._gradients)
        outputs = rewritten([*self._computed, *self._flows])
        return Unreadable(outputs, intruding(self._flows), rewritten(gradients))

    def begin_trace(self) -> None:
        self._is_rehearsed = True  # A step that is measured tells its recorder.

    def on_output(self, row: str, site: Site, inputs: Sequence[Any], output: tf.Tensor) -> tf.Tensor:
        self._received[row] = list(inputs)
        if self._is_rehearsed:
            self._computed.append((row, output))
            output = self._followed(row, output)
        self._outputs.append((row, output))
        return output

    def _followed(self, row: str, output: tf.Tensor) -> tf.Tensor:
        """Returns an output behind an identity that shows the gradient into it."""

        def note(gradient: Any) -> Any:
            self._flows.append((row, gradient))
            return gradient

        if not tf.is_symbolic_tensor(output):
            return output  # A constant.
        if hasattr(output, "_keras_logits") or output.op.type in ("Softmax", "Sigmoid"):
            return output  # Keras' losses look for this very tensor.
        followed = passing.watched(output, note)
        if hasattr(output, "_keras_mask"):
            followed._keras_mask = output._keras_mask
        return followed

    def on_batch(self, x: Any, y: Any, y_pred: Any, loss: Any, sample_weight: Any) -> None:
        self._note_batch(x, y, y_pred)

    def on_failed_loss(self, x: Any, y: Any, y_pred: Any) -> None:
        self._note_batch(x, y, y_pred)

    def after_apply(self, optimizer: Any, variables: Sequence[Any], gradients: Sequence[Any], before: Any) -> None:
        self._gradients += zip(variables, gradients, strict=True)

    def _note_batch(self, x: Any, y: Any, y_pred: Any) -> None:
        of_inputs, of_outputs = self._names
        inputs = named_tensors(x, of_inputs)
        self._given = [(f"input/{name}", tensor) for name, tensor in inputs]
        self._note("input", inputs)
        self._note("target", named_tensors(y, of_outputs))
        self._note("prediction", named_tensors(y_pred, of_outputs))

    def _note(self, stage: str, tensors: Sequence[tuple[str, tf.Tensor]]) -> None:
        rows = {id(tensor): name for name, tensor in self._outputs}
        for name, tensor in tensors:
            ends = last_activations(tensor) if stage == "prediction" else None
            row = rows.get(id(tensor))
            self._tensors[stage, name] = BatchTensor(stage, name, tuple(tensor.shape), tensor.dtype.name, row, ends)


def _row_of(tensor: Any, rows: Mapping[int, str]) -> str | None:
    """Returns the row whose numbers a tensor holds, None where something else was made of them."""
    while id(tensor) not in rows:
        if not tf.is_symbolic_tensor(tensor) or tensor.op.type not in SAME_NUMBERS:
            return None
        tensor = tensor.op.inputs[0]
    return rows[id(tensor)]
