"""What searches compare a question's vector with: every symbol's leading dimensions, and a vector for each file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from memory_server.store.quantised import QuantisedVectors

COARSE_DIMENSIONS = 64
"""Leading dimensions that every symbol is compared in: a quarter of the memory traffic, which is what a query costs."""

PATH_SHARE = 0.6
"""What a path says of its file beside the mean of its symbols; from 0.3 to 1 the development split is flat."""

_BLOCK = 2_048
"""Vectors made floats at once: 2 MB of them, which stay in a processor's cache."""


def take_leading(vectors: QuantisedVectors) -> QuantisedVectors:
    """The leading dimensions, at most ``COARSE_DIMENSIONS``, side by side."""
    return QuantisedVectors(np.ascontiguousarray(vectors.values[:, :COARSE_DIMENSIONS]), vectors.scales)


def multiply(vectors: QuantisedVectors, vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The product of every vector with one of as many dimensions, shape (n,); as floats, never all at once."""
    found = np.empty(len(vectors.values), np.float32)
    for start in range(0, len(found), _BLOCK):
        part = slice(start, start + _BLOCK)
        np.dot(vectors.values[part].astype(np.float32), vector, out=found[part])
    found *= vectors.scales
    return found


def sum_by_file(
    vectors: QuantisedVectors, file_of: NDArray[np.int32], files: int, paths: QuantisedVectors | None
) -> NDArray[np.float32]:
    """For each file the direction of its symbols' mean, and its path's with ``PATH_SHARE``: (files, dimensions)."""
    sums = np.zeros((files, vectors.values.shape[1]), np.float32)
    for start in range(0, len(file_of), _BLOCK):
        part = slice(start, start + _BLOCK)
        found, first = np.unique(file_of[part], return_index=True)
        sums[found] += np.add.reduceat(vectors.values[part] * vectors.scales[part, None], first)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    sums /= np.where(lengths > 0, lengths, 1)
    if paths is not None:
        sums += np.float32(PATH_SHARE) * paths.values * paths.scales[:, None]
    return sums
