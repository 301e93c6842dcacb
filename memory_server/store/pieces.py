"""Arrow columns in one piece, without a copy of those that already are."""

from __future__ import annotations

from typing import Any

import pyarrow as pa


def in_one_piece(column: Any) -> Any:  # noqa: ANN401 - Arrow is not typed
    """A column as one array: itself where it has one chunk, which ``combine_chunks`` would copy."""
    if isinstance(column, pa.ChunkedArray):
        return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return column
