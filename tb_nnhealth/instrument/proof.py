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
        self._digests: list[bytes] = []

    def try_out(self, step: StepFunction, batches: tf.data.Dataset) -> None:
        """Runs a step function on the batches and takes it back, also where it fails."""
        with self._state.taken_back():
            step(iter(batches))
            self._digests.append(self._state.digest())

    def train(self, batches: tf.data.Dataset) -> tuple[Any, bool]:
        """Runs the model's own step function on the batches.

        Returns:
          Its logs, and whether all that was tried out trained as it did. Where it does not train twice the same, there
          is nothing to prove.
        """
        before = self._state.read()
        logs = self._own(iter(batches))
        digest = self._state.digest()
        is_same = all(tried == digest for tried in self._digests)
        return logs, is_same or not self._is_repeatable(batches, before, digest)

    def _is_repeatable(self, batches: tf.data.Dataset, before: Sequence[tf.Tensor], digest: bytes) -> bool:
        with self._state.taken_back():
            self._state.write(before)
            self._own(iter(batches))
            return self._state.digest() == digest
