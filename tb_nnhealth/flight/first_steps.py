"""The first steps of a training, measured as `HealthCallback` measures any: what rules without a long run judge by."""

import math
import os
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tb_nnhealth.flight.clock import NotMeasured
from tb_nnhealth.flight.reading.arrays import Parts
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.subject import Subject
from tb_nnhealth.flight.training.objective import needs_targets
from tb_nnhealth.instrument import describe
from tb_nnhealth.instrument.callback import HealthCallback, HealthWarning
from tb_nnhealth.instrument.layers import sites
from tb_nnhealth.instrument.optimizers import steps_done
from tb_nnhealth.instrument.session import Session
from tb_nnhealth.instrument.settings import Settings, checked
from tb_nnhealth.reader import LogError, read_run
from tb_nnhealth.summary import metadata
from tb_nnhealth.summary.writer import HealthWriter

STEPS = 4
"""Steps that are taken: some rules want two samples or more."""


class _FirstSteps(HealthCallback):
    """Measures steps that no training follows: neither an epoch nor the training ends with them.

    Nothing is to be proven of them, which would take the memory of all variables twice more.

    Args:
      log_dir: where they are written.
      steps: those of an epoch of the whole data, None where unknown.
    """

    def __init__(self, log_dir: str, steps: int | None) -> None:
        super().__init__(log_dir, sampling=1, histograms=False, guard=False, modes=False)
        self.settings = replace(self.settings, proves=False)
        self._steps_of_epoch = steps

    def set_params(self, params: Any) -> None:
        super().set_params({**params, "epochs": None, "steps": self._steps_of_epoch})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Nothing is known of an epoch."""

    def on_train_end(self, logs: Any = None) -> None:
        self._end_session(finished=False)

    def _judge_now(self, session: Session) -> None:
        """What is found is judged with the probes."""


def take(subject: Subject, log_dir: str) -> list[str]:
    """Trains the model for a few steps, writes what was measured into the log directory, and returns sentences on what
    could not be measured."""
    data = subject.training
    if data.y is None and needs_targets(subject.model):
        raise NotMeasured("There are no targets, which the compiled loss compares the predictions with")
    callback = _FirstSteps(log_dir, None if data.total is None else math.ceil(data.total / data.batch_size))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", HealthWarning)
        subject.model.fit(**_first(data), epochs=1, shuffle=False, verbose=0, callbacks=[callback])
    for warning in caught:
        if not issubclass(warning.category, HealthWarning):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return [str(warning.message) for warning in caught if issubclass(warning.category, HealthWarning)]


def _first(data: Sample) -> dict[str, Any]:
    """Returns the first batches as `fit` takes them: as arrays, or as they are where theirs differ in length.

    Examples with NaN or infinity come last, from wherever they stand: what comes before them can be judged.
    """
    if data.whole:
        return {"x": _dataset(data.whole[:STEPS])}
    size = min(data.batch_size, data.examples)
    bad, good = (np.flatnonzero(data.are_finite == value) for value in (False, True))
    last = bad[:size]
    others = np.concatenate([good, bad[size:]])[: min(data.examples, STEPS * size) - len(last)]
    first = data.take(np.concatenate([others, last]))
    return {"x": _fed(first.x), "y": _fed(first.y), "sample_weight": first.weights, "batch_size": size}


def _dataset(whole: Sequence[Parts]) -> tf.data.Dataset:
    packed = [keras.tree.lists_to_tuples(keras.utils.pack_x_y_sample_weight(*map(_fed, parts))) for parts in whole]
    specs = keras.tree.map_structure(lambda leaf: tf.TensorSpec([None, *leaf.shape[1:]], leaf.dtype), packed[0])
    dataset = tf.data.Dataset.from_generator(lambda: iter(packed), output_signature=specs)
    return dataset.apply(tf.data.experimental.assert_cardinality(len(packed)))


def _fed(structure: Any) -> Any:
    """Returns a structure of arrays with the texts in it as tensors, as which alone `fit` takes them."""
    return keras.tree.map_structure(
        lambda leaf: tf.constant(leaf) if leaf is not None and leaf.dtype.kind in "OSU" else leaf, structure
    )


def follow_others(model: Any, log_dir: str) -> bool:
    """Returns whether a log directory holds steps of a training that the model's next step would go on with."""
    done = steps_done(model)
    if not done:
        return False
    try:
        run = read_run(os.path.join(log_dir, metadata.RUN_DIRECTORY))
    except LogError:
        return False
    held = [*run.step.steps[:1], *(epoch.step for epoch in run.epochs[:1])]
    return any(step < done for step in held)


def begin(model: Any, log_dir: str) -> dict[str, Any]:
    """Begins a session in a log directory, of which no step is measured yet, and returns its manifest.

    As a training's does, it takes the place of what an earlier run left there, from the model's next step on:
    what comes before it should be of no other training, see `follow_others`. Where it cannot be written, nothing
    happens.
    """
    next_step = steps_done(model)
    manifest = describe.manifest(model, settings(log_dir), sites(model), None, {}, {}, next_step, time.time())
    HealthWriter(log_dir, manifest).close()
    return manifest


def settings(log_dir: Any) -> Settings:
    """Returns the settings of a callback that measures nothing.

    Raises:
      ValueError: the log directory is no path.
    """
    switches = dict.fromkeys(("activations", "gradients", "histograms", "guard", "modes"), False)
    return checked(log_dir, 1, 0.0, None, None, "warn", None, **switches)
