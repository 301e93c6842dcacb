"""How well vectors alone find files: NDCG@10 on a split of the retrieval benchmark, without store or ranking."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eval.retrieval.labels import LabelledRepository, first_hits, load_labels
from indexers.embedding.embed import Vectors
from indexers.model import SourceFile
from indexers.parsing.documents import build_documents, path_text
from indexers.parsing.parse import parse_file
from indexers.source.walk import list_entries, read_source
from indexers.terms import text_words
from memory_server.tuning.metrics import CUTOFF, ndcg

_TINY = 1e-9

Embed = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a symbol stands; the path counts from the indexed folder."""

    path: str
    start_line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Searched:
    """A repository's questions and symbols: symbol ``i`` stands at ``places[i]`` and is embedded by ``texts[i]``."""

    repository: LabelledRepository
    places: tuple[Place, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """How vectors are used: the path's weight, the leading dimensions, and whether a file counts only once."""

    path_weight: float = 0.0
    dimensions: int | None = None
    once: bool = True


WAYS = {
    "content": Way(),
    "content, 64 dimensions": Way(dimensions=64),
    "content and path": Way(1.0),
    "content and path, 64 dimensions": Way(1.0, 64),
    "content, symbols ranked, not files": Way(once=False),
    "content and path, symbols ranked, not files": Way(1.0, once=False),
}


def read_benchmark(labels: Path, checkouts: Path) -> list[Searched]:
    """Every labelled repository, the folder that the benchmark names indexed as the product would."""
    return [_read_repository(entry, checkouts / entry.name / entry.root) for entry in load_labels(labels)]


def _read_repository(repository: LabelledRepository, folder: Path) -> Searched:
    entries, _ = list_entries(folder)
    sources = [source for entry in entries if isinstance(source := read_source(folder, entry), SourceFile)]
    files = [(source, parse_file(source)) for source in sources]
    places = tuple(
        Place(source.path, symbol.start_line, symbol.end_line)
        for source, parsed in files
        for symbol in parsed.symbols
    )
    return Searched(repository, places, tuple(build_documents(files).texts))


def measure_model(embed: Embed, benchmark: list[Searched]) -> dict[str, dict[str, float]]:
    """Scores for each of ``WAYS``."""
    return {title: score_model(embed, benchmark, way) for title, way in WAYS.items()}


def score_model(embed: Embed, benchmark: list[Searched], way: Way) -> dict[str, float]:
    """Mean NDCG@10 over repositories, as published, and over the questions of each category."""
    gains: dict[str, list[float]] = {"mean": []}
    for searched in benchmark:
        questions = searched.repository.questions
        found = [
            ndcg(first_hits(places, question.targets), len(question.targets))
            for places, question in zip(_rank(embed, searched, way), questions, strict=True)
        ]
        gains["mean"].append(float(np.mean(found)))
        for gain, question in zip(found, questions, strict=True):
            gains.setdefault(question.category, []).append(gain)
    return {name: round(float(np.mean(values)), 4) for name, values in gains.items()}


def _rank(embed: Embed, searched: Searched, way: Way) -> Iterator[list[Place]]:
    """Yield for each question the best symbols, of different files where a file counts only once."""
    vectors = symbol_vectors(embed, searched, way)
    queries = embed([" ".join(text_words(question.query)) for question in searched.repository.questions])
    similar: NDArray[np.float32] = queries[:, : way.dimensions] @ vectors.T
    for row in similar:
        ordered = (searched.places[place] for place in np.argsort(-row, kind="stable").tolist())
        yield list(islice(_first_of_each(ordered) if way.once else ordered, CUTOFF))


def symbol_vectors(embed: Embed, searched: Searched, way: Way) -> Vectors:
    """Unit vectors of content + weight x path, as a view would combine them: (symbols, dimensions)."""
    numbers = {path: number for number, path in enumerate(dict.fromkeys(p.path for p in searched.places))}
    paths = embed([path_text(path) for path in numbers])
    mixed = embed(searched.texts) + way.path_weight * paths[[numbers[p.path] for p in searched.places]]
    mixed = mixed[:, : way.dimensions]
    lengths: Vectors = np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), _TINY)
    return np.asarray(mixed / lengths, np.float32)


def _first_of_each(places: Iterator[Place]) -> Iterator[Place]:
    seen: set[str] = set()
    for place in places:
        if place.path not in seen:
            seen.add(place.path)
            yield place
