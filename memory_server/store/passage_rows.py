"""Passages of past conversations as rows: what the table holds, and what a question finds in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from indexers.embedding.embed import Vectors

HEADER = 0
"""The number of the row that stands for a session as a whole; its passages, of a row or several, count from 1."""


class PassageRow(NamedTuple):
    """A passage, or a session's header, as it is stored; ``stamp`` changes whenever the session does."""

    session: str
    stamp: str
    number: int
    words: str


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A row that has words of a question: its BM25 score, and its vector."""

    session: str
    number: int
    score: float
    vector: Vectors
