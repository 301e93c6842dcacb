"""A note on a method at each of its earlier states, looked for where the oracle's history ends."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from eval.memory.oracle import BODY, COSMETIC, Element, History
from indexers.anchors.follow import Revisions, Trace, follow
from indexers.anchors.identity import Identity
from indexers.errors import GitError

RIGHT, WRONG, SPLIT, NONE = "right", "wrong", "split", "none"


@dataclass(frozen=True, slots=True)
class Case:
    """A note set at ``commit``: what it was about, what became of that, in how many seconds."""

    repository: str
    commit: str
    was: str
    wanted: str
    found: str
    outcome: str
    is_relocated: bool
    seconds: float


@dataclass(slots=True)
class Measured:
    """Every case, the oracle's elements that are no symbol of ours, and how changes were classified."""

    cases: list[Case]
    unread: int = 0
    changes: Counter[tuple[str, str]] | None = None
    """By what the oracle says (changed, cosmetic) and what the token hash says (changed, same)."""


def measure_anchors(
    histories: Iterable[History], clones: Path, on_history: Callable[[], None] = lambda: None
) -> Measured:
    """Follow every state of every method whose repository is among the clones."""
    measured = Measured([], changes=Counter())
    known: dict[str, Revisions] = {}
    for history in histories:
        if (clones / history.repository).is_dir():
            revisions = known.setdefault(history.repository, Revisions(clones / history.repository))
            _measure(history, revisions, measured)
        on_history()
    return measured


def _measure(history: History, revisions: Revisions, measured: Measured) -> None:
    wanted = _find(revisions, history.commit, history.element)
    if wanted is None:
        measured.unread += 1
        return
    for change in history.changes:
        now = _find(revisions, change.commit, change.after)
        if now is None:
            measured.unread += 1
            continue
        if change.commit != history.commit and revisions.is_ancestor(change.commit, history.commit):
            measured.cases.append(_follow(history, revisions, change.commit, now, wanted))
        before = _find(revisions, change.parent, change.before) if change.parent != "0" else None
        if before is None or measured.changes is None:
            continue
        told = "same" if before.tokens == now.tokens else "changed"
        if change.kinds == {BODY}:
            measured.changes["changed", told] += 1
        elif change.kinds <= COSMETIC:
            measured.changes["cosmetic", told] += 1


def _find(revisions: Revisions, commit: str, element: Element) -> Identity | None:
    return element.find(revisions.version(commit, element.path))


def _follow(history: History, revisions: Revisions, commit: str, now: Identity, wanted: Identity) -> Case:
    started = time.perf_counter()
    try:
        trace = follow(revisions, Trace((now,)), commit, history.commit)
    except GitError:
        trace = Trace(())
    seconds = time.perf_counter() - started
    found = [(one.path, one.key) for one in trace.found]
    if found == [(wanted.path, wanted.key)]:
        outcome = RIGHT
    else:
        outcome = NONE if not found else SPLIT if len(found) > 1 else WRONG
    return Case(
        history.repository,
        commit,
        f"{now.target}({now.parameters})",
        f"{wanted.target}({wanted.parameters})",
        "; ".join(f"{one.target}({one.parameters})" for one in trace.found),
        outcome,
        (now.path, now.name) != (wanted.path, wanted.name),
        round(seconds, 3),
    )
