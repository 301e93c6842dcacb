"""Which files may hold a text: those with all its words, by the term index."""

from __future__ import annotations

from collections.abc import Set
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from memory_server.index.view import View


def files_with(view: View, terms: Set[int]) -> NDArray[np.int64]:
    """Files that hold every term, those in which one symbol has them all first, else by place; all for no terms."""
    count = len(view.paths)
    if not terms:
        return np.arange(count)
    documents = [_documents_of(view, term) for term in terms]
    documents.sort(key=len)
    if not len(documents[0]):
        return np.zeros(0, np.int64)
    together = reduce(lambda one, other: np.intersect1d(one, other, assume_unique=True), documents)
    holding = np.ones(count, bool)
    for found in documents:
        present = np.zeros(count, bool)
        present[view.file_of[found]] = True
        holding &= present
    near = np.zeros(count, bool)
    near[view.file_of[together]] = True
    return np.concatenate([np.flatnonzero(near), np.flatnonzero(holding & ~near)])


def _documents_of(view: View, term: int) -> NDArray[np.int32]:
    """The symbols whose own text has a term, ascending."""
    postings = view.lexical.documents
    return postings.documents[postings.find(term)]
