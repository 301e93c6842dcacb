"""What a symbol is found by: search terms with counts per field, and the words that are embedded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from indexers.model import ParsedFile, SourceFile, Symbol
from indexers.parse import own_ranges
from indexers.tokens import IDENTIFIER, identifier_terms, identifier_words, text_terms, text_words

FIELDS = {"name": (0, 3), "signature": (2, 7), "doc": (5, 15), "body": (9, 127)}
"""Each field's place in a term's packed 16-bit counts: (shift, largest count kept)."""

EMBEDDED_WORDS = 96
"""Words of a symbol that are embedded: name, signature, doc, then the body's distinct words."""

_MEMBER_LIMIT = 60


@dataclass(frozen=True, slots=True)
class Document:
    """The searchable side of a symbol.

    ``terms`` are distinct hashed terms, ``counts`` their packed counts by field (see ``FIELDS``), ``text`` the words
    to embed, ``text_key`` a 63-bit hash of them.
    """

    terms: list[int]
    counts: list[int]
    text: str
    text_key: int


def build_documents(source: SourceFile, parsed: ParsedFile) -> list[Document]:
    """One document per symbol: its own text without that of the symbols inside it, plus their names."""
    bodies: list[Counter[bytes]] = [Counter() for _ in parsed.symbols]
    for start, end, owner in own_ranges(parsed.symbols):
        bodies[owner].update(IDENTIFIER.findall(source.data, start, end))
    members = [0] * len(parsed.symbols)
    for symbol in parsed.symbols:
        if symbol.parent >= 0 and symbol.kind != "window" and members[symbol.parent] < _MEMBER_LIMIT:
            members[symbol.parent] += 1
            bodies[symbol.parent][symbol.name.encode()] += 1
    return [_document(symbol, body) for symbol, body in zip(parsed.symbols, bodies, strict=True)]


def _document(symbol: Symbol, body: Counter[bytes]) -> Document:
    packed: dict[int, int] = {}
    name = "" if symbol.kind == "window" else symbol.qualified_name
    fields = {"name": name, "signature": symbol.signature, "doc": symbol.doc}
    for field, text in fields.items():
        if text:
            shift, largest = FIELDS[field]
            for term, count in Counter(text_terms(text)).items():
                packed[term] = packed.get(term, 0) | (min(count, largest) << shift)
    counts: dict[int, int] = {}
    for identifier, count in body.items():
        for term in identifier_terms(identifier):
            counts[term] = counts.get(term, 0) + count
    shift, largest = FIELDS["body"]
    for term, count in counts.items():
        packed[term] = packed.get(term, 0) | ((count if count < largest else largest) << shift)
    text = _embedded_text(fields, body)
    key = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
    return Document(list(packed), list(packed.values()), text, key)


def _embedded_text(fields: dict[str, str], body: Iterable[bytes]) -> str:
    words = [word for text in fields.values() for word in text_words(text)][:EMBEDDED_WORDS]
    seen = set(words)
    for identifier in body:
        if len(words) >= EMBEDDED_WORDS:
            break
        for word in identifier_words(identifier):
            if len(word) > 1 and word not in seen:
                seen.add(word)
                words.append(word)
    return " ".join(words)
