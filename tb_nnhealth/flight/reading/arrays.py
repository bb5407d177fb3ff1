"""Structures of arrays with a leading axis of examples, of whatever library: what is in them, in NumPy."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

Parts = tuple[Any, Any, Any]
"""Inputs, targets and sample weights; the latter two None where there are none."""

NAMES = ("x", "y", "sample_weight")


class SampleError(ValueError):
    """Says in a sentence why data are none that `fit` takes."""


def unpacked(data: Any, model: Any) -> Parts:
    """Returns inputs, targets and sample weights of `x`, `(x, y)` or `(x, y, sample_weight)`.

    Args:
      data: the data. A list is a batch as a tuple is, but where a model has as many inputs.
      model: the model that takes the data; None for batches.

    Raises:
      SampleError: says why it is none of these.
    """
    inputs = getattr(model, "inputs", None) or ()
    if isinstance(data, list) and model is not None and len(data) == len(inputs):
        data = (data,)
    if isinstance(data, (tuple, list)) and not 1 <= len(data) <= 3:
        raise SampleError(f"Expected x, (x, y) or (x, y, sample_weight). Received: {len(data)} elements.")
    x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
    return tuple(keras.tree.map_structure(_array, _frames(part)) for part in (x, y, weights))


def length(parts: Parts) -> int:
    """Returns how many examples are whole: as many as the shortest array has.

    Raises:
      SampleError: these are no arrays of examples.
    """
    for name, part in zip(NAMES, parts, strict=True):
        for leaf in _leaves(part):
            _check_leaf(name, leaf)
    if not _leaves(parts[0]):
        raise SampleError("Expected inputs. Received: none.")
    return min(number for numbers in _lengths(parts).values() for number in numbers)


def unequal(parts: Parts) -> str:
    """Returns the lengths of the arrays for a message where they are not the same; else an empty text."""
    lengths = _lengths(parts)
    if len({number for numbers in lengths.values() for number in numbers}) == 1:
        return ""
    return ", ".join(f"{' and '.join(map(str, numbers))} in {name}" for name, numbers in lengths.items())


def texts(parts: Parts) -> str:
    """Returns a sentence where there are texts in a form that `fit` refuses; else an empty text."""
    given = [
        name for name, part in zip(NAMES, parts, strict=True) if any(_is_array_of_texts(leaf) for leaf in _leaves(part))
    ]
    if not given:
        return ""
    return (
        "Expected numbers, or texts as tensors, which tf.constant makes: fit takes no NumPy array of texts. "
        f"Received: one in {' and '.join(given)}."
    )


def rows(structure: Any, indices: np.ndarray[Any, Any]) -> Any:
    """Returns some examples of a structure of arrays, in NumPy."""
    return keras.tree.map_structure(lambda leaf: None if leaf is None else _rows(leaf, indices), structure)


def bytes_of_one(parts: Parts) -> int:
    """Returns the bytes of an example, of strings those of their references."""
    leaves = [leaf for part in parts for leaf in _leaves(part)]
    return sum(int(np.prod(_shape(leaf)[1:])) * _item_bytes(leaf) for leaf in leaves)


def dense(parts: Parts) -> Parts:
    """Returns all of each array in NumPy; what is ragged or sparse is filled up with zeros."""
    x, y, weights = keras.tree.map_structure(
        lambda leaf: None if leaf is None else _rows(leaf, np.arange(_shape(leaf)[0])), parts
    )
    return x, y, weights


def filled_up(parts: Parts) -> list[str]:
    """Returns sentences on what is filled up."""
    leaves = [leaf for part in parts for leaf in _leaves(part)]
    kinds = {
        "Ragged": any(isinstance(leaf, tf.RaggedTensor) for leaf in leaves),
        "Sparse": any(isinstance(leaf, tf.SparseTensor) or hasattr(leaf, "toarray") for leaf in leaves),
    }
    return [f"{kind} tensors are filled up with zeros in the sample." for kind, is_there in kinds.items() if is_there]


def are_alike(one: Parts, other: Parts) -> bool:
    """Returns whether two batches can be joined."""
    try:
        keras.tree.assert_same_structure(one, other)
    except (TypeError, ValueError):
        return False
    pairs = zip(keras.tree.flatten(one), keras.tree.flatten(other), strict=True)
    return all(a is b if a is None or b is None else a.shape[1:] == b.shape[1:] for a, b in pairs)


def joined(taken: Sequence[Parts]) -> Parts:
    """Returns batches that are alike as one."""
    return tuple(_joined([parts[index] for parts in taken]) for index in range(3))


def joined_targets(taken: Sequence[Any], most: int) -> Any:
    """Returns the first targets of batches as one; None where there are none, or they cannot be joined."""
    alike = [targets for targets in taken if are_alike((None, targets, None), (None, taken[0], None))]
    if not taken or len(alike) < len(taken):
        return None
    return keras.tree.map_structure(lambda leaf: None if leaf is None else leaf[:most], _joined(alike))


def shapes_told(structure: Any) -> str:
    """Returns the shapes of a structure of arrays for a message."""
    return ", ".join(str(tuple(leaf.shape)) for leaf in _leaves(structure))


def check_is_batch(x: Any, model: Any) -> None:
    """Raises where what should be a batch is a single example.

    Raises:
      SampleError: says what to do.
    """
    leaves, inputs = _leaves(x), getattr(model, "inputs", None) or ()
    expected = [tuple(tensor.shape) for tensor in inputs]
    missing = sum(map(len, expected)) - sum(len(leaf.shape) for leaf in leaves)
    # Keras itself adds an axis of one feature.
    is_single = len(leaves) == len(expected) == missing and any(shape[-1] != 1 for shape in expected)
    if is_single:
        raise SampleError(
            f"Expected batches of shape {', '.join(map(str, expected))}, as of dataset.batch(32). "
            f"Received: {shapes_told(x)}, which looks like a single example."
        )


def _lengths(parts: Parts) -> dict[str, list[int]]:
    """Returns the lengths of the arrays of each part that has any."""
    leaves = {name: _leaves(part) for name, part in zip(NAMES, parts, strict=True)}
    return {name: sorted({_shape(leaf)[0] for leaf in found}) for name, found in leaves.items() if found}


def _frames(structure: Any) -> Any:
    """Returns a structure with the data frames and series of pandas in it as arrays."""
    return keras.tree.map_structure(lambda leaf: leaf.to_numpy() if hasattr(leaf, "to_numpy") else leaf, structure)


def _array(leaf: Any) -> Any:
    """Returns a leaf as it is where it has examples, else as an array."""
    if leaf is None or hasattr(leaf, "shape"):
        return leaf
    if isinstance(leaf, (bool, int, float, complex)):
        return np.asarray(leaf)
    if isinstance(leaf, (str, bytes)):
        raise SampleError(f"Expected arrays. Received: the text {leaf[:60]!r}.")
    raise SampleError(f"Expected arrays. Received: {type(leaf).__name__}.")


def _check_leaf(name: str, leaf: Any) -> None:
    if not len(leaf.shape):
        raise SampleError(
            f"Expected arrays with a leading axis of examples in {name}, as of dataset.batch(32). "
            "Received: a single value."
        )
    if isinstance(leaf, np.ndarray) and leaf.dtype.hasobject and not _are_strings(leaf):
        kinds = ", ".join(sorted({type(one).__name__ for one in leaf[:100].flat}))
        raise SampleError(
            f"Expected an array of numbers or strings in {name}, all examples of the same shape. "
            f"Received: an array of objects ({kinds})."
        )


def _are_strings(leaf: Any) -> bool:
    return all(isinstance(one, (str, bytes)) for one in leaf[:100].flat)


def _is_array_of_texts(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray) and leaf.dtype.kind in "OSU"


def _rows(leaf: Any, indices: np.ndarray[Any, Any]) -> Any:
    if isinstance(leaf, (tf.Tensor, tf.Variable)):
        return tf.gather(leaf, indices).numpy()
    if isinstance(leaf, tf.RaggedTensor):
        return tf.gather(leaf, indices).to_tensor().numpy()
    if isinstance(leaf, tf.SparseTensor):
        return tf.sparse.to_dense(tf.sparse.reorder(leaf)).numpy()[indices]
    if hasattr(leaf, "toarray"):  # SciPy's
        return leaf.tocsr()[indices].toarray()
    found = leaf[indices]
    if hasattr(found, "detach"):  # PyTorch's
        found = found.detach().cpu().numpy()
    return np.asarray(found)


def _joined(structures: Sequence[Any]) -> Any:
    return keras.tree.map_structure(
        lambda *leaves: None if leaves[0] is None else np.concatenate(leaves), structures[0], *structures[1:]
    )


def _leaves(structure: Any) -> list[Any]:
    return [leaf for leaf in keras.tree.flatten(structure) if leaf is not None]


def _shape(leaf: Any) -> tuple[int, ...]:
    """Returns a shape; of ragged tensors one that holds all rows."""
    shape = leaf.bounding_shape().numpy() if isinstance(leaf, tf.RaggedTensor) else leaf.shape
    return tuple(int(length) for length in shape)


def _item_bytes(leaf: Any) -> int:
    size = getattr(leaf.dtype, "itemsize", None) or getattr(leaf.dtype, "size", None)
    return int(size or 8)
