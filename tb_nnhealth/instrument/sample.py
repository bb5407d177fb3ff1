"""The packed form of a sample: all its tables in one flat float32 vector, and back."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tb_nnhealth.records import BatchTensor, FloatArray


@dataclass(frozen=True)
class Layout:
    """Rows and columns of each table of a sample, in the order in which they are packed.

    `layer_rows` are the rows of the activations table that belong to each layer, `units` how many
    units each of those rows has, `inputs` the rows whose outputs each of them takes as they are,
    `tensors` those of the batch, with the predictions.
    """

    rows: Mapping[str, tuple[str, ...]]
    columns: Mapping[str, tuple[str, ...]]
    layer_rows: Mapping[str, tuple[str, ...]]
    units: Mapping[str, int]
    inputs: Mapping[str, tuple[str, ...]]
    tensors: tuple[BatchTensor, ...]

    @property
    def output_rows(self) -> frozenset[str]:
        """The rows that are the model's outputs."""
        return frozenset(tensor.row for tensor in self.tensors if tensor.stage == "prediction" and tensor.row)

    def shape(self, table: str) -> tuple[int, int]:
        return len(self.rows[table]), len(self.columns[table])

    @property
    def size(self) -> int:
        return sum(rows * columns for rows, columns in map(self.shape, self.rows))

    def unpack(self, flat: FloatArray) -> dict[str, FloatArray]:
        """Returns the tables, float32 `[rows, columns]` each, of a packed sample `[size]`."""
        tables, start = {}, 0
        for table in self.rows:
            shape = self.shape(table)
            stop = start + shape[0] * shape[1]
            tables[table] = np.array(flat[start:stop], np.float32).reshape(shape)
            start = stop
        return tables
