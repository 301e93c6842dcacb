"""Texts of a view as Arrow holds them: decoded one by one when they are asked for, never all at once."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from memory_server.store.pieces import in_one_piece

_BLOCK = 65_536
"""Texts decoded at once by those who go through all of them."""


class Texts(Sequence[str]):
    """A column of texts."""

    __slots__ = ("column",)

    def __init__(self, column: Any) -> None:  # noqa: ANN401 - Arrow is not typed
        self.column = in_one_piece(column)

    def __len__(self) -> int:
        return len(self.column)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        found: str | list[str] = (
            self.column[place].to_pylist() if isinstance(place, slice) else self.column[int(place)].as_py()
        )
        return found

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), _BLOCK):
            yield from self.column.slice(start, _BLOCK).to_pylist()

    def are_in(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Whether each is one of some texts, shape (n,)."""
        found: NDArray[np.bool_] = pc.is_in(self.column, pa.array(texts, pa.string())).to_numpy(
            zero_copy_only=False
        )
        return found


class Labels(Sequence[str]):
    """A column of texts of which few differ: a code for each, looked up as fast as in a list."""

    __slots__ = ("_codes", "_distinct")

    def __init__(self, column: Any) -> None:  # noqa: ANN401 - Arrow is not typed
        encoded = in_one_piece(column).dictionary_encode()
        self._codes: NDArray[np.int32] = encoded.indices.to_numpy()
        self._distinct: list[str] = encoded.dictionary.to_pylist()

    def __len__(self) -> int:
        return len(self._codes)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        codes = self._codes[place]
        return [self._distinct[code] for code in codes] if isinstance(place, slice) else self._distinct[codes]

    def are_in(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Whether each is one of some texts, shape (n,)."""
        return np.array([text in texts for text in self._distinct], bool)[self._codes]


@dataclass(frozen=True, slots=True)
class NameIndex(Mapping[str, list[int]]):
    """Symbols by lowercased name, names in order: name ``i`` has ``symbols[starts[i]:starts[i + 1]]``."""

    lowered: Texts
    starts: NDArray[np.int64]
    symbols: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.lowered)

    def __iter__(self) -> Iterator[str]:
        return iter(self.lowered)

    def __getitem__(self, name: str) -> list[int]:
        place = bisect_left(self.lowered, name)
        if place == len(self.lowered) or self.lowered[place] != name:
            raise KeyError(name)
        found: list[int] = self.symbols[self.starts[place] : self.starts[place + 1]].tolist()
        return found


def index_names(column: Any, named: NDArray[np.bool_]) -> NameIndex:  # noqa: ANN401 - Arrow is not typed
    """Index the names of a column where they are ``named``; an empty name is none."""
    encoded = in_one_piece(column).dictionary_encode()
    texts = [text.lower() for text in encoded.dictionary.to_pylist()]
    lowered = sorted({text for text in texts if text})
    place_of = {text: place for place, text in enumerate(lowered)}
    places = np.array([place_of.get(text, -1) for text in texts], np.int64)
    names = places[encoded.indices.to_numpy()] if len(texts) else np.zeros(0, np.int64)
    symbols = np.flatnonzero(named & (names >= 0))
    symbols = symbols[np.argsort(names[symbols], kind="stable")]
    present, starts = np.unique(names[symbols], return_index=True)
    kept = pa.array(lowered, pa.string()).take(pa.array(present))
    return NameIndex(Texts(kept), np.append(starts, len(symbols)).astype(np.int64), symbols.astype(np.int32))
