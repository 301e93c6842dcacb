"""A question taken apart: names, terms, kinds and places that it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from indexers.terms import hash_term, identifier_terms, identifier_words, split_identifier, stem_word
from memory_server.errors import QueryError
from memory_server.query.target_text import LINE_MARKS

STOP_WORDS = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from", "has", "have", "how", "i",
    "if", "in", "is", "it", "its", "me", "my", "of", "on", "or", "our", "should", "that", "the", "their", "them",
    "there", "these", "this", "to", "used", "uses", "using", "was", "we", "what", "when", "where", "which", "who",
    "why", "will", "with", "you", "your",
})  # fmt: skip

KIND_WORDS = {
    "class": ("class", "struct", "interface", "trait"), "classes": ("class",), "struct": ("struct", "class"),
    "interface": ("interface", "trait"), "trait": ("trait", "interface"), "enum": ("enum",),
    "function": ("function", "method"), "method": ("method", "function"), "constant": ("constant",),
    "macro": ("macro",), "module": ("module", "file"), "type": ("type", "class", "struct"),
}  # fmt: skip

_WORD = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|#|->)[A-Za-z_$][\w$]*)*[!?]?|\d+")
_HUMPS = re.compile(r"[a-z0-9][A-Z]|_|[A-Z][A-Z][a-z]")
_PLACE = re.compile(rf"([\w./\\@+-]++)(?:(?=(?:{LINE_MARKS})(\d{{1,7}})\b))?")
"""Whatever may be a path is passed over as a whole, so that nothing is looked at twice; with a line if one follows."""
_FILE_NAME = re.compile(r"[\w./\\@+-]\.\w{1,6}\Z")
_VERSION = re.compile(r"\bv\d+\b", re.IGNORECASE)
_ASKS_FOR_TESTS = re.compile(
    r"^\W*(?:tests?|testing|specs?)\b|\b(?:tests?|specs?)(?:\s+(?:of|for|that|which|cover|covers|covering|about|check)\b|\W*\Z)"
    r"|\btested\b|\b(?:tests?|specs?)/",
    re.IGNORECASE,
)
"""Where "test" is what is wanted, and not part of what something is called."""
_ROLE_WORDS = {
    "test": "tests", "tests": "tests", "tested": "tests", "testing": "tests", "spec": "tests", "specs": "tests",
    "example": "examples", "examples": "examples", "benchmark": "examples", "benchmarks": "examples",
    "docs": "documents", "documentation": "documents", "readme": "documents", "changelog": "documents",
    "legacy": "legacy", "deprecated": "legacy", "compat": "legacy", "compatibility": "legacy",
    "windows": "foreign", "win32": "foreign", "macos": "foreign", "darwin": "foreign", "linux": "foreign",
    "bsd": "foreign", "freebsd": "foreign", "solaris": "foreign", "aix": "foreign", "platform": "foreign",
}  # fmt: skip

MAX_QUERY = 10_000
"""Characters of a query: a long stack trace has as many."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question taken apart.

    ``names`` are identifiers written as such, outermost first (``["Flask", "route"]``); ``terms`` are hashed search
    terms with weights, ``stems`` the beginnings of the words they are of; ``words`` the plain words' stems; ``style``
    is "name" for an identifier alone, else "text"; ``roles`` are the roles of files that it asks for, ``mentioned``
    those whose words merely stand in it; ``places`` the paths and lines of a stack trace or a compiler.
    """

    text: str
    style: str
    names: tuple[tuple[str, ...], ...]
    terms: dict[int, float]
    words: frozenset[str]
    kinds: frozenset[str]
    roles: frozenset[str]
    mentioned: frozenset[str]
    places: tuple[tuple[str, int], ...] = ()
    stems: frozenset[str] = frozenset()

    @property
    def is_place(self) -> bool:
        """Whether it is nothing but a file with a line."""
        return len(self.places) == 1 and len(self.text.split()) == 1


def read_query(text: str) -> Query:
    """Take a question apart.

    Raises:
        QueryError: it is empty, or longer than `MAX_QUERY` characters.
    """
    if not text.strip():
        raise QueryError("the query is empty", "ask for a name, a phrase or an error message")
    if len(text) > MAX_QUERY:
        raise QueryError(
            f"the query has {len(text):,} characters, {MAX_QUERY:,} is the most",
            "ask with the part that matters",
        )
    found = _WORD.findall(text)
    is_name = len(found) <= 2 and len(text.split()) == 1
    named = dict.fromkeys(word for word in found if is_name or _looks_like_name(word))
    names = tuple(tuple(re.split(r"\.|::|#|->", word)) for word in named)
    terms: dict[int, float] = {}
    stems: set[str] = set()
    for word in found:
        if not is_name and word.lower() in STOP_WORDS:
            continue
        for part in re.split(r"\.|::|#|->", word):
            for term in identifier_terms(part.encode()):
                terms[term] = min(terms.get(term, 0.0) + 1.0, 2.0)
            stems.update(map(stem_word, identifier_words(part.encode())))
            if len(part) == 1:
                terms.setdefault(hash_term(part.lower()), 0.5)
    words = {part for word in found for part in split_identifier(word) if part not in STOP_WORDS}
    asked = {_ROLE_WORDS[word] for word in words & _ROLE_WORDS.keys()}
    asked |= {"legacy"} if _VERSION.search(text) else set()
    mentioned = frozenset({"tests"} & asked if not _ASKS_FOR_TESTS.search(text) else ())
    return Query(
        text,
        style="name" if is_name else "text",
        names=names,
        terms=terms,
        words=frozenset(map(stem_word, words)),
        kinds=frozenset(kind for word in words if not is_name for kind in KIND_WORDS.get(word, ())),
        roles=frozenset(asked) - mentioned,
        mentioned=mentioned,
        stems=frozenset(stems),
        places=tuple(dict.fromkeys(_find_places(text))),
    )


def _find_places(text: str) -> Iterator[tuple[str, int]]:
    for path, line in _PLACE.findall(text):
        if line and _FILE_NAME.search(path[-8:]):
            yield path, int(line)


@lru_cache(maxsize=50_000)
def name_words(name: str) -> frozenset[str]:
    """The stems of an identifier's words, as in ``Query.words``."""
    return frozenset(map(stem_word, split_identifier(name)))


def _looks_like_name(word: str) -> bool:
    return bool(_HUMPS.search(word)) or "." in word or "::" in word or (len(word) > 3 and word.isupper())
