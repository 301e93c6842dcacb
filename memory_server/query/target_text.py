"""Targets as people, tools and pages write them: which path a text may mean, with lines or a name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import unquote as decode_percent

from memory_server.visible import unquote

LINE_MARKS = r":line |:L?|#L|\(|[\"'],? lines? |,? lines? "
"""What stands between a path and a line of it, wherever both are read."""

_LINES = tuple(
    re.compile(rf"{pattern}\Z")
    for pattern in (
        r":(?P<start>\d{1,9})(?:-(?P<end>\d{1,9}))?",
        r":(?:L|line )?(?P<start>\d{1,9})(?::\d{1,9})?(?:-L?(?P<end>\d{1,9})(?::\d{1,9})?)?:?",
        r"#L?(?P<start>\d{1,9})(?:C\d{1,9})?(?:-L?(?P<end>\d{1,9})(?:C\d{1,9})?)?",
        r"\((?P<start>\d{1,9})(?:,\d{1,9})?(?:-(?P<end>\d{1,9})(?:,\d{1,9})?)?\):?",
        r",? lines? (?P<start>\d{1,9})(?:-(?P<end>\d{1,9}))?:?",
    )
)
"""Lines behind a path: of our own replies, of compilers with columns, of pages, in parentheses, in words.

Each is of few characters at most, so that a text is looked through once.
"""

_IN_FUNCTION = re.compile(r", in [^,]*\Z")
_RECEIVER = re.compile(r"\(\*?(\w+)\)(?=\.)")
_ARGUMENTS = re.compile(r"(?<=[\w$!?])[(\[].*", re.DOTALL)
_LOOSE_SEPARATORS = re.compile(r"[:\\]")
_QUOTES = "`\"'"

_OF_A_REVISION = frozenset({"blob", "blame", "raw", "edit", "tree"})
"""What stands before the revision in the URL of a file at a forge."""

_MOST_REVISION_PARTS = 5


@dataclass(frozen=True, slots=True)
class Reading:
    """A path that a text may mean, with lines (1-based, inclusive; ``end`` 0: to its end) or with a symbol's ``name``.

    ``by_end``: whether the end of a path is enough, where one file alone has it.
    """

    path: str
    start: int = 1
    end: int = 0
    name: str = ""
    by_end: bool = True


def read_target(text: str) -> Iterator[Reading]:
    """What a target may mean, the likeliest first: a file that is called so as a whole before any other."""
    plain = unquote(text.strip().strip("`"))
    yield Reading(plain, by_end=False)
    for said in dict.fromkeys((plain, text.strip().strip(_QUOTES))):
        for reading in _split(said):
            for path, by_end in spell_path(reading.path):
                yield replace(reading, path=path, by_end=by_end)


def _split(text: str) -> Iterator[Reading]:
    """A path apart from what is said of its file."""
    path, colons, name = text.partition("::")
    if colons:
        yield Reading(path, name=name)
    place = _IN_FUNCTION.sub("", text)
    for pattern in _LINES:
        if match := pattern.search(place):
            start = max(int(match["start"]), 1)
            path = place[: match.start()].removeprefix("File ")
            yield Reading(path, start, max(int(match["end"] or start), start))
    yield Reading(text)
    for mark in "#:":
        path, found, name = text.rpartition(mark)
        if found and not name.startswith(("/", "\\")):
            yield Reading(path, name=name)


def spell_path(text: str) -> Iterator[tuple[str, bool]]:
    """The paths that a text may mean, and whether the end of one is enough.

    As it is; with a system's other separators; of a URL; of a diff, without its ``a/`` and ``b/``.
    """
    text = text.strip(f"{_QUOTES} ")
    yield text, True
    scheme, found, rest = text.partition("://")
    if found:
        yield from ((path, False) for path in _paths_of_url(scheme, rest))
        return
    path = text.replace("\\", "/")
    if path != text:
        yield path.lstrip("/"), True
    side, _, rest = path.partition("/")
    if side in ("a", "b"):
        yield rest, False


def _paths_of_url(scheme: str, rest: str) -> Iterator[str]:
    """The paths that a URL's end may be: the name of a revision may have slashes itself."""
    host, *parts = decode_percent(rest.partition("#")[0].partition("?")[0]).split("/")
    if scheme == "file":
        yield "/" + "/".join(parts)
    if scheme not in ("http", "https"):
        return
    marks = (place for place, part in enumerate(parts) if place > 1 and part in _OF_A_REVISION)
    revision = 2 if host.startswith("raw.") else next(marks, len(parts)) + 1
    ends = [parts[start:] for start in range(revision + 1, revision + 1 + _MOST_REVISION_PARTS)]
    yield from ("/".join(end) for place, end in enumerate(ends) if len(end) > min(place, 1))


def spell_name(text: str) -> list[str]:
    """A symbol's name as it is, without what it is called with, and with dots for the rarer separators."""
    plain = unquote(text.strip().strip("`")).strip()
    bare = _ARGUMENTS.sub("", _RECEIVER.sub(r"\1", plain))
    return list(dict.fromkeys((plain, bare, _LOOSE_SEPARATORS.sub(".", bare))))
