"""The proof: whether a step that is read in trains as the model's own does, to the bit.

TensorFlow rewrites a graph around what is read in it. What is known of that is let be (`fusion`); what is not, is found
here: before the first sampled step counts, the step functions are run on its batches and taken back, then the model's
own runs, and all bits of what they changed are compared.
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tb_nnhealth.instrument.state import State
from tb_nnhealth.instrument.twin import StepFunction


class Proof:
    """Compares step functions with the model's own on the same batches.

    Args:
      own: the model's own step function.
      state: what a step takes or changes.
    """

    def __init__(self, own: StepFunction, state: State) -> None:
        self._own = own
        self._state = state
        self._before: Sequence[tf.Tensor] = ()
        self._digests: list[bytes] = []

    def try_out(self, step: StepFunction, batches: tf.data.Dataset) -> None:
        """Runs a step function on the batches and takes it back, also where it fails."""
        self._before = self._before or self._state.read()
        with self._state.taken_back():
            step(iter(batches))
            self._digests.append(self._state.digest())

    def train(self, batches: tf.data.Dataset) -> Any:
        """Runs the model's own step function on the batches, and returns its logs."""
        return self._own(iter(batches))

    def holds(self, batches: tf.data.Dataset) -> bool:
        """Returns whether all that was tried out has trained as the model's own has just done.

        Where that does not train twice the same, there is nothing to prove.
        """
        digest = self._state.digest()
        return all(tried == digest for tried in self._digests) or not self._is_repeatable(batches, digest)

    def _is_repeatable(self, batches: tf.data.Dataset, digest: bytes) -> bool:
        with self._state.taken_back():
            self._state.write(self._before)
            self._own(iter(batches))
            return self._state.digest() == digest
