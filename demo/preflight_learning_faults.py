"""Mistakes that short trainings show: of what a model sees, of what it is told, of what it can say, of its rate."""

import keras
import numpy as np
from keras import layers

from demo.fault import Fault, classifier, dense, sgd


def _permuted(labels: np.ndarray) -> np.ndarray:
    return np.random.default_rng(1).permutation(labels)


def _without_input() -> list[keras.Layer]:
    return [layers.Rescaling(0.0), *dense()()]


def _mean_of_pixels() -> list[keras.Layer]:
    return [layers.Reshape((64, 1)), layers.GlobalAveragePooling1D(), *dense()()]


def _probabilities_scaled() -> list[keras.Layer]:
    return [layers.Dense(10, activation="softmax"), layers.Rescaling(1.0)]


FAULTS = {
    "overfit-tiny-batch": Fault(
        "gives probabilities to a loss that expects logits", classifier(head=_probabilities_scaled)
    ),
    "random-input": Fault("multiplies its inputs by zero", classifier(_without_input)),
    "shuffled-labels": Fault("permutes the labels without the images", classifier(label=_permuted)),
    "simple-baseline": Fault("averages all pixels before it looks at them", classifier(_mean_of_pixels)),
    "learning-rate-range": Fault("has a learning rate far above that which explodes", classifier(optimizer=sgd(30.0))),
}
