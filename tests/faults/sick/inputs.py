"""Mistakes with the inputs."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.faults import data
from tests.faults.building import convolutions, dense, logits_loss, stack, trial
from tests.faults.case import Trial
from tests.faults.twins import SLOW, STUCK, THROWN, twins

Prepare = Callable[[np.ndarray], np.ndarray]


def _cnn(seed: int, prepare: Prepare) -> Trial:
    """Classifies digits, whose grey levels from 0 to 1 are prepared."""
    import keras
    from keras import layers

    model = stack((8, 8, 1), *convolutions(16, 16), layers.Flatten(), *dense(32), layers.Dense(10))
    digits = data.on_inputs(data.digits(seed), prepare)
    return trial(model, digits, keras.optimizers.SGD(0.1), logits_loss(), ["accuracy"], epochs=6, batch_size=32)


def _forecast(seed: int, prepare: Prepare) -> Trial:
    """Predicts the next value of a series of unit scale, which is prepared."""
    import keras
    from keras import layers

    model = stack((24, 1), layers.LSTM(16), layers.Dense(1))
    series = data.on_inputs(data.series(seed), prepare)
    return trial(model, series, keras.optimizers.Adam(3e-3), "mse", epochs=8, batch_size=32)


def _with_gaps(x: np.ndarray) -> np.ndarray:
    return np.where(np.random.default_rng(1).uniform(size=x.shape) < 0.01, np.nan, x)


def _filled(x: np.ndarray) -> np.ndarray:
    return np.nan_to_num(_with_gaps(x))


def _wine(seed: int, prepare: Prepare) -> Trial:
    """Classifies wines by what was measured of them, of which proline counts in hundreds."""
    import keras
    from keras import layers
    from sklearn.datasets import load_wine

    wine = load_wine()
    table = data.split(prepare(wine.data.astype("float32")), wine.target.astype("int32"), seed)
    model = stack((13,), *dense(16), layers.Dense(3))
    optimizer = keras.optimizers.SGD(0.03)
    return trial(model, table, optimizer, logits_loss(), ["accuracy"], epochs=20, batch_size=16)


def _sensors(seed: int, prepare: Prepare) -> Trial:
    """Tells three movements by acceleration in g, beside air pressure in Pascal."""
    import keras
    from keras import layers

    acceleration, labels, (held, held_labels) = data.waves(seed)
    random = np.random.default_rng(seed)

    def measured(x: np.ndarray) -> np.ndarray:
        pressure = 101_325 + 500 * random.normal(size=(len(x), 1, 1)) + random.normal(size=x.shape)
        return prepare(np.concatenate([x, pressure], axis=-1).astype("float32"))

    model = stack((48, 2), layers.Conv1D(16, 7, activation="relu"), layers.GRU(16), layers.Dense(3))
    sensors = (measured(acceleration), labels, (measured(held), held_labels))
    return trial(model, sensors, keras.optimizers.Adam(5e-3), logits_loss(), ["accuracy"], epochs=10, batch_size=32)


def _by_channel(x: np.ndarray) -> np.ndarray:
    return (x - x.mean((0, 1))) / x.std((0, 1))


def _mobile_blocks(images: np.ndarray, labels: np.ndarray) -> Any:
    """Returns the first blocks of MobileNet, frozen after they have learnt to tell five digits apart."""
    import keras
    from keras import layers

    whole = keras.applications.MobileNet(alpha=0.25, include_top=False, weights=None, input_shape=(32, 32, 3))
    base = keras.Model(whole.inputs, layers.Flatten()(whole.get_layer("conv_pw_2_relu").output))
    teacher = keras.Model(base.inputs, layers.Dense(5)(base.outputs[0]))
    teacher.compile("adam", logits_loss())
    teacher.fit(images, labels, epochs=6, verbose=0)
    base.trainable = False
    return base


def _enlarged(images: np.ndarray) -> np.ndarray:
    """Returns digits as images of three colours, of the least size that MobileNet takes."""
    return images.repeat(4, 1).repeat(4, 2).repeat(3, 3)


def _mobile_network(seed: int, prepare: Prepare) -> Trial:
    """Trains a head on the first blocks of MobileNet, which were trained on other digits, and expect -1 to 1."""
    import keras
    from keras import layers

    x, y, (held_x, held_y) = data.on_inputs(data.digits(seed), _enlarged)
    low, high, held = y < 5, y >= 5, held_y >= 5
    base = _mobile_blocks(2 * x[low] - 1, y[low])
    model = keras.Model(base.inputs, layers.Dense(5)(base.outputs[0]))
    images = data.on_inputs((x[high], y[high] - 5, (held_x[held], held_y[held] - 5)), prepare)
    return trial(model, images, keras.optimizers.Adam(1e-3), logits_loss(), ["accuracy"], epochs=8, batch_size=32)


def _years(seed: int, prepare: Prepare) -> Trial:
    """Predicts a yearly sum from the year, counted in centuries, and two other numbers."""
    import keras
    from keras import layers

    random = np.random.default_rng(seed)
    year, others = random.uniform(1990, 2020, (800, 1)), random.normal(size=(800, 2))
    total = np.sin((year - 1990) / 5) + 0.5 * others[:, :1] + 0.1 * random.normal(size=(800, 1))
    x = np.hstack([prepare(year), others]).astype("float32")
    model = stack((3,), *dense(32, 32), layers.Dense(1))
    yearly = data.split(x, data.standardized(total), seed)
    return trial(model, yearly, keras.optimizers.Adam(3e-3), "mse", epochs=15, batch_size=32)


def _rows_to_tanh(seed: int, prepare: Prepare) -> Trial:
    """Reads digits row by row, with a plain recurrent layer."""
    import keras
    from keras import layers

    model = stack((8, 8), layers.SimpleRNN(32), layers.Dense(10))
    rows = data.on_inputs(data.digits(seed), lambda images: prepare(images[..., 0]))
    return trial(model, rows, keras.optimizers.Adam(2e-3), logits_loss(), ["accuracy"], epochs=8, batch_size=32)


def _flats(seed: int, prepare: Prepare) -> Trial:
    """Predicts rents from eight numbers, one of them an area in square centimetres."""
    import keras
    from keras import layers

    random = np.random.default_rng(seed)
    x = random.normal(size=(1000, 8)).astype("float32")
    rent = x[:, :1] + np.tanh(x[:, 1:2]) * x[:, 2:3] + 0.1 * random.normal(size=(1000, 1))
    x[:, 0] = 600_000 + 150_000 * x[:, 0]
    model = stack((8,), *dense(32, 16), layers.Dense(1))
    flats = data.split(prepare(x), data.standardized(rent), seed)
    optimizer = keras.optimizers.SGD(0.03, global_clipnorm=1.0)
    return trial(model, flats, optimizer, "mse", epochs=10, batch_size=32)


def _ink(seed: int, whitest: float) -> Trial:
    """Predicts the ink of digits from the first blocks of MobileNet, whose own function prepares the images.

    It takes grey levels from 0 to 255, and gets them from 0 to `whitest`.
    """
    import keras
    from keras import layers

    x, y, _ = data.on_inputs(data.digits(seed), _enlarged)
    base = _mobile_blocks(2 * x[y < 5] - 1, y[y < 5])
    model = keras.Model(base.inputs, layers.Dense(1)(base.outputs[0]))

    def prepared(images: np.ndarray) -> np.ndarray:
        return keras.applications.mobilenet.preprocess_input(_enlarged(images) * whitest)  # type: ignore[no-any-return]

    inks = data.on_inputs(data.inks(seed), prepared)
    return trial(model, inks, keras.optimizers.Adam(5e-3), "mse", epochs=10, batch_size=32)


CASES = (
    *twins("gaps", "LSTM, regression", {"bad-input-values"}, _forecast, _with_gaps, _filled, also=THROWN),
    *twins(
        "grey_levels",
        "CNN, multi-class",
        {"unnormalized-input"},
        _cnn,
        lambda images: images * 255,
        data.as_given,
        also=THROWN,
    ),
    *twins(
        "divided_twice",
        "CNN, multi-class",
        {"unnormalized-input"},
        _cnn,
        lambda images: images / 255,
        data.as_given,
        also=SLOW | {"activation-scale", "vanishing-gradient"},
    ),
    *twins(
        "kelvin",
        "LSTM, regression",
        {"unnormalized-input"},
        _forecast,
        lambda x: 288 + 10 * x,
        data.as_given,
        also=THROWN,
    ),
    *twins(
        "raw_wine",
        "MLP, multi-class",
        {"uneven-feature-scale", "unnormalized-input"},
        _wine,
        data.as_given,
        data.standardized,
        also=THROWN,
    ),
    *twins(
        "raw_sensors",
        "CNN and GRU, multi-class",
        {"uneven-feature-scale", "unnormalized-input"},
        _sensors,
        data.as_given,
        _by_channel,
        also=THROWN,
    ),
    *twins(
        "mobile_network",
        "CNN, fine-tuning",
        {"pretrained-input-range"},
        _mobile_network,
        lambda images: images * 255,
        lambda images: 2 * images - 1,
        also=THROWN | {"unnormalized-input"},
        informs=True,
    ),
    *twins(
        "years",
        "MLP, regression",
        {"activation-offset", "unnormalized-input"},
        _years,
        lambda year: year / 100,
        data.standardized,
        also=STUCK,
    ),
    *twins(
        "grey_levels_to_tanh",
        "RNN, multi-class",
        {"saturated-activation", "unnormalized-input"},
        _rows_to_tanh,
        lambda images: images * 255,
        data.as_given,
        also=STUCK | {"initial-loss"},
    ),
    *twins(
        "square_centimetres",
        "MLP, regression",
        {"non-gaussian-update", "uneven-feature-scale", "unnormalized-input"},
        _flats,
        data.as_given,
        data.standardized,
        also=THROWN | {"clipping-always"},
    ),
    *twins(
        "prepared_twice",
        "pretrained CNN, regression",
        {"pretrained-input-range"},
        _ink,
        1.0,
        255.0,
        also=SLOW | {"unnormalized-input", "activation-offset"},
        informs=True,
    ),
)
