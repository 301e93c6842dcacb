"""Notes that answer a question, best first."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from indexers.embedding.embed import Embedder
from indexers.terms import text_terms, text_words
from memory_server.notes.model import Note

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


def find_notes(notes: Sequence[Note], query: str, embedder: Embedder) -> list[Found]:
    """The notes that have words of a query or are like it; none where nothing is."""
    if not notes:
        return []
    terms = set(text_terms(query))
    bags = [_bag(note.text, note.title, note.about) for note in notes]
    held = Counter(term for bag in bags for term in terms & bag.keys())
    mean = sum(bag.total() for bag in bags) / len(bags)
    vector = embedder.embed_query(" ".join(text_words(query)))
    likeness = embedder.embed([_words(note) for note in notes]) @ vector.reshape(-1)
    found = []
    for note, bag, like in zip(notes, bags, likeness.tolist(), strict=True):
        score = sum(
            math.log(1 + (len(notes) - held[term] + 0.5) / (held[term] + 0.5)) * _saturate(bag, term, mean)
            for term in terms & bag.keys()
        )
        if score > 0 or like >= LIKE:
            found.append(Found(note, score + DENSE_WEIGHT * max(like, 0.0)))
    return sorted(found, key=lambda one: (-one.score, one.note.id))


def likeness(one: str, other: str) -> float:
    """The share of runs of three words that two texts have in common (Jaccard): 1 for the same words."""
    first, second = _shingles(one), _shingles(other)
    return len(first & second) / len(first | second) if first | second else 1.0


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = text_words(text)
    return {tuple(words[place : place + SHINGLE]) for place in range(max(len(words) - SHINGLE + 1, 1))}


@lru_cache(maxsize=10_000)
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
