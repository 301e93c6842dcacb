"""Past conversations as values: sessions, and the passages that they are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def shorten_id(session: str) -> str:
    """A session's id as it is told: of a UUID the first eight digits, which name it as any beginning of it does."""
    return session[:8] if _UUID.fullmatch(session) else session


@dataclass(frozen=True, slots=True)
class Run:
    """A command that was run in a shell, and how it ended: None where nobody saw it, or a person stopped it."""

    command: str
    succeeded: bool | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """What was asked once, and what was done for it.

    ``key`` is the id of its first request: a conversation that continues another one holds the same again. ``thread``
    is the context, ``main`` or a subagent's. ``said`` is the answer's prose, ``files`` what was edited, ``runs`` the
    commands, ``errors`` the beginnings of what failed, ``commits`` the hashes, shortened, that were made.
    """

    key: str
    thread: str
    time: str
    asked: str
    said: str
    files: tuple[str, ...] = ()
    runs: tuple[Run, ...] = ()
    errors: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()

    @property
    def commands(self) -> tuple[str, ...]:
        """What was run, each once."""
        return tuple(dict.fromkeys(run.command for run in self.runs))

    @property
    def text(self) -> str:
        """All of it that is looked through."""
        return "\n".join((self.asked, self.said, *self.files, *self.commands, *self.errors))


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation. ``sources`` are the logs that it was read from: path, bytes, time of change in nanoseconds."""

    id: str
    agent: str
    started: str
    cwd: str
    sources: tuple[tuple[str, int, int], ...]
    passages: tuple[Passage, ...]

    @property
    def asked(self) -> str:
        """What was asked first."""
        return next((one.asked for one in self.passages if one.asked), "")

    @property
    def files(self) -> tuple[str, ...]:
        """What was edited in it."""
        return tuple(dict.fromkeys(file for one in self.passages for file in one.files))

    @property
    def commits(self) -> tuple[str, ...]:
        """The commits that were made in it."""
        return tuple(dict.fromkeys(commit for one in self.passages for commit in one.commits))

    @property
    def header(self) -> str:
        """What says what it was about as a whole."""
        asked = "\n".join(one.asked for one in self.passages)
        commands = dict.fromkeys(command for one in self.passages for command in one.commands)
        return "\n".join((asked, *self.files, *commands))


@dataclass(frozen=True, slots=True)
class EpisodeHit:
    """A session that answers, with the passage in it that does; a higher score is better."""

    session: Session
    passage: Passage
    score: float
