"""The values that sync and answering pass around."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from indexers.summarize import Summary


class Line(NamedTuple):
    """A line of a file by its number, from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One symbol that answers a query; lines are 1-based and inclusive, ``path`` is posix and relative.

    ``exact``: the query is the symbol's name, letter for letter. ``symbol`` is the symbol's place in the view that was
    searched; it is not stable across changes. ``signals`` tells, when asked for, what each signal of the ranking
    contributed. Hits that a reply tells of have their ``summary`` and the ``lines`` that answer the query best.
    """

    path: str
    start_line: int
    end_line: int
    name: str
    kind: str
    score: float
    symbol: int = -1
    exact: bool = False
    signals: tuple[tuple[str, float], ...] = ()
    summary: Summary | None = None
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What one sync did. Files and symbols count the index afterwards, the others what changed."""

    files: int
    symbols: int
    added: int
    changed: int
    removed: int
    skipped: Mapping[str, int]
    problems: Mapping[str, str]
    embedded: int
    rebuilt: str
    seconds: float

    @property
    def wrote(self) -> bool:
        """Whether anything was written."""
        return bool(self.added or self.changed or self.removed or self.rebuilt)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sync is: ``done`` of ``total`` in ``stage``, and what is ``left`` where it takes long.

    ``notice`` is a line that people should read, said once.
    """

    stage: str
    done: int
    total: int
    unit: str = "files"
    left: str = ""
    notice: str = ""


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class IndexState:
    """The index as ``status`` tells it; sizes in bytes, times in seconds since the epoch.

    ``tuned``: whether a model tuned to the repository answers; ``untuned`` says why one that is there does not.
    """

    root: str
    store: str
    files: int
    symbols: int
    languages: Mapping[str, int]
    skipped: Mapping[str, int]
    problems: Mapping[str, str]
    commit: str
    synced_at: float
    pending: int
    store_bytes: int
    embedder: str
    reranker: str = ""
    rebuild: str = ""
    building: str = ""
    tuned: bool = False
    untuned: str = ""


@dataclass(frozen=True, slots=True)
class Compression:
    """What a whole repository costs at each detail, in estimated tokens."""

    source: int
    digests: int
    signatures: int
    names: int
    token_error: str
