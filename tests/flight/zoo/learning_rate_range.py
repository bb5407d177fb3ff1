"""Learning rates that do harm or nothing, and healthy ones of many optimizers."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, optimizers

from demo.training import Training, digits, standardized, start_afresh
from tests.flight.zoo import Flight

SPARSE = "sparse_categorical_crossentropy"
Make = Callable[[], Any]


def _data() -> tuple[np.ndarray, np.ndarray]:
    images, labels = digits()
    return standardized(images)[:512], labels[:512]


def _dense(optimizer: Make) -> Callable[[], Training]:
    def build() -> Training:
        start_afresh()
        hidden = [layers.Dense(64, activation="relu") for _ in range(2)]
        model = keras.Sequential([keras.Input((64,)), *hidden, layers.Dense(10, activation="softmax")])
        model.compile(optimizer(), SPARSE)
        return Training(model, *_data())

    return build


def _convolutional(optimizer: Make) -> Callable[[], Training]:
    def build() -> Training:
        start_afresh()
        first = [
            layers.Conv2D(16, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dropout(0.5),
        ]
        model = keras.Sequential([keras.Input((8, 8, 1)), *first, layers.Dense(10, activation="softmax")])
        model.compile(optimizer(), SPARSE)
        images, labels = _data()
        return Training(model, images.reshape(-1, 8, 8, 1), labels)

    return build


def _recurrent(optimizer: Make) -> Callable[[], Training]:
    def build() -> Training:
        start_afresh()
        model = keras.Sequential([keras.Input((8, 8)), layers.LSTM(32), layers.Dense(10, activation="softmax")])
        model.compile(optimizer(), SPARSE)
        images, labels = _data()
        return Training(model, images.reshape(-1, 8, 8), labels)

    return build


def _regression(optimizer: Make) -> Callable[[], Training]:
    def build() -> Training:
        start_afresh()
        model = keras.Sequential([keras.Input((64,)), layers.Dense(64, activation="relu"), layers.Dense(1)])
        model.compile(optimizer(), "mse")
        images, labels = _data()
        return Training(model, images, labels.astype("float32"))

    return build


def _quarters(optimizer: Make, scale: float = 1.0, shift: float = 0.0) -> Callable[[], Training]:
    """Which quarter of a picture is bright, by a network whose batches are soon known by heart, and whose units soon
    die."""

    def build() -> Training:
        start_afresh()
        random = np.random.default_rng(0)
        labels = random.integers(0, 4, 512)
        images = random.random((512, 12, 12, 1)) * 0.35
        for image, label in zip(images, labels, strict=True):
            image[label // 2 * 6 :][:6, label % 2 * 6 :][:, :6] += 0.25 + 0.4 * random.random()
        first = [layers.Conv2D(8, 3, activation="relu"), layers.MaxPool2D(), layers.Flatten()]
        last = [layers.Dense(32, activation="relu"), layers.Dense(4, activation="softmax")]
        model = keras.Sequential([keras.Input((12, 12, 1)), *first, *last])
        model.compile(optimizer(), SPARSE)
        return Training(model, (scale * images + shift).astype("float32"), labels)

    return build


def _warmed_up(highest: float) -> Make:
    schedule = optimizers.schedules.CosineDecay
    return lambda: optimizers.SGD(schedule(0.0, 1000, warmup_target=highest, warmup_steps=100), momentum=0.9)


def _two_rates(of_kernels: float) -> Make:
    def make() -> Any:
        parts = optimizers.SGD(0.01), optimizers.Adam(of_kernels)
        return optimizers.MultiOptimizer(lambda variable: parts["kernel" in variable.path])

    return make


SICK = {
    "SGD of rate 30": _dense(lambda: optimizers.SGD(30.0)),
    "momentum and a rate of 1": _dense(lambda: optimizers.SGD(1.0, momentum=0.9)),
    "a warm-up to 50": _convolutional(_warmed_up(50.0)),
    "Adam of rate 1 and an LSTM": _recurrent(lambda: optimizers.Adam(1.0)),
    "RMSprop of rate 0.5": _dense(lambda: optimizers.RMSprop(0.5)),
    "SGD of rate 1e-7": _dense(lambda: optimizers.SGD(1e-7)),
    "SGD of rate 10 after batches known by heart": _quarters(lambda: optimizers.SGD(10.0)),
    "Adam of rate 0.7 and inputs far from zero": _quarters(lambda: optimizers.Adam(0.7), 7500, 5000),
    "a part of rate 5": _dense(_two_rates(5.0)),
}

HEALTHY = {
    "Adam": _dense(lambda: optimizers.Adam(1e-3)),
    "SGD with momentum": _dense(lambda: optimizers.SGD(0.01, momentum=0.9, nesterov=True)),
    "RMSprop": _dense(lambda: optimizers.RMSprop(1e-3)),
    "AdamW clipped, decayed and averaged": _dense(
        lambda: optimizers.AdamW(1e-3, weight_decay=0.1, clipnorm=1.0, use_ema=True)
    ),
    "Adadelta of its paper": _dense(lambda: optimizers.Adadelta(1.0)),
    "Lion": _dense(lambda: optimizers.Lion(1e-4)),
    "Muon": _dense(lambda: optimizers.Muon(1e-3)),
    "free of a schedule": _dense(lambda: optimizers.ScheduleFreeAdamW(2.5e-3, warmup_steps=50)),
    "accumulated gradients": _dense(lambda: optimizers.Adam(1e-3, gradient_accumulation_steps=4)),
    "a scaled loss": _dense(lambda: optimizers.LossScaleOptimizer(optimizers.Adam(1e-3))),
    "a warm-up and a cosine": _convolutional(_warmed_up(0.05)),
    "a fast convolutional network": _convolutional(lambda: optimizers.Adam(0.01)),
    "an LSTM": _recurrent(lambda: optimizers.Adam(1e-3)),
    "a regression": _regression(lambda: optimizers.SGD(1e-3)),
    "SGD of rate 0.2 and batches known by heart": _quarters(lambda: optimizers.SGD(0.2)),
    "two parts": _dense(_two_rates(1e-3)),
}

FLIGHTS = [
    *(Flight(name, build, frozenset({"learning-rate-range"})) for name, build in SICK.items()),
    *(Flight(name, build, frozenset()) for name, build in HEALTHY.items()),
]
