"""Mistakes with the labels, with the choice of the examples, and with their order and batches."""

from collections.abc import Callable

import numpy as np

from tests.faults import data
from tests.faults.building import convolutions, logits_loss, stack, trial
from tests.faults.case import Trial
from tests.faults.twins import STUCK, twins


def _tags(seed: int, changed: Callable[[np.ndarray], np.ndarray]) -> Trial:
    """Predicts which of four groups of words come in a text; the labels count their words."""
    import keras
    from keras import layers

    def labelled(x: np.ndarray) -> np.ndarray:
        return changed(np.stack([((x - 1) // 5 == group).sum(1) for group in range(4)], axis=1).astype("float32"))

    def mixed(x: np.ndarray) -> np.ndarray:
        return np.concatenate([x[:, :10], np.roll(x[:, 10:], 1, axis=0)], axis=1)

    x, _, (held, _) = data.on_inputs(data.texts(seed, classes=4), mixed)
    model = stack(
        (20,),
        layers.Embedding(data.VOCABULARY, 16),
        layers.Conv1D(16, 1, activation="relu"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(4, activation="sigmoid"),
        dtype="int32",
    )
    tags = (x, labelled(x), (held, labelled(held)))
    return trial(model, tags, keras.optimizers.Adam(0.01), "binary_crossentropy", epochs=8, batch_size=32)


def _topics(seed: int, arguments: dict[str, object]) -> Trial:
    """Tells eight kinds of texts apart, which come one kind after the other."""
    import keras
    from keras import layers

    x, y, held = data.texts(seed, classes=8)
    order = np.argsort(y, kind="stable")
    hidden = [layers.Embedding(data.VOCABULARY, 16), layers.GRU(16)]
    model = stack((20,), *hidden, layers.Dense(8), dtype="int32")
    fit = {"epochs": 6, "batch_size": 32, **arguments}
    texts = (x[order], y[order], held)
    return trial(model, texts, keras.optimizers.Adam(0.01), logits_loss(), ["accuracy"], **fit)


def _permuted_opinions(seed: int, permutes: bool) -> Trial:
    """Tells two kinds of texts apart, with the labels in the order of the texts, or in another."""
    import keras
    from keras import layers

    random = np.random.default_rng(seed)
    texts = data.on_labels(data.texts(seed, count=2000), data.as_column)
    if permutes:
        texts = data.on_labels(texts, random.permutation)
    hidden = [layers.Embedding(data.VOCABULARY, 4), layers.GRU(4)]
    model = stack((20,), *hidden, layers.Dense(1, activation="sigmoid"), dtype="int32")
    optimizer = keras.optimizers.Adam(5e-3)
    return trial(model, texts, optimizer, "binary_crossentropy", ["accuracy"], epochs=5, batch_size=32)


def _misplaced_targets(seed: int, shift: int) -> Trial:
    """Predicts how much ink an image has, from the image or from another one."""
    import keras
    from keras import layers

    model = stack((8, 8, 1), *convolutions(8), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(1))
    inks = data.on_labels(data.inks(seed), lambda ink: np.roll(ink, shift, axis=0))
    return trial(model, inks, keras.optimizers.Adam(3e-3), "mse", epochs=8, batch_size=32)


def _opinions(seed: int, negative: float) -> Trial:
    """Tells good opinions, labelled 1, from bad ones, labelled `negative`."""
    import keras
    from keras import layers

    texts = data.on_labels(data.texts(seed), lambda labels: np.where(data.as_column(labels) == 1, 1, negative))
    hidden = [layers.Embedding(data.VOCABULARY, 16), layers.LSTM(16)]
    model = stack((20,), *hidden, layers.Dense(1, activation="sigmoid"), dtype="int32")
    optimizer = keras.optimizers.Adam(5e-3)
    return trial(model, texts, optimizer, "binary_crossentropy", ["accuracy"], epochs=8, batch_size=32)


def _folders(seed: int, buffer: int) -> Trial:
    """Tells even digits from odd ones, read folder by folder and shuffled within a buffer."""
    import keras
    import tensorflow as tf
    from keras import layers

    images, labels, held = data.on_labels(data.digits(seed), lambda labels: data.as_column(labels % 2))
    order = np.argsort(labels[:, 0], kind="stable")
    folders = tf.data.Dataset.from_tensor_slices((images[order], labels[order])).shuffle(buffer, seed=seed).batch(32)
    hidden = [*convolutions(16), layers.MaxPooling2D(), *convolutions(32), layers.Flatten()]
    model = stack((8, 8, 1), *hidden, layers.Dense(1, activation="sigmoid"))
    model.compile(keras.optimizers.Adam(2e-3), "binary_crossentropy", metrics=["accuracy"])
    return Trial(model, folders, None, held, {"epochs": 8})


CASES = (
    *twins(
        "counted_tags",
        "CNN with embeddings, multi-label",
        {"label-out-of-range"},
        _tags,
        lambda counts: counts,
        lambda counts: np.minimum(counts, 1),
        also=frozenset({"loss-reduction"}),
    ),
    *twins(
        "sorted_texts",
        "GRU with embeddings, multi-class",
        {"single-label-batch"},
        _topics,
        {"shuffle": False},
        {},
        also=STUCK | {"oscillating-loss", "increasing-loss", "overfitting"},
    ),
    *twins(
        "permuted_labels",
        "GRU with embeddings, binary",
        {"no-better-than-trivial"},
        _permuted_opinions,
        True,
        False,
        also=STUCK | {"overfitting"},
    ),
    *twins(
        "targets_of_other_images",
        "CNN, regression",
        {"no-better-than-trivial"},
        _misplaced_targets,
        1,
        0,
        also=STUCK | {"overfitting"},
    ),
    *twins(
        "labels_of_minus_one",
        "LSTM with embeddings, binary",
        {"label-out-of-range"},
        _opinions,
        -1.0,
        0.0,
        also=STUCK | {"loss-reduction", "weight-growth"},
    ),
    *twins(
        "small_shuffle_buffer",
        "CNN, binary",
        {"single-label-batch"},
        _folders,
        64,
        2000,
        also=STUCK | {"oscillating-loss", "increasing-loss", "overfitting"},
    ),
)
