"""The patterns of ``.gitignore`` files, matched the way git matches them: byte by byte."""

from __future__ import annotations

import re
from dataclasses import dataclass
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
_MARKS = frozenset("*?[\\")
MAX_PATTERNS = 50_000
"""Bytes of all lines with a mark in them that are read, the first ones; what has more is a list made to be slow."""
MAX_PATTERN = 4_096
"""Bytes of a line that are read as a pattern: as many as the longest path has. A longer line says nothing."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """A line that says something: whether it ignores or takes back, names or paths, and which.

    ``plain`` is the text that it is, where no mark stands in it, and ``pattern`` the pattern of any other.
    """

    ignores: bool
    by_name: bool
    plain: frozenset[str]
    pattern: str

    def fits(self, name: str, path: str) -> bool:
        """Whether a path is one of those."""
        text = name if self.by_name else path
        return text in self.plain if self.plain else _compile(self.pattern).match(text) is not None


class IgnoreRules:
    """The rules of one ignore file, for posix paths relative to its folder; a folder's ends in a slash."""

    __slots__ = ("_names", "_negates", "_paths", "_plain_names", "_plain_paths", "_rules")

    def __init__(self, text: str) -> None:
        rules, room = [], MAX_PATTERNS
        for line in text.removeprefix("\ufeff").split("\n"):
            rule = _translate(line)
            if rule is not None:
                room -= 0 if rule.plain else len(line)
                if rule.plain or room >= 0:
                    rules.append(rule)
        self._negates = any(not rule.ignores for rule in rules)
        self._rules = rules[::-1]
        self._plain_names = frozenset().union(*(rule.plain for rule in rules if rule.by_name))
        self._plain_paths = frozenset().union(*(rule.plain for rule in rules if not rule.by_name))
        self._names = _join([rule.pattern for rule in rules if rule.by_name and not rule.plain])
        self._paths = _join([rule.pattern for rule in rules if not (rule.by_name or rule.plain)])

    def judge(self, path: str) -> bool | None:
        """What the last rule that matches says: True ignores the path, False takes it back; None without one.

        Only the path itself is matched: whoever walks a tree does not enter an ignored folder.
        """
        if not self._rules:
            return None
        if not path.isascii():
            path = _as_bytes(path)
        name = path[path.rfind("/", 0, -1) + 1 :]
        plain = name in self._plain_names or path in self._plain_paths
        if not (plain or self._names.match(name) or self._paths.match(path)):
            return None
        return not self._negates or next(rule.ignores for rule in self._rules if rule.fits(name, path))


@lru_cache(maxsize=10_000)
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


def _as_bytes(text: str) -> str:
    """A text of one character for each of its bytes."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _join(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.DOTALL) if patterns else _NEVER


def _translate(line: str) -> _Rule | None:
    """What a line says; None where it says nothing or can never match."""
    line = _without_last_spaces(_as_bytes(line.removesuffix("\r")))
    if not line or line.startswith("#") or len(line) > MAX_PATTERN:
        return None
    ignores = not line.startswith("!")
    glob = line.removeprefix("!")
    only_folders = glob.endswith("/")
    glob = glob.removesuffix("/")
    by_name = "/" not in glob
    glob = glob.removeprefix("/")
    if glob and not _MARKS & set(glob):
        return _Rule(ignores, by_name, frozenset({f"{glob}/"} if only_folders else {glob, f"{glob}/"}), "")
    parts = _read_glob(glob, by_name=by_name)
    end = r"/\Z" if only_folders else r"/?\Z"
    return _Rule(ignores, by_name, frozenset(), join_parts(parts, end)) if parts else None


def _without_last_spaces(line: str) -> str:
    """A line without the spaces at its end, as far as no backslash makes them part of it."""
    bare = line.rstrip(" ")
    backslashes = len(bare) - len(bare.rstrip("\\"))
    return line[: len(bare) + 1] if backslashes % 2 else bare


def _read_glob(glob: str, *, by_name: bool) -> list[Part] | None:
    """The parts of a glob; None where it can never match."""
    parts: list[Part] = []
    # What stands before the first mark git compares by itself, then it begins the glob behind that.
    is_literal, is_open = True, False
    place = 0
    while match := _TOKEN.match(glob, place):
        kind, place = match.lastgroup or "", match.end()
        if kind == "stars":
            before, after = glob[: match.start()], glob[place:]
            at_start = not before or before.endswith("/")
            # Behind text that git compared by itself, folders that are none leave nothing for the next star to be.
            is_named = at_start and not (parts[-1:] == [Star.FOLDERS] and is_open)
            spans = (at_start or is_literal) and not by_name
            parts += _read_stars(match[0], after, spans=spans, is_named=is_named)
            place += parts[-1] is Star.FOLDERS
            is_open = not at_start and is_literal
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


def _read_stars(stars: str, after: str, *, spans: bool, is_named: bool) -> list[Part]:
    """A run of stars: two or more span folders where nothing but a slash stands beside them.

    ``is_named``: it stands for a whole name or the begin of one, which is not empty.
    """
    if len(stars) > 1 and spans and after.startswith("/"):
        return [Star.FOLDERS]
    if len(stars) > 1 and spans and (not after or after.startswith("\\/")):
        return [Star.ANYTHING, "."] if is_named and not after else [Star.ANYTHING]
    return ["(?=[^/])", Star.NAME] if is_named else [Star.NAME]


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
