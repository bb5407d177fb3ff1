"""What the zoo's definitions share: small networks, and a model made into a trial."""

from collections.abc import Sequence
from typing import Any

from tests.faults.case import Trial
from tests.faults.data import VOCABULARY, Data


def trial(model: Any, data: Data, optimizer: Any, loss: Any, metrics: Sequence[Any] = (), **fit: Any) -> Trial:
    """Compiles the model, and returns its training; `fit` goes to `model.fit`."""
    model.compile(optimizer, loss, metrics=list(metrics))
    return Trial(model, data[0], data[1], data[2], fit)


def stack(shape: Sequence[int | None], *layers: Any, dtype: str = "float32") -> Any:
    """Returns a sequential model of the layers."""
    import keras

    return keras.Sequential([keras.Input(tuple(shape), dtype=dtype), *layers])


def dense(*units: int, activation: str | None = "relu", **arguments: Any) -> list[Any]:
    """Returns dense layers of so many units."""
    from keras import layers

    return [layers.Dense(n, activation=activation, **arguments) for n in units]


def convolutions(*filters: int, activation: str | None = "relu", **arguments: Any) -> list[Any]:
    """Returns convolutions of 3 by 3 that keep the size of the image."""
    from keras import layers

    return [layers.Conv2D(n, 3, padding="same", activation=activation, **arguments) for n in filters]


def attention(x: Any, heads: int = 2, mask: Any = None, **arguments: Any) -> Any:
    """Returns the output of a transformer's block of attention and two dense layers, normalized first."""
    from keras import layers

    width = x.shape[-1]
    normal = layers.LayerNormalization()(x)
    attended = layers.MultiHeadAttention(heads, width // heads)(normal, normal, attention_mask=mask, **arguments)
    x = layers.Add()([x, attended])
    hidden = layers.Dense(2 * width, activation="gelu")(layers.LayerNormalization()(x))
    return layers.Add()([x, layers.Dense(width)(hidden)])


def positions(x: Any) -> Any:
    """Returns the embedded sequences with an embedding of the position added."""
    from keras import layers, ops

    places = ops.cumsum(ops.ones_like(x[:, :, 0]), axis=1) - 1
    return layers.Add()([x, layers.Embedding(*x.shape[1:])(places)])


def attended(x: Any) -> Any:
    """Returns the mean over the positions of what a block of attention gives."""
    from keras import layers

    return layers.GlobalAveragePooling1D()(attention(positions(x)))


def attended_texts() -> tuple[Any, Any]:
    """Returns an input of texts, and what a transformer makes of each."""
    import keras
    from keras import layers

    inputs = keras.Input((20,), dtype="int32")
    return inputs, attended(layers.Embedding(VOCABULARY, 32)(inputs))


def attended_rows(shape: tuple[int, int]) -> tuple[Any, Any]:
    """Returns an input of sequences of numbers, and what a transformer makes of each."""
    import keras
    from keras import layers

    inputs = keras.Input(shape)
    return inputs, attended(layers.Dense(32)(inputs))


def logits_loss() -> Any:
    """Returns the cross-entropy of class numbers and logits."""
    import keras

    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
