"""BM25F over hashed terms: one posting list per term, weighted by the fields it stands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexers.documents import FIELDS

K1 = 1.2
FIELD_WEIGHTS = {"name": 5.0, "signature": 1.5, "doc": 1.5, "body": 1.0, "path": 2.0}
FIELD_B = {"name": 0.3, "signature": 0.3, "doc": 0.5, "body": 0.6, "path": 0.3}
"""BM25F (Robertson and Zaragoza 2009): saturation, weight and length normalisation of each field."""


@dataclass(frozen=True, slots=True)
class LexicalIndex:
    """Postings sorted by term: ``terms[i]`` stands in ``documents[starts[i]:starts[i + 1]]`` with ``weights``."""

    size: int
    terms: NDArray[np.uint32]
    starts: NDArray[np.int64]
    documents: NDArray[np.int32]
    weights: NDArray[np.float32]

    def idf(self, term: int) -> float:
        """Robertson's inverse document frequency, never negative; 0 for a term that no document has."""
        start, end = self._range(term)
        count = end - start
        return float(np.log1p((self.size - count + 0.5) / (count + 0.5))) if count else 0.0

    def score(self, query: Mapping[int, float]) -> NDArray[np.float32]:
        """BM25F of every document, shape (size,), for terms with their weights in the query."""
        scores = np.zeros(self.size, np.float32)
        for term in sorted(query):
            start, end = self._range(term)
            if start < end:
                weight = np.float32(query[term] * self.idf(term))
                scores[self.documents[start:end]] += self.weights[start:end] * weight
        return scores

    def documents_with(self, term: int) -> NDArray[np.int32]:
        """The documents a term stands in, ascending."""
        start, end = self._range(term)
        return self.documents[start:end]

    def _range(self, term: int) -> tuple[int, int]:
        place = int(np.searchsorted(self.terms, np.uint32(term)))
        if place == len(self.terms) or self.terms[place] != term:
            return 0, 0
        return int(self.starts[place]), int(self.starts[place + 1])


def build_lexical_index(
    offsets: NDArray[np.int64],
    terms: NDArray[np.uint32],
    counts: NDArray[np.uint16],
    groups: NDArray[np.int32],
    group_terms: Sequence[Sequence[int]],
) -> LexicalIndex:
    """Build postings from documents' terms with packed counts, and each group's (a file's path) terms.

    Document ``i`` has ``terms[offsets[i]:offsets[i + 1]]`` and belongs to group ``groups[i]``.
    """
    size = len(offsets) - 1
    documents = np.repeat(np.arange(size, dtype=np.int32), np.diff(offsets))
    weight = np.zeros(len(terms), np.float32)
    for field, (shift, largest) in FIELDS.items():
        weight += _field_weight(field, (counts >> shift) & largest, documents, size)
    group_documents, group_hashes, group_weight = _group_postings(groups, group_terms)
    return _merge(
        size,
        np.concatenate([terms, group_hashes]),
        np.concatenate([documents, group_documents]),
        np.concatenate([weight, group_weight]),
    )


def _field_weight(field: str, counts: NDArray[np.uint16], documents: NDArray[np.int32], size: int) -> NDArray[np.float32]:
    lengths = np.bincount(documents, counts, minlength=size)
    filled = lengths[lengths > 0]
    average = float(filled.mean()) if len(filled) else 1.0
    b = FIELD_B[field]
    norm = (FIELD_WEIGHTS[field] / (1 - b + b * lengths / average)).astype(np.float32)
    return counts.astype(np.float32) * norm[documents]


def _group_postings(
    groups: NDArray[np.int32], group_terms: Sequence[Sequence[int]]
) -> tuple[NDArray[np.int32], NDArray[np.uint32], NDArray[np.float32]]:
    """Every document gets its group's distinct terms in the path field."""
    distinct = [sorted(set(terms)) for terms in group_terms]
    lengths = np.array([len(terms) for terms in distinct], np.int64)
    flat = np.fromiter((term for terms in distinct for term in terms), np.uint32, int(lengths.sum()))
    starts = np.concatenate([[0], np.cumsum(lengths)])
    repeats = lengths[groups]
    documents = np.repeat(np.arange(len(groups), dtype=np.int32), repeats)
    within = np.arange(len(documents)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    b = FIELD_B["path"]
    average = float(lengths.mean()) if len(lengths) else 1.0
    norm = (FIELD_WEIGHTS["path"] / (1 - b + b * lengths / max(average, 1.0))).astype(np.float32)
    return documents, flat[np.repeat(starts[groups], repeats) + within], norm[groups[documents]]


def _merge(size: int, keys: NDArray[np.uint32], documents: NDArray[np.int32], weight: NDArray[np.float32]) -> LexicalIndex:
    """Add up a document's weights per term (its own fields and its path), then saturate."""
    if not len(keys):
        return LexicalIndex(size, keys, np.zeros(1, np.int64), documents, weight)
    pair = (keys.astype(np.uint64) << np.uint64(32)) | documents.astype(np.uint64)
    order = np.argsort(pair, kind="stable")
    pair, weight = pair[order], weight[order]
    starts = np.flatnonzero(np.concatenate([[True], pair[1:] != pair[:-1]]))
    total = np.add.reduceat(weight, starts)
    distinct = pair[starts]
    terms = (distinct >> np.uint64(32)).astype(np.uint32)
    edges = np.flatnonzero(np.concatenate([[True], terms[1:] != terms[:-1]]))
    return LexicalIndex(
        size=size,
        terms=terms[edges],
        starts=np.concatenate([edges, [len(terms)]]).astype(np.int64),
        documents=(distinct & np.uint64(0xFFFFFFFF)).astype(np.int32),
        weights=(total / (K1 + total)).astype(np.float32),
    )
