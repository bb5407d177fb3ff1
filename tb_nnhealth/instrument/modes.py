"""The modes: how one batch scores in training mode and in inference mode, with the same weights.

A sampled step keeps its batch. At the ends of epochs its loss is computed in both modes, by a function of its own in
which Keras' `StatelessScope` drops what layers assign (moving statistics, seeds, metrics). The scope does not reach
what a layer does past Keras: the traced function is searched for that, and is not run if it would change anything.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from tb_nnhealth.instrument import functions
from tb_nnhealth.instrument.effects import RANDOM, has_effects
from tb_nnhealth.instrument.forward import data_loss
from tb_nnhealth.instrument.kept import KeptBatch, keep
from tb_nnhealth.instrument.trouble import Failure


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
        self._batch: KeptBatch | None = None
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
        batch = keep(self._batch, data)
        if batch is not self._batch:
            self._batch, self._losses = batch, None

    def _measure(self, batch: KeptBatch) -> dict[str, float] | None:
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

    def _compiled(self, batch: KeptBatch) -> Any:
        losses: Any = tf.function(partial(self._both, batch), autograph=False)
        self._is_off = has_effects(losses.get_concrete_function().graph, RANDOM)
        if not self._is_off:
            losses()  # The first time, TensorFlow optimizes it.
        return losses

    def _both(self, batch: KeptBatch) -> tf.Tensor:
        data = keras.utils.unpack_x_y_sample_weight(batch.read())
        return tf.stack([data_loss(self._model, data, training) for training in (True, False)])


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
