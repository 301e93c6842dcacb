"""Notes that answer a question, best first."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from indexers.embedding.embed import Embedder, Vectors
from indexers.terms import text_terms, text_words
from memory_server.notes.model import Note, Problem

K1, B = 1.2, 0.75
"""BM25 (Robertson and Zaragoza 2009): saturation and length normalisation."""

TITLE_WEIGHT, ABOUT_WEIGHT = 2, 2
"""How often a term of the title, and of what a note is about, counts."""

LIKE = 0.45
"""Cosine of embeddings from which a note is told of that has no word of the question."""

DENSE_WEIGHT = 2.0
SHINGLE = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A note with its score; higher is better."""

    note: Note
    score: float


class Notes:
    """All notes of a repository at one moment; immutable, with what searching them takes made once."""

    def __init__(self, notes: Sequence[Note], problems: Sequence[Problem]) -> None:
        by_id = {note.id: note for note in notes}
        self.all = [by_id[key] for key in sorted(by_id)]
        """Every note, dropped and replaced ones too, by id."""
        self.problems = list(problems)
        """Files that are no notes, and why."""
        replaced = {note.replaces for note in self.all}
        self.live = [note for note in self.all if not note.dropped and note.id not in replaced]
        """The notes that hold: neither dropped nor replaced."""
        self._vectors: tuple[str, Vectors] | None = None

    def find(self, key: str) -> Note | None:
        """The note of that id."""
        return next((note for note in self.all if note.id == key), None)

    def search(self, query: str, embedder: Embedder) -> list[Found]:
        """The live notes that have words of a query or are like it, best first; none where nothing is."""
        if not self.live:
            return []
        terms = set(text_terms(query))
        held = Counter(term for bag in self._bags for term in terms & bag.keys())
        mean = sum(bag.total() for bag in self._bags) / len(self._bags)
        count = len(self.live)
        weights = {term: math.log(1 + (count - held[term] + 0.5) / (held[term] + 0.5)) for term in terms}
        vector = embedder.embed_query(" ".join(text_words(query)))
        likeness = self._embed(embedder) @ vector.reshape(-1)
        found = []
        for note, bag, like in zip(self.live, self._bags, likeness.tolist(), strict=True):
            score = sum(weights[term] * _saturate(bag, term, mean) for term in terms & bag.keys())
            if score > 0 or like >= LIKE:
                found.append(Found(note, score + DENSE_WEIGHT * max(like, 0.0)))
        return sorted(found, key=lambda one: (-one.score, one.note.id))

    @cached_property
    def _bags(self) -> list[Counter[int]]:
        return [_bag(note.text, note.title, note.about) for note in self.live]

    def _embed(self, embedder: Embedder) -> Vectors:
        if self._vectors is None or self._vectors[0] != embedder.id:
            self._vectors = (embedder.id, embedder.embed([_words(note) for note in self.live]))
        return self._vectors[1]


def likeness(one: str, other: str) -> float:
    """The share of runs of three words that two texts have in common (Jaccard): 1 for the same words."""
    first, second = _shingles(one), _shingles(other)
    return len(first & second) / len(first | second) if first | second else 1.0


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = text_words(text)
    return {tuple(words[place : place + SHINGLE]) for place in range(max(len(words) - SHINGLE + 1, 1))}


def _bag(text: str, title: str, about: tuple[str, ...]) -> Counter[int]:
    bag = Counter(text_terms(text))
    for part, weight in ((title, TITLE_WEIGHT - 1), (" ".join(about), ABOUT_WEIGHT)):
        for term in text_terms(part):
            bag[term] += weight
    return bag


def _words(note: Note) -> str:
    names = " ".join(target.rpartition("::")[2] for target in note.about)
    return " ".join(text_words(f"{note.text} {names}"))


def _saturate(bag: Counter[int], term: int, mean: float) -> float:
    count = bag[term]
    return count * (K1 + 1) / (count + K1 * (1 - B + B * bag.total() / mean))
