"""One run of a Keras model on a batch, forwards and backwards, of which every value is recorded and nothing is left.

Keras' `StatelessScope` gives the variables their values for the run, and drops what layers assign to them (moving
statistics, seeds, metrics).
"""

import contextlib
from typing import Any

import keras
import tensorflow as tf

from tb_nnhealth.compare.losses import losses_of
from tb_nnhealth.compare.naming import named_layers
from tb_nnhealth.compare.noise import Noise, positions
from tb_nnhealth.compare.places import Places
from tb_nnhealth.compare.record import Array, Key, Record, as_floats
from tb_nnhealth.compare.untouched import functions_as_code, tf_variables_restored
from tb_nnhealth.compare.work import Work
from tb_nnhealth.instrument.forward import forward

LOSS_SCALE = 1024.0
"""By which a loss is multiplied where float16 is computed in, and its gradients divided: else these fall to zero."""


def run(model: Any, work: Work, noise: Noise | None = None) -> Record:
    """Returns all values of a model on a batch.

    Args:
      model: a built Keras model.
      work: the batch, and how it is run.
      noise: moves weights, outputs and gradients, where it is given.
    """
    return _Run(model, work, noise).record()


class _Run:
    def __init__(self, model: Any, work: Work, noise: Noise | None) -> None:
        self._model, self._work, self._noise = model, work, noise
        self._named = named_layers(model)
        self._weights = {name: variable for named in self._named for name, variable in named.weights.items()}
        self._dtypes = frozenset(str(named.layer.compute_dtype) for named in self._named)
        self._scale = LOSS_SCALE if "float16" in self._dtypes else 1.0

    def record(self) -> Record:
        with contextlib.ExitStack() as stack:
            stack.enter_context(tf_variables_restored(self._named))
            stack.enter_context(functions_as_code())
            tape = stack.enter_context(tf.GradientTape(watch_accessed_variables=False))
            scope = stack.enter_context(keras.StatelessScope(self._given(), collect_losses=True))
            trained = {n: scope.get_current_value(v) for n, v in self._weights.items() if v.trainable}
            for tensor in trained.values():
                tape.watch(tensor)
            places = Places(tape, self._noise)
            with places.noted(self._named):
                losses = self._forwards(places)
            loss = self._scaled(losses["loss"]) if losses else None
            state = {n: scope.get_current_value(v) for n, v in self._weights.items() if not v.trainable}
        values: dict[Key, Any] = {("weights", name): self._value(name) for name in self._weights}
        values |= places.values
        values.update({("loss", name): value for name, value in losses.items()})
        if self._work.training:
            values.update({("state", name): value for name, value in state.items()})
        if loss is not None:
            derived: dict[Key, Any] = {("into", name): tensor for (_, name), tensor in places.values.items()}
            derived.update({("of", name): tensor for name, tensor in trained.items()})
            gradients = tape.gradient(loss, list(derived.values()))
            values.update({k: self._gradient(g, x) for (k, x), g in zip(derived.items(), gradients, strict=True)})
        owners = {name: named.name for named in self._named for name in named.weights}
        kinds = {named.name: type(named.layer).__name__ for named in self._named}
        held = {key: _host(v) for key, v in values.items()}
        return Record(held, owners, kinds, self._dtypes, True, frozenset(places.passed_on))

    def _given(self) -> list[tuple[Any, tf.Tensor]]:
        """Returns each variable with its value for this run; the seeds are the same in every model, in their order."""
        given, seeds = [], 0
        names = {id(variable): name for name, variable in self._weights.items()}
        for variable in self._model.variables:
            if id(variable) in names:
                value = tf.cast(tf.convert_to_tensor(self._value(names[id(variable)])), variable.dtype)
                moved = self._noise.moved(value, positions(tuple(value.shape))) if self._noise else tf.identity(value)
                given.append((variable, moved))
            elif variable.path.endswith("seed_generator_state"):
                given.append((variable, tf.constant([seeds, 0], variable.dtype)))
                seeds += 1
            else:
                given.append((variable, tf.identity(variable.value)))
        return given

    def _value(self, name: str) -> Any:
        given = self._work.weights or {}
        return given[name] if name in given else self._weights[name].value

    def _forwards(self, places: Places) -> dict[str, tf.Tensor]:
        """Returns the losses, none where none is asked for."""
        predictions = forward(self._model, self._work.x, training=self._work.training)
        passed = places.predicted(self._model, predictions)
        return {} if self._work.loss_from is None else losses_of(self._model, self._work, passed)

    def _scaled(self, loss: tf.Tensor) -> tf.Tensor:
        return loss * tf.cast(self._scale, loss.dtype)

    def _gradient(self, gradient: Any, tensor: tf.Tensor) -> tf.Tensor:
        if gradient is None:
            return tf.zeros_like(tensor)
        dense = tf.convert_to_tensor(gradient)
        return dense if self._scale == 1 else tf.cast(dense, tf.float32) / self._scale


def _host(value: Any) -> Array:
    if tf.is_tensor(value):
        value = (value if value.dtype in (tf.float32, tf.float64) else tf.cast(value, tf.float32)).numpy()
    return as_floats(value)
