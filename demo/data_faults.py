"""Mistakes with the data: how they are prepared, labelled, ordered and batched."""

from collections.abc import Callable

import keras
import numpy as np
from sklearn.datasets import load_breast_cancer

from demo.fault import Build, Fault, adam, classifier, dense, ending, raw, regression, sgd
from demo.training import VALIDATION, Training, digits, standardized, start_afresh


def _by_pixel(images: np.ndarray) -> np.ndarray:
    """Divides each pixel by its spread, which is zero in the corners."""
    with np.errstate(invalid="ignore"):
        return (images - images.mean(0)) / images.std(0)


def _grey_levels(images: np.ndarray) -> np.ndarray:
    return images * 16


def _one_or_two(labels: np.ndarray) -> np.ndarray:
    return (labels % 2 + 1).astype("float32")[:, None]


def _plus_or_minus(labels: np.ndarray) -> np.ndarray:
    return (2 * (labels % 2) - 1).astype("float32")[:, None]


def _shuffled(labels: np.ndarray) -> np.ndarray:
    return np.random.default_rng(1).permutation(labels)


def _raw_tumours() -> tuple[np.ndarray, np.ndarray]:
    data = load_breast_cancer()
    return data.data.astype("float32"), data.target.astype("float32")[:, None]


def _chosen(build: Build, choose: Callable[[np.ndarray], np.ndarray]) -> Build:
    """Returns what builds the same training on those examples that `choose` gives the indices of, from the labels."""

    def chosen() -> Training:
        training = build()
        head = np.arange(VALIDATION)
        kept = np.concatenate([head, VALIDATION + choose(training.targets[VALIDATION:])])
        return Training(training.model, training.images[kept], training.targets[kept], training.fit)

    return chosen


def _few_eights(labels: np.ndarray) -> np.ndarray:
    eights, others = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
    return np.concatenate([eights[:25], others])


def _is_eight(labels: np.ndarray) -> np.ndarray:
    return (labels == 8).astype("float32")[:, None]


def _with_the_time(images: np.ndarray) -> np.ndarray:
    """Puts the second of the day at which an image was taken among its pixels."""
    prepared = standardized(images)
    prepared[:, 0] = np.random.default_rng(2).uniform(0, 86400, len(images))
    return prepared


def _vgg() -> Training:
    """Returns the training of a new head on VGG's first block, without the images' means taken off."""
    start_afresh()
    images, labels = digits()
    pictures = np.repeat(images.reshape(-1, 8, 8, 1), 3, axis=3) / 16
    backbone = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
    block = keras.Model(backbone.inputs, backbone.get_layer("block1_pool").output)
    block.trainable = False
    head = keras.layers.Dense(10)(keras.layers.GlobalAveragePooling2D()(block.output))
    model = keras.Model(block.inputs, head)
    model.compile(keras.optimizers.SGD(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    enlarged = pictures.repeat(4, axis=1).repeat(4, axis=2)
    return Training(model, enlarged, labels, {"epochs": 1})


binary = keras.losses.BinaryCrossentropy

FAULTS = {
    "bad-input-values": Fault("divides each pixel by its spread, which may be zero", classifier(prepare=_by_pixel)),
    "label-out-of-range": Fault(
        "counts two classes from 1", classifier(head=ending(1, "sigmoid"), loss=binary, label=_one_or_two)
    ),
    "loss-reduction": Fault(
        "calls two classes -1 and 1", classifier(head=ending(1, "sigmoid"), loss=binary, label=_plus_or_minus)
    ),
    "unnormalized-input": Fault("feeds grey levels of 0 to 255", classifier(prepare=_grey_levels, optimizer=sgd(0.1))),
    "uneven-feature-scale": Fault(
        "feeds the measurements of tumours as they are",
        regression(_raw_tumours, sgd(1e-3), hidden=dense((32, 16)), activation="sigmoid", loss=binary),
    ),
    "single-label-batch": Fault(
        "sorts the examples by class, and does not shuffle",
        _chosen(classifier(optimizer=sgd(0.1), fit={"shuffle": False}), lambda labels: np.argsort(labels)),
    ),
    "pretrained-input-range": Fault("gives VGG pixels from 0 to 1", _vgg),
    "non-gaussian-update": Fault(
        "leaves the time of day among the features",
        classifier(dense(activation="leaky_relu"), sgd(0.01, clipnorm=1.0), prepare=_with_the_time),
    ),
    "class-imbalance": Fault(
        "has one eight among fifty other digits",
        _chosen(
            classifier(head=ending(1, "sigmoid"), loss=binary, label=_is_eight, optimizer=sgd(0.01)),
            lambda labels: _few_eights(labels[:, 0]),
        ),
        informs=True,
    ),
    "batch-size": Fault("takes all examples as one batch", classifier(optimizer=sgd(0.01), fit={"batch_size": 2000})),
    "too-few-updates": Fault(
        "trains for one epoch of large batches", classifier(optimizer=sgd(0.01), fit={"batch_size": 256, "epochs": 1})
    ),
    "initial-loss": Fault(
        "feeds raw grey levels to weights with a variance of one",
        classifier(dense(kernel_initializer=keras.initializers.RandomNormal(stddev=1.0)), sgd(1e-7), prepare=raw),
    ),
    "no-better-than-trivial": Fault("shuffles the labels without the images", classifier(dense((8,)), label=_shuffled)),
    "no-regularization": Fault(
        "trains 80,000 weights on fifty examples",
        _chosen(classifier(dense((256, 256)), fit={"epochs": 40}), lambda labels: np.arange(50)),
        informs=True,
    ),
    "overfitting": Fault(
        "learns fifty examples by heart",
        _chosen(
            classifier(dense((256, 256)), adam(3e-3), label=_shuffled, fit={"epochs": 40}), lambda labels: np.arange(50)
        ),
    ),
}
