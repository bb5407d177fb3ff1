"""Mistakes in how examples are read: their batches, their words, what stands for nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.faults import data
from tests.faults.building import convolutions, dense, logits_loss, stack, trial
from tests.faults.case import Trial
from tests.faults.twins import STUCK, THROWN, twins


def _same_batch(seed: int, advances: bool) -> Trial:
    """Reads batches by their number, or forgets the number."""
    import keras
    from keras import layers

    images, labels, held = data.digits(seed)

    class Batches(keras.utils.PyDataset):
        def __len__(self) -> int:
            return len(images) // 32

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            start = index * 32 if advances else 0
            return images[start : start + 32], labels[start : start + 32]

    model = stack((8, 8, 1), *convolutions(16), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10))
    model.compile(keras.optimizers.Adam(1e-3), logits_loss(), metrics=["accuracy"])
    return Trial(model, Batches(), None, held, {"epochs": 6})


def _vocabulary(seed: int, prepare: Callable[[np.ndarray], np.ndarray]) -> Trial:
    """Looks words up in a vocabulary, where 1 stands for a word that is not there."""
    import keras
    from keras import layers

    hidden = [layers.Embedding(data.VOCABULARY, 16), layers.GRU(16)]
    texts = data.on_inputs(data.texts(seed, classes=4), prepare)
    model = stack((20,), *hidden, layers.Dense(4), dtype="int32")
    return trial(model, texts, keras.optimizers.Adam(0.01), logits_loss(), ["accuracy"], epochs=8, batch_size=32)


def _attended(seed: int, sees_words: bool) -> Trial:
    """Averages the words of a text by learnt weights: those that its mask lets through, or the padding."""
    import keras
    from keras import layers, ops

    def padded(x: np.ndarray) -> np.ndarray:
        words = 8 + np.arange(len(x)) % 11
        return np.where(np.arange(x.shape[1]) < words[:, None], x, 0)

    inputs = keras.Input((20,), dtype="int32")
    words = layers.Embedding(data.VOCABULARY, 16)(inputs)
    shown = ops.cast(ops.not_equal(inputs, 0) if sees_words else ops.equal(inputs, 0), "float32")
    scores = layers.Flatten()(layers.Dense(1)(words)) - 1e4 * (1 - shown)
    pooled = layers.Dot(1)([layers.Softmax()(scores), words])
    model = keras.Model(inputs, layers.Dense(4)(layers.Dense(16, activation="relu")(pooled)))
    texts = data.on_inputs(data.texts(seed, classes=4), padded)
    return trial(model, texts, keras.optimizers.Adam(0.01), logits_loss(), ["accuracy"], epochs=8, batch_size=32)


def _long_texts(seed: int, prepare: Callable[[Any], Any]) -> data.Data:
    """Returns how often each word comes in long texts; the commonest come a hundred times as often as the rest."""

    def counted(x: np.ndarray) -> np.ndarray:
        return prepare(np.stack([np.bincount(text, minlength=data.VOCABULARY) for text in x]).astype("float32"))

    return data.on_inputs(data.texts(seed, classes=4, hints=12, length=300), counted)


def _word_counts(seed: int, prepare: Callable[[Any], Any]) -> Trial:
    """Classifies long texts."""
    import keras
    from keras import layers

    model = stack((data.VOCABULARY,), *dense(32), layers.Dense(4))
    long = _long_texts(seed, prepare)
    return trial(model, long, keras.optimizers.SGD(0.05), logits_loss(), ["accuracy"], epochs=20, batch_size=32)


def _padded(seed: int, masks: bool) -> Trial:
    """Reads short texts, padded to the length of the longest; the padding is masked or is read as words."""
    import keras
    from keras import layers

    texts = data.on_inputs(data.texts(seed), lambda x: np.pad(x, ((0, 0), (0, 80))))
    texts = data.on_labels(texts, data.as_column)
    hidden = [layers.Embedding(data.VOCABULARY, 16, mask_zero=masks), layers.LSTM(16)]
    model = stack((100,), *hidden, layers.Dense(1, activation="sigmoid"), dtype="int32")
    optimizer, loss = keras.optimizers.Adam(5e-3), "binary_crossentropy"
    return trial(model, texts, optimizer, loss, ["accuracy"], epochs=8, batch_size=32)


def _word_count_tags(seed: int, prepare: Callable[[Any], Any]) -> Trial:
    """Tells which of three tags long texts bear."""
    import keras
    from keras import layers

    def tags(kinds: np.ndarray) -> np.ndarray:
        return np.stack([kinds >= 2, kinds % 2 == 1, kinds == 0], axis=1).astype("float32")

    tagged = data.on_labels(_long_texts(seed, prepare), tags)
    model = stack((data.VOCABULARY,), *dense(64, 64, 32), layers.Dense(3, activation="sigmoid"))
    optimizer, metric = keras.optimizers.SGD(0.1), keras.metrics.BinaryAccuracy()
    return trial(model, tagged, optimizer, "binary_crossentropy", [metric], epochs=15, batch_size=32)


CASES = (
    *twins(
        "same_batch",
        "CNN, multi-class",
        {"bad-input-values"},
        _same_batch,
        False,
        True,
        also=frozenset({"overfitting"}),
    ),
    *twins(
        "unknown_words",
        "GRU with embeddings, multi-class",
        {"bad-input-values", "collapsed-output"},
        _vocabulary,
        np.ones_like,
        data.as_given,
        also=STUCK,
    ),
    *twins(
        "inverted_mask",
        "attention, multi-class",
        {"collapsed-output", "no-better-than-trivial", "stalled-loss"},
        _attended,
        False,
        True,
        also=STUCK | {"missing-gradient"},
    ),
    *twins(
        "word_counts",
        "MLP on words, multi-class",
        {"non-gaussian-update", "non-gaussian-weights", "uneven-feature-scale", "unnormalized-input"},
        _word_counts,
        data.as_given,
        data.standardized,
        also=THROWN,
    ),
    *twins(
        "padding_read_as_words",
        "LSTM with embeddings, binary",
        {"collapsed-output", "no-better-than-trivial", "stalled-loss"},
        _padded,
        False,
        True,
        also=STUCK | {"vanishing-gradient"},
    ),
    *twins(
        "word_count_tags",
        "MLP on words, multi-label",
        {"non-gaussian-update", "non-gaussian-weights", "uneven-feature-scale", "unnormalized-input"},
        _word_count_tags,
        data.as_given,
        data.standardized,
        also=THROWN,
    ),
)
