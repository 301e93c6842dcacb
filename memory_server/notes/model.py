"""Notes as values: what was learned, what it is about, and what became of that."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from indexers.anchors.identity import Identity
from indexers.source.masking import mask_secrets

NoteKind = Literal["decision", "pitfall", "howto", "summary"]
KINDS: tuple[NoteKind, ...] = get_args(NoteKind)

COMMAND = "cmd:"
"""How the target of a note on a command begins."""


FOREIGN = "foreign"
"""The trust of a note that was brought in from outside, until it is accepted."""


def hide_secrets(text: str) -> str:
    """A text with its secrets masked, as it may be told."""
    return mask_secrets("note.md", text.encode(errors="replace")).decode()


class State(StrEnum):
    """What became of the code that a note is about, the worst first."""

    GONE = "gone"
    SPLIT = "split"
    CHANGED = "changed"
    MOVED = "moved"
    ELSEWHERE = "elsewhere"
    FRESH = "fresh"


class Anchor(BaseModel):
    """What a note is about, as it was when the note was last known to be true.

    ``target`` is ``path::Class.name``, ``path``, ``folder/`` or ``cmd:KEY``; the rest is what a symbol or a file is
    known by (see `indexers.anchors.identity.Identity`). ``commit`` was checked out then; empty outside git.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    target: str
    kind: str = ""
    parameters: str = ""
    tokens: str = ""
    signature: str = ""
    size: int = 0
    sketch: str = ""
    commit: str = ""

    @property
    def path(self) -> str:
        """The file or folder; empty for a command."""
        return "" if self.target.startswith(COMMAND) else self.target.partition("::")[0]

    @property
    def is_symbol_or_file(self) -> bool:
        """Whether it can be followed through a file's states."""
        return bool(self.tokens)

    @property
    def identity(self) -> Identity:
        """What it is found again by."""
        path, _, name = self.target.partition("::")
        return Identity(
            path, name, self.kind, self.parameters, self.tokens, self.signature, self.size, self.sketch
        )


class Note(BaseModel):
    """One thing that the code does not say. Fields that somebody else added are kept.

    ``created`` is in UTC, ``commit`` what was checked out then on ``branch``; ``checked`` is the commit and the time at
    which the note was last said to hold, if it ever was since. ``dropped`` says when the note was given up. ``trust``
    is empty for what was learned here, and `FOREIGN` for what somebody else's file said and nobody accepted;
    ``unit`` is what it said, as YAML.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str = Field(pattern=r"^[a-z2-7]{8}$")
    kind: NoteKind = "decision"
    about: tuple[str, ...] = ()
    anchors: tuple[Anchor, ...] = ()
    origin: str = "user"
    created: str = ""
    checked: str = ""
    replaces: str = ""
    branch: str = ""
    commit: str = ""
    dropped: str = ""
    trust: str = ""
    unit: str = ""
    text: str = Field(default="", max_length=20_000)

    @property
    def shown(self) -> str:
        """Its text as it is told: a secret that somebody wrote into the file is masked."""
        return hide_secrets(self.text)

    @property
    def title(self) -> str:
        """Its first line, as it is told."""
        return next((line.strip().lstrip("# ") for line in self.shown.split("\n") if line.strip()), "")


@dataclass(frozen=True, slots=True)
class Problem:
    """A note's file that cannot be read as one, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Place:
    """What an anchor is about now: ``state``, where, and what changed, one thing an entry.

    ``broken`` are the claims of the note that the code made true once and does not any more. Lines are 0 where the
    anchor is no symbol that is there; ``path`` is empty where nothing is, ``now`` is its target where that is another.
    """

    target: str
    state: State
    path: str = ""
    start_line: int = 0
    end_line: int = 0
    changes: tuple[str, ...] = ()
    now: str = ""
    broken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StatedNote:
    """A note with what became of what it is about; ``is_staged``: made on a branch that is not merged here."""

    note: Note
    places: tuple[Place, ...]
    is_staged: bool = False

    @property
    def state(self) -> State:
        """The worst of its places' states; a note about nothing is as fresh as ever."""
        return min((place.state for place in self.places), key=list(State).index, default=State.FRESH)

    @property
    def changes(self) -> tuple[str, ...]:
        """What changed under it, broken claims first."""
        broken = [claim for place in self.places for claim in place.broken]
        said = (f"no longer there: {', '.join(dict.fromkeys(broken))}",) if broken else ()
        several = len(self.places) > 1
        told = [
            f"{place.target}: {change}" if several else change
            for place in self.places
            for change in place.changes
        ]
        return (*said, *dict.fromkeys(told))

    @property
    def has_broken_claim(self) -> bool:
        """Whether it says something of the code that is not so any more."""
        return any(place.broken for place in self.places)
