"""The patterns of ``.gitignore`` files, matched the way git matches them: byte by byte."""

from __future__ import annotations

import re
from functools import lru_cache

from indexers.source.globs import Part, Star, join_parts

_POSIX_CLASSES = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f", "digit": "0-9",
    "graph": "!-~", "lower": "a-z", "print": " -~", "punct": r"!-/:-@\[-`{-~", "space": r" \t\n\r",
    "upper": "A-Z", "xdigit": "0-9A-Fa-f",
}  # fmt: skip

_TOKEN = re.compile(
    r"(?P<stars>\*+)|(?P<one>\?)|(?P<set>\[)|\\(?P<escaped>.)|(?P<broken>\\)|(?P<plain>.)", re.DOTALL
)
_CLASS = re.compile(r"\[:([^\]]{0,40}):\]")
_NEVER = re.compile("(?!)")
MAX_PATTERN = 4_096
"""Bytes of a line that are read as a pattern: as many as the longest path has. A longer line says nothing."""


class IgnoreRules:
    """The rules of one ignore file, for posix paths relative to its folder; a folder's ends in a slash."""

    __slots__ = ("_names", "_negates", "_paths", "_rules")

    def __init__(self, text: str) -> None:
        rules = [rule for line in text.removeprefix("\ufeff").split("\n") if (rule := _translate(line))]
        self._negates = any(not ignored for ignored, _, _ in rules)
        self._rules = rules[::-1]
        self._names = _join([pattern for _, by_name, pattern in rules if by_name])
        self._paths = _join([pattern for _, by_name, pattern in rules if not by_name])

    def judge(self, path: str) -> bool | None:
        """What the last rule that matches says: True ignores the path, False takes it back; None without one.

        Only the path itself is matched: whoever walks a tree does not enter an ignored folder.
        """
        if not self._rules:
            return None
        if not path.isascii():
            path = _as_bytes(path)
        name = path[path.rfind("/", 0, -1) + 1 :]
        if not (self._names.match(name) or self._paths.match(path)):
            return None
        if not self._negates:
            return True
        return next(
            ignored
            for ignored, by_name, pattern in self._rules
            if re.match(pattern, name if by_name else path, re.DOTALL)
        )


def _as_bytes(text: str) -> str:
    """A text of one character for each of its bytes."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _join(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.DOTALL) if patterns else _NEVER


def _translate(line: str) -> tuple[bool, bool, str] | None:
    """A line as (ignores, matches the name alone, pattern); None where it says nothing or can never match."""
    line = _without_last_spaces(_as_bytes(line.removesuffix("\r")))
    if not line or line.startswith("#") or len(line) > MAX_PATTERN:
        return None
    ignored = not line.startswith("!")
    glob = line.removeprefix("!")
    only_folders = glob.endswith("/")
    glob = glob.removesuffix("/")
    by_name = "/" not in glob
    parts = _read_glob(glob.removeprefix("/"), by_name=by_name)
    return (ignored, by_name, join_parts(parts, r"/\Z" if only_folders else r"/?\Z")) if parts else None


def _without_last_spaces(line: str) -> str:
    """A line without the spaces at its end, as far as no backslash makes them part of it."""
    bare = line.rstrip(" ")
    backslashes = len(bare) - len(bare.rstrip("\\"))
    return line[: len(bare) + 1] if backslashes % 2 else bare


def _read_glob(glob: str, *, by_name: bool) -> list[Part] | None:
    """The parts of a glob; None where it can never match."""
    parts: list[Part] = []
    is_literal = (
        True  # git compares what stands before the first mark by itself, then begins the glob behind that
    )
    place = 0
    while match := _TOKEN.match(glob, place):
        kind, place = match.lastgroup or "", match.end()
        if kind == "stars":
            before, after = glob[: match.start()], glob[place:]
            opens = not before or before.endswith("/") or is_literal
            parts += _read_stars(match[0], before, after, spans=opens and not by_name)
            place += parts[-1] is Star.FOLDERS
        elif kind == "set":
            found = _read_set(glob, place)
            if found is None:
                return None
            part, place = found
            parts.append(part)
        elif kind == "broken":
            return None
        else:
            parts.append("[^/]" if kind == "one" else re.escape(match[kind]))
        is_literal = is_literal and kind == "plain"
    return parts


def _read_stars(stars: str, before: str, after: str, *, spans: bool) -> list[Part]:
    """A run of stars: two or more span folders where nothing but a slash stands beside them."""
    at_start = not before or before.endswith("/")
    if len(stars) > 1 and spans and after.startswith("/"):
        return [Star.FOLDERS]
    if len(stars) > 1 and spans and (not after or after.startswith("\\/")):
        return [Star.ANYTHING, "."] if at_start and not after else [Star.ANYTHING]
    return ["(?=[^/])", Star.NAME] if at_start else [Star.NAME]


def _read_set(glob: str, place: int) -> tuple[str, int] | None:
    """The pattern of a set's one character, and where the set ends; None where it does not, or names no class."""
    is_negated = glob[place : place + 1] in ("!", "^")
    first = place = place + is_negated
    found, before = "", ""
    while (character := glob[place : place + 1]) and (character != "]" or place == first):
        if match := _CLASS.match(glob, place):
            if match[1] not in _POSIX_CLASSES:
                return None
            found, before, place = found + _POSIX_CLASSES[match[1]], "", match.end()
            continue
        is_range = character == "-" and before and glob[place + 1 : place + 2] not in ("", "]")
        place += bool(is_range)
        place += glob[place] == "\\"
        character = glob[place : place + 1]
        if not is_range:
            found += re.escape(character)
        elif before <= character:
            found += f"{re.escape(before)}-{re.escape(character)}"
        before, place = "" if is_range else character, place + 1
    if not character:
        return None
    return (f"[^/{found}]" if is_negated else f"(?!/)[{found}]"), place + 1


@lru_cache(maxsize=1_000)
def parse_ignore(data: bytes) -> IgnoreRules:
    """The rules of an ignore file's bytes; a file that did not change is not compiled again."""
    return IgnoreRules(data.decode("utf-8", "surrogateescape"))
