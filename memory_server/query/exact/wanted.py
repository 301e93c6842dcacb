"""What of a query may stand in a file as it is written: a text, a name in any spelling, a regular expression."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import pyarrow as pa
import pyarrow.compute as pc

from indexers.terms import hash_term, identifier_words, split_identifier, split_identifiers, stem_word
from indexers.tokens import truncate
from memory_server.errors import QueryError
from memory_server.query.question import Query

LONGEST = 400
"""Characters of a text that is looked for as a whole; longer ones are pasted, and stand nowhere as they are."""

MOST_QUOTED = 3
"""Quoted parts of a query that are looked for."""

_REGEX = re.compile(r"/(.+)/(i?)", re.DOTALL)
_WHOLE = re.compile(r"(?P<mark>[\"'`])(?P<text>.+)(?P=mark)", re.DOTALL)
_QUOTED = re.compile(r"`([^`\n]{3,})`|\"([^\"\n]{3,})\"|(?<![\w'])'([^'\n]{3,})'(?!\w)")
_WORD_EDGE = re.compile(r"\w", re.ASCII)
LONG_IDENTIFIER = 48
"""Bytes after which the terms of an identifier may have been cut."""

REGEX_HINT = "regular expressions have the syntax of RE2: no look-around, no back-references"

_NOT_LITERAL = re.compile(r"\\[A-Za-z0-9]|\[(?:\\.|[^\]\\])*\]|(?:\\.|[^\\])(?:[*?]|\{\d*,?\d*\})|[.^$+()]")
"""What may stand for something else than itself, each with what repeats it."""

_BOUNDED_WORD = re.compile(r"(?<=[^\w\0])[A-Za-z0-9_]+(?=[^\w\0])")


class Manner(Enum):
    """How a text is to stand in a line."""

    TEXT = "text"
    """As it is, wherever."""
    USE = "use"
    """As a name: whole, in this spelling or another."""
    MESSAGE = "message"
    """As what writes it, with holes for its values."""
    PLACE = "place"
    """As the line of a file that is named."""
    REGEX = "regex"
    """As a regular expression says."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a line is to hold. ``pattern`` is in the syntax of RE2, which takes linear time whatever it says.

    Every file that holds it has the terms ``inner``, and most have ``edges``: words at its ends may go on in the file.
    ``is_certain``: it must stand somewhere; ``is_telling``: where it stands, nothing else can have been meant.
    """

    text: str
    manner: Manner
    pattern: str
    inner: frozenset[int]
    edges: frozenset[int] = frozenset()
    ignore_case: bool = False
    is_certain: bool = False
    is_telling: bool = False

    def count_lines(self, texts: list[bytes]) -> list[int]:
        """In how many lines of each text it stands."""
        if self.manner is Manner.REGEX or not self.pattern.isascii():  # as characters, not as bytes
            column = pa.array([text.decode(errors="replace") for text in texts], pa.large_string())
        else:
            column = pa.array(texts, pa.large_binary())
        holding = self._match(column, f"(?m){self.pattern}")
        counts = pc.count_substring_regex(
            column.filter(holding), pattern=rf"(?m)^.*?(?:{self.pattern}).*?$", ignore_case=self.ignore_case
        )
        found = iter(counts.to_pylist())
        return [next(found) if holds else 0 for holds in holding.to_pylist()]

    def places(self, lines: list[str]) -> list[int]:
        """The places of the lines that it stands in."""
        places: list[int] = pc.indices_nonzero(
            self._match(pa.array(lines, pa.large_string()), self.pattern)
        ).to_pylist()
        return places

    def _match(self, texts: pa.Array, pattern: str) -> pa.Array:
        return pc.match_substring_regex(texts, pattern=pattern, ignore_case=self.ignore_case)


def read_wanted(query: Query) -> tuple[Wanted, ...]:
    """What a query wants to stand in a line, the likeliest first; nothing for one that is too long for it.

    Raises:
        QueryError: it is a regular expression that cannot be read.
    """
    text = query.text.encode(errors="replace").decode().strip()
    if match := _REGEX.fullmatch(text):
        return (_read_regex(match[1], ignore_case=bool(match[2])),)
    whole = _WHOLE.fullmatch(text)
    if whole and whole["mark"] in whole["text"]:
        whole = None  # quoted parts, the first and the last at its ends
    bare = whole["text"] if whole else text
    if len(bare) > LONGEST or "\n" in bare.strip("\n"):
        return ()
    found = [read_use(bare)] if not whole and len(bare.split()) == 1 else []
    found.append(read_text(bare, is_certain=bool(whole)))
    parts = [] if whole else [next(filter(None, match)) for match in _QUOTED.findall(text)]
    found += [read_text(part, is_certain=True) for part in parts[:MOST_QUOTED] if len(part.split()) > 1]
    return tuple(found)


def read_text(text: str, *, is_certain: bool = False) -> Wanted:
    """A text as it is."""
    inner, edges = _terms(text)
    return Wanted(
        text, Manner.TEXT, re2_escape(text), inner, edges, is_certain=is_certain, is_telling=_is_telling(text)
    )


def read_use(name: str) -> Wanted:
    """A name in every spelling: with underscores, hyphens or humps, in small letters or capitals.

    One of a single word is spelt as it is; so is a path, and a chain of names.
    """
    words = [word for part in re.split(r"\W+", name) for word in split_identifier(part)]
    if len(words) <= 1 or re.search(r"[^\w-]", name.lstrip("-")):
        inner, edges = _terms(name)
        is_certain = not name.isalpha()  # else it may be a mere word
        pattern = _bounded(name, re2_escape(name))
        return Wanted(name, Manner.USE, pattern, inner | edges, is_certain=is_certain)
    pattern = _bounded(words[0] + words[-1], "[_-]?".join(map(re2_escape, words)))
    terms = frozenset(hash_term(stem_word(word)) for word in words if len(word) > 1)
    return Wanted(name, Manner.USE, pattern, terms, ignore_case=True, is_certain=True)


def re2_escape(text: str) -> str:
    """A pattern that a text fits alone."""
    return "".join(
        rf"\x{ord(char):02x}" if char.isascii() and not char.isalnum() and char not in " _" else char
        for char in text
    )


def _bounded(text: str, pattern: str) -> str:
    """A pattern between the borders of words, where the text begins and ends with one."""
    before, after = (r"\b" if _WORD_EDGE.match(char) else "" for char in (text[0], text[-1]))
    return f"{before}{pattern}{after}"


def _is_telling(text: str) -> bool:
    """Whether a text is so much like a piece of a file that no question has it by chance."""
    words = text.split()
    return len(words) >= 4 or (len(words) >= 2 and bool(re.search(r"[^\w\s,.?'-]|_|\w\.\w|[a-z][A-Z]", text)))


def _terms(text: str) -> tuple[frozenset[int], frozenset[int]]:
    """The terms of a text's words, apart those of its first and last word where they may go on in a file."""
    data = text.encode(errors="replace")
    runs = split_identifiers(data)
    inner: set[str] = set()
    edges: set[str] = set()
    for place, run in enumerate(runs):
        words = identifier_words(run)
        is_open = place == 0 and data.startswith(run), place == len(runs) - 1 and data.endswith(run)
        for at, word in enumerate(words):
            is_edge = (is_open[0] and at == 0) or (is_open[1] and at == len(words) - 1)
            is_edge = is_edge or (any(is_open) and len(run) > LONG_IDENTIFIER)
            (edges if is_edge else inner).add(word)
    return _hashed(inner), _hashed(edges - inner)


def _hashed(words: Iterable[str]) -> frozenset[int]:
    return frozenset(hash_term(stem_word(word)) for word in words if len(word) > 1)


def _read_regex(pattern: str, *, ignore_case: bool) -> Wanted:
    # In other letters, humps may divide a word otherwise.
    terms: frozenset[int] = frozenset() if ignore_case or "(?i" in pattern else _words_of_regex(pattern)
    wanted = Wanted(pattern, Manner.REGEX, pattern, terms, ignore_case=ignore_case, is_certain=True)
    try:
        wanted.count_lines([b""])
    except pa.ArrowInvalid as error:
        raise QueryError(f"not a regular expression: {truncate(str(error), 80)}", REGEX_HINT) from error
    return wanted


def _words_of_regex(pattern: str) -> frozenset[int]:
    """Terms that stand in every file with a match: of the words between literal characters, outside of any group."""
    if "|" in pattern or "(?" in pattern:
        return frozenset()
    literal = _NOT_LITERAL.sub("\0", pattern)
    # A word counts where other literal characters bound it; else it may go on.
    return _hashed(word for run in _BOUNDED_WORD.findall(literal) for word in identifier_words(run.encode()))
