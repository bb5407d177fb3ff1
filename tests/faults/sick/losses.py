"""Mistakes in losses, most of them of one's own."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.faults import data
from tests.faults.building import attended_texts, convolutions, dense, stack, trial
from tests.faults.case import Trial
from tests.faults.twins import STUCK, THROWN, twins


def _own_loss(seed: int, target_axes: int) -> Trial:
    """Forecasts a series under a loss of one's own; targets of one axis make a matrix of differences of it."""
    import keras
    from keras import layers, ops

    class SquaredError(keras.losses.Loss):
        def call(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
            return ops.mean(ops.square(y_true - y_pred), axis=-1)

    series = data.on_labels(data.series(seed), lambda y: y.reshape(-1, 1)[:, 0] if target_axes == 1 else y)
    model = stack((24, 1), layers.LSTM(16), layers.Dense(1))
    return trial(model, series, keras.optimizers.Adam(3e-3), SquaredError(), epochs=8, batch_size=32)


def _reduced(seed: int, reduction: str) -> Trial:
    """Reconstructs photographs under a squared error that is averaged, or summed, over batches of different sizes."""
    import keras
    from keras import layers, ops

    def squared_error(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return getattr(ops, reduction)(ops.mean(ops.square(y_true - y_pred), axis=(1, 2, 3)))

    class Batches(keras.utils.PyDataset):
        """Three batches of 16 photographs and one of 64, again and again."""

        def __len__(self) -> int:
            return 4 * (len(pieces) // 112)

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            start = 112 * (index // 4) + 16 * (index % 4)
            batch = pieces[start : start + (64 if index % 4 == 3 else 16)]
            return batch, batch

    pieces = data.standardized(data.photographs(seed, count=672))
    down = layers.Conv2D(16, 3, 2, padding="same", activation="relu")
    up = layers.Conv2DTranspose(16, 3, 2, padding="same", activation="relu")
    model = stack((16, 16, 3), down, *convolutions(16), up, layers.Conv2D(3, 3, padding="same"))
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9, global_clipnorm=1.0), squared_error)
    return Trial(model, Batches(), None, None, {"epochs": 8})


def _weighted_divergence(seed: int, weight: float) -> Trial:
    """Encodes digits as normal distributions, whose divergence from the standard one is weighted."""
    import keras
    from keras import layers, ops

    class Drawn(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.noise = keras.random.SeedGenerator(seed)

        def call(self, mean: Any, log_variance: Any) -> Any:
            divergence = ops.exp(log_variance) + ops.square(mean) - 1 - log_variance
            self.add_loss(weight * 0.5 * ops.mean(ops.sum(divergence, axis=-1)))
            return mean + ops.exp(0.5 * log_variance) * keras.random.normal(ops.shape(mean), seed=self.noise)

    x, _, (held, _) = data.flat_digits(seed)
    inputs = keras.Input((64,))
    hidden = layers.Dense(64, activation="relu")(inputs)
    latent = Drawn()(layers.Dense(8)(hidden), layers.Dense(8)(hidden))
    model = keras.Model(inputs, layers.Dense(64)(layers.Dense(64, activation="relu")(latent)))
    return trial(model, (x, x, (held, held)), keras.optimizers.Adam(2e-3), "mse", epochs=10, batch_size=32)


def _logarithms(seed: int, smallest: float) -> Trial:
    """Finds zeros among digits by an own cross-entropy, which takes the logarithm of what the sigmoid gives."""
    import keras
    from keras import layers, ops

    def cross_entropy(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        right, wrong = y_pred + smallest, 1 - y_pred + smallest
        return -ops.mean(y_true * ops.log(right) + (1 - y_true) * ops.log(wrong), axis=-1)

    zeros = data.on_labels(data.flat_digits(seed), lambda labels: data.as_column(labels == 0))
    model = stack((64,), *dense(32, 16), layers.Dense(1, activation="sigmoid"))
    optimizer = keras.optimizers.Adam(0.05)
    return trial(model, zeros, optimizer, cross_entropy, ["accuracy"], epochs=20, batch_size=32)


def _others(labels: np.ndarray, seed: int) -> np.ndarray:
    """Returns for each example another one: for every second one any, for the rest one of its class."""
    random = np.random.default_rng(seed)
    others = np.array([random.choice(np.flatnonzero(labels == label)) for label in labels])
    others[::2] = random.permutation(len(labels))[: len(others[::2])]
    return others


def _distances(seed: int, smallest: float) -> Trial:
    """Learns distances between digits, some pairs of which are the same image twice."""
    import keras
    from keras import layers, ops

    images, labels, _ = data.digits(seed)
    others = _others(labels, seed)
    others[::50] = np.arange(len(labels))[::50]
    tower = stack((8, 8, 1), *convolutions(8), layers.Flatten(), *dense(32), layers.Dense(8))
    left, right = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    squares = ops.sum(ops.square(tower(left) - tower(right)), axis=-1, keepdims=True)
    model = keras.Model([left, right], ops.sqrt(squares + smallest))

    def contrastive(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return ops.mean(y_true * y_pred + (1 - y_true) * ops.maximum(1 - y_pred, 0), axis=-1)

    model.compile(keras.optimizers.Adam(1e-3), contrastive)
    same = (labels == labels[others]).astype("float32")[:, None]
    return Trial(model, [images, images[others]], same, None, {"epochs": 8, "batch_size": 32})


def _distances_of_texts(seed: int, margin: float) -> Trial:
    """Learns distances between texts: those of a kind get closer, and others are driven apart up to a margin."""
    import keras
    from keras import layers, ops

    texts, labels, _ = data.texts(seed, classes=4)
    others = _others(labels, seed)
    tower = stack((20,), layers.Embedding(data.VOCABULARY, 16), layers.GRU(16), layers.Dense(8), dtype="int32")
    left, right = keras.Input((20,), dtype="int32"), keras.Input((20,), dtype="int32")
    model = keras.Model([left, right], ops.sum(ops.square(tower(left) - tower(right)), axis=-1, keepdims=True))

    def contrastive(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return ops.mean(y_true * y_pred - (1 - y_true) * ops.minimum(y_pred, margin), axis=-1)

    def told(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return ops.mean(ops.equal(y_true == 1, y_pred < 0.5), axis=-1)

    model.compile(keras.optimizers.Adam(5e-3), contrastive, metrics=[told])
    same = (labels == labels[others]).astype("float32")[:, None]
    return Trial(model, [texts, texts[others]], same, None, {"epochs": 12, "batch_size": 32})


def _focal(seed: int, label: Callable[[np.ndarray], np.ndarray]) -> Trial:
    """Classifies texts under the focal loss, which takes one-hot rows, and broadcasts what it gets."""
    import keras
    from keras import layers

    texts = data.on_labels(data.texts(seed, classes=4), label)
    inputs, pooled = attended_texts()
    model = keras.Model(inputs, layers.Dense(4, activation="softmax")(pooled))
    optimizer, loss = keras.optimizers.Adam(1e-3), keras.losses.CategoricalFocalCrossentropy()
    return trial(model, texts, optimizer, loss, ["accuracy"], epochs=8, batch_size=32)


def _bucketed(seed: int, reduction: str) -> Trial:
    """Forecasts from histories of two lengths, of which a batch holds the more the shorter they are."""
    import keras
    from keras import layers

    buckets = [data.series(seed, length=length)[:2] for length in (12, 48)]

    class Batches(keras.utils.PyDataset):
        """Ten batches of 64 short histories and forty of 16 long ones, in turns of one and four."""

        def __len__(self) -> int:
            return 50

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            turn, place = divmod(index, 5)
            (x, y), size = (buckets[0], 64) if place == 0 else (buckets[1], 16)
            start = 64 * turn + 16 * max(place - 1, 0)
            return x[start : start + size], y[start : start + size]

    model = stack((None, 1), layers.GRU(16), layers.Dense(1))
    loss = keras.losses.MeanSquaredError(reduction=reduction)
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss)
    return Trial(model, Batches(), None, None, {"epochs": 8})


CASES = (
    *twins("flat_targets", "LSTM, regression", {"loss-label-mismatch"}, _own_loss, 1, 2, also=STUCK),
    *twins("summed_error", "convolutional autoencoder", {"loss-reduction"}, _reduced, "sum", "mean", also=THROWN),
    *twins(
        "strong_divergence", "VAE", {"collapsed-output", "loss-weights"}, _weighted_divergence, 10.0, 1 / 64, also=STUCK
    ),
    *twins("logarithm_of_zero", "MLP, binary", {"nonfinite-values"}, _logarithms, 0.0, 1e-7, also=THROWN),
    *twins("root_of_zero", "siamese CNN, binary", {"nonfinite-values"}, _distances, 0.0, 1e-6, also=THROWN),
    *twins(
        "distances_without_margin",
        "siamese GRU, binary",
        {"unbounded-loss", "weight-growth"},
        _distances_of_texts,
        float("inf"),
        1.0,
        also=THROWN | {"loss-reduction"},
    ),
    *twins(
        "focal_loss_of_class_numbers",
        "transformer, multi-class",
        {"loss-label-mismatch"},
        _focal,
        data.as_column,
        lambda labels: data.one_hot(labels, 4),
        also=STUCK | {"label-out-of-range"},
    ),
    *twins(
        "summed_buckets", "GRU, regression", {"loss-reduction"}, _bucketed, "sum", "sum_over_batch_size", also=THROWN
    ),
)
