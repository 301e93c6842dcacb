"""Identifiers and text into search terms."""

from __future__ import annotations

import re
from functools import lru_cache
from zlib import crc32

IDENTIFIER_BYTES = re.compile(rb"[A-Za-z0-9_\x80-\xff]")
_NOT_IDENTIFIER = bytes(byte if IDENTIFIER_BYTES.match(bytes([byte])) else ord(" ") for byte in range(256))
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+|\d+")
_MAX_TERM = 64


def split_identifier(identifier: str) -> list[str]:
    """Split at camelCase humps, underscores and digits, lowercased: ``parseHTTPBody2`` -> parse, http, body, 2."""
    return [part.lower() for part in _PARTS.findall(identifier)]


def split_identifiers(text: bytes) -> list[bytes]:
    """The identifiers and numbers of a text in order."""
    return text.translate(_NOT_IDENTIFIER).split()


def identifier_words(identifier: bytes) -> tuple[str, ...]:
    """The words of an identifier as written in a file (UTF-8), lowercased."""
    return tuple(split_identifier(identifier[:_MAX_TERM].decode("utf-8", "replace")))


def stem_word(word: str) -> str:
    """A word without its commonest English endings: requests, requested, requesting -> request."""
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            base = word.removesuffix(ending)
            return base[:-1] if len(base) > 3 and base[-1] == base[-2] else base.removesuffix("e")
    return word.removesuffix("e") if len(word) > 3 else word


def hash_term(term: str) -> int:
    """A term as 32 bits; two terms of a large repository collide about once in ten thousand."""
    return crc32(term.encode())


def identifier_terms(identifier: bytes) -> tuple[int, ...]:
    """Hashed search terms of an identifier: each word, and the whole when it has several."""
    words = [word for word in identifier_words(identifier) if len(word) > 1]
    if not words:
        return ()
    terms = [hash_term(stem_word(word)) for word in words]
    whole = identifier[:_MAX_TERM].decode("utf-8", "replace").lower().strip("_")
    if whole != words[0]:
        terms.append(hash_term(whole))
    return tuple(terms)


_known_terms = lru_cache(maxsize=20_000)(identifier_terms)


def text_terms(text: str) -> list[int]:
    """Hashed search terms of a text in order, repeats kept."""
    return [
        term for found in split_identifiers(text.encode(errors="replace")) for term in _known_terms(found)
    ]


def text_words(text: str) -> list[str]:
    """The words of a text in order, identifiers split and lowercased."""
    return [
        word for found in split_identifiers(text.encode(errors="replace")) for word in identifier_words(found)
    ]
