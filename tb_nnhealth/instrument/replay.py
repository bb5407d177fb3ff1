"""The replay: how a step is measured that XLA compiles.

XLA fuses the operations of a step anew around whatever is read among them, and so rounds otherwise. The measured step
is therefore run first, on the same batches, and taken back: every variable is again what it was. Then the step that
counts is run, in which nothing is read. XLA does not compile the measured one: it would do so anew for each shape of
a batch, and take long.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tb_nnhealth.instrument import functions
from tb_nnhealth.instrument.evidence import Evidence
from tb_nnhealth.instrument.twin import StepFunction


def needs_replay(model: Any) -> bool:
    """Returns whether XLA compiles the model's step, by Keras' doing or by its own `tf.function`."""
    if model.run_eagerly or tf.config.functions_run_eagerly():
        return False
    function = functions.of_train_step(model)
    return bool(model.jit_compile or getattr(function, "_jit_compile", None))


@dataclass(frozen=True)
class Taken:
    """Batches, None where there were none left, and what the data failed with behind them."""

    batches: tf.data.Dataset | None
    error: tf.errors.OpError | None


class Replay:
    """Runs measured steps that leave nothing behind but what was measured.

    Args:
      measured: the measured step function.
    """

    def __init__(self, measured: StepFunction) -> None:
        self._measured = measured

    def prepare(self, variables: Sequence[tf.Variable]) -> None:
        """Says which variables a step takes or changes."""
        self._variables = variables
        self._read = tf.function(lambda: [variable.read_value() for variable in variables], autograph=False)
        self._write = tf.function(self._assign, autograph=False)

    def take(self, iterator: Any, count: int) -> Taken:
        """Takes the next batches from an iterator, at most `count`.

        Raises:
          TypeError: the iterator is not one of `tf.data`; nothing was taken.
        """
        if not isinstance(iterator, tf.data.Iterator):
            raise TypeError(f"Expected the batches of a tf.data.Iterator. Received: {type(iterator).__name__}")
        batches, failure = None, None
        for _ in range(count):
            try:
                optional = iterator.get_next_as_optional()
            except tf.errors.OpError as error:
                failure = error
                break
            if not optional.has_value():
                break
            batch = _dataset(optional.get_value(), iterator.element_spec)
            batches = batch if batches is None else batches.concatenate(batch)
        return Taken(batches, failure)

    def run(self, batches: tf.data.Dataset) -> None:
        """Runs the measured step on the batches and takes it back, also where it fails."""
        with self._taken_back():
            self._measured(iter(batches))

    def run_again(self, evidence: Evidence) -> None:
        """Runs the measured step from where a step began of which there is evidence, and takes it back."""
        batch = tf.data.Dataset.from_tensors(evidence.batch())
        with self._taken_back():
            evidence.bring_back()
            self._measured(iter(batch))

    @contextlib.contextmanager
    def _taken_back(self) -> Iterator[None]:
        before = self._read()
        try:
            yield
        finally:
            try:
                self._write(before)
            except BaseException:  # Ctrl-C may come here, too.
                self._write(before)
                raise

    def _assign(self, values: Sequence[tf.Tensor]) -> None:
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)


def _dataset(batch: Any, element_spec: Any) -> tf.data.Dataset:
    """Returns a dataset of the one batch, of the training's element type: the step that counts is not traced anew."""
    variant = tf.data.experimental.to_variant(tf.data.Dataset.from_tensors(batch))
    return tf.data.experimental.from_variant(variant, element_spec)
