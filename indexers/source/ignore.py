"""The patterns of ``.gitignore`` files, matched the way git matches them."""

from __future__ import annotations

import re
from functools import lru_cache

_POSIX_CLASSES = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f", "digit": "0-9",
    "graph": "!-~", "lower": "a-z", "print": " -~", "punct": r"!-/:-@\[-`{-~", "space": r" \t-\r",
    "upper": "A-Z", "xdigit": "0-9A-Fa-f",
}  # fmt: skip

_TOKEN = re.compile(
    r"(?:^|(?<=/))(?:(?P<folders>(?:\*\*+/)+)|(?P<inside>\*\*+$)|(?P<segment>\*+))|(?P<star>\*+)|(?P<one>\?)"
    r"|\[(?P<set>[!^]?\]?(?:\[:\w+:\]|\\.|[^\]\\])*)\]|\\(?P<escaped>.)|(?P<broken>[\[\\])|(?P<plain>.)",
    re.DOTALL,
)
_SIMPLE = {"folders": "(?:.+/)?", "inside": ".+", "segment": "(?=[^/])[^/]*", "star": "[^/]*", "one": "[^/]"}
_SET_ITEM = re.compile(r"\[:(?P<name>\w+):\]|\\(?P<escaped>.)|(?P<odd>[\[\]&~|^])", re.DOTALL)
_NEVER = re.compile("(?!)")


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
        name = path[path.rfind("/", 0, -1) + 1 :]
        if not (self._names.fullmatch(name) or self._paths.fullmatch(path)):
            return None
        if not self._negates:
            return True
        return next(
            ignored
            for ignored, by_name, pattern in self._rules
            if re.fullmatch(pattern, name if by_name else path, re.DOTALL)
        )


def _join(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.DOTALL) if patterns else _NEVER


def _translate(line: str) -> tuple[bool, bool, str] | None:
    """A line as (ignores, matches the name alone, pattern); None where it says nothing or can never match."""
    line = re.sub(r"(?<!\\) +$", "", line.removesuffix("\r"))
    if not line or line.startswith("#"):
        return None
    ignored = not line.startswith("!")
    glob = line.removeprefix("!")
    only_folders = glob.endswith("/")
    glob = glob.removesuffix("/")
    by_name = "/" not in glob
    body = _translate_glob(glob.removeprefix("/"))
    return (ignored, by_name, body + ("/" if only_folders else "/?")) if body else None


def _translate_glob(glob: str) -> str | None:
    parts = []
    for match in _TOKEN.finditer(glob):
        kind, text = match.lastgroup or "", match[match.lastgroup or 0]
        if kind == "broken":
            return None
        if kind == "set":
            part = _translate_set(text)
            if part is None:
                return None
        else:
            part = _SIMPLE.get(kind) or re.escape(text)
        parts.append(part)
    return "".join(parts)


def _translate_set(text: str) -> str | None:
    negated = text[:1] in {"!", "^"}
    body = _SET_ITEM.sub(_translate_set_item, text[1:] if negated else text)
    pattern = f"(?!/)[{'^' if negated else ''}{body}]"
    try:
        re.compile(pattern)
    except re.error:
        return None
    return pattern


def _translate_set_item(match: re.Match[str]) -> str:
    if match["name"]:
        return _POSIX_CLASSES.get(match["name"], "")
    character = match["escaped"] or match["odd"]
    return character if character.isalnum() else "\\" + character


@lru_cache(maxsize=1_000)
def parse_ignore(data: bytes) -> IgnoreRules:
    """The rules of an ignore file's bytes; a file that did not change is not compiled again."""
    return IgnoreRules(data.decode("utf-8", "surrogateescape"))
