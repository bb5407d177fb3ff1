"""The modes: how one batch scores in training mode and in inference mode, with the same weights.

A sampled step keeps its batch. At the ends of epochs its loss is computed in both modes, by a function of its own in
which Keras' `StatelessScope` drops what layers assign (moving statistics, seeds, metrics). The scope does not reach
what a layer does past Keras: the traced function is searched for that, and is not run if it would change anything.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from tb_nnhealth.instrument import functions
from tb_nnhealth.instrument.batch import mean_loss
from tb_nnhealth.instrument.effects import RANDOM, has_effects
from tb_nnhealth.instrument.trouble import Failure
from tb_nnhealth.instrument.variables import made_beside

MOST_BYTES = 64 * 2**20
"""The largest batch that is kept."""


@dataclass(frozen=True)
class _Batch:
    """A kept batch: its structure, with None in each leaf's place, and each leaf's buffer, None where it is None."""

    structure: Any
    buffers: tuple[tf.Variable | None, ...]

    def fits(self, structure: Any, leaves: list[Any]) -> bool:
        return self.structure == structure and all(map(_holds, self.buffers, leaves))

    def examples(self) -> int:
        return next(int(tf.shape(buffer.value())[0]) for buffer in self.buffers if buffer is not None)

    def read(self) -> Any:
        values = [None if buffer is None else buffer.read_value() for buffer in self.buffers]
        return tf.nest.pack_sequence_as(self.structure, values)


class Modes:
    """Measures a model in both modes at the end of the 1st, 2nd, 4th, 8th … and last epoch, and where that is cheap.

    Models that do the same in both modes are not measured, nor those with a `train_step` or `compute_loss` of their
    own, for nobody knows what these do with a batch, nor those that run eagerly or have `tf.function`s as methods,
    which keep what is traced into them.

    Args:
      model: the model.
      is_on: whether it is to be measured at all.
      can_afford: returns whether the budget has so many seconds left.
      on_failure: told of what breaks in here; the training goes on.
    """

    def __init__(
        self,
        model: Any,
        is_on: bool,
        can_afford: Callable[[float], bool],
        on_failure: Failure,
    ) -> None:
        self.compile_seconds = 0.0
        self._model = model
        self._can_afford = can_afford
        self._on_failure = on_failure
        self._batch: _Batch | None = None
        self._losses: Any = None
        self._is_off = not is_on
        self._epochs = 0
        self._cost = 0.0

    def switch_off(self) -> None:
        """Measures nothing from now on."""
        self._is_off = True

    def keep(self, data: Any) -> None:
        """Keeps the batch of a step, in the graph of the step."""
        if self._is_off or not _have_a_meaning(self._model):
            return
        try:
            self._keep(data)
        except Exception as error:
            self._fail(error)

    def measure(self, is_last: bool) -> dict[str, float] | None:
        """Returns the loss of the kept batch, without regularization, in "training" and in "inference" mode.

        None where nothing was measured. What compiling took is added to `compile_seconds`.

        Args:
          is_last: whether the epoch is known to be the last one of several.
        """
        self._epochs += 1
        is_due = is_last or self._epochs & (self._epochs - 1) == 0 or self._can_afford(self._cost)
        if self._is_off or self._batch is None or not is_due:
            return None
        try:
            return self._measure(self._batch)
        except Exception as error:
            self._fail(error)
            return None

    def _fail(self, error: Exception) -> None:
        self.switch_off()
        self._on_failure("training and inference mode", error)

    def _keep(self, data: Any) -> None:
        leaves = tf.nest.flatten(data)
        tensors = [leaf for leaf in leaves if leaf is not None]
        if not tensors or not all(map(_is_batched, tensors)):
            return
        structure = tf.nest.map_structure(lambda leaf: None, data)
        if self._batch is None or not self._batch.fits(structure, leaves):
            self._batch = _Batch(structure, tuple(None if leaf is None else _buffer(leaf) for leaf in leaves))
            self._losses = None
        size = tf.add_n([tf.size(tensor, tf.int64) * max(1, tensor.dtype.size) for tensor in tensors])
        stop = tf.where(size <= MOST_BYTES, tf.int32.max, 0)
        for leaf, buffer in zip(leaves, self._batch.buffers, strict=True):
            if buffer is not None:
                buffer.assign(leaf[:stop])

    def _measure(self, batch: _Batch) -> dict[str, float] | None:
        if not batch.examples():
            return None
        if self._losses is None:
            started = time.perf_counter()
            self._losses = self._compiled(batch)
            self.compile_seconds += time.perf_counter() - started
            if self._is_off:
                return None
        started = time.perf_counter()
        training, inference = self._losses().numpy().tolist()
        self._cost = time.perf_counter() - started
        return {"training": training, "inference": inference}

    def _compiled(self, batch: _Batch) -> Any:
        losses: Any = tf.function(partial(self._both, batch), autograph=False)
        self._is_off = has_effects(losses.get_concrete_function().graph, RANDOM)
        if not self._is_off:
            losses()  # The first time, TensorFlow optimizes it.
        return losses

    def _both(self, batch: _Batch) -> tf.Tensor:
        data = batch.read()
        return tf.stack([_data_loss(self._model, data, is_training) for is_training in (True, False)])


def _data_loss(model: Any, data: Any, is_training: bool) -> tf.Tensor:
    """Returns the loss of a batch without regularizers and `add_loss`, as a step would compute it, float32 `[]`."""
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    values = [(variable, variable.value) for variable in model.variables]
    with keras.StatelessScope(values, collect_losses=True, initialize_variables=False):
        predictions = model(x, training=is_training)
        loss = model._compute_loss(x, y, predictions, sample_weight, training=is_training)
        rest = [tf.reduce_sum(tf.cast(part, tf.float32)) for part in model.losses]
    return mean_loss(loss) - tf.add_n([tf.zeros([]), *rest])


def _have_a_meaning(model: Any) -> bool:
    """Returns whether the modes of a model differ, in a step and in a loss that are Keras' own."""
    layers = model._flatten_layers()
    return (
        all(getattr(type(model), name) is getattr(keras.Model, name) for name in ("train_step", "compute_loss"))
        and "train_step" not in vars(model)
        and model._compile_loss is not None
        and model._call_has_training_arg
        and not model.run_eagerly
        and not tf.config.functions_run_eagerly()
        and not any(functions.functions(layer) for layer in layers)
        and any(_may_differ(layer) for layer in layers)
    )


def _may_differ(layer: Any) -> bool:
    """Returns whether a layer may do another thing in training: it has a seed, or a state, or is its user's own."""
    if not layer._call_has_training_arg:
        return False
    is_own = not type(layer).__module__.startswith("keras.") and not layer._layers
    return bool(is_own or layer._seed_generators or layer._non_trainable_variables)


def _is_batched(leaf: Any) -> bool:
    return isinstance(leaf, tf.Tensor) and bool(leaf.shape.rank)


def _buffer(leaf: tf.Tensor) -> tf.Variable:
    shape = _of_any_length(leaf)
    none = [length or 0 for length in shape]
    return made_beside(lambda: tf.zeros(none, leaf.dtype), "nnhealth_batch", shape)


def _of_any_length(leaf: tf.Tensor) -> tf.TensorShape:
    return tf.TensorShape([None, *leaf.shape[1:]])


def _holds(buffer: tf.Variable | None, leaf: Any) -> bool:
    if buffer is None or leaf is None:
        return buffer is leaf
    return bool(buffer.dtype == leaf.dtype and buffer.shape == _of_any_length(leaf))
