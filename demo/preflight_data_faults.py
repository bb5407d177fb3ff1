"""Mistakes that a preflight finds in data, and in a model that mixes the examples of a batch."""

import numpy as np
from keras import layers

from demo.fault import Fault, classifier, dense
from demo.training import VALIDATION, Training


def _sorted() -> Training:
    training = classifier(fit={"shuffle": False})()
    order = np.concatenate([np.arange(VALIDATION), VALIDATION + np.argsort(training.targets[VALIDATION:])])
    return Training(training.model, training.images[order], training.targets[order], training.fit)


def _a_fifth_wrong(labels: np.ndarray) -> np.ndarray:
    random = np.random.default_rng(3)
    return np.where(random.random(len(labels)) < 0.2, (labels + random.integers(1, 10, len(labels))) % 10, labels)


def _validation_as_it_is(images: np.ndarray) -> np.ndarray:
    """Divides the training images only, by what a pixel may be."""
    return np.concatenate([images[:VALIDATION] * 16, images[VALIDATION:] / 16])


FAULTS = {
    "first-steps": Fault("counts its ten classes from one", classifier(label=lambda labels: labels + 1)),
    "data-order": Fault("reads one class after the other, and does not shuffle", _sorted),
    "label-noise": Fault("has a wrong label on every fifth example", classifier(label=_a_fifth_wrong)),
    "train-validation-shift": Fault(
        "divides the training images by their range, and leaves those of validation as they are",
        classifier(prepare=_validation_as_it_is),
    ),
    "batch-independence": Fault(
        "takes the softmax of a hidden layer over the batch",
        classifier(lambda: [*dense((64,))(), layers.Softmax(axis=0), *dense((32,))()]),
    ),
}
