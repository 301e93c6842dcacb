"""Embeddings as they are kept: int8 with one scale a vector, a quarter of float32's space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from memory_server.store.pieces import in_one_piece


@dataclass(frozen=True, slots=True)
class QuantisedVectors:
    """``values`` int8 of shape (n, dimensions) times ``scales`` float32 of shape (n,)."""

    values: NDArray[np.int8]
    scales: NDArray[np.float32]

    @classmethod
    def empty(cls, count: int, dimensions: int) -> QuantisedVectors:
        """Zero vectors, to be filled."""
        return cls(np.zeros((count, dimensions), np.int8), np.ones(count, np.float32))

    @classmethod
    def quantise(cls, matrix: NDArray[np.float32]) -> QuantisedVectors:
        """The nearest int8 form: at most half of 1/127 of a vector's largest component off in each."""
        largest = np.abs(matrix).max(axis=1, initial=0.0)
        scales = (np.where(largest > 0, largest, 1.0) / 127.0).astype(np.float32)
        return cls(np.rint(matrix / scales[:, None]).astype(np.int8), scales)

    @classmethod
    def from_table(cls, table: pa.Table, dimensions: int) -> QuantisedVectors:
        """The vectors of a table's rows."""
        vectors, scales = in_one_piece(table["vector"]), in_one_piece(table["scale"])
        return cls(vectors.flatten().to_numpy().reshape(len(table), dimensions), scales.to_numpy())

    def take(self, places: NDArray[np.int64]) -> QuantisedVectors:
        """The vectors at some places."""
        return QuantisedVectors(self.values[places], self.scales[places])

    def put(self, places: NDArray[np.int64], others: QuantisedVectors) -> None:
        """Overwrite the vectors at some places."""
        self.values[places], self.scales[places] = others.values, others.scales

    def add_to(self, table: pa.Table) -> pa.Table:
        """A table with these as its last columns."""
        column = pa.FixedSizeListArray.from_arrays(pa.array(self.values.ravel()), self.values.shape[1])
        return table.append_column("vector", column).append_column("scale", pa.array(self.scales))
