"""A batch that a step leaves behind, for what is computed of it beside the training."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tb_nnhealth.instrument.variables import made_beside

MOST_BYTES = 64 * 2**20
"""The largest batch that is kept."""


@dataclass(frozen=True)
class KeptBatch:
    """A kept batch: its structure, with None in each leaf's place, and each leaf's buffer, None where it is None."""

    structure: Any
    buffers: tuple[tf.Variable | None, ...]

    def examples(self) -> int:
        return next(int(tf.shape(buffer.value())[0]) for buffer in self.buffers if buffer is not None)

    def read(self) -> Any:
        values = [None if buffer is None else buffer.read_value() for buffer in self.buffers]
        return tf.nest.pack_sequence_as(self.structure, values)

    def fits(self, structure: Any, leaves: list[Any]) -> bool:
        return self.structure == structure and all(map(_holds, self.buffers, leaves))


def keep(batch: KeptBatch | None, data: Any, examples: int | None = None) -> KeptBatch | None:
    """Keeps the batch of a step, in the graph of the step; one that is too large is kept empty.

    Args:
      batch: what keeps those before it, None where there was none.
      data: the batch.
      examples: how many of its first examples are kept, None for all.

    Returns:
      What keeps it: `batch`, or a new one where `data` is of another form; `batch` where `data` cannot be kept.
    """
    leaves = [_first(leaf, examples) for leaf in tf.nest.flatten(data)]
    tensors = [leaf for leaf in leaves if leaf is not None]
    if not tensors or not all(map(_is_batched, tensors)):
        return batch
    structure = tf.nest.map_structure(lambda leaf: None, data)
    if batch is None or not batch.fits(structure, leaves):
        batch = KeptBatch(structure, tuple(None if leaf is None else _buffer(leaf) for leaf in leaves))
    size = tf.add_n([tf.size(tensor, tf.int64) * max(1, tensor.dtype.size) for tensor in tensors])
    stop = tf.where(size <= MOST_BYTES, tf.int32.max, 0)
    for leaf, buffer in zip(leaves, batch.buffers, strict=True):
        if buffer is not None:
            buffer.assign(leaf[:stop])
    return batch


def _first(leaf: Any, examples: int | None) -> Any:
    return leaf if examples is None or not _is_batched(leaf) else leaf[:examples]


def _is_batched(leaf: Any) -> bool:
    return isinstance(leaf, tf.Tensor) and bool(leaf.shape.rank)


def _buffer(leaf: tf.Tensor) -> tf.Variable:
    shape = _of_any_length(leaf)
    none = [length or 0 for length in shape]
    return made_beside(lambda: tf.zeros(none, leaf.dtype), "nnhealth_batch", shape)


def _of_any_length(leaf: tf.Tensor) -> tf.TensorShape:
    return tf.TensorShape([None, *leaf.shape[1:]])


def _holds(buffer: tf.Variable | None, leaf: Any) -> bool:
    if buffer is None or leaf is None:
        return buffer is leaf
    return bool(buffer.dtype == leaf.dtype and buffer.shape == _of_any_length(leaf))
