"""What a step takes or changes, which can be brought back: a step can so be run and taken back."""

import contextlib
import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf


class State:
    """The variables of a step.

    Args:
      variables: those that it takes or changes.
    """

    def __init__(self, variables: Sequence[tf.Variable]) -> None:
        self._variables = variables
        specs = [tf.TensorSpec(variable.shape, variable.dtype) for variable in variables]
        # Traced here, not when called: TensorFlow warns of functions that are called once after each trace.
        self.read = tf.function(self._values, autograph=False).get_concrete_function()
        self.write = tf.function(self._assign, autograph=False).get_concrete_function(specs)

    @contextlib.contextmanager
    def taken_back(self) -> Iterator[None]:
        """Brings every variable back to what it was before, whatever happens in between."""
        before = self.read()
        try:
            yield
        finally:
            try:
                self.write(before)
            except BaseException:  # Ctrl-C may come here, too.
                self.write(before)
                raise

    def digest(self) -> bytes:
        """Returns a digest of the variables."""
        return digest(self._variables)

    def _values(self) -> list[tf.Tensor]:
        return [variable.read_value() for variable in self._variables]

    def _assign(self, values: Sequence[tf.Tensor]) -> None:
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)


def digest(variables: Sequence[tf.Variable]) -> bytes:
    """Returns a digest of all bits of variables, but for those that tell one NaN from another."""
    found = hashlib.blake2b()
    for variable in variables:
        value = np.array(variable.numpy())
        if variable.dtype.is_floating:
            value[np.isnan(value)] = np.nan
        found.update(value.tobytes())
    return found.digest()
