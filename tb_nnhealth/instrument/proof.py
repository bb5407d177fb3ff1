"""The proof: whether a step that is read in trains as the model's own does, to the bit.

TensorFlow rewrites a graph around what is read in it. What is known of that is let be (`fusion`); what is not, is found
here: before the first sampled step counts, the step functions are run on its batches and taken back, then the model's
own runs, and all bits of what they changed are compared. It is done once more at a later sample (`kinds`).
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tb_nnhealth.instrument.state import State, digest
from tb_nnhealth.instrument.twin import StepFunction


class Proof:
    """Compares step functions with the model's own on the same batches.

    Args:
      own: the model's own step function.
      state: what a step takes or changes.
      weights: those of its variables that it is to train.

    Attributes:
      has_moved: whether the model's own step has changed any weight; where it only gathered gradients, or skipped the
        update, little is proven.
    """

    def __init__(self, own: StepFunction, state: State, weights: Sequence[tf.Variable]) -> None:
        self.has_moved = False
        self._own = own
        self._state = state
        self._weights = weights
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
        before = digest(self._weights)
        logs = self._own(iter(batches))
        self.has_moved = digest(self._weights) != before
        return logs

    def holds(self, batches: tf.data.Dataset) -> bool:
        """Returns whether all that was tried out has trained as the model's own has just done.

        Where that does not train twice the same, there is nothing to prove.
        """
        found = self._state.digest()
        return all(tried == found for tried in self._digests) or not self._is_repeatable(batches, found)

    def _is_repeatable(self, batches: tf.data.Dataset, found: bytes) -> bool:
        with self._state.taken_back():
            self._state.write(self._before)
            self._own(iter(batches))
            return self._state.digest() == found
