"""Pairs as numbers: a vocabulary of words by how many texts they occur in, and the pairs' token ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

UNKNOWN = "[UNK]"
_LONGEST_WORD = 24
_LONGEST_NUMBER = 4
_LEAST = (2, 4)
"""Known words that a pair's query and document need."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words by id, the unknown one first, and the share of texts that each occurs in."""

    words: tuple[str, ...]
    shares: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Texts:
    """Token ids of texts: text ``i`` has ``ids[starts[i]:starts[i + 1]]``; unknown words are left out."""

    ids: NDArray[np.int32]
    starts: Ints

    def __len__(self) -> int:
        return len(self.starts) - 1

    def take(self, rows: Ints) -> tuple[NDArray[np.int32], Ints]:
        """The ids of some texts, one after the other, and where each begins."""
        counts = self.starts[rows + 1] - self.starts[rows]
        starts = np.cumsum(counts) - counts
        place = np.repeat(self.starts[rows] - starts, counts) + np.arange(int(counts.sum()))
        return self.ids[place], starts


@dataclass(frozen=True, slots=True)
class Dataset:
    """Encoded pairs, and of each pair the number of its repository and kind."""

    queries: Texts
    documents: Texts
    paths: Texts
    repositories: NDArray[np.int32]
    kinds: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.repositories)


def count_words(files: Iterable[Path]) -> tuple[Counter[str], int]:
    """In how many documents and queries each word occurs, and how many there are."""
    counts: Counter[str] = Counter()
    total = 0
    for file in files:
        table = pq.read_table(file, columns=["query", "document"])
        for column in table.columns:
            for text in column.to_pylist():
                counts.update(set(text.split()))
                total += 1
    return counts, total


def build_vocabulary(counts: Counter[str], total: int, size: int) -> Vocabulary:
    """The ``size`` words that most texts have; of equals, by spelling."""
    usable = (item for item in counts.items() if _is_usable(item[0]))
    ranked = sorted(usable, key=lambda item: (-item[1], item[0]))[: size - 1]
    shares = np.array([1.0, *(count / total for _, count in ranked)])
    return Vocabulary((UNKNOWN, *(word for word, _ in ranked)), shares)


def _is_usable(word: str) -> bool:
    return len(word) <= (_LONGEST_NUMBER if word.isdigit() else _LONGEST_WORD)


def encode_pairs(files: Sequence[Path], vocabulary: Vocabulary, kinds: Sequence[str]) -> Dataset:
    """The pairs of every file, in order."""
    ids = {word: place for place, word in enumerate(vocabulary.words)}
    encoded = [_encode_file(file, ids, kinds) for file in files]
    columns = [_flatten([row for each in encoded for row in each[column]]) for column in range(3)]
    repositories = np.repeat(np.arange(len(files), dtype=np.int32), [len(each[3]) for each in encoded])
    return Dataset(
        columns[0], columns[1], columns[2], repositories, np.concatenate([each[3] for each in encoded])
    )


_Rows = list[NDArray[np.int32]]


def _encode_file(
    file: Path, ids: dict[str, int], kinds: Sequence[str]
) -> tuple[_Rows, _Rows, _Rows, NDArray[np.int32]]:
    """Queries, documents, paths and kinds of the pairs that have known words on both sides."""
    table = pq.read_table(file)
    numbers = np.array([kinds.index(kind) for kind in table["kind"].to_pylist()], np.int32)
    queries, documents, paths = (
        [_encode_text(text, ids) for text in table[name].to_pylist()]
        for name in ("query", "document", "path")
    )
    kept = [i for i in range(len(numbers)) if len(queries[i]) >= _LEAST[0] and len(documents[i]) >= _LEAST[1]]
    rows = [[column[i] for i in kept] for column in (queries, documents, paths)]
    return rows[0], rows[1], rows[2], numbers[kept]


def _encode_text(text: str, ids: dict[str, int]) -> NDArray[np.int32]:
    return np.array([number for word in text.split() if (number := ids.get(word))], np.int32)


def _flatten(rows: _Rows) -> Texts:
    return Texts(np.concatenate([np.zeros(0, np.int32), *rows]), np.cumsum([0, *map(len, rows)]))


def iterate_batches(data: Dataset, size: int, grouped: int, generator: np.random.Generator) -> Iterator[Ints]:
    """Yield the rows of an epoch's batches: ``grouped`` of each from one repository (or two), the rest mixed."""
    order = generator.permutation(len(data))
    share = len(data) * grouped // size
    near = order[:share]
    near = near[np.argsort(data.repositories[near], kind="stable")]
    runs = (
        [near[first : first + grouped] for first in range(0, len(near) - grouped + 1, grouped)]
        if grouped
        else []
    )
    far = order[share:]
    count = len(far) // (size - grouped)
    for place, run in enumerate(generator.permutation(len(runs))[:count] if grouped else range(count)):
        others = far[place * (size - grouped) : (place + 1) * (size - grouped)]
        yield np.concatenate([runs[run], others]) if grouped else others
