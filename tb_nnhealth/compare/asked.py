"""What `compare_models` was asked: whether it can be, and the batch as models take it."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tb_nnhealth.compare.record import Record
from tb_nnhealth.compare.work import Work
from tb_nnhealth.numbers import whole
from tb_nnhealth.telling import told


def check(ours: Any, reference: Any, weights: str, given: Any) -> None:
    """Raises where models or options are of another kind.

    Raises:
      ValueError: says which.
    """
    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(f"Keras should run on TensorFlow. Received: KERAS_BACKEND={keras.backend.backend()}.")
    if not isinstance(ours, keras.Model):
        raise ValueError(f"`ours` should be a Keras model. Received: {type(ours).__name__}.")
    if not isinstance(reference, (keras.Model, str, os.PathLike, Mapping, np.lib.npyio.NpzFile)):
        kinds = "a Keras model, arrays by name, or the path of an .npz file"
        raise ValueError(f"`reference` should be {kinds}. Received: {type(reference).__name__}.")
    for name, model in (("ours", ours), ("reference", reference)):
        if isinstance(model, keras.Model) and not model.built:
            raise ValueError(
                f"`{name}` should be a built model, which has its weights: call it on a batch. "
                f"Received: {model.name!r}, which has none yet."
            )
    if weights not in ("as_is", "copy"):
        raise ValueError(f"`weights` should be 'as_is' or 'copy'. Received: {weights!r}.")
    if given is not None and not isinstance(given, Mapping):
        raise ValueError(f"`map` should be names of ours with the reference's. Received: {type(given).__name__}.")


def work_of(ours: Any, reference: Any, batch: Any, training: bool) -> Work:
    """Returns the batch as models take it, and whose loss is taken.

    Raises:
      ValueError: the batch holds no arrays of the same number of examples, or there is no loss for its targets.
    """
    if isinstance(batch, tuple) and not 1 <= len(batch) <= 3:
        kinds = "x, (x, y) or (x, y, sample_weight)"
        raise ValueError(f"`batch` should be {kinds}; several inputs stand in a list. Received: {len(batch)} parts.")
    parts = list(batch) if isinstance(batch, tuple) else [batch]
    x, y, sample_weight = (_tensors(part) for part in [*parts, None, None][:3])
    sizes = {
        int(leaf.shape[0]) if leaf.shape.rank else 0
        for leaf in keras.tree.flatten((x, y, sample_weight))
        if leaf is not None
    }
    if len(sizes) != 1 or 0 in sizes:
        found = " and ".join(whole(size) for size in sorted(sizes)) or "no array"
        raise ValueError(f"`batch` should hold arrays of the same number of examples, one at least. Received: {found}.")
    losses = [m for m in (ours, reference) if isinstance(m, keras.Model) and has_loss(m)]
    if y is not None and not losses:
        raise ValueError("A batch with targets expects that a model is compiled with a loss. Received: none that is.")
    return Work(x, y, sample_weight, training, losses[0] if y is not None else None)


def check_finite(work: Work, records: Sequence[Record]) -> None:
    """Raises where the batch holds NaN or infinity, and no model makes numbers of that.

    Raises:
      ValueError: says where, and how many.
    """
    if any(_is_finite(record) for record in records):
        return
    for name, part in (("x", work.x), ("y", work.y), ("sample_weight", work.sample_weight)):
        leaves = [leaf for leaf in keras.tree.flatten(part) if leaf is not None and leaf.dtype.is_floating]
        odd = sum(int(np.sum(~np.isfinite(leaf.numpy()))) for leaf in leaves)
        if odd:
            share = f"{whole(odd)} of {whole(sum(int(tf.size(leaf)) for leaf in leaves))} numbers of {name}"
            raise ValueError(
                "`batch` should hold finite numbers: of others nothing can be told apart. "
                f"Received: {share} are NaN or infinite."
            )


def _is_finite(record: Record) -> bool:
    return all(np.isfinite(v).all() for (stage, _), v in record.values.items() if stage in ("output", "loss"))


def has_loss(model: Any) -> bool:
    """Returns whether a model can tell its loss: it is compiled with one, or has a `compute_loss` of its own."""
    return model._compile_loss is not None or type(model).compute_loss is not keras.Model.compute_loss


def _tensors(part: Any) -> Any:
    """Returns arrays as `fit` hands them to a step: floats as Keras' default type."""

    def tensor(leaf: Any) -> Any:
        if leaf is None:
            return None
        if isinstance(leaf, (bool, int, float, np.number)):
            held = "a single number" if leaf is part else "a list of numbers"
            fix = "as `fit` takes them: numpy.array makes one of a list"
            raise ValueError(f"`batch` should hold arrays, {fix}. Received: {held}.")
        try:
            value = tf.convert_to_tensor(leaf)
        except (TypeError, ValueError, tf.errors.OpError) as error:
            raise ValueError(f"`batch` should hold arrays. Received: {type(leaf).__name__} ({told(error)}).") from None
        return tf.cast(value, keras.config.floatx()) if value.dtype.is_floating else value

    return keras.tree.map_structure(tensor, part, none_is_leaf=True)
