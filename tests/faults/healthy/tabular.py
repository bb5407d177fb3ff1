"""Healthy trainings on tables and points."""

import numpy as np

from tests.faults import data
from tests.faults.building import dense, logits_loss, stack, trial
from tests.faults.case import Case, Trial


def _iris_full_batch(seed: int) -> Trial:
    import keras
    from keras import layers

    model = stack((4,), *dense(16), layers.Dense(3, activation="softmax"))
    loss = "sparse_categorical_crossentropy"
    optimizer = keras.optimizers.Adam(0.02)
    return trial(model, data.table("iris", seed), optimizer, loss, ["accuracy"], epochs=150, batch_size=120)


def _iris_one_by_one(seed: int) -> Trial:
    import keras
    from keras import layers

    model = stack((4,), *dense(16), layers.Dense(3, activation="softmax"))
    loss = "sparse_categorical_crossentropy"
    optimizer = keras.optimizers.SGD(0.01)
    return trial(model, data.table("iris", seed), optimizer, loss, ["accuracy"], epochs=10, batch_size=1)


def _wine_with_penalty(seed: int) -> Trial:
    import keras
    from keras import layers

    penalty = keras.regularizers.L2(1e-3)
    model = stack((13,), *dense(16, kernel_regularizer=penalty), layers.Dense(3, kernel_regularizer=penalty))
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
    return trial(model, data.table("wine", seed), optimizer, logits_loss(), ["accuracy"], epochs=20, batch_size=16)


def _wine_with_adapted_normalization(seed: int) -> Trial:
    import keras
    from keras import layers
    from sklearn.datasets import load_wine

    raw = data.split(load_wine().data.astype("float32"), load_wine().target.astype("int32"), seed)
    normalization = layers.Normalization()
    normalization.adapt(raw[0])
    model = stack((13,), normalization, *dense(16), layers.Dense(3))
    optimizer = keras.optimizers.Adam(0.01)
    return trial(model, raw, optimizer, logits_loss(), ["accuracy"], epochs=15, batch_size=16)


def _tumours(seed: int) -> Trial:
    import keras
    from keras import layers

    tumours = data.on_labels(data.table("breast_cancer", seed), data.as_column)
    model = stack((30,), *dense(16), layers.Dropout(0.2), layers.Dense(1, activation="sigmoid"))
    metrics = ["accuracy", keras.metrics.AUC()]
    optimizer = keras.optimizers.Adam(2e-3)
    return trial(model, tumours, optimizer, "binary_crossentropy", metrics, epochs=15, batch_size=32)


def _tumours_with_batch_norm(seed: int) -> Trial:
    import keras
    from keras import layers

    hidden = [layers.Dense(16, use_bias=False), layers.BatchNormalization(), layers.Activation("relu")]
    tumours = data.on_labels(data.table("breast_cancer", seed), data.as_column)
    model = stack((30,), *hidden, layers.Dense(1))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    metric = keras.metrics.BinaryAccuracy(threshold=0.0)
    return trial(model, tumours, keras.optimizers.Adam(5e-3), loss, [metric], epochs=10, batch_size=32)


def _weighted_classes(seed: int) -> Trial:
    import keras
    from keras import layers

    tumours = data.on_labels(data.table("breast_cancer", seed), data.as_column)
    malignant = np.flatnonzero(tumours[1] == 0)
    kept = np.sort(np.concatenate([np.flatnonzero(tumours[1] == 1), malignant[: len(malignant) // 2]]))
    rarer = (tumours[0][kept], tumours[1][kept], tumours[2])
    model = stack((30,), *dense(16), layers.Dense(1, activation="sigmoid"))
    weights = {0: 2.0, 1: 0.7}
    optimizer, loss = keras.optimizers.Adam(2e-3), "binary_crossentropy"
    return trial(model, rarer, optimizer, loss, ["accuracy"], epochs=15, batch_size=16, class_weight=weights)


def _diabetes(seed: int) -> Trial:
    import keras
    from keras import layers

    model = stack((10,), *dense(16, kernel_regularizer=keras.regularizers.L2(0.01)), layers.Dense(1))
    optimizer = keras.optimizers.Adam(3e-3)
    return trial(model, data.table("diabetes", seed), optimizer, "mse", ["mae"], epochs=20, batch_size=32)


def _linear_regression(seed: int) -> Trial:
    import keras
    from keras import layers

    model = stack((10,), layers.Dense(1))
    optimizer = keras.optimizers.SGD(0.01)
    return trial(model, data.table("diabetes", seed), optimizer, "mse", epochs=15, batch_size=16)


def _linnerud(seed: int) -> Trial:
    """Relates twenty men's exercises to their weight, waist and pulse: all at once, for there are no more."""
    import keras
    from keras import layers
    from sklearn.datasets import load_linnerud

    x, y = load_linnerud(return_X_y=True)
    model = stack((3,), *dense(16, activation="tanh"), layers.Dense(3))
    exercises = (data.standardized(x), data.standardized(y), None)
    return trial(model, exercises, keras.optimizers.Adam(0.02), "mse", epochs=150, batch_size=20)


def _rings(seed: int) -> Trial:
    import keras
    from keras import layers

    model = stack((2,), *dense(8, activation="tanh"), layers.Dense(1, activation="sigmoid"))
    optimizer = keras.optimizers.Adam(0.02)
    return trial(model, data.rings(seed), optimizer, "binary_crossentropy", ["accuracy"], epochs=12, batch_size=32)


def _curve(seed: int) -> Trial:
    """Fits a sine with two tanh layers."""
    import keras
    from keras import layers

    x = np.random.default_rng(seed).uniform(-1, 1, (500, 1)).astype("float32")
    model = stack((1,), *dense(32, 32, activation="tanh"), layers.Dense(1))
    curve = data.split(2 * x, np.sin(4 * x), seed)
    return trial(model, curve, keras.optimizers.Adam(0.005), "mse", epochs=20, batch_size=16)


def _counts(seed: int) -> Trial:
    """Predicts counts by the exponential of a network's output."""
    import keras
    from keras import layers

    random = np.random.default_rng(seed)
    x = random.normal(size=(1000, 5)).astype("float32")
    rate = np.exp(0.5 + x[:, :1] - 0.7 * x[:, 1:2] * (x[:, 2:3] > 0))
    model = stack((5,), *dense(32), layers.Dense(1, activation="exponential"))
    counted = data.split(x, random.poisson(rate).astype("float32"), seed)
    return trial(model, counted, keras.optimizers.Adam(3e-3), "poisson", epochs=10, batch_size=32)


def _mean_and_spread(seed: int) -> Trial:
    """Predicts a mean and a spread by a likelihood, whose logarithm may have either sign."""
    import keras
    from keras import layers, ops

    def negative_log_likelihood(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        mean, log_variance = y_pred[:, :1], y_pred[:, 1:]
        return 0.5 * ops.mean(log_variance + ops.square(y_true - mean) * ops.exp(-log_variance), axis=-1)

    random = np.random.default_rng(seed)
    x = random.uniform(-1.7, 1.7, (1000, 1)).astype("float32")
    y = np.sin(2 * x) + (0.05 + 0.1 * (x > 0)) * random.normal(size=x.shape)
    model = stack((1,), *dense(32, 32), layers.Dense(2))
    measured = data.split(x, y.astype("float32"), seed)
    return trial(model, measured, keras.optimizers.Adam(3e-3), negative_log_likelihood, epochs=12, batch_size=32)


def _ratings(seed: int) -> Trial:
    """Predicts users' ratings of films from vectors of both, and a bias each."""
    import keras
    from keras import layers

    random = np.random.default_rng(seed)
    users, films = random.integers(0, 40, 2400), random.integers(0, 60, 2400)
    taste, theme = random.normal(size=(40, 3)), random.normal(size=(60, 3))
    rating = (taste[users] * theme[films]).sum(1) / np.sqrt(3) + 0.3 * random.normal(size=2400)
    x, y, (held_x, held_y) = data.split(np.column_stack([users, films]), rating.astype("float32")[:, None], seed)
    user, film = keras.Input((), dtype="int32"), keras.Input((), dtype="int32")
    product = layers.Dot(-1)([layers.Embedding(40, 8)(user), layers.Embedding(60, 8)(film)])
    model = keras.Model([user, film], layers.Add()([product, layers.Embedding(60, 1)(film)]))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    held = ([held_x[:, 0], held_x[:, 1]], held_y)
    return Trial(model, [x[:, 0], x[:, 1]], y, held, {"epochs": 10, "batch_size": 32})


def _wide_and_deep(seed: int) -> Trial:
    """Joins an embedded category, and numbers that go both straight to the output and through hidden layers."""
    import keras
    from keras import layers

    random = np.random.default_rng(seed)
    category, numbers = random.integers(0, 12, 1200), random.normal(size=(1200, 6)).astype("float32")
    score = random.normal(size=12)[category] + numbers[:, 0] + numbers[:, 1] * numbers[:, 2]
    y = (score > 0).astype("float32")[:, None]
    chosen, given = keras.Input((), dtype="int32"), keras.Input((6,))
    joined = layers.Concatenate()([layers.Embedding(12, 4)(chosen), given])
    deep = layers.Dense(16, activation="relu")(layers.Dense(32, activation="relu")(joined))
    outputs = layers.Dense(1, activation="sigmoid")(layers.Concatenate()([deep, given]))
    model = keras.Model([chosen, given], outputs)
    model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy", metrics=["accuracy"])
    held = ([category[1000:], numbers[1000:]], y[1000:])
    return Trial(model, [category[:1000], numbers[:1000]], y[:1000], held, {"epochs": 10, "batch_size": 32})


CASES = (
    Case("iris_full_batch", "MLP, multi-class", _iris_full_batch),
    Case("iris_one_by_one", "MLP, multi-class", _iris_one_by_one),
    Case("wine_with_penalty", "MLP, multi-class", _wine_with_penalty),
    Case("wine_with_adapted_normalization", "MLP, multi-class", _wine_with_adapted_normalization),
    Case("tumours", "MLP, binary", _tumours),
    Case("tumours_with_batch_norm", "MLP, binary", _tumours_with_batch_norm),
    Case("weighted_classes", "MLP, binary", _weighted_classes),
    Case("diabetes", "MLP, regression", _diabetes),
    Case("linear_regression", "linear, regression", _linear_regression),
    Case("linnerud", "MLP, multi-output regression", _linnerud),
    Case("rings", "tiny MLP, binary", _rings),
    Case("curve", "tiny MLP, regression", _curve),
    Case("counts", "MLP, count regression", _counts),
    Case("mean_and_spread", "MLP, likelihood regression", _mean_and_spread),
    Case("ratings", "embeddings, regression", _ratings),
    Case("wide_and_deep", "MLP with embeddings, binary", _wide_and_deep),
)
