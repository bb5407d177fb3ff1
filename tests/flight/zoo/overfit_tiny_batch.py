"""Models that cannot learn ten examples by heart, and healthy ones that much stands against."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

from demo.training import Training, start_afresh
from tests.flight.zoo import Flight

SPARSE = "sparse_categorical_crossentropy"
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.normal(size=(128, 16, 16, 3)).astype("float32")
ROWS = RANDOM.normal(size=(128, 16)).astype("float32")
TOKENS = RANDOM.integers(1, 30, (128, 20))
LABELS = RANDOM.integers(0, 10, 128)
YES = RANDOM.integers(0, 2, 128)
NUMBERS = (ROWS[:, 0] + RANDOM.normal(size=128)).astype("float32")


def _sentences() -> np.ndarray:
    """Returns words `[128, 20]`, each one of two that can follow the one before."""
    words = [RANDOM.integers(0, 30, 128)]
    for _ in range(19):
        words.append((7 * words[-1] + RANDOM.integers(1, 3, 128)) % 30)
    return np.stack(words, axis=1)


SENTENCES = _sentences()
PIXELS = RANDOM.integers(0, 256, IMAGES.shape).astype("float32")
LENGTHS = RANDOM.integers(3, 20, (128, 1))
GREY = RANDOM.uniform(size=(128, 16))
COUNTS = RANDOM.poisson(30.0, 128).astype("float32")


def _seeded(build: Callable[[], Training]) -> Callable[[], Training]:
    """Returns what builds the same each time: layers draw their seeds when they are made."""

    def built() -> Training:
        start_afresh()
        return build()

    return built


def _sequential(shape: tuple[int, ...], *parts: Any) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *parts])


def _trained(model: keras.Model, x: Any, y: Any, loss: Any = SPARSE, optimizer: Any = "adam") -> Training:
    model.compile(optimizer, loss)
    return Training(model, x, y)


def _softmax(*parts: Any) -> keras.Model:
    return _sequential((16,), *parts, layers.Dense(10, activation="softmax"))


def _everything_against_it() -> Training:
    model = _sequential(
        (16, 16, 3),
        layers.RandomFlip(),
        layers.RandomRotation(0.2),
        layers.Conv2D(16, 3, kernel_regularizer="l2"),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.SpatialDropout2D(0.3),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.GaussianNoise(1.0),
        layers.Dense(32, activation="relu", kernel_constraint=keras.constraints.MaxNorm(0.2)),
        layers.Dropout(0.7),
        layers.Dense(10, activation="softmax", kernel_regularizer=keras.regularizers.L2(0.3)),
    )
    rate = keras.optimizers.schedules.PiecewiseConstantDecay([10], [1e-7, 1e-9])
    return _trained(model, IMAGES, LABELS, optimizer=keras.optimizers.AdamW(rate, weight_decay=1.0))


def _residual() -> Training:
    inputs = keras.Input((16, 16, 3))
    hidden = layers.Conv2D(16, 3, padding="same")(inputs)
    for _ in range(5):
        branch = layers.ReLU()(layers.BatchNormalization()(hidden))
        branch = layers.Conv2D(16, 3, padding="same")(branch)
        branch = layers.Conv2D(16, 3, padding="same")(layers.ReLU()(layers.BatchNormalization()(branch)))
        hidden = layers.Add()([hidden, branch])
    pooled = layers.GlobalAveragePooling2D()(layers.ReLU()(layers.BatchNormalization()(hidden)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return _trained(keras.Model(inputs, layers.Dense(10)(pooled)), IMAGES, LABELS, loss, "sgd")


def _raw_pixels() -> Training:
    parts = (layers.Conv2D(8, 3, activation="relu"), layers.Flatten(), layers.Dense(10, activation="softmax"))
    return _trained(_sequential((16, 16, 3), *parts), PIXELS, LABELS)


def _masked_lstm() -> Training:
    lstm = layers.LSTM(16, dropout=0.5, recurrent_dropout=0.5)
    model = _sequential((20,), layers.Embedding(30, 16, mask_zero=True), lstm, layers.Dense(1, activation="sigmoid"))
    return _trained(model, TOKENS * (np.arange(20) < LENGTHS), YES, "binary_crossentropy")


def _language_model() -> Training:
    parts = (layers.Embedding(30, 16), layers.GRU(32, return_sequences=True), layers.Dense(30, activation="softmax"))
    return _trained(_sequential((19,), *parts), SENTENCES[:, :-1], SENTENCES[:, 1:])


def _transformer() -> Training:
    inputs = keras.Input((20,))
    hidden = layers.Embedding(30, 32)(inputs)
    for _ in range(2):
        hidden = layers.LayerNormalization()(hidden + layers.MultiHeadAttention(4, 8, dropout=0.3)(hidden, hidden))
        hidden = layers.LayerNormalization()(hidden + layers.Dropout(0.3)(layers.Dense(32, activation="gelu")(hidden)))
    model = keras.Model(inputs, layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling1D()(hidden)))
    return _trained(model, TOKENS, np.eye(5)[LABELS % 5], keras.losses.CategoricalCrossentropy(label_smoothing=0.2))


def _prices() -> Training:
    model = _sequential((16,), layers.Dense(64, activation="relu"), layers.Dropout(0.2), layers.Dense(1))
    return _trained(model, ROWS, 2e5 + 8e4 * NUMBERS, "mse")


def _prices_brought_back() -> Training:
    model = _sequential((16,), layers.Dense(64, activation="relu"), layers.Dense(1), layers.Rescaling(8e4, 2e5))
    return _trained(model, ROWS, 2e5 + 8e4 * NUMBERS, "mae")


def _straight_line() -> Training:
    return _trained(_sequential((2,), layers.Dense(1)), ROWS[:, :2], NUMBERS, "mse", "sgd")


def _two_outputs() -> Training:
    inputs = keras.Input((16,))
    hidden = layers.Dense(64, activation="relu")(inputs)
    label, size = layers.Dense(10, activation="softmax", name="label"), layers.Dense(2, name="size")
    model = keras.Model(inputs, {"label": label(hidden), "size": size(hidden)})
    return _trained(model, ROWS, {"label": LABELS, "size": 50 * ROWS[:, :2]}, {"label": SPARSE, "size": "mse"})


def _autoencoder() -> Training:
    parts = [layers.Dense(units, activation="relu") for units in (32, 8, 32)]
    model = _sequential((16,), *parts, layers.Dense(16, activation="sigmoid"))
    return _trained(model, GREY, GREY, "binary_crossentropy")


@keras.saving.register_keras_serializable("flights")
class SkippedAtRandom(layers.Layer):
    """A residual layer whose branch is left out for half of the examples in training."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dense = layers.Dense(32, activation="relu")
        self.seeds = keras.random.SeedGenerator(0)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        branch = self.dense(inputs)
        if training:
            kept = keras.random.uniform((keras.ops.shape(inputs)[0], 1), seed=self.seeds) > 0.5
            branch = 2 * branch * keras.ops.cast(kept, branch.dtype)
        return inputs + branch


def _stochastic_depth() -> Training:
    blocks = [part for _ in range(4) for part in (layers.LayerNormalization(), SkippedAtRandom())]
    return _trained(_softmax(layers.Dense(32), *blocks), ROWS, LABELS)


def _half() -> Training:
    return _trained(_softmax(layers.Dense(32, activation="relu", dtype="mixed_float16")), ROWS, LABELS)


def _frozen_features() -> Training:
    features = keras.Sequential(
        [layers.Conv2D(32, 3, activation="relu"), layers.BatchNormalization(), layers.Flatten()]
    )
    features.trainable = False
    model = _sequential((16, 16, 3), features, layers.Dropout(0.5), layers.Dense(10, activation="softmax"))
    return _trained(model, IMAGES, LABELS)


def _frozen() -> Training:
    model = _softmax(layers.Dense(32, activation="relu"))
    model.trainable = False
    return _trained(model, ROWS, LABELS)


def _dead() -> Training:
    biases = keras.initializers.Constant(-100.0)
    return _trained(_softmax(layers.Dense(32, activation="relu", bias_initializer=biases)), ROWS, LABELS)


def _twice_softmax() -> Training:
    model = _softmax(layers.Dense(32, activation="relu"))
    model.add(layers.Rescaling(1.0))
    return _trained(model, ROWS, LABELS, keras.losses.SparseCategoricalCrossentropy(from_logits=True))


def _cut_off() -> Training:
    return _trained(_softmax(layers.Dense(32, activation="relu")), ROWS, np.eye(10)[LABELS], _squared_without_gradient)


def _squared_without_gradient(truth: Any, answer: Any) -> Any:
    return keras.ops.mean((keras.ops.stop_gradient(answer) - truth) ** 2, axis=-1) + 0.0 * keras.ops.mean(answer)


def _ignores_inputs() -> Training:
    hidden = layers.Dense(32, activation="relu"), layers.Rescaling(0.0), layers.Dense(32, activation="relu")
    return _trained(_softmax(*hidden), ROWS, LABELS)


def _out_of_reach() -> Training:
    model = _sequential((16,), layers.Dense(32, activation="relu"), layers.Dense(1, activation="tanh"))
    return _trained(model, ROWS, 5 * NUMBERS, "mse")


def _saturated() -> Training:
    huge = keras.initializers.Constant(100.0)
    hidden, head = (
        layers.Dense(32, activation="sigmoid"),
        layers.Dense(1, activation="sigmoid", kernel_initializer=huge),
    )
    return _trained(_sequential((16,), hidden, head), ROWS, YES, "mse")


def _zeros() -> Training:
    hidden = layers.Dense(32, activation="relu", kernel_initializer="zeros")
    head = layers.Dense(10, activation="softmax", kernel_initializer="zeros")
    return _trained(_sequential((16,), hidden, head), ROWS, LABELS)


def _answer_of_zero() -> Training:
    model = _sequential((20,), layers.Embedding(30, 16), layers.LSTM(16), layers.Dense(1), layers.Rescaling(0.0))
    return _trained(model, TOKENS, NUMBERS, "mae")


def _with_loss(loss: Any, y: Any = NUMBERS, units: int = 1, activation: str | None = None, **parts: Any) -> Training:
    stack = layers.Dense(32, activation="relu", **parts), layers.Dense(units, activation=activation)
    return _trained(_sequential((16,), *stack), ROWS, y, loss)


def _minus_squared(truth: Any, answer: Any) -> Any:
    return -keras.ops.mean((truth - answer) ** 2)


def _minus_entropy(truth: Any, answer: Any) -> Any:
    return -keras.losses.sparse_categorical_crossentropy(truth, answer)


def _minus_entropy_of_logits(truth: Any, answer: Any) -> Any:
    return -keras.losses.binary_crossentropy(truth, answer, from_logits=True)


def _likelihood(truth: Any, answer: Any) -> Any:
    """Minus the logarithm of a normal density of known targets, whose second column holds nothing."""
    mean, size = answer[:, 0], keras.ops.softplus(answer[:, 1]) + 1e-3
    return 0.5 * ((truth[:, 0] - mean) / size) ** 2 + keras.ops.log(size)


def _one_unit_of_softmax_beside_another_output() -> Training:
    inputs = keras.Input((16,))
    hidden = layers.Dense(64, activation="relu")(inputs)
    yes, size = layers.Dense(1, activation="softmax", name="yes"), layers.Dense(2, name="size")
    model = keras.Model(inputs, {"yes": yes(hidden), "size": size(hidden)})
    return _trained(model, ROWS, {"yes": YES, "size": ROWS[:, :2]}, {"yes": "binary_crossentropy", "size": "mse"})


SICK = {
    "a squared error of the wrong sign": lambda: _with_loss(_minus_squared),
    "a cross-entropy of the wrong sign": lambda: _with_loss(_minus_entropy, LABELS, 10, "softmax"),
    "a cross-entropy of logits of the wrong sign": lambda: _with_loss(_minus_entropy_of_logits, YES),
    "one unit behind a softmax": lambda: _with_loss("binary_crossentropy", YES, 1, "softmax"),
    "one unit behind a softmax, and another output": _one_unit_of_softmax_beside_another_output,
    "all weights frozen": _frozen,
    "every ReLU dead": _dead,
    "probabilities taken for logits": _twice_softmax,
    "a loss without a gradient": _cut_off,
    "a hidden layer scaled to nothing": _ignores_inputs,
    "targets outside of tanh": _out_of_reach,
    "a saturated output": _saturated,
    "all weights zero": _zeros,
    "an answer that is always zero": _answer_of_zero,
}

HEALTHY = {
    "augmentation, dropout, noise, penalties, a tiny rate": _everything_against_it,
    "a residual network": _residual,
    "raw pixels": _raw_pixels,
    "a masked LSTM with dropout": _masked_lstm,
    "a language model": _language_model,
    "a transformer with smoothed labels": _transformer,
    "house prices": _prices,
    "house prices brought back by a last layer": _prices_brought_back,
    "a straight line": _straight_line,
    "two outputs of other scales": _two_outputs,
    "an autoencoder of grey values": _autoencoder,
    "stochastic depth of a user's own": _stochastic_depth,
    "half precision": _half,
    "frozen features": _frozen_features,
    "a likelihood below zero": lambda: _with_loss(_likelihood, np.stack([NUMBERS, 0 * NUMBERS], 1), 2),
    "a cosine": lambda: _with_loss("cosine_similarity", ROWS[:, :3], 3),
    "counts": lambda: _with_loss("poisson", COUNTS, 1, "exponential"),
    "a cross-entropy of logits": lambda: _with_loss(keras.losses.BinaryCrossentropy(from_logits=True), YES),
}

RATE_TOO_LOW = {"augmentation, dropout, noise, penalties, a tiny rate"}
"""Of the healthy ones, those with another fault."""

FLIGHTS = [
    *(Flight(name, _seeded(build), frozenset({"overfit-tiny-batch"})) for name, build in SICK.items()),
    *(
        Flight(name, _seeded(build), frozenset({"learning-rate-range"} if name in RATE_TOO_LOW else ()))
        for name, build in HEALTHY.items()
    ),
]
