"""What is to be mended among notes: nothing is changed by looking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from indexers.source.masking import mask_secrets
from memory_server.notes.find import likeness
from memory_server.notes.model import State, StatedNote

DOUBLE = 0.6
"""Likeness from which two notes on the same are one."""


def audit_notes(stated: Sequence[StatedNote]) -> list[tuple[str, str, str]]:
    """What is wrong, with which note, and why; the worst first."""
    return [*_lost_truth(stated), *_doubles(stated), *_secrets(stated)]


def _lost_truth(stated: Sequence[StatedNote]) -> Iterator[tuple[str, str, str]]:
    for one in stated:
        if one.has_broken_claim:
            yield "broken claim", one.note.id, one.changes[0]
    for state in (State.GONE, State.SPLIT):
        for one in stated:
            if one.state is state and not one.has_broken_claim:
                yield str(state), one.note.id, "; ".join(one.changes) or ", ".join(one.note.about)


def _doubles(stated: Sequence[StatedNote]) -> Iterator[tuple[str, str, str]]:
    for one, other in combinations(stated, 2):
        if set(one.note.about) & set(other.note.about) or not (one.note.about or other.note.about):
            if (alike := likeness(one.note.text, other.note.text)) >= DOUBLE:
                yield "double", one.note.id, f"says the same as {other.note.id} ({alike:.0%} of its words)"
            elif one.note.kind == other.note.kind == "decision" and one.note.about == other.note.about:
                yield "contradiction?", one.note.id, f"{other.note.id} decides on the same"


def _secrets(stated: Sequence[StatedNote]) -> Iterator[tuple[str, str, str]]:
    for one in stated:
        data = one.note.text.encode(errors="replace")
        if mask_secrets("note.md", data) != data:
            yield "secret", one.note.id, "its text holds what looks like one"
