"""The embedding of one run, and how long it takes: with a large model that is nearly all of indexing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import monotonic

import numpy as np

from indexers.embedding.embed import Embedder, Vectors
from memory_server.model import OnProgress, Progress

FIRST_TEXTS, MOST_TEXTS = 64, 1_024
"""Texts embedded at once: few at first, so that something is known soon, more while they take no time."""

STEP_SECONDS = 1.0
"""Steps grow until they take so long: progress is seen to move."""

WORTH_SAYING = 5.0
"""Seconds of embedding left that are worth a word: the shipped model never takes so long."""

KNOWN_SHARE, KNOWN_SECONDS = 0.1, 2.0
"""How much of the work, or of time, has to be behind a first estimate: the first files are the smallest."""


@dataclass(slots=True)
class EmbeddingRun:
    """Embeds in steps; tells how many texts are done and, judged by the files read so far, how many are to come.

    ``work_done`` of ``work`` (``FileEntry.work``) is that of files whose texts were handed over; ``likely`` is how
    many texts an earlier index had, 0 where none tells. ``seconds`` were spent on it.
    """

    embedder: Embedder
    work: int = 0
    on_progress: OnProgress | None = None
    likely: int = 0
    announced: bool = False
    work_done: int = 0
    seconds: float = 0.0
    _texts: int = 0
    _done: int = 0
    _step: int = FIRST_TEXTS

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of some texts, at least one."""
        self._texts += len(texts)
        return np.concatenate(list(self._embed_in_steps(texts)))

    def _embed_in_steps(self, texts: Sequence[str]) -> Iterator[Vectors]:
        place = 0
        while place < len(texts):
            step = texts[place : place + self._step]
            started = monotonic()
            yield self.embedder.embed(step)
            seconds = monotonic() - started
            self.seconds += seconds
            self._done += len(step)
            place += len(step)
            if seconds < STEP_SECONDS:
                self._step = min(2 * self._step, MOST_TEXTS)
            self._tell()

    @property
    def expected(self) -> int:
        """Texts in all: as many as likely, or as there will be if the files to come are like those so far."""
        if self.likely:
            return max(self.likely, self._texts)
        share = self.work_done / self.work if self.work else 1.0
        return max(round(self._texts / share) if 0 < share < 1 else self._texts, self._done)

    @property
    def seconds_left(self) -> float:
        """Seconds until all are embedded, at the pace so far."""
        return (self.expected - self._done) * self.seconds / max(self._done, 1)

    def _is_worth_saying(self) -> bool:
        is_known = self.likely or self.work_done >= KNOWN_SHARE * self.work or self.seconds >= KNOWN_SECONDS
        return bool(is_known) and self.seconds_left >= WORTH_SAYING

    def _tell(self) -> None:
        if self.on_progress is None or not (self.announced or self._is_worth_saying()):
            return
        notice = ""
        if not self.announced:
            self.announced = True
            cost = tell_duration(self.seconds + self.seconds_left)
            notice = f"embedding about {self.expected:,} symbols with {self.embedder.id}: about {cost}"
        self.on_progress(
            Progress(
                "embedding",
                self._done,
                self.expected,
                unit="symbols",
                left=f"about {tell_duration(self.seconds_left)} left",
                notice=notice,
            )
        )


def tell_duration(seconds: float) -> str:
    """Seconds as people say them: ``40 s``, ``12 min``, ``2.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
