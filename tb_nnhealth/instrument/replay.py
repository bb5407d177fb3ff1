"""The replay: how a step is measured in which nothing may be read, such as one that XLA compiles.

XLA fuses the operations of a step anew around whatever is read among them, and so rounds otherwise. The measured step
is therefore run first, on the same batches, and taken back: every variable is again what it was. Then the step that
counts is run, in which nothing is read. XLA does not compile the measured one: it would do so anew for each shape of
a batch, and take long.
"""

from typing import Any

import tensorflow as tf

from tb_nnhealth.instrument import functions
from tb_nnhealth.instrument.evidence import Evidence
from tb_nnhealth.instrument.state import State
from tb_nnhealth.instrument.twin import StepFunction


def needs_replay(model: Any) -> bool:
    """Returns whether XLA compiles the model's step, by Keras' doing or by its own `tf.function`."""
    if model.run_eagerly or tf.config.functions_run_eagerly():
        return False
    function = functions.of_train_step(model)
    return bool(model.jit_compile or getattr(function, "_jit_compile", None))


class Replay:
    """Runs measured steps that leave nothing behind but what was measured.

    Args:
      measured: the measured step function.
    """

    def __init__(self, measured: StepFunction) -> None:
        self._measured = measured

    def prepare(self, state: State) -> None:
        """Says what a step takes or changes."""
        self._state = state

    def run(self, batches: tf.data.Dataset) -> None:
        """Runs the measured step on the batches and takes it back, also where it fails."""
        with self._state.taken_back():
            self._measured(iter(batches))

    def run_again(self, evidence: Evidence) -> None:
        """Runs the measured step from where a step began of which there is evidence, and takes it back."""
        batch = tf.data.Dataset.from_tensors(evidence.batch())
        with self._state.taken_back(), State(evidence.variables()).taken_back():
            evidence.bring_back()
            self._measured(iter(batch))
