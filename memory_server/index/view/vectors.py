"""What searches compare a question's vector with: every symbol's leading dimensions, and a vector for each file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from memory_server.store.heap import release_unused
from memory_server.store.quantised import QuantisedVectors

COARSE_DIMENSIONS = 64
"""Leading dimensions that every symbol is compared in: a quarter of the memory traffic, which is what a query costs."""

PATH_SHARE = 0.6
"""What a path says of its file beside the mean of its symbols; from 0.3 to 1 the development split is flat."""

_BLOCK = 8_192
"""Vectors made floats at once: 8 MB of them."""


def take_leading(vectors: QuantisedVectors) -> NDArray[np.float32]:
    """The leading dimensions as floats, at most ``COARSE_DIMENSIONS``."""
    width = min(vectors.values.shape[1], COARSE_DIMENSIONS)
    return vectors.values[:, :width].astype(np.float32) * vectors.scales[:, None]


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
    release_unused()  # the last thing that a view derives for its first search: making them took twice as much
    return sums
