"""Models that mix the examples of a batch, and models that only look as if they did."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from demo.fault import classifier, dense
from demo.training import Training, digits, standardized, start_afresh
from tests.flight.zoo import Flight

SICK = frozenset({"batch-independence"})


class AlwaysTraining(keras.layers.Layer):
    """Normalizes by the batch in inference mode, too."""

    def __init__(self) -> None:
        super().__init__(name="always_training")
        self.normalize = layers.BatchNormalization()

    def build(self, shape: Any) -> None:
        self.normalize.build(shape)

    def call(self, x: Any) -> Any:
        return self.normalize(x, training=True)


class Sampling(keras.layers.Layer):
    """Draws from the normal distributions that it is given, in both modes."""

    def __init__(self) -> None:
        super().__init__()
        self.seed = keras.random.SeedGenerator(1)

    def call(self, x: Any) -> Any:
        return x + keras.random.normal(ops.shape(x), seed=self.seed)


class Rounded(keras.layers.Layer):
    """Rounds to steps of the batch's largest value, straight through."""

    def call(self, x: Any) -> Any:
        step = ops.max(ops.abs(x)) / 8
        return x + ops.stop_gradient(ops.round(x / step) * step - x)


class Contrast(keras.Model):
    """Two encoders, and how much each example of the one is like each of the other: the loss is made of that."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = layers.Dense(8), layers.Dense(8)

    def call(self, x: Any) -> Any:
        return ops.matmul(self.left(x), ops.transpose(self.right(x)))

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, **more: Any
    ) -> Any:
        labels = ops.arange(ops.shape(y_pred)[0])
        return ops.mean(keras.losses.sparse_categorical_crossentropy(labels, y_pred, from_logits=True))


def _with(*some: Callable[[], keras.Layer]) -> Callable[[], Training]:
    return classifier(lambda: [layers.Dense(32, activation="relu"), *(each() for each in some)])


def _stack(
    inputs: tuple[int, ...], some: Sequence[Any], x: np.ndarray, y: np.ndarray, dtype: str = "float32"
) -> Training:
    model = keras.Sequential([keras.Input(inputs, dtype=dtype), *some])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss if model.output_shape[-1] > 1 else "mse")
    return Training(model, x, y)


def _pictures() -> tuple[np.ndarray, np.ndarray]:
    start_afresh()
    images, labels = digits()
    return standardized(images).reshape(-1, 8, 8, 1)[:400], labels[:400]


def _texts() -> tuple[np.ndarray, np.ndarray]:
    start_afresh()
    random = np.random.default_rng(0)
    tokens = random.integers(1, 50, (200, 12)).astype("int32")
    tokens[np.arange(12) >= random.integers(3, 13, (200, 1))] = 0
    return tokens, random.integers(0, 3, 200)


def _swapped_axes() -> Training:
    x, y = _pictures()
    mixed = layers.Lambda(lambda v: ops.reshape(ops.transpose(v, (1, 0, 2, 3)), (-1, 64)), name="rows")
    return _stack((8, 8, 1), [mixed, layers.Dense(32, activation="relu"), layers.Dense(10)], x, y)


def _mean_text() -> Training:
    x, y = _texts()
    centered = layers.Lambda(lambda v: v - ops.mean(v, axis=0, keepdims=True), name="centered")
    some = [layers.Embedding(50, 8), centered, layers.GlobalAveragePooling1D(), layers.Dense(3)]
    return _stack((12,), some, x, y, "int32")


def _broadcast() -> Training:
    start_afresh()
    x = np.random.default_rng(0).normal(size=(200, 4)).astype("float32")
    inputs = keras.Input((4,))
    outputs = layers.Dense(1)(inputs) + ops.squeeze(inputs[:, :1], -1)
    model = keras.Model(inputs, outputs)
    model.compile("adam", "mse")
    return Training(model, x, x.sum(axis=1, keepdims=True))


def _rows_of_rows() -> Training:
    x, y = _pictures()
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Lambda(lambda v: ops.reshape(v, (-1, 32))), layers.Dense(10)]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return Training(model, x, y)


def _convolutions() -> Training:
    x, y = _pictures()
    some = [layers.Conv2D(8, 3), layers.BatchNormalization(), layers.ReLU(), layers.GroupNormalization(2)]
    return _stack((8, 8, 1), [*some, layers.GlobalAveragePooling2D(), layers.Dropout(0.5), layers.Dense(10)], x, y)


def _recurrent() -> Training:
    x, y = _texts()
    some = [layers.Embedding(50, 8, mask_zero=True), layers.Bidirectional(layers.LSTM(8)), layers.Dense(3)]
    return _stack((12,), some, x, y, "int32")


def _attention() -> Training:
    x, y = _texts()
    inputs = keras.Input((12,), dtype="int32")
    embedded = layers.Embedding(50, 16, mask_zero=True)(inputs)
    seen = layers.LayerNormalization()(embedded + layers.MultiHeadAttention(2, 8)(embedded, embedded))
    model = keras.Model(
        inputs, {"kind": layers.Dense(3)(layers.GlobalAveragePooling1D()(seen)), "each": layers.Dense(1)(seen)}
    )
    losses = {"kind": keras.losses.SparseCategoricalCrossentropy(from_logits=True), "each": "mse"}
    model.compile("adam", losses)
    return Training(model, x, {"kind": y, "each": x[..., None].astype("float32")})


def _random() -> Training:
    x, y = _pictures()
    return _stack((8, 8, 1), [layers.Flatten(), layers.Dense(8), Sampling(), layers.Dense(10)], x, y)


def _half() -> Training:
    x, y = _pictures()
    half = {"dtype": "mixed_float16"}
    some = [layers.Conv2D(8, 3, **half), layers.BatchNormalization(**half), layers.LayerNormalization(**half)]
    return _stack((8, 8, 1), [*some, layers.GlobalAveragePooling2D(**half), layers.Dense(10, **half)], x, y)


def _folded() -> Training:
    """Gives each row of a picture to a layer as an example of its own, and puts them together again."""
    x, y = _pictures()
    fold = layers.Lambda(lambda v: ops.reshape(v, (-1, 8)), output_shape=(8,))
    unfold = layers.Lambda(lambda v: ops.reshape(v, (-1, 8, 4)), output_shape=(8, 4))
    return _stack((8, 8, 1), [fold, layers.Dense(4), unfold, layers.Flatten(), layers.Dense(10)], x, y)


def _contrast() -> Training:
    start_afresh()
    images, labels = digits()
    model = Contrast()
    model.compile("adam")
    model(images[:2])
    return Training(model, standardized(images)[:200], labels[:200])


FLIGHTS = [
    Flight("softmax over the batch", _with(lambda: layers.Softmax(axis=0)), SICK),
    Flight("batch normalization that always trains", _with(AlwaysTraining), SICK),
    Flight("axes swapped before a reshape", _swapped_axes, SICK),
    Flight("texts less their mean over the batch", _mean_text, SICK),
    Flight("a broadcast of [n] against [n, 1]", _broadcast, SICK),
    Flight("a reshape into rows of another length", _rows_of_rows, SICK),
    Flight("rounded to steps of the batch's largest value", _with(Rounded), SICK),
    Flight("dense layers", classifier(dense((64, 32))), frozenset()),
    Flight("convolutions, batch normalization, dropout", _convolutions, frozenset()),
    Flight("an LSTM with a mask", _recurrent, frozenset()),
    Flight("attention with two outputs", _attention, frozenset()),
    Flight("an answer that is drawn", _random, frozenset()),
    Flight("dense layers in half precision", _half, frozenset()),
    Flight("rows folded into the batch and back", _folded, frozenset()),
    Flight("a contrastive loss", _contrast, frozenset()),
]
