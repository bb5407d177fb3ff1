"""Galleries of a training: the same examples again and again, so that one sees the predictions change."""

import time
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tb_nnhealth.instrument.gallery.exhibits import Content
from tb_nnhealth.instrument.gallery.seen import Look, Seen, array_of
from tb_nnhealth.instrument.gallery.show import shown, why
from tb_nnhealth.instrument.gallery.words import Vocabularies
from tb_nnhealth.instrument.kept import KeptBatch, keep
from tb_nnhealth.instrument.trouble import Failure

FREE, LATER = 24, 1.25
"""So many galleries are taken at the last epochs of `fit`s whenever these come; later ones where so many times the
epochs are over as at the gallery before, for a training may be of many short `fit`s."""


NOT_KEPT = "No example was kept: that takes a sampled step, and dense tensors of no more than 64 MiB for the examples."


class Galleries:
    """Takes a gallery at the end of the 1st, 2nd, 4th, 8th … and last epoch.

    Args:
      model: the model.
      examples: how many of the first sampled batch are shown, 0 for no gallery.
      vocabularies: what ids stand for.
      on_failure: told of what breaks in here; the training goes on.
    """

    def __init__(self, model: Any, examples: int, vocabularies: Vocabularies, on_failure: Failure) -> None:
        self.compile_seconds = 0.0
        self._model = model
        self._examples = examples
        self._vocabularies = vocabularies
        self._on_failure = on_failure
        self._batch: KeptBatch | None = None
        self._data: tuple[Any, Any] | None = None
        self._look: Look | None = None
        self._refusal: str | None = None
        self._epochs = self._last_shown = self._taken = 0

    def keep(self, data: Any) -> None:
        """Keeps the first examples of a step, in the graph of the step."""
        if not self._examples:
            return
        try:
            self._batch = keep(self._batch, data, self._examples)
        except Exception as error:
            self._fail(error)

    def take(self, epoch: int, is_last: bool) -> Content | None:
        """Returns the gallery of the epoch that has ended, None where none is due.

        What compiling took is added to `compile_seconds`.

        Args:
          epoch: its number.
          is_last: whether it is known to be the last one of several.
        """
        self._epochs += 1
        is_turn = self._epochs & (self._epochs - 1) == 0
        is_rare = self._taken < FREE or self._epochs >= LATER * self._last_shown
        if not self._examples or not (is_turn or (is_last and is_rare)):
            return None
        try:
            return self._take(epoch)
        except Exception as error:
            self._fail(error)
            return None

    def _fail(self, error: Exception) -> None:
        self._examples = 0
        self._on_failure("the gallery", error)

    def _take(self, epoch: int) -> Content:
        if self._data is None and self._batch is not None and self._batch.examples():
            x, y, _ = keras.utils.unpack_x_y_sample_weight(tf.nest.map_structure(_as_array, self._batch.read()))
            self._data = x, y
        if self._data is None:
            return {"epoch": epoch, "examples": 0, "exhibits": [], "left_out": [NOT_KEPT]}
        x, y = self._data
        seen = self._see(x)
        self._last_shown, self._taken = self._epochs, self._taken + 1
        return shown(self._model, x, y, seen, self._refusal, self._vocabularies, epoch)

    def _see(self, x: Any) -> Seen | None:
        """Returns what the model makes of the examples, None where it cannot be asked without a trace."""
        if self._refusal is not None:
            return None
        try:
            if self._look is None:
                started = time.perf_counter()
                self._look = Look(self._model, x)
                self._look(x)  # The first time, TensorFlow optimizes it.
                self.compile_seconds += time.perf_counter() - started
            return self._look(x)
        except Exception as error:
            self._refusal = why(error)
            return None


def _as_array(tensor: Any) -> np.ndarray | None:
    return None if tensor is None else array_of(tensor)
