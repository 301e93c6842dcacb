"""Secrets in a text, masked where they stand: the same bytes and characters, lines and columns around them.

What is a secret, and what only looks like one, is data: ``secrets.toml``. A text is looked through with three sieves,
each of a cost that grows with its length alone: long runs of letters and digits, literal marks, and names that end as
the name of a secret may.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from indexers.languages.registry import find_language

_RUN = b"a" * 20
"""The shortest run of letters, digits, dashes and underscores in a token."""

_RUNS = bytes(97 if code < 128 and (chr(code).isalnum() or chr(code) in "_-") else 32 for code in range(256))
_VARIED = re.compile(rb"\d|[a-z][A-Z]{2}|[A-Z]{12}")
"""What a token has in such a run, and most names of several words have not."""

_LEAD, _TAIL = 70, 400
"""How far from a run its token may begin and end."""

_TOKEN_KINDS = 10
"""A real token has more distinct characters than a placeholder such as ``xxxx`` or ``1234``."""

_LONG_NUMBER = 15
"""Digits of a number that nobody counts with."""

_LONG_VALUE = 100
"""What is longer is not looked through again for names, so that a hostile text costs no more than its length."""

_NAME_BEFORE = 60
_BARE_RANDOM = 16
_MASKS = ("", "*", "·", "•", "🞄")
"""What stands for a character, by the bytes that it takes in UTF-8."""

_VALUE = rb"""
    (?P<rest>[\w.\-]{0,40}+)\\?["'`]?(?:\[\d{0,5}\]|\])?
    (?:[ \t]{1,2}(?:&?'?[a-z]\w{0,9}\s)?\*?&?[a-z][\w.]{0,12}\??(?=\s{0,2}=[^=>])   # the type, as in `token string =`
      |\s?:\s?&?(?:'?[a-z]\w{0,9}\s)?[a-z][\w.]{0,12}\??(?=\s{0,2}=[^=>]))?          # or in `token: str =`
    (?P<sign>[ \t]{0,20}
        (?:=>|:{1,3}=|\?\?=|[.?+|]=|={1,3}|!={1,2}|:|>\s{0,20}|,|\(|\|\||\.assign\(|\s?value\s?=)[ \t]{0,20}
      |[ \t]{1,3}(?=\\?["'`]))
    (?:(?:@|&?[bruf]{1,2}(?=["']))?\\?(?P<quote>["'`])(?P<quoted>(?:(?!(?P=quote))[^\n\\]|\\.){1,400}?)\\?(?P=quote)
      |(?P<bare>[^\s"'`<][^\s"'`<]{3,399}))
"""
"""After the end of a name: the rest of it, a type, what assigns or compares, and the value in quotes or without."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """A secret by its form or by what stands around it; ``check`` says how a value is judged."""

    kind: str
    marks: tuple[bytes, ...]
    pattern: re.Pattern[bytes]
    check: str


@dataclass(frozen=True, slots=True)
class _Rules:
    """What ``secrets.toml`` says."""

    tokens: Mapping[bytes, tuple[_Rule, ...]]  # by mark, with those of the marks that it begins with
    marks: re.Pattern[bytes]
    unmarked: tuple[_Rule, ...]
    places: tuple[_Rule, ...]
    named: re.Pattern[bytes]
    strong: re.Pattern[bytes]
    weak: re.Pattern[bytes]
    harmless: re.Pattern[bytes]
    placeholders: re.Pattern[bytes]
    marked: re.Pattern[bytes]
    words: frozenset[bytes]


@cache
def _rules() -> _Rules:
    with (Path(__file__).parent / "secrets.toml").open("rb") as file:
        data: dict[str, Any] = tomllib.load(file)
    names, values = data["names"], data["values"]
    tokens: dict[bytes, tuple[_Rule, ...]] = {}
    found = [_rule(row) for row in data["token"]]
    for rule in found:
        for mark in rule.marks:
            tokens[mark] = (*tokens.get(mark, ()), rule)
    return _Rules(
        tokens={
            mark: tuple(rule for other in tokens if mark.startswith(other) for rule in tokens[other])
            for mark in tokens
        },
        marks=re.compile(b"(?=(" + _one_of(tokens) + b"))"),
        unmarked=tuple(rule for rule in found if not rule.marks),
        places=tuple(_rule(row) for row in data["place"]),
        named=re.compile(names["end"].encode() + _VALUE, re.VERBOSE),
        strong=re.compile(names["strong"].encode(), re.VERBOSE),
        weak=re.compile(names["weak"].encode(), re.VERBOSE),
        harmless=re.compile(names["harmless"].encode(), re.VERBOSE),
        placeholders=re.compile(values["placeholders"].encode(), re.VERBOSE | re.DOTALL),
        marked=re.compile(values["marked"].encode(), re.VERBOSE),
        words=frozenset(values["words"].encode().split()),
    )


def _rule(row: Mapping[str, Any]) -> _Rule:
    marks = tuple(mark.encode() for mark in row["marks"])
    return _Rule(row["kind"], marks, re.compile(row["pattern"].encode()), row.get("check", "token"))


def _one_of(words: Iterable[bytes]) -> bytes:
    """A pattern of any of the words, the longest that stands there, which branches on each character once."""
    by_first: dict[bytes, list[bytes]] = {}
    for word in words:
        by_first.setdefault(word[:1], []).append(word[1:])
    ends = by_first.pop(b"", None) is not None
    branches = [re.escape(first) + _one_of(rest) for first, rest in sorted(by_first.items())]
    if not branches:
        return b""
    return b"(?:" + b"|".join(branches) + b")" + (b"?" if ends else b"")


def mask_secrets(path: str, data: bytes) -> bytes:
    """A file's text in UTF-8 with its secrets masked, of the same length.

    In a language that puts quotes around its strings, a word without them is taken for a name unless it looks random.
    A made-up key in a test is a secret too.
    """
    spec = find_language(path, data)
    spans = sorted(_find(data, code=spec is not None and not spec.bare_strings))
    if not spans:
        return data
    parts: list[bytes] = []
    done = 0
    for start, end in spans:
        if end > done:
            parts += [data[done : max(start, done)], _mask(data[max(start, done) : end])]
            done = end
    return b"".join([*parts, data[done:]])


def _mask(secret: bytes) -> bytes:
    text = secret.decode("utf-8", "replace")
    masked = "".join(char if char in "\r\n" else _MASKS[len(char.encode())] for char in text).encode()
    return masked if len(masked) == len(secret) else b"*" * len(secret)


def _find(data: bytes, *, code: bool) -> Iterator[tuple[int, int]]:
    rules, lowered = _rules(), data.lower()
    yield from _find_tokens(rules, data, lowered)
    for rule in rules.places:
        if any(mark in lowered for mark in rule.marks):
            for match in rule.pattern.finditer(data):
                if _is_secret(rules, match[match.lastindex or 0], rule.check):
                    yield match.span(match.lastindex or 0)
    yield from _find_named(rules, data, lowered, code=code)


def _find_tokens(rules: _Rules, data: bytes, lowered: bytes) -> Iterator[tuple[int, int]]:
    for start, end in _windows(data):
        near = {rule for mark in rules.marks.findall(lowered, start, end) for rule in rules.tokens[mark]}
        for rule in (*rules.unmarked, *near):
            for match in rule.pattern.finditer(data, start, end):
                if _is_secret(rules, match[match.lastindex or 0], rule.check):
                    yield match.span(match.lastindex or 0)


def _windows(data: bytes) -> Iterator[tuple[int, int]]:
    """Where tokens may stand: the surroundings of long runs of letters and digits, each part of the text once."""
    runs = data.translate(_RUNS)
    first = last = end = 0
    while (at := runs.find(_RUN, end)) >= 0:
        end = runs.find(b" ", at)
        end = len(data) if end < 0 else end
        if not _VARIED.search(data, at, end):
            continue
        if at - _LEAD > last:
            if last:
                yield first, last
            first = max(at - _LEAD, last)
        last = end + _TAIL
    if last:
        yield first, last


def _find_named(rules: _Rules, data: bytes, lowered: bytes, *, code: bool) -> Iterator[tuple[int, int]]:
    """Values assigned to, or compared with, what bears the name of a secret."""
    at = 0
    while match := rules.named.search(lowered, at):
        at = match.end("rest")
        head = lowered[max(match.start() - _NAME_BEFORE, 0) : match.start()]
        begin = match.start() - len(head) + len(head.rstrip(_NAME_BYTES))
        name = lowered[begin : match.end("rest")]
        group = "quoted" if match["quote"] else "bare"
        start, end = match.span(group)
        check = _judge_name(rules, name)
        if group == "bare":
            is_variable = match["sign"] == b"=" and data[begin : match.end("rest")].isupper()
            check = _judge_bare(check, match["sign"].strip(), code=code and not is_variable)
            end = start + len(data[start:end].rstrip(b",;)]}\\") if check else b"")
            end = start + len(data[start:end].split(b"\\n")[0]) if check else end
        elif match["sign"].strip() in {b"", b",", b"(", b"||"}:
            check = check and "random"
        if check and _is_secret(rules, data[start:end], check):
            yield start, end
            at = end
        elif end - start > _LONG_VALUE:
            at = end


_NAME_BYTES = b"abcdefghijklmnopqrstuvwxyz0123456789_.-"


def _judge_name(rules: _Rules, name: bytes) -> str:
    name = name.strip(b"-.")
    if rules.harmless.search(name):
        return ""
    return "password" if rules.strong.search(name) else "random" if rules.weak.search(name) else ""


def _judge_bare(check: str, sign: bytes, *, code: bool) -> str:
    """How a value without quotes is judged; ``NAME=value`` is a variable of a shell wherever it stands."""
    if not sign or sign in {b",", b"(", b"||", b"=>"}:
        return ""
    if code or check == "random":
        return check and "bare"
    return check


def _is_secret(rules: _Rules, value: bytes, check: str) -> bool:
    """Whether a value is one: not a placeholder, not code, and as various as its place asks."""
    if check == "any":
        return True
    if check == "token":
        return len(set(value)) >= _TOKEN_KINDS and b"EXAMPLE" not in value
    lowered = value.lower()
    if b" " in value and not _is_mixed(value):
        return False
    if rules.placeholders.fullmatch(lowered) or rules.marked.search(lowered) or _is_wordy(rules, value):
        return False
    if check == "url":
        return True
    if len(value) < 3:
        return False
    digits = bool(_DIGIT.search(value))
    letters = len(value) >= _LONG_NUMBER or any(map(str.isalpha, value.decode("utf-8", "replace")))
    signs = {sign for sign in value if sign in _SIGNS}
    if check == "password":
        return len(value) >= 5 and letters and (digits or len(signs) > 1)
    if check == "bare" and not _BARE.fullmatch(value):
        return False
    least = _BARE_RANDOM if check == "bare" else 8
    varied = entropy(value) >= min(3.0, math.log2(len(value)) - 0.6)
    return len(value) >= least and letters and (digits or _is_mixed(value)) and varied


_DIGIT, _WORD = re.compile(rb"\d"), re.compile(rb"[A-Z]?[a-z]+|[A-Z]+")
_BARE = re.compile(rb"[\w+/=.~-]+")
_SIGNS = frozenset(b"!#$%^&*+=?@~|<>{}[]()\\;:,.")


def _is_mixed(value: bytes) -> bool:
    """Whether a text with spaces is no sentence: it has signs that prose has not."""
    return len({sign for sign in value if sign in b"#$%^&*+=@~|<>{}[]\\"}) > 2


def _is_wordy(rules: _Rules, value: bytes) -> bool:
    """Whether a value is made of words that placeholders are made of, and at most a short number."""
    if len(_DIGIT.findall(value)) > 5 or any(sign in b"#$%^&*+=@~|<>{}[]\\" for sign in value):
        return False
    return all(word.lower() in rules.words for word in _WORD.findall(value))


def entropy(value: bytes) -> float:
    """Shannon's entropy of a value's bytes, in bits a byte."""
    size = len(value)
    return -sum(count / size * math.log2(count / size) for count in Counter(value).values())
