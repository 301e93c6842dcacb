"""A second opinion on the best hits: a model that reads query and source together, slower and finer than vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from indexers.embedding.pretrained import load_pretrained
from indexers.errors import RerankerError
from memory_server.model import SearchHit

Scores = NDArray[np.float32]

TEXT_LIMIT = 1_000
"""Characters of a hit that are read, about 250 tokens: the cost of a search grows with them."""


class Reranker(Protocol):
    """Judges how well each of some texts answers a query; the same texts get the same scores."""

    @property
    def id(self) -> str:
        """Name of the model."""

    def score(self, query: str, texts: Sequence[str]) -> Scores:
        """One score a text, of shape (texts,), the best answer's highest."""


class CrossEncoderReranker:
    """A sentence-transformers ``CrossEncoder`` by name or folder, loaded when first used."""

    def __init__(self, name_or_path: str, device: str | None = None, *, may_download: bool = True) -> None:
        self._name, self._device, self._may_download = name_or_path, device, may_download
        self._mutex = Lock()

    @property
    def id(self) -> str:
        """The model's name or folder."""
        return self._name

    def score(self, query: str, texts: Sequence[str]) -> Scores:
        """One score a text, of shape (texts,).

        Raises:
            RerankerError: the model cannot be loaded, or gives a pair of texts other than one score.
        """
        if not texts:
            return np.zeros(0, np.float32)
        with self._mutex:  # a tokenizer serves one thread at a time
            scores = self._model.predict([(query, text) for text in texts], show_progress_bar=False)
        if np.shape(scores) != (len(texts),):
            raise RerankerError(f"the model {self._name} does not give one score to a query and a text")
        return np.asarray(scores, np.float32)

    @cached_property
    def _model(self) -> Any:  # noqa: ANN401
        return load_pretrained(
            "CrossEncoder", self._name, self._device, RerankerError, may_download=self._may_download
        )


def hit_text(hit: SearchHit, lines: Sequence[str]) -> str:
    """What the reranker reads of a hit: where it is and its lines, from those of its file."""
    source = "\n".join(lines[hit.start_line - 1 : hit.end_line])
    return f"{hit.path} {hit.name}\n{source}"[:TEXT_LIMIT]


def rerank(
    reranker: Reranker, query: str, hits: Sequence[SearchHit], texts: Sequence[str]
) -> list[SearchHit]:
    """Order the first hits, those that have ``texts``, by the reranker; equal ones and the others keep their places.

    The scores stay where they were: the best hit has the best score, and what was far behind is still cut off.
    """
    order = np.argsort(-reranker.score(query, texts), kind="stable").tolist()
    moved = [replace(hits[source], score=hits[place].score) for place, source in enumerate(order)]
    return [*moved, *hits[len(moved) :]]
