"""Words of a query that stand nowhere in the repository, and the words there that are spelt like them."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from indexers.terms import hash_term, split_identifier, stem_word
from memory_server.deadline import in_time
from memory_server.index.view import View
from memory_server.query.question import STOP_WORDS, Query

NEAREST = 3
"""Words that are named for each unknown one."""

_LEAST = 3
"""Letters of a word that is worth being missed."""


def content_words(query: Query) -> list[str]:
    """A query's words that say what it is about, in order."""
    words = (word for piece in query.text.split() for word in split_identifier(piece))
    return list(dict.fromkeys(word for word in words if word not in STOP_WORDS and len(word) >= _LEAST))


def unknown_words(view: View, query: Query) -> list[str]:
    """Of those, the ones that no file has, in any of its forms."""
    return [word for word in content_words(query) if not view.lexical.idf(hash_term(stem_word(word)))]


def nearest_words(view: View, words: Sequence[str]) -> list[str]:
    """Words of the names in the repository that are spelt much like some others, nearest first."""
    if not words:
        return []
    known = sorted(
        {part for name in in_time(view.by_name) for part in split_identifier(name) if len(part) >= _LEAST}
    )
    near = (get_close_matches(word, known, n=NEAREST, cutoff=0.7) for word in words)
    return list(dict.fromkeys(word for found in near for word in found))
