"""What the demo trains: a compiled model with its data, on scikit-learn's handwritten digits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

from tb_nnhealth import HealthCallback, Scorecard

EPOCHS = 8
BATCH_SIZE = 32
VALIDATION = 360


@dataclass(frozen=True)
class Training:
    """A compiled model and its data; `fit` holds further arguments of `model.fit`."""

    model: keras.Model
    images: np.ndarray
    targets: np.ndarray | Mapping[str, np.ndarray]
    fit: Mapping[str, Any] = field(default_factory=dict)

    def parts(self) -> tuple[Any, tuple[Any, Any]]:
        """Returns what `preflight` is given, training and validation data: batches where `fit` does not shuffle."""
        training, validation = self._split()
        if self.fit.get("shuffle", True):
            return training, validation
        return tf.data.Dataset.from_tensor_slices(training).batch(BATCH_SIZE), validation

    def run(
        self, log_dir: Path, scorecard_path: Path | None = None, callbacks: tuple[keras.callbacks.Callback, ...] = ()
    ) -> Scorecard:
        """Trains the model, measured by a `HealthCallback`, and returns the run's scorecard."""
        health = HealthCallback(log_dir, scorecard_path=scorecard_path, gallery=12)
        arguments = {"epochs": EPOCHS, "batch_size": BATCH_SIZE, "verbose": 0, **self.fit}
        training, validation = self._split()
        self.model.fit(*training, validation_data=validation, callbacks=[health, *callbacks], **arguments)
        return health.scorecard

    def _split(self) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
        """Returns training and validation data."""
        validation, training = (
            (self.images[part], keras.tree.map_structure(lambda array, part=part: array[part], self.targets))
            for part in (slice(VALIDATION), slice(VALIDATION, None))
        )
        return training, validation


def start_afresh() -> None:
    """Seeds what is random, and lets the names of layers count from the beginning."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(1)


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Returns 1797 images `[n, 64]`, float32, grey levels from 0 to 16, in random order, and the digits `[n]` shown."""
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    return data.data[order].astype("float32"), data.target[order].astype("int32")


def standardized(images: np.ndarray) -> np.ndarray:
    """Returns the images with zero mean and unit variance over all their pixels."""
    return (images - images.mean()) / images.std()
