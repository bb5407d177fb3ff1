"""The models that are measured: a mid CNN, a small transformer, a small MLP, on generated data."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

EPOCH_STEPS = 250


@dataclass(frozen=True)
class Workload:
    """A model to train: how it is built, what a batch is, how many steps a measurement takes.

    `long_steps` for contestants that claim to cost a few per cent, `short_steps` for those that cost more;
    `turn` steps run before the other training has its turn.
    """

    title: str
    build: Callable[[], Any]
    example: Callable[[np.random.Generator, int], np.ndarray]
    batch: int
    long_steps: int
    short_steps: int
    turn: int
    limit: float
    every_step_limit: float | None
    learning_rate: float = 1e-3

    def compiled(self) -> Any:
        keras.utils.set_random_seed(0)
        model = self.build()
        optimizer = keras.optimizers.Adam(self.learning_rate)
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    def epochs(self, steps: int) -> int:
        return max(1, steps // EPOCH_STEPS)

    def data(self, steps: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns inputs and labels of an epoch: as many batches as there are steps, EPOCH_STEPS at most."""
        generator = np.random.default_rng(0)
        examples = min(steps, EPOCH_STEPS) * self.batch
        return self.example(generator, examples), generator.integers(0, 10, examples)


def _cnn() -> Any:
    blocks: list[Any] = []
    for filters in (32, 64, 128):
        blocks += [
            layers.Conv2D(filters, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(filters, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
        ]
    head = [layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dropout(0.3)]
    return keras.Sequential([layers.Input((32, 32, 3)), *blocks, *head, layers.Dense(10, activation="softmax")])


def _transformer() -> Any:
    tokens = layers.Input((64,), dtype="int32")
    x = layers.Embedding(2000, 64)(tokens)
    for _ in range(2):
        attended = layers.MultiHeadAttention(4, 16)(x, x)
        x = layers.LayerNormalization()(x + attended)
        x = layers.LayerNormalization()(x + layers.Dense(64)(layers.Dense(256, activation="gelu")(x)))
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(tokens, layers.Dense(10, activation="softmax")(x))


def _mlp() -> Any:
    hidden = [layers.Dense(width, activation="relu") for width in (256, 128)]
    return keras.Sequential([layers.Input((784,)), *hidden, layers.Dense(10, activation="softmax")])


WORKLOADS = {
    "cnn": Workload(
        "CNN, CIFAR-shaped, batch 64",
        _cnn,
        lambda g, n: g.random((n, 32, 32, 3), np.float32),
        batch=64,
        long_steps=1000,
        short_steps=100,
        turn=2,
        limit=1.02,
        every_step_limit=1.5,
        learning_rate=1e-4,  # At 1e-3 all units before its head die within 30 steps of noise.
    ),
    "transformer": Workload(
        "transformer, 2 blocks of width 64, 64 tokens, batch 32",
        _transformer,
        lambda g, n: g.integers(0, 2000, (n, 64)).astype(np.int32),
        batch=32,
        long_steps=1000,
        short_steps=200,
        turn=4,
        limit=1.02,
        every_step_limit=None,
    ),
    "mlp": Workload(
        "MLP 784-256-128-10, batch 64",
        _mlp,
        lambda g, n: g.random((n, 784), np.float32),
        batch=64,
        long_steps=3000,
        short_steps=500,
        turn=5,
        limit=1.05,
        every_step_limit=2.0,
    ),
}
