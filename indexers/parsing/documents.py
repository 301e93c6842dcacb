"""What symbols are found by: search terms with counts per field, and the words that are embedded.

Works on a batch of files at once: each identifier of the batch becomes a number, and counting and sorting numbers is
left to numpy.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from indexers.model import ParsedFile, SourceFile, Symbol
from indexers.parsing.parse import own_ranges
from indexers.terms import identifier_terms, identifier_words, split_identifiers, text_words

FIELDS = {"name": (0, 3), "signature": (2, 7), "doc": (5, 15), "body": (9, 127)}
"""Each field's place in a term's packed 16-bit counts: (shift, largest count kept)."""

EMBEDDED_WORDS = 96
"""Words of a symbol that are embedded: all of name, signature and doc, then the body's distinct words."""

_PATH_FOLDERS = 3

_BODY = list(FIELDS).index("body")
_SHIFTS = np.array([shift for shift, _ in FIELDS.values()], np.uint16)
_LARGEST = np.array([largest for _, largest in FIELDS.values()], np.int64)
_MEMBER_LIMIT = 60
_MAX_IDENTIFIERS = 100_000

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Documents:
    """The searchable side of a batch's symbols, in order.

    Symbol ``i`` has the distinct hashed ``terms[offsets[i]:offsets[i + 1]]`` with packed ``counts`` (see ``FIELDS``);
    ``texts[i]`` holds its words to embed, and ``text_keys[i]`` a 63-bit hash of them.
    """

    offsets: Ints
    terms: NDArray[np.uint32]
    counts: NDArray[np.uint16]
    texts: list[str]
    text_keys: list[int]


class _Identifiers(dict[bytes, int]):
    """Identifiers by number, each with its terms and words laid out in flat arrays; grows as it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.terms, self.term_starts = array("I"), array("q", [0])
        self.word_ids, self.word_starts = array("I"), array("q", [0])
        self.words: list[str] = []
        self._numbers: dict[str, int] = {}

    def __missing__(self, identifier: bytes) -> int:
        number = self[identifier] = len(self)
        self.terms.extend(identifier_terms(identifier))
        self.term_starts.append(len(self.terms))
        for word in identifier_words(identifier):
            known = self._numbers.setdefault(word, len(self.words))
            if known == len(self.words):
                self.words.append(word)
            self.word_ids.append(known)
        self.word_starts.append(len(self.word_ids))
        return number


_identifiers = _Identifiers()


def build_documents(files: Iterable[tuple[SourceFile, ParsedFile]]) -> Documents:
    """One document per symbol of every file: its own text without that of the symbols inside it, plus their names."""
    global _identifiers
    if len(_identifiers) > _MAX_IDENTIFIERS:
        _identifiers = _Identifiers()
    known = _identifiers
    runs: list[list[bytes]] = []
    owners: list[int] = []
    fields: list[int] = []
    size = 0
    for source, parsed in files:
        for symbol, bodies in zip(parsed.symbols, _body_runs(source, parsed), strict=True):
            head = _head_runs(symbol)
            runs += head
            runs += bodies
            owners += [size] * (len(head) + len(bodies))
            fields += [*range(len(head)), *([_BODY] * len(bodies))]
            size += 1
    lengths = np.fromiter(map(len, runs), np.int64, len(runs))
    numbers = np.fromiter(map(known.__getitem__, chain.from_iterable(runs)), np.int64, int(lengths.sum()))
    owner = np.repeat(np.array(owners, np.int64), lengths)
    field = np.repeat(np.array(fields, np.int64), lengths)
    offsets, terms, counts = _count_terms(known, numbers, owner, field, size)
    texts = _embedded_texts(known, numbers, owner, field, size)
    keys = [int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1 for text in texts]
    return Documents(offsets, terms, counts, texts, keys)


def path_text(path: str) -> str:
    """The words of a path to embed: its last folders, then the file's stem."""
    *folders, name = path.split("/")
    return " ".join(text_words(" ".join([*folders[-_PATH_FOLDERS:], name.split(".")[0] or name])))


def _body_runs(source: SourceFile, parsed: ParsedFile) -> list[list[list[bytes]]]:
    """For each symbol its runs of identifiers: its own text, then its members' names."""
    bodies: list[list[list[bytes]]] = [[] for _ in parsed.symbols]
    for start, end, owner in own_ranges(parsed.symbols):
        bodies[owner].append(split_identifiers(source.data[start:end]))
    members: list[list[bytes]] = [[] for _ in parsed.symbols]
    for symbol in parsed.symbols:
        if symbol.parent >= 0 and symbol.kind != "window" and len(members[symbol.parent]) < _MEMBER_LIMIT:
            members[symbol.parent] += split_identifiers(symbol.name.encode())
    return [[*body, names] if names else body for body, names in zip(bodies, members, strict=True)]


def _head_runs(symbol: Symbol) -> list[list[bytes]]:
    """Name, signature and doc, in the order of ``FIELDS``."""
    name = "" if symbol.kind == "window" else symbol.qualified_name
    return [split_identifiers(text.encode()) for text in (name, symbol.signature, symbol.doc)]


def _expand(numbers: Ints, starts: array[int], values: array[int]) -> tuple[Ints, Ints]:
    """Each number's values: (place of the number, value), in order."""
    edges, flat = np.array(starts, np.int64), np.array(values, np.int64)
    counts = edges[numbers + 1] - edges[numbers]
    place = np.repeat(np.arange(len(numbers)), counts)
    within = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
    return place, flat[edges[numbers][place] + within]


def _count_terms(
    known: _Identifiers, numbers: Ints, owner: Ints, field: Ints, size: int
) -> tuple[Ints, NDArray[np.uint32], NDArray[np.uint16]]:
    place, term = _expand(numbers, known.term_starts, known.terms)
    key = np.sort((owner[place] << 34) | (term << 2) | field[place])
    first = _run_starts(key)
    counts = np.diff(np.append(first, len(key)))
    key = key[first]
    kind = key & 3
    packed = np.minimum(counts, _LARGEST[kind]).astype(np.uint16) << _SHIFTS[kind]
    pair = key >> 2
    first = _run_starts(pair)
    totals = np.bitwise_or.reduceat(packed, first) if len(first) else packed
    offsets = np.searchsorted(pair[first] >> 32, np.arange(size + 1))
    return offsets.astype(np.int64), (pair[first] & 0xFFFFFFFF).astype(np.uint32), totals


def _run_starts(values: Ints) -> Ints:
    """Where runs of equal values begin."""
    if not len(values):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))


def _embedded_texts(known: _Identifiers, numbers: Ints, owner: Ints, field: Ints, size: int) -> list[str]:
    place, word = _expand(numbers, known.word_starts, known.word_ids)
    owners = owner[place]
    is_body = field[place] == _BODY
    _, first = np.unique((owners << 32) | word, return_index=True)
    is_first = np.zeros(len(word), bool)
    is_first[first] = True
    long_enough = np.fromiter((len(text) > 1 for text in known.words), bool, len(known.words))[word]
    kept = np.flatnonzero(~is_body | (is_first & long_enough))
    edges = np.searchsorted(owners[kept], np.arange(size + 1)).tolist()
    chosen = word[kept].tolist()
    words: Sequence[str] = known.words
    return [
        " ".join([words[number] for number in chosen[start : min(end, start + EMBEDDED_WORDS)]])
        for start, end in pairwise(edges)
    ]
