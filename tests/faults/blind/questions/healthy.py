"""Trainings that are fine, some of them only at a second look."""

import numpy as np

from tests.faults.blind.questions import data
from tests.faults.blind.writing import Cases
from tests.faults.building import stack
from tests.faults.case import Trial

CASES = Cases()


@CASES.healthy("linear, regression")
def plain_linear_regression(seed: int) -> Trial:
    """One Dense unit, SGD, standardized diabetes table; R2 near 0.5 is all there is."""
    import keras
    from keras import layers

    x, held_x, y, held_y = data.diabetes(seed)
    model = stack((10,), layers.Dense(1))
    model.compile(optimizer=keras.optimizers.SGD(0.01), loss="mse")
    return Trial(model, x, y, (held_x, held_y), {"epochs": 40, "batch_size": 16})


@CASES.healthy("MLP, binary")
def labels_wrong_in_30_percent(seed: int) -> Trial:
    """30 % of the labels are flipped: accuracy on them stays near 0.7, on the clean ones it is high."""
    from keras import layers

    x, held_x, y, held_y = data.noisy(seed)
    model = stack((10,), layers.Dense(16, activation="relu"), layers.Dense(1, activation="sigmoid"))
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return Trial(model, x, y, (held_x, held_y), {"epochs": 12, "batch_size": 32})


@CASES.healthy("CNN 2D, multi-class")
def sgd_momentum_warmup(seed: int) -> Trial:
    """SGD with Nesterov momentum, linear warm-up and cosine decay."""
    import keras
    from keras import layers

    x, held_x, y, held_y = data.digit_images(seed)
    steps = -(-len(x) // 32) * 12
    schedule = keras.optimizers.schedules.CosineDecay(0.0, steps, warmup_target=0.05, warmup_steps=steps // 8)
    model = stack(
        (8, 8, 1),
        layers.Conv2D(16, 3, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(10),
    )
    model.compile(
        optimizer=keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True),
        metrics=["accuracy"],
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return Trial(model, x, y, (held_x, held_y), {"epochs": 12, "batch_size": 32})


@CASES.healthy("MLP, multi-class")
def batch_of_one(seed: int) -> Trial:
    """Iris, batch size 1."""
    import keras
    from keras import layers

    x, _, y, _ = data.table("iris", seed, 45)
    model = stack((4,), layers.Dense(8, activation="tanh"), layers.Dense(3, activation="softmax"))
    model.compile(optimizer=keras.optimizers.SGD(0.02), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return Trial(model, x, y, None, {"epochs": 25, "batch_size": 1})


@CASES.healthy("Embedding + Conv1D, binary text")
def slight_overfit(seed: int) -> Trial:
    """Fits the training set fully, validation loss creeps up at the end, held-out accuracy still good."""
    from keras import layers

    x, held_x, y, held_y = data.reviews(seed)
    model = stack(
        (24,),
        layers.Embedding(300, 32),
        layers.Conv1D(32, 3, activation="relu"),
        layers.GlobalAveragePooling1D(),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return Trial(model, x, y, (held_x, held_y), {"epochs": 15, "batch_size": 32})


@CASES.healthy("GRU, forecast")
def gru_forecast(seed: int) -> Trial:
    """Hourly load, next value from the last 24."""
    import keras
    from keras import layers

    x, held_x, y, held_y = data.load(seed)
    model = stack((24, 1), layers.GRU(24), layers.Dense(1))
    model.compile(optimizer=keras.optimizers.Adam(0.005), loss="mse")
    return Trial(model, x, y, (held_x, held_y), {"epochs": 15, "batch_size": 32})


@CASES.healthy("MLP, binary")
def imbalance_with_weights(seed: int) -> Trial:
    """3 % positives, class_weight given: plain accuracy stays below the 97 % of always-no, by design."""
    from keras import layers

    x, held_x, y, held_y = data.fraud(seed)
    model = stack((8,), layers.Dense(16, activation="relu"), layers.Dense(1, activation="sigmoid"))
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return Trial(model, x, y, (held_x, held_y), {"epochs": 12, "batch_size": 64, "class_weight": {0: 1.0, 1: 30.0}})


@CASES.healthy("MLP, binary (4 points)")
def xor_four_points(seed: int) -> Trial:
    """Tiny data: the whole truth table in one batch."""
    import keras
    from keras import layers

    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
    model = stack((2,), layers.Dense(16, activation="tanh"), layers.Dense(1, activation="sigmoid"))
    model.compile(optimizer=keras.optimizers.Adam(0.05), loss="binary_crossentropy")
    return Trial(model, x, np.array([[0], [1], [1], [0]], "float32"), None, {"epochs": 150, "batch_size": 4})


@CASES.healthy("MLP text bags, multi-class")
def one_epoch_is_enough(seed: int) -> Trial:
    """A single epoch with a small batch; the history has one row only."""
    import keras
    from keras import layers

    x, _, y, _ = data.topics(seed)
    model = stack((500,), layers.Dense(64, activation="relu"), layers.Dense(8, activation="softmax"))
    model.compile(optimizer=keras.optimizers.Adam(0.005), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return Trial(model, x, y, None, {"epochs": 1, "batch_size": 8})
