"""Mistakes with the output layer, the loss and the metrics."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.faults import data
from tests.faults.building import attended_rows, attended_texts, convolutions, dense, logits_loss, stack, trial
from tests.faults.case import Trial
from tests.faults.twins import SLOW, STUCK, THROWN, twins


def _texts_by_attention(seed: int, from_logits: bool) -> Trial:
    """Classifies texts by logits."""
    import keras
    from keras import layers

    inputs, pooled = attended_texts()
    model = keras.Model(inputs, layers.Dense(4)(pooled))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    texts = data.texts(seed, classes=4)
    return trial(model, texts, keras.optimizers.Adam(2e-3), loss, ["accuracy"], epochs=6, batch_size=32)


def _evens(seed: int, *ends: Any) -> Trial:
    """Tells even digits from odd ones, under a binary cross-entropy of probabilities."""
    import keras
    from keras import layers

    even = data.on_labels(data.digits(seed), lambda labels: data.as_column(labels % 2 == 0))
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


def _attributes_by(seed: int, activations: tuple[str, ...]) -> Trial:
    """Tells four attributes of digits, read row by row; the activations are those of the output, one after another."""
    import keras
    from keras import layers

    inputs, x = attended_rows((8, 8))
    x = layers.Dense(4)(x)
    for activation in activations:
        x = layers.Activation(activation)(x)
    rows = data.on_inputs(data.attributes(seed), lambda images: images.reshape(-1, 8, 8))
    optimizer, metric = keras.optimizers.Adam(2e-3), keras.metrics.BinaryAccuracy()
    return trial(keras.Model(inputs, x), rows, optimizer, "binary_crossentropy", [metric], epochs=12, batch_size=32)


def _strain(seed: int, unit: float) -> Trial:
    """Predicts the strain of a beam from how it swings."""
    import keras
    from keras import layers

    random = np.random.default_rng(seed)
    x, _, (held, _) = data.waves(seed)
    strains = [random.uniform(0.2, 2, (len(waves), 1)) for waves in (x, held)]
    x, held = (waves * strain[..., None] for waves, strain in zip((x, held), strains, strict=True))
    hidden = [layers.Conv1D(16, 5, activation="relu"), layers.GlobalAveragePooling1D(), *dense(16)]
    model = stack((48, 1), *hidden, layers.Dense(1))
    beam = (x, strains[0] * unit, (held, strains[1] * unit))
    return trial(model, beam, keras.optimizers.Adam(3e-3), "mse", ["mae"], epochs=12, batch_size=32)


def _opinions_watched(seed: int, metric: Callable[[], Any]) -> Trial:
    import keras
    from keras import layers

    texts = data.on_labels(data.texts(seed), data.as_column)
    hidden = [layers.Embedding(data.VOCABULARY, 16), layers.LSTM(16)]
    model = stack((20,), *hidden, layers.Dense(1, activation="sigmoid"), dtype="int32")
    optimizer = keras.optimizers.Adam(5e-3)
    return trial(model, texts, optimizer, "binary_crossentropy", [metric()], epochs=8, batch_size=32)


def _numbered_class() -> Any:
    import keras

    return keras.metrics.SparseCategoricalAccuracy()


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
    *twins(
        "sigmoid_of_sigmoid",
        "transformer, multi-label",
        {"duplicate-activation"},
        _attributes_by,
        ("sigmoid", "sigmoid"),
        ("sigmoid",),
        also=STUCK,
    ),
    *twins(
        "strain_in_metres",
        "CNN, regression",
        {"target-scale"},
        _strain,
        1e-4,
        1.0,
        also=STUCK | {"initial-loss", "dead-units"},
    ),
    *twins(
        "largest_of_one_unit",
        "LSTM with embeddings, binary",
        {"metric-disagrees", "metric-loss-mismatch"},
        _opinions_watched,
        _numbered_class,
        _each_element,
    ),
)
