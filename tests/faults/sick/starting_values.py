"""Mistakes with the values that the variables start from."""

from typing import Any

import numpy as np

from tests.faults import data
from tests.faults.building import attention, convolutions, dense, logits_loss, positions, stack, trial
from tests.faults.case import Trial
from tests.faults.twins import SLOW, STUCK, THROWN, twins


def _deep_cnn(seed: int, filters: list[int], rate: float = 0.02, **arguments: Any) -> Trial:
    """Classifies digits by convolutions in a row."""
    import keras
    from keras import layers

    ends = [layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10)]
    model = stack((8, 8, 1), *convolutions(*filters, **arguments), *ends)
    optimizer = keras.optimizers.SGD(rate, momentum=0.9)
    return trial(model, data.digits(seed), optimizer, logits_loss(), ["accuracy"], epochs=6, batch_size=32)


def _started(seed: int, deviation: float | None) -> Trial:
    """Starts six convolutions from a normal distribution, or as He and others give it."""
    import keras

    started = keras.initializers.RandomNormal(stddev=deviation) if deviation else "he_normal"
    return _deep_cnn(seed, [16] * 6, kernel_initializer=started)


def _started_all_alike(seed: int, initializer: str) -> Trial:
    return _deep_cnn(seed, [16, 16], kernel_initializer=initializer)


def _biased(seed: int, deviation: float) -> Trial:
    import keras

    started = keras.initializers.RandomNormal(stddev=deviation)
    return _deep_cnn(seed, [16, 16, 16], bias_initializer=started)


def _offset(seed: int, bias: float) -> Trial:
    import keras

    return _deep_cnn(seed, [16, 16], bias_initializer=keras.initializers.Constant(bias))


def _wide_start(seed: int, initializer: str) -> Trial:
    """Fits two waves of the plane; its kernels start from a normal distribution or as Glorot gives it."""
    import keras
    from keras import layers

    started = keras.initializers.RandomNormal(stddev=1.0) if initializer == "normal" else initializer
    x = np.random.default_rng(seed).normal(size=(1000, 6)).astype("float32")
    y = np.sin(x[:, :1]) + x[:, 1:2] * x[:, 2:3]
    model = stack((6,), *dense(64, 64, 64, kernel_initializer=started), layers.Dense(1, kernel_initializer=started))
    waves = data.split(x, data.standardized(y), seed)
    return trial(model, waves, keras.optimizers.Adam(1e-3), "mse", epochs=10, batch_size=32)


def _recurrent_gain(seed: int, deviation: float | None) -> Trial:
    """Forecasts with a ReLU recurrence, whose matrix lets states grow from step to step, or keeps their length."""
    import keras
    from keras import layers

    started = keras.initializers.RandomNormal(stddev=deviation) if deviation else "orthogonal"
    recurrent = layers.SimpleRNN(24, activation="relu", recurrent_initializer=started)
    model = stack((24, 1), recurrent, layers.Dense(1))
    return trial(model, data.series(seed), keras.optimizers.SGD(0.01), "mse", epochs=8, batch_size=32)


def _prior(seed: int, everywhere: bool) -> Trial:
    """Finds each digit for itself; biases that call digits rare are given to the output, or to all layers."""
    import keras
    from keras import layers

    rare = keras.initializers.Constant(-np.log((1 - 0.01) / 0.01))
    digits = data.on_labels(data.digits(seed), lambda labels: data.one_hot(labels, 10))
    hidden = convolutions(16, 16, bias_initializer=rare if everywhere else "zeros")
    ends = [layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10, activation="sigmoid", bias_initializer=rare)]
    model = stack((8, 8, 1), *hidden, *ends)
    optimizer, metric = keras.optimizers.Adam(2e-3), keras.metrics.BinaryAccuracy()
    return trial(model, digits, optimizer, "binary_crossentropy", [metric], epochs=8, batch_size=32)


def _normal_start(seed: int, deviation: float) -> Trial:
    """Tells four attributes of digits; its kernels start from a normal distribution."""
    import keras
    from keras import layers

    started = keras.initializers.RandomNormal(stddev=deviation)
    hidden = dense(64, 64, 64, activation="tanh", kernel_initializer=started)
    model = stack((64,), *hidden, layers.Dense(4, activation="sigmoid"))
    optimizer, metric = keras.optimizers.SGD(0.05, momentum=0.9), keras.metrics.BinaryAccuracy()
    return trial(model, data.attributes(seed), optimizer, "binary_crossentropy", [metric], epochs=10, batch_size=32)


def _language(seed: int, deviation: float) -> Trial:
    """Predicts each next word by a transformer whose embeddings are its output's weights, too."""
    import keras
    from keras import layers, ops

    words, width, length = 64, 64, 16
    inputs = keras.Input((length,), dtype="int32")
    started = keras.initializers.RandomNormal(stddev=deviation)
    embedding = layers.Embedding(words, width, embeddings_initializer=started)

    class Scores(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = embedding

        def call(self, x: Any) -> Any:
            return ops.matmul(x, ops.transpose(self.embedding.embeddings))

    x = attention(positions(embedding(inputs)), use_causal_mask=True)
    model = keras.Model(inputs, Scores()(layers.LayerNormalization()(x)))
    random = np.random.default_rng(seed)
    next_words, texts = random.integers(0, words, (words, 3)), random.integers(0, words, (1000, length + 1))
    choices = random.choice(3, texts.shape, p=(0.8, 0.15, 0.05))
    for place in range(length):
        texts[:, place + 1] = next_words[texts[:, place], choices[:, place]]
    language = data.split(texts[:, :-1], texts[:, 1:], seed)
    return trial(model, language, keras.optimizers.Adam(1e-3), logits_loss(), ["accuracy"], epochs=6, batch_size=32)


CASES = (
    *twins(
        "small_start",
        "CNN, multi-class",
        {"activation-scale", "poor-initialization", "vanishing-gradient"},
        _started,
        0.01,
        None,
        also=SLOW | {"unchanged-variable"},
    ),
    *twins(
        "zero_kernels",
        "CNN, multi-class",
        {"poor-initialization"},
        _started_all_alike,
        "zeros",
        "glorot_uniform",
        also=SLOW | {"dead-units", "missing-gradient", "unchanged-variable"},
    ),
    *twins(
        "wide_start",
        "MLP, regression",
        {"poor-initialization"},
        _wide_start,
        "normal",
        "glorot_uniform",
        also=THROWN | {"overfitting"},
    ),
    *twins("wide_biases", "CNN, multi-class", {"large-bias"}, _biased, 20.0, 0.01, also=THROWN),
    *twins(
        "biases_of_thirty",
        "CNN, multi-class",
        {"activation-offset", "large-bias"},
        _offset,
        30.0,
        0.0,
        also=THROWN,
    ),
    *twins(
        "growing_states",
        "RNN, regression",
        {"activation-scale", "exploding-gradient", "poor-initialization"},
        _recurrent_gain,
        0.4,
        None,
        also=THROWN,
    ),
    *twins(
        "rare_in_all_layers",
        "CNN, multi-label",
        {"large-bias"},
        _prior,
        True,
        False,
        also=STUCK | {"activation-offset", "dead-units", "missing-gradient", "unchanged-variable"},
    ),
    *twins(
        "unscaled_normal_start",
        "MLP, multi-label",
        {"poor-initialization", "saturated-activation"},
        _normal_start,
        1.0,
        0.1,
        also=THROWN | {"vanishing-gradient"},
    ),
    *twins(
        "wide_tied_embeddings",
        "transformer, language model",
        {"initial-loss", "poor-initialization"},
        _language,
        1.0,
        0.02,
        also=THROWN,
    ),
)
