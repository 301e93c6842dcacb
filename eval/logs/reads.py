"""The reads of a context, epoch by epoch: what each added, whether an index could stand in, what was needed of it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import PurePath, PurePosixPath, PureWindowsPath

from indexers.tokens import estimate_tokens, find_family
from indexers.transcripts.model import (
    Boundary,
    CallKind,
    Event,
    Prompt,
    Request,
    TextChange,
    ToolCall,
    ToolResult,
)

QUESTION_CHARACTERS = 400
"""Of a prompt, what is asked: people paste long texts behind their question."""

_NUMBERED = re.compile(r"\s*(\d+)(?:→|\t)(.*)")
_CITED = re.compile(r"([\w./\\-]++)(?:(?=:(\d+)(?:-(\d+))?))?")
"""Whatever may be a path is passed over as a whole, so that nothing is looked at twice; with lines if some follow."""
_FILE_NAME = re.compile(r"\w\.\w+\Z")
_FENCED = re.compile(r"^```[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_REGEX_MARKS = re.compile(r"\\[A-Za-z.]|[\\^$*+?()\[\]{}|]|\.[*+?]")
_SHORTEST_QUOTE = 12
"""Characters from which an equal line of code in a reply counts as quoted; a shorter one stands in many files."""

_LONG_RANGE = 200
"""A citation of more lines than this names a file rather than a place."""


class Verdict(StrEnum):
    """Whether an index could have stood in for a read, and if not, why."""

    REPLACEABLE = "replaceable"
    OUTSIDE = "outside the repository"
    NOT_INDEXED = "not indexed"
    NO_TEXT = "an error, or no text"
    AGAIN = "already in the context"
    BEFORE_EDIT = "needed for an edit of the file"
    AFTER_EDIT = "after an edit of the file"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text came into a context: after ``request`` (its number in the epoch), so many ``tokens`` long."""

    request: int
    tokens: float


@dataclass(frozen=True, slots=True)
class Need:
    """Lines that a later edit or citation shows to have been needed; any one of ``either`` says it is there."""

    either: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Read:
    """A read of a file, as far as its lines were new to the context.

    ``path`` is relative to the repository; ``lines`` as read, without blanks at their ends, and ``numbers`` theirs in
    the file, 0 where the tool told none. ``searches`` are the searches since the prompt, ``questions`` what they and
    the prompt asked, the last search's pattern first.
    """

    call: str
    path: str
    place: Place
    windowed: bool
    shell: bool
    numbers: tuple[int, ...]
    lines: tuple[str, ...]
    verdict: Verdict
    needs: tuple[Need, ...] = ()
    questions: tuple[str, ...] = ()
    searches: tuple[tuple[str, Place], ...] = ()


@dataclass(frozen=True, slots=True)
class Epoch:
    """A context between two compactions: its billed requests, and the reads in it."""

    requests: tuple[Request, ...]
    reads: tuple[Read, ...]


def split_epochs(events: Sequence[Event]) -> Iterator[tuple[Event, ...]]:
    """The events between compactions."""
    current: list[Event] = []
    for event in events:
        if isinstance(event, Boundary):
            yield tuple(current)
            current = []
        else:
            current.append(event)
    yield tuple(current)


@dataclass(frozen=True, slots=True)
class LoggedFolder:
    """Where a conversation ran, and the repository around it, both as the log names them."""

    cwd: str
    root: str

    def relative(self, path: str) -> str:
        """A path as read, relative to the repository; empty where it leads outside."""
        windows = re.match(r"[A-Za-z]:\\", self.cwd) is not None
        kind: type[PurePath] = PureWindowsPath if windows else PurePosixPath
        whole = kind(self.cwd, path).as_posix()
        found = posixpath.relpath(posixpath.normpath(whole), posixpath.normpath(kind(self.root).as_posix()))
        return "" if found in {".", ".."} or found.startswith("../") else found


@dataclass(frozen=True, slots=True)
class _Mentions:
    """What a reply names by path, first and last line, and the lines of each block of code that it quotes."""

    cited: tuple[tuple[str, int, int], ...]
    quoted: tuple[tuple[str, ...], ...]


def _find_mentions(text: str) -> _Mentions:
    return _Mentions(
        tuple(
            (path.replace("\\", "/").removeprefix("./"), int(first), int(last or first))
            for path, first, last in _CITED.findall(text)
            if first and _FILE_NAME.search(path)
        ),
        tuple(_told(block) for block in _FENCED.findall(text)),
    )


@dataclass(slots=True)
class _Walk:
    """An epoch as its events come."""

    folder: LoggedFolder
    requests: list[Request] = field(default_factory=list)
    calls: dict[str, tuple[ToolCall, int]] = field(default_factory=dict)
    prompt: str = ""
    searches: list[tuple[str, Place, str]] = field(default_factory=list)
    seen: dict[str, set[tuple[int, str]]] = field(default_factory=dict)
    steps: list[tuple[str, Read | ToolCall]] = field(default_factory=list)
    mentions: list[tuple[int, _Mentions]] = field(default_factory=list)

    def take(self, event: Event) -> None:
        """One event."""
        if isinstance(event, Request):
            index = len(self.requests) if not event.copied else -1
            if not event.copied:
                self.requests.append(event)
            self.calls |= {call.id: (call, index) for call in event.calls}
            self.mentions.append((len(self.steps), _find_mentions(event.text)))
        elif isinstance(event, Prompt):
            self.prompt, self.searches = event.text, []
        elif isinstance(event, ToolResult) and event.call in self.calls:
            self._take_result(event, *self.calls[event.call])

    def _take_result(self, result: ToolResult, call: ToolCall, index: int) -> None:
        place = self._place(result, index)
        if call.kind is CallKind.SEARCH:
            self.searches.append((call.id, place, call.pattern))
        elif call.kind is CallKind.READ:
            self._take_read(result, call, place)
        elif call.kind is CallKind.EDIT and not result.failed:
            self.steps.append((self.folder.relative(call.path), call))

    def _place(self, result: ToolResult, index: int) -> Place:
        if index < 0:
            return Place(index, 0)
        return Place(index, estimate_tokens(result.text, find_family(self.requests[index].model)))

    def _take_read(self, result: ToolResult, call: ToolCall, place: Place) -> None:
        path = self.folder.relative(call.path)
        numbered = [] if result.failed else _number_lines(result.text, windowed=call.windowed)
        seen = self.seen.setdefault(path or call.path, set())
        new = [line for line in numbered if line not in seen]
        seen.update(numbered)
        share = len(new) / len(numbered) if numbered else 0
        verdict = Verdict.REPLACEABLE if new else Verdict.AGAIN
        verdict = verdict if numbered else Verdict.NO_TEXT
        patterns = [question for *_, pattern in reversed(self.searches) if (question := _plain(pattern))]
        asked = (*patterns[:1], self.prompt[:QUESTION_CHARACTERS].strip())
        read = Read(
            call.id,
            path,
            replace(place, tokens=place.tokens * share) if new else place,
            call.windowed,
            call.shell,
            tuple(number for number, _ in new),
            tuple(line for _, line in new),
            verdict if path else Verdict.OUTSIDE,
            questions=tuple(dict.fromkeys(question for question in asked if question)),
            searches=tuple((identity, at) for identity, at, _ in self.searches),
        )
        if place.request >= 0:  # a copied read was paid for elsewhere, and is in the context now
            self.steps.append((path, read))


def collect_epoch(events: Sequence[Event], folder: LoggedFolder) -> Epoch:
    """An epoch's reads, each judged by what came after it."""
    walk = _Walk(folder)
    for event in events:
        walk.take(event)
    reads = []
    for step, (path, found) in enumerate(walk.steps):
        if not isinstance(found, Read):
            continue
        same = [(at, other) for at, (where, other) in enumerate(walk.steps) if where == path]
        verdict = _judge(step, same) if found.verdict is Verdict.REPLACEABLE else found.verdict
        edits = [other for at, other in same if at > step and isinstance(other, ToolCall)]
        edited = (_edited(change) for edit in edits for change in edit.changes if change.old)
        cited = _cited(found, [mentions for at, mentions in walk.mentions if at > step])
        reads.append(replace(found, verdict=verdict, needs=tuple(dict.fromkeys((*edited, *cited)))))
    return Epoch(tuple(walk.requests), tuple(reads))


def _judge(step: int, same: Sequence[tuple[int, Read | ToolCall]]) -> Verdict:
    """Editing a file takes a read of it: the last one before the first edit, by Read if there is one.

    Where that was a window, the other reads before the edit were not needed for it.
    """
    edit = next((at for at, other in same if isinstance(other, ToolCall)), None)
    if edit is None:
        return Verdict.REPLACEABLE
    if step > edit:
        return Verdict.AFTER_EDIT
    before = [
        (at, other)
        for at, other in same
        if at < edit and isinstance(other, Read) and other.verdict is not Verdict.NO_TEXT
    ]
    last, must = ([read for read in before if not read[1].shell] or before)[-1]
    return Verdict.REPLACEABLE if must.windowed and last != step else Verdict.BEFORE_EDIT


def _edited(change: TextChange) -> Need:
    """What was edited: the old lines, or, in a tree that has the edit, the new ones in their place."""
    return Need(tuple(lines for text in (change.old, change.new) if (lines := _told(text))))


def _cited(read: Read, mentions: Sequence[_Mentions]) -> list[Need]:
    """Lines of a read that a later reply names by path and number, or quotes as code."""
    by_number = dict(zip(read.numbers, read.lines, strict=True))
    quotable = {line for line in read.lines if len(line) >= _SHORTEST_QUOTE}
    found: list[tuple[str, ...]] = []
    for mention in mentions:
        for path, first, last in mention.cited:
            if last - first < _LONG_RANGE and _is_same_file(read.path, path):
                found.append(tuple(by_number[n] for n in range(first, last + 1) if n in by_number))
        found += [tuple(line for line in block if line in quotable) for block in mention.quoted]
    return [Need((lines,)) for lines in found if lines]


def _is_same_file(path: str, named: str) -> bool:
    """Replies name a file by its whole path or by the end of it."""
    return path == named or path.endswith(f"/{named}") or named.endswith(f"/{path}")


def _told(text: str) -> tuple[str, ...]:
    """Lines that say something, without the blanks at their ends."""
    return tuple(stripped for line in text.splitlines() if (stripped := line.strip()))


def _number_lines(text: str, *, windowed: bool) -> list[tuple[int, str]]:
    """The lines of a read that say something, with their numbers as far as they can be told."""
    told = text.splitlines()
    numbered = [found for line in told if (found := _NUMBERED.fullmatch(line))]
    if numbered:
        lines = [(int(found[1]), found[2].strip()) for found in numbered]
    else:
        lines = [(0 if windowed else number, line.strip()) for number, line in enumerate(told, 1)]
    return [(number, line) for number, line in lines if line]


def _plain(pattern: str) -> str:
    """A pattern as words: what a search by meaning is asked."""
    return " ".join(_REGEX_MARKS.sub(" ", pattern).split())[:QUESTION_CHARACTERS]
