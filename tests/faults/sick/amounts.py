"""Mistakes with the number of examples, of batches and of steps."""

import numpy as np

from tests.faults import data
from tests.faults.building import attended_rows, attended_texts, convolutions, dense, logits_loss, stack, trial
from tests.faults.case import Trial
from tests.faults.twins import SLOW, STUCK, THROWN, twins


def _of_each(labels: np.ndarray, amounts: dict[int, int]) -> np.ndarray:
    """Returns where the first so many examples of each class are."""
    return np.concatenate([np.flatnonzero(labels == label)[:amount] for label, amount in amounts.items()])


def _detector(seed: int, examples: tuple[int, int]) -> Trial:
    """Finds the digit 8 among others; takes so many examples with it and without."""
    import keras
    from keras import layers

    x, y, held = data.on_labels(data.digits(seed), lambda labels: data.as_column(labels == 8))
    kept = _of_each(y[:, 0], {1: examples[0], 0: examples[1]})
    model = stack((8, 8, 1), *convolutions(8), layers.MaxPooling2D(), layers.Flatten(), *dense(16), layers.Dense(1))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    metric = keras.metrics.BinaryAccuracy(threshold=0.0)
    chosen = (x[kept], y[kept], held)
    return trial(model, chosen, keras.optimizers.SGD(0.05, momentum=0.5), loss, [metric], epochs=12, batch_size=16)


def _few_digits(seed: int, amounts: tuple[int, int]) -> Trial:
    """Takes so many examples, in so many epochs."""
    import keras
    from keras import layers

    model = stack((8, 8, 1), *convolutions(32, 32), layers.Flatten(), *dense(64), layers.Dense(10))
    examples, epochs = amounts
    digits = data.first(data.digits(seed), examples)
    optimizer = keras.optimizers.Adam(1e-3)
    return trial(model, digits, optimizer, logits_loss(), ["accuracy"], epochs=epochs, batch_size=16)


def _few_texts(seed: int, amounts: tuple[int, int]) -> Trial:
    import keras
    from keras import layers

    inputs, pooled = attended_texts()
    model = keras.Model(inputs, layers.Dense(4)(pooled))
    examples, epochs = amounts
    texts = data.first(data.texts(seed, count=2000, classes=4, hints=2, synonyms=20), examples)
    optimizer = keras.optimizers.Adam(1e-3)
    return trial(model, texts, optimizer, logits_loss(), ["accuracy"], epochs=epochs, batch_size=32)


def _few_reviews(seed: int, amounts: tuple[int, int]) -> Trial:
    import keras
    from keras import layers

    hidden = [layers.Embedding(data.VOCABULARY, 32), layers.Bidirectional(layers.LSTM(32))]
    model = stack((20,), *hidden, layers.Dense(1, activation="sigmoid"), dtype="int32")
    examples, epochs = amounts
    texts = data.first(data.on_labels(data.texts(seed, count=2000, hints=2, synonyms=20), data.as_column), examples)
    optimizer = keras.optimizers.Adam(5e-3)
    return trial(model, texts, optimizer, "binary_crossentropy", ["accuracy"], epochs=epochs, batch_size=16)


def _normalized_batches(seed: int, batch_size: int) -> Trial:
    import keras
    from keras import layers

    tumours = data.on_labels(data.table("breast_cancer", seed), data.as_column)
    model = stack((30,), *dense(16), layers.BatchNormalization(), layers.Dense(1, activation="sigmoid"))
    optimizer, epochs = keras.optimizers.Adam(2e-3), 2 if batch_size == 1 else 15
    loss = "binary_crossentropy"
    return trial(model, tumours, optimizer, loss, ["accuracy"], epochs=epochs, batch_size=batch_size)


def _one_large_batch(seed: int, batch_size: int) -> Trial:
    import keras
    from keras import layers

    model = stack((24, 1), layers.GRU(16), layers.Dense(1))
    optimizer = keras.optimizers.Adam(2e-3)
    return trial(model, data.series(seed), optimizer, "mse", epochs=20, batch_size=batch_size)


def _short_training(seed: int, arguments: dict[str, int]) -> Trial:
    import keras
    from keras import layers

    hidden = [layers.Embedding(data.VOCABULARY, 16), layers.GRU(16)]
    model = stack((20,), *hidden, layers.Dense(4), dtype="int32")
    texts = data.texts(seed, classes=4, count=2000)
    return trial(model, texts, keras.optimizers.Adam(3e-3), logits_loss(), ["accuracy"], **arguments)


def _rare_topics(seed: int, amounts: tuple[int, ...]) -> Trial:
    """Tells four kinds of texts apart, of each of which there are so many."""
    import keras
    from keras import layers

    x, y, held = data.texts(seed, classes=4, count=4000)
    kept = _of_each(y, dict(enumerate(amounts)))
    hidden = [layers.Embedding(data.VOCABULARY, 16), layers.LSTM(16)]
    model = stack((20,), *hidden, layers.Dense(4), dtype="int32")
    optimizer = keras.optimizers.Adam(5e-3)
    return trial(model, (x[kept], y[kept], held), optimizer, logits_loss(), ["accuracy"], epochs=10, batch_size=32)


def _short_forecast(seed: int, epochs: int) -> Trial:
    import keras
    from keras import layers

    inputs, pooled = attended_rows((24, 1))
    model = keras.Model(inputs, layers.Dense(1)(pooled))
    return trial(model, data.series(seed), keras.optimizers.Adam(3e-4), "mse", epochs=epochs, batch_size=32)


CASES = (
    *twins(
        "rare_class",
        "CNN, binary",
        {"class-imbalance"},
        _detector,
        (7, 900),
        (140, 280),
        also=STUCK | {"few-samples"},
        informs=True,
    ),
    *twins(
        "few_digits",
        "CNN, multi-class",
        {"few-samples", "no-regularization", "overfitting"},
        _few_digits,
        (40, 50),
        (1400, 6),
        informs=True,
    ),
    *twins(
        "few_texts",
        "transformer, multi-class",
        {"few-samples", "no-regularization", "overfitting"},
        _few_texts,
        (64, 60),
        (1600, 5),
        informs=True,
    ),
    *twins(
        "few_reviews",
        "LSTM with embeddings, binary",
        {"few-samples", "no-regularization", "overfitting"},
        _few_reviews,
        (64, 50),
        (1600, 5),
        also=frozenset({"batch-size"}),
    ),
    *twins(
        "batches_of_one", "MLP with batch norm, binary", {"batch-size"}, _normalized_batches, 1, 32, also=STUCK | THROWN
    ),
    *twins(
        "one_large_batch",
        "GRU, regression",
        {"batch-size", "too-few-updates"},
        _one_large_batch,
        800,
        32,
        also=SLOW,
    ),
    *twins(
        "short_training",
        "GRU with embeddings, multi-class",
        {"too-few-updates"},
        _short_training,
        {"epochs": 1, "batch_size": 128},
        {"epochs": 10, "batch_size": 32},
        also=SLOW | {"batch-size"},
    ),
    *twins(
        "training_cut_short",
        "GRU with embeddings, multi-class",
        {"still-improving", "too-few-updates"},
        _short_training,
        {"epochs": 2, "batch_size": 32},
        {"epochs": 10, "batch_size": 32},
        informs=True,
        also=SLOW,
    ),
    *twins(
        "rare_topics",
        "LSTM with embeddings, multi-class",
        {"class-imbalance"},
        _rare_topics,
        (760, 10, 10, 10),
        (200, 200, 200, 190),
        also=STUCK | {"few-samples"},
        informs=True,
    ),
    *twins(
        "short_forecast",
        "transformer, regression",
        {"still-improving", "too-few-updates"},
        _short_forecast,
        4,
        40,
        informs=True,
        also=SLOW,
    ),
)
