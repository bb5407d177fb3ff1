"""Mistakes with the optimizer: its learning rate, schedule, clipping, decay and precision."""

from typing import Any

import numpy as np

from tests.faults import data
from tests.faults.building import attended_texts, convolutions, dense, logits_loss, stack, trial
from tests.faults.case import Trial
from tests.faults.twins import SLOW, STUCK, THROWN, twins


def _cnn(seed: int, arguments: dict[str, Any]) -> Trial:
    """Classifies digits, with momentum."""
    import keras
    from keras import layers

    model = stack((8, 8, 1), *convolutions(16, 16), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10))
    optimizer = keras.optimizers.SGD(**{"learning_rate": 0.05, "momentum": 0.9, **arguments})
    return trial(model, data.digits(seed), optimizer, logits_loss(), ["accuracy"], epochs=8, batch_size=32)


def _forecast(seed: int, rate: float) -> Trial:
    import keras
    from keras import layers

    model = stack((24, 1), layers.LSTM(16), layers.Dense(1))
    return trial(model, data.series(seed), keras.optimizers.Adam(rate), "mse", epochs=8, batch_size=32)


def _transformer(seed: int, rate: float) -> Trial:
    import keras
    from keras import layers

    inputs, pooled = attended_texts()
    model = keras.Model(inputs, layers.Dense(4)(pooled))
    texts = data.texts(seed, classes=4, hints=2)
    return trial(model, texts, keras.optimizers.Adam(rate), logits_loss(), ["accuracy"], epochs=6, batch_size=32)


def _cosine(seed: int, epochs: int) -> Trial:
    """Lets the learning rate fall to zero within so many of the ten epochs."""
    import keras
    from keras import layers

    model = stack((8, 8, 1), *convolutions(16, 16), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10))
    optimizer = keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.05, epochs * 45))
    return trial(model, data.digits(seed), optimizer, logits_loss(), ["accuracy"], epochs=10, batch_size=32)


def _clipped(seed: int, norm: float) -> Trial:
    import keras
    from keras import layers

    model = stack((24, 1), layers.GRU(16), layers.Dense(1))
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9, global_clipnorm=norm)
    return trial(model, data.series(seed), optimizer, "mse", epochs=8, batch_size=32)


def _decayed(seed: int, decay: float) -> Trial:
    """Classifies by a residual branch, with decoupled weight decay."""
    import keras
    from keras import layers

    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(inputs)
    x = layers.Add()([x, layers.Conv2D(16, 3, padding="same", activation="relu")(x)])
    model = keras.Model(inputs, layers.Dense(10)(layers.Flatten()(layers.MaxPooling2D()(x))))
    optimizer = keras.optimizers.AdamW(1e-3, weight_decay=decay)
    return trial(model, data.digits(seed), optimizer, logits_loss(), ["accuracy"], epochs=8, batch_size=32)


def _penalized(seed: int, strength: float) -> Trial:
    """Forecasts with a penalty on the weights of the recurrent layer."""
    import keras
    from keras import layers

    penalty = keras.regularizers.L2(strength)
    recurrent = layers.GRU(16, kernel_regularizer=penalty, recurrent_regularizer=penalty)
    model = stack((24, 1), recurrent, layers.Dense(1, kernel_regularizer=penalty))
    return trial(model, data.series(seed), keras.optimizers.Adam(3e-3), "mse", epochs=8, batch_size=32)


def _critic(seed: int, bound: float | None) -> Trial:
    """Tells digits from noise by a score without bounds, as a critic does, with bounds on its weights or without."""
    import keras
    from keras import layers, ops

    class Between(keras.constraints.Constraint):
        def __call__(self, w: Any) -> Any:
            return ops.clip(w, -bound, bound)

    def score(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return -ops.mean(y_true * y_pred, axis=-1)

    x, _, _ = data.flat_digits(seed)
    noise = np.random.default_rng(seed).normal(size=x.shape).astype("float32")
    judged = data.split(np.concatenate([x, noise]), np.repeat([[1.0], [-1.0]], len(x), axis=0).astype("float32"), seed)
    constraint = Between() if bound else None
    model = stack(
        (64,),
        *dense(32, 32, activation="leaky_relu", kernel_constraint=constraint),
        layers.Dense(1, kernel_constraint=constraint),
    )
    return trial(model, judged, keras.optimizers.RMSprop(5e-3), score, epochs=8, batch_size=32)


def _linear_regression(seed: int, rate: float) -> Trial:
    """Fits a straight line through features that go together, for which a stable rate is small."""
    import keras
    from keras import layers

    model = stack((10,), layers.Dense(1))
    optimizer = keras.optimizers.SGD(rate)
    return trial(model, data.table("diabetes", seed), optimizer, "mse", epochs=10, batch_size=16)


def _attributes(seed: int, rate: float) -> Trial:
    """Tells four attributes of digits."""
    import keras
    from keras import layers

    model = stack((64,), *dense(64, 32, activation="tanh"), layers.Dense(4, activation="sigmoid"))
    optimizer = keras.optimizers.SGD(rate, momentum=0.9)
    metric = keras.metrics.BinaryAccuracy()
    loss = "binary_crossentropy"
    return trial(model, data.attributes(seed), optimizer, loss, [metric], epochs=12, batch_size=32)


def _progress(seed: int, rate: float) -> Trial:
    """Fits the progress of a disease by two hidden layers."""
    import keras
    from keras import layers

    model = stack((10,), *dense(64, 64), layers.Dense(1))
    return trial(model, data.table("diabetes", seed), keras.optimizers.Adam(rate), "mse", epochs=10, batch_size=32)


def _clipped_texts(seed: int, norm: float) -> Trial:
    """Classifies texts; clips the gradient of each variable."""
    import keras
    from keras import layers

    inputs, pooled = attended_texts()
    model = keras.Model(inputs, layers.Dense(4)(pooled))
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9, clipnorm=norm)
    texts = data.texts(seed, classes=4, hints=2)
    return trial(model, texts, optimizer, logits_loss(), ["accuracy"], epochs=10, batch_size=32)


def _decaying(seed: int, decay_steps: int) -> Trial:
    """Forecasts with a rate that falls by a fifth in so many steps; 25 are an epoch."""
    import keras
    from keras import layers

    model = stack((24, 1), layers.LSTM(16), layers.Dense(1))
    schedule = keras.optimizers.schedules.ExponentialDecay(5e-3, decay_steps, 0.8)
    return trial(model, data.series(seed), keras.optimizers.Adam(schedule), "mse", epochs=12, batch_size=32)


def _changing_rate(seed: int, factor: float) -> Trial:
    """Forecasts with a rate that is multiplied by a factor every five steps."""
    import keras
    from keras import layers

    model = stack((24, 1), layers.SimpleRNN(16), layers.Dense(1))
    schedule = keras.optimizers.schedules.ExponentialDecay(0.05, 5, factor)
    optimizer = keras.optimizers.SGD(schedule, momentum=0.9)
    return trial(model, data.series(seed), optimizer, "mse", epochs=12, batch_size=32)


CASES = (
    *twins(
        "rate_of_a_billionth",
        "CNN, multi-class",
        {"learning-rate-value", "low-update-ratio", "unchanged-variable"},
        _cnn,
        {"learning_rate": 1e-9},
        {},
        also=SLOW,
    ),
    *twins(
        "dying_relu",
        "CNN, multi-class",
        {"dead-units", "high-update-ratio", "learning-rate-value"},
        _cnn,
        {"learning_rate": 3.0},
        {"learning_rate": 0.02},
        also=THROWN,
    ),
    *twins(
        "forecast_at_rate_one",
        "LSTM, regression",
        {"high-update-ratio", "learning-rate-value", "oscillating-loss"},
        _forecast,
        1.0,
        0.01,
        also=THROWN,
    ),
    *twins(
        "forecast_hardly_moved",
        "LSTM, regression",
        {"learning-rate-value", "low-update-ratio"},
        _forecast,
        3e-7,
        3e-3,
        also=SLOW,
    ),
    *twins(
        "fast_transformer",
        "transformer, multi-class",
        {"high-update-ratio", "learning-rate-value"},
        _transformer,
        0.1,
        1e-3,
        also=THROWN,
    ),
    *twins(
        "cosine_of_one_epoch",
        "CNN, multi-class",
        {"learning-rate-schedule"},
        _cosine,
        1,
        10,
        also=SLOW | {"unchanged-variable"},
    ),
    *twins("clipped_forecast", "GRU, regression", {"clipping-always"}, _clipped, 1e-3, 5.0, also=SLOW),
    *twins(
        "strong_decay",
        "residual CNN, multi-class",
        {"underfitting", "weight-decay-dominates"},
        _decayed,
        100.0,
        0.01,
        also=STUCK,
    ),
    *twins(
        "strong_penalty",
        "GRU, regression",
        {"loss-weights", "underfitting", "weight-decay-dominates"},
        _penalized,
        1.0,
        1e-4,
        also=STUCK,
    ),
    *twins(
        "unbounded_critic",
        "critic, score",
        {"unbounded-loss", "weight-growth"},
        _critic,
        None,
        0.1,
        also=THROWN | {"loss-reduction"},
    ),
    *twins(
        "diverging_line",
        "linear, regression",
        {"exploding-gradient", "high-update-ratio", "increasing-loss", "learning-rate-value"},
        _linear_regression,
        0.3,
        0.01,
        also=THROWN,
    ),
    *twins(
        "jumping_attributes",
        "MLP, multi-label",
        {"high-update-ratio", "learning-rate-value", "oscillating-loss"},
        _attributes,
        5.0,
        0.05,
        also=THROWN,
    ),
    *twins(
        "dying_regression",
        "MLP, regression",
        {"dead-units", "high-update-ratio", "learning-rate-value"},
        _progress,
        0.5,
        1e-3,
        also=THROWN,
    ),
    *twins("clipped_texts", "transformer, multi-class", {"clipping-always"}, _clipped_texts, 1e-3, 1.0, also=SLOW),
    *twins(
        "decay_at_every_step",
        "LSTM, regression",
        {"learning-rate-schedule"},
        _decaying,
        1,
        25,
        also=SLOW | {"unchanged-variable"},
    ),
    *twins(
        "growing_rate",
        "RNN, regression",
        {"high-update-ratio", "increasing-loss", "learning-rate-value"},
        _changing_rate,
        1.05,
        0.95,
        also=THROWN | {"learning-rate-schedule"},
    ),
)
