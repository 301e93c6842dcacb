"""Identifiers into search terms, text into token estimates, text cut to a length."""

from __future__ import annotations

import re
from functools import lru_cache
from zlib import crc32

IDENTIFIER = re.compile(rb"[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*|[0-9]+")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+|\d+")
_MAX_TERM = 64


def split_identifier(identifier: str) -> list[str]:
    """Split at camelCase humps, underscores and digits, lowercased: ``parseHTTPBody2`` -> parse, http, body, 2."""
    return [part.lower() for part in _PARTS.findall(identifier)]


@lru_cache(maxsize=200_000)
def identifier_words(identifier: bytes) -> tuple[str, ...]:
    """The words of an identifier as written in a file (UTF-8), lowercased."""
    return tuple(split_identifier(identifier[:_MAX_TERM].decode("utf-8", "replace")))


def hash_term(term: str) -> int:
    """A term as 32 bits; two terms of a large repository collide about once in ten thousand."""
    return crc32(term.encode())


@lru_cache(maxsize=200_000)
def identifier_terms(identifier: bytes) -> tuple[int, ...]:
    """Hashed search terms of an identifier: each word, and the whole when it has several."""
    words = [word for word in identifier_words(identifier) if len(word) > 1]
    if not words:
        return ()
    terms = [hash_term(word) for word in words]
    whole = identifier[:_MAX_TERM].decode("utf-8", "replace").lower().strip("_")
    if whole != words[0]:
        terms.append(hash_term(whole))
    return tuple(terms)


def text_terms(text: str) -> list[int]:
    """Hashed search terms of a text in order, repeats kept."""
    return [term for found in IDENTIFIER.findall(text.encode()) for term in identifier_terms(found)]


def text_words(text: str) -> list[str]:
    """The words of a text in order, identifiers split and lowercased."""
    return [word for found in IDENTIFIER.findall(text.encode()) for word in identifier_words(found)]


def estimate_tokens(text: str) -> int:
    """Tokens a Claude model is billed for ``text``."""
    return (len(text.encode()) * 2 + 5) // 6


def truncate(text: str, limit: int) -> str:
    """``text`` cut to ``limit`` characters at a word where one is near, with an ellipsis."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit * 0.6 else cut).rstrip(" ,;:") + "…"
