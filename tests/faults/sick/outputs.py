"""Mistakes with the output layer, the loss and the metrics."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.faults import data
from tests.faults.building import attention, convolutions, dense, logits_loss, positions, stack, trial
from tests.faults.case import Trial
from tests.faults.twins import SLOW, STUCK, THROWN, twins


def _texts_by_attention(seed: int, from_logits: bool) -> Trial:
    """Classifies texts by logits."""
    import keras
    from keras import layers

    inputs = keras.Input((20,), dtype="int32")
    x = attention(positions(layers.Embedding(data.VOCABULARY, 32)(inputs)))
    model = keras.Model(inputs, layers.Dense(4)(layers.GlobalAveragePooling1D()(x)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    texts = data.texts(seed, classes=4)
    return trial(model, texts, keras.optimizers.Adam(2e-3), loss, ["accuracy"], epochs=6, batch_size=32)


def _evens(seed: int, *ends: Any) -> Trial:
    """Tells even digits from odd ones, under a binary cross-entropy of probabilities."""
    import keras
    from keras import layers

    even = data.on_labels(data.digits(seed), lambda labels: (labels[:, None] % 2 == 0).astype("float32"))
    model = stack((8, 8, 1), *convolutions(16), layers.MaxPooling2D(), layers.Flatten(), *dense(32), *ends)
    optimizer = keras.optimizers.Adam(1e-3)
    return trial(model, even, optimizer, "binary_crossentropy", ["accuracy"], epochs=8, batch_size=32)


def _evens_by(seed: int, activation: str) -> Trial:
    from keras import layers

    return _evens(seed, layers.Dense(1, activation=activation))


def _evens_by_sigmoid_of(seed: int, activation: str) -> Trial:
    from keras import layers

    return _evens(seed, layers.Dense(1, activation=activation), layers.Activation("sigmoid"))


def _forecast(seed: int, arguments: dict[str, Any]) -> Trial:
    """Forecasts a series around zero."""
    import keras
    from keras import layers

    series = data.on_labels(data.series(seed), arguments.get("scaled", lambda y: y))
    model = stack((24, 1), layers.LSTM(16), layers.Dense(1, activation=arguments.get("activation")))
    metrics = arguments.get("metrics", ["mae"])
    return trial(model, series, keras.optimizers.Adam(3e-3), "mse", metrics, epochs=8, batch_size=32)


def _autoencoder(seed: int, activation: str) -> Trial:
    """Compresses standardized digits."""
    import keras
    from keras import layers

    x, _, (held, _) = data.flat_digits(seed)
    model = stack((64,), *dense(64, 16, 64), layers.Dense(64, activation=activation))
    itself = (x, x, (held, held))
    return trial(model, itself, keras.optimizers.Adam(2e-3), "mse", epochs=10, batch_size=32)


def _digits_watched(seed: int, metric: Callable[[], Any]) -> Trial:
    import keras
    from keras import layers

    digits = data.on_labels(data.digits(seed), lambda labels: data.one_hot(labels, 10))
    pooled = [layers.MaxPooling2D(), layers.Flatten()]
    model = stack((8, 8, 1), *convolutions(16), *pooled, layers.Dense(10, activation="softmax"))
    optimizer, loss = keras.optimizers.Adam(2e-3), "categorical_crossentropy"
    return trial(model, digits, optimizer, loss, [metric()], epochs=8, batch_size=32)


def _exact_match() -> Any:
    import keras

    return keras.metrics.Accuracy()


def _each_element() -> Any:
    import keras

    return keras.metrics.BinaryAccuracy()


def _largest_class() -> Any:
    import keras

    return keras.metrics.CategoricalAccuracy()


def _started_output(seed: int, deviation: float) -> Trial:
    """Starts the weights of the output from a normal distribution."""
    import keras
    from keras import layers

    started = keras.initializers.RandomNormal(stddev=deviation)
    model = stack((8, 8, 1), *convolutions(16, 16), layers.Flatten(), layers.Dense(10, kernel_initializer=started))
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    return trial(model, data.digits(seed), optimizer, logits_loss(), ["accuracy"], epochs=6, batch_size=32)


def _reduced(seed: int, reduction: str) -> Trial:
    """Reconstructs photographs under a squared error that is averaged, or summed over batch and pixels."""
    import keras
    from keras import layers, ops

    def squared_error(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return getattr(ops, reduction)(ops.square(y_true - y_pred))

    down = layers.Conv2D(16, 3, 2, padding="same", activation="relu")
    up = layers.Conv2DTranspose(16, 3, 2, padding="same", activation="relu")
    model = stack((16, 16, 3), down, *convolutions(16), up, layers.Conv2D(3, 3, padding="same"))
    pieces = data.standardized(data.photographs(seed, count=650))
    pieces = data.split(pieces, pieces, seed)
    return trial(model, pieces, keras.optimizers.SGD(0.05, momentum=0.9), squared_error, epochs=8, batch_size=32)


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
    """Tells tumours apart by an own cross-entropy, which takes the logarithm of what the sigmoid gives."""
    import keras
    from keras import layers, ops

    def cross_entropy(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        right, wrong = y_pred + smallest, 1 - y_pred + smallest
        return -ops.mean(y_true * ops.log(right) + (1 - y_true) * ops.log(wrong), axis=-1)

    tumours = data.on_labels(data.table("breast_cancer", seed), lambda labels: labels[:, None].astype("float32"))
    model = stack((30,), *dense(32, 16), layers.Dense(1, activation="sigmoid"))
    optimizer = keras.optimizers.Adam(0.01)
    return trial(model, tumours, optimizer, cross_entropy, ["accuracy"], epochs=30, batch_size=16)


def _distances(seed: int, smallest: float) -> Trial:
    """Learns distances between digits, some pairs of which are the same image twice."""
    import keras
    from keras import layers, ops

    images, labels, _ = data.digits(seed)
    random = np.random.default_rng(seed)
    others = np.array([random.choice(np.flatnonzero(labels == label)) for label in labels])
    others[::2], others[::50] = random.permutation(len(labels))[: len(others[::2])], np.arange(len(labels))[::50]
    tower = stack((8, 8, 1), *convolutions(8), layers.Flatten(), *dense(32), layers.Dense(8))
    left, right = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    squares = ops.sum(ops.square(tower(left) - tower(right)), axis=-1, keepdims=True)
    model = keras.Model([left, right], ops.sqrt(squares + smallest))

    def contrastive(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        apart = ops.square(ops.maximum(1 - y_pred, 0))
        return ops.mean(y_true * ops.square(y_pred) + (1 - y_true) * apart, axis=-1)

    model.compile(keras.optimizers.Adam(1e-3), contrastive)
    same = (labels == labels[others]).astype("float32")[:, None]
    return Trial(model, [images, images[others]], same, None, {"epochs": 8, "batch_size": 32})


CASES = (
    *twins(
        "logits_as_probabilities",
        "transformer, multi-class",
        {"loss-activation-mismatch"},
        _texts_by_attention,
        False,
        True,
        also=STUCK | THROWN,
    ),
    *twins(
        "probabilities_by_tanh",
        "CNN, binary",
        {"loss-activation-mismatch", "output-range"},
        _evens_by,
        "tanh",
        "sigmoid",
        also=STUCK | THROWN,
    ),
    *twins(
        "relu_before_sigmoid",
        "CNN, binary",
        {"duplicate-activation"},
        _evens_by_sigmoid_of,
        "relu",
        "linear",
        also=STUCK | {"dead-units", "missing-gradient", "unchanged-variable"},
    ),
    *twins(
        "forecast_by_relu",
        "LSTM, regression",
        {"output-range"},
        _forecast,
        {"activation": "relu"},
        {},
        also=STUCK | {"dead-units", "missing-gradient"},
    ),
    *twins(
        "standardized_images_by_sigmoid",
        "autoencoder",
        {"output-range"},
        _autoencoder,
        "sigmoid",
        "linear",
        also=STUCK | {"saturated-activation"},
    ),
    *twins(
        "raw_sales",
        "LSTM, regression",
        {"target-scale"},
        _forecast,
        {"scaled": lambda y: 50_000 + 10_000 * y},
        {},
        also=SLOW | THROWN,
    ),
    *twins(
        "accuracy_of_forecast",
        "LSTM, regression",
        {"metric-loss-mismatch"},
        _forecast,
        {"metrics": ["accuracy"]},
        {},
        informs=True,
    ),
    *twins(
        "accuracy_of_elements",
        "CNN, multi-class",
        {"metric-loss-mismatch"},
        _digits_watched,
        _each_element,
        _largest_class,
        informs=True,
    ),
    *twins(
        "exact_match_of_probabilities",
        "CNN, multi-class",
        {"metric-disagrees", "metric-loss-mismatch"},
        _digits_watched,
        _exact_match,
        _largest_class,
    ),
    *twins(
        "confident_start",
        "CNN, multi-class",
        {"initial-loss", "poor-initialization"},
        _started_output,
        3.0,
        0.03,
        also=THROWN,
    ),
    *twins("summed_error", "convolutional autoencoder", {"loss-reduction"}, _reduced, "sum", "mean", also=THROWN),
    *twins("divergence_of_weight_one", "VAE", {"loss-weights"}, _weighted_divergence, 10.0, 1 / 64, also=STUCK),
    *twins("logarithm_of_zero", "MLP, binary", {"nonfinite-values"}, _logarithms, 0.0, 1e-7, also=THROWN),
    *twins("root_of_zero", "siamese CNN, binary", {"nonfinite-values"}, _distances, 0.0, 1e-6, also=THROWN),
)
