"""What a symbol is known by when its file, its name or its body has changed."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from zlib import crc32

from tree_sitter import Node, Tree, TreeCursor

from indexers.languages.registry import find_language
from indexers.model import ParsedFile, SourceFile, Symbol
from indexers.parsing.budget import parse_tree
from indexers.parsing.parse import parse_file

SKETCH_SIZE = 64
"""Hashes of a sketch, of one byte each: b-bit minwise hashing (Li and König, 2010) with b = 8."""

_TOKEN = re.compile(rb"\w+|[^\w\s]")
_NAMELESS = b"\0"
"""Stands for a symbol's own name in its body: a new name alone is no change."""

_BLOCK = ("block", "body", "suite")
_STRING = "string"
_RAISED = re.compile(rb"\b(?:raise|throw|throws|panic!?)\b[ \t(]*(?:new[ \t]+)?([A-Za-z_][\w.:]*)")
_NUMBER = re.compile(rb"\d")
_NAME = re.compile(rb"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Identity:
    """A symbol as it can be found again; of a whole file, ``name`` is empty.

    ``tokens`` hashes the body without comments, blanks and its own name, ``signature`` what it is declared as;
    ``size`` counts its tokens. ``trigrams`` are hashes of each three tokens in a row; ``sketch``, 64 bytes in
    hexadecimal, stands for them where the body is not at hand, and is empty where it is. Lines are 1-based and
    inclusive, and no part of who it is.
    """

    path: str
    name: str
    kind: str
    parameters: str
    tokens: str
    signature: str
    size: int
    sketch: str = field(default="", compare=False)
    trigrams: frozenset[int] = field(default=frozenset(), compare=False, repr=False)
    start_line: int = field(default=1, compare=False)
    end_line: int = field(default=1, compare=False)

    @property
    def own_name(self) -> str:
        """The name without those around it."""
        return self.name.rpartition(".")[2]

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from the other symbols of its file."""
        return (self.name, self.parameters)

    @property
    def spot(self) -> tuple[str, str, int]:
        """Where it stands in its state of the repository."""
        return (self.path, self.name, self.start_line)

    @property
    def target(self) -> str:
        """How it is asked for."""
        return f"{self.path}::{self.name}" if self.name else self.path


@dataclass(frozen=True, slots=True)
class Facts:
    """What a body says that a note on it may rely on."""

    signature: str
    calls: frozenset[str]
    literals: frozenset[str]
    raises: frozenset[str]
    words: frozenset[str]
    lines: int


class FileVersion:
    """One state of a file: its symbols, each with what it is known by and what it says."""

    def __init__(self, source: SourceFile) -> None:
        self.path, self.data = source.path, source.data

    @cached_property
    def _parsed(self) -> ParsedFile:
        return parse_file(SourceFile(self.path, self.data))

    @cached_property
    def _symbols(self) -> list[Symbol]:
        return [symbol for symbol in self._parsed.symbols if symbol.kind != "window"]

    @cached_property
    def identities(self) -> tuple[Identity, ...]:
        """Its symbols in order; the first is the file itself."""
        return tuple(map(self._identify, self._symbols))

    @cached_property
    def by_key(self) -> Mapping[tuple[str, str], list[Identity]]:
        """Its symbols by what tells them apart."""
        found: dict[tuple[str, str], list[Identity]] = {}
        for one in self.identities:
            found.setdefault(one.key, []).append(one)
        return found

    def find(self, name: str, line: int = 0) -> Identity | None:
        """The symbol of that name, where several bear it the one that begins at ``line`` or the first."""
        named = [one for one in self.identities if one.name == name]
        return next((one for one in named if one.start_line == line), named[0] if named else None)

    def text(self, identity: Identity) -> bytes:
        """The lines of one of its symbols."""
        return b"\n".join(self.data.split(b"\n")[identity.start_line - 1 : identity.end_line])

    def facts(self, identity: Identity) -> Facts:
        """What the body of one of its symbols says."""
        symbol = self._symbols[
            next(place for place, one in enumerate(self.identities) if one.spot == identity.spot)
        ]
        inside = range(symbol.start_line, symbol.end_line + 1)
        calls = {one.name for one in self._parsed.references if one.kind == "call" and one.line in inside}
        body = self.data[symbol.start_byte : symbol.end_byte]
        tokens = self._tokens.texts[self._slice(symbol)]
        strings = {
            self.data[start:end]
            for start, end in self._tokens.strings
            if symbol.start_byte <= start and end <= symbol.end_byte
        }
        numbers = {token for token in tokens if _NUMBER.match(token)}
        words = {word for token in tokens for word in _NAME.findall(token)}
        return Facts(
            signature=symbol.signature,
            calls=frozenset(calls),
            literals=frozenset(map(_text, numbers | strings)),
            raises=frozenset(map(_text, _RAISED.findall(body))),
            words=frozenset(map(_text, words)),
            lines=len(inside),
        )

    @cached_property
    def _tokens(self) -> _Tokens:
        spec = find_language(self.path, self.data)
        tree = parse_tree(spec, self.data) if spec is not None and not self._parsed.problem else None
        return _read_tokens(self.data, tree)

    @cached_property
    def _trigrams(self) -> list[int]:
        texts = self._tokens.texts
        return [crc32(b"\0".join(texts[place : place + 3])) for place in range(len(texts))]

    def _slice(self, symbol: Symbol) -> slice:
        starts = self._tokens.starts
        return slice(bisect_left(starts, symbol.start_byte), bisect_left(starts, symbol.end_byte))

    def _identify(self, symbol: Symbol) -> Identity:
        inside = self._slice(symbol)
        name = symbol.name.encode(errors="replace")
        tokens = [_NAMELESS if token == name else token for token in self._tokens.texts[inside]]
        return Identity(
            path=self.path,
            name=symbol.qualified_name,
            kind=symbol.kind,
            parameters=parameters_of(symbol.signature),
            tokens=_digest(b"\0".join(tokens), 8),
            signature=_digest(" ".join(symbol.signature.split()).encode(errors="replace"), 4),
            size=len(tokens),
            trigrams=frozenset(self._trigrams[inside.start : max(inside.stop - 2, inside.start + 1)]),
            start_line=symbol.start_line,
            end_line=symbol.end_line,
        )


@dataclass(frozen=True, slots=True)
class _Tokens:
    """A file's tokens without comments and blanks, each with its offset, and the ranges of its strings."""

    starts: list[int]
    texts: list[bytes]
    strings: list[tuple[int, int]]


def _read_tokens(data: bytes, tree: Tree | None) -> _Tokens:
    if tree is None:
        found = list(_TOKEN.finditer(data))
        return _Tokens([one.start() for one in found], [one[0] for one in found], [])
    tokens = _Tokens([], [], [])
    place = 0
    for start, end, text in _leaves(tree.walk(), tokens.strings):
        if gap := data[place:start].strip():  # what a grammar has no node for
            tokens.starts.append(place)
            tokens.texts.append(gap)
        if text:
            tokens.starts.append(start)
            tokens.texts.append(text)
        place = max(place, end)
    return tokens


def _leaves(cursor: TreeCursor, strings: list[tuple[int, int]]) -> Iterator[tuple[int, int, bytes]]:
    """A tree's tokens in order: (start, end, text), of comments without a text; notes where its strings are.

    A block that nothing but its indentation marks is told from what follows it by marks of our own.
    """
    closing: list[int] = []
    while True:
        node = cursor.node
        assert node is not None
        while closing and node.start_byte >= closing[-1]:
            at = closing.pop()
            yield (at, at, b"}")
        is_comment = "comment" in node.type or _is_bare_string(node)
        if node.is_named and _STRING in node.type:
            strings.append((node.start_byte, node.end_byte))
        if _is_block(node):
            yield (node.start_byte, node.start_byte, b"{")
            closing.append(node.end_byte)
        if is_comment or not node.child_count:
            yield (node.start_byte, node.end_byte, b"" if is_comment else node.text or b"")
        elif cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                for at in reversed(closing):
                    yield (at, at, b"}")
                return


def _is_block(node: Node) -> bool:
    return node.is_named and node.child_count > 0 and any(part in node.type for part in _BLOCK)


def _is_bare_string(node: Node) -> bool:
    """Whether this is a string that nothing is done with, as documentation is in Python."""
    return (
        node.type == "expression_statement"
        and node.named_child_count == 1
        and _is_string(node.named_child(0))
    )


def _is_string(node: Node | None) -> bool:
    return node is not None and node.type == _STRING


def parameters_of(signature: str) -> str:
    """What stands in a signature's first parentheses, without blanks; two of one name differ in it."""
    depth, begun = 0, -1
    for place, sign in enumerate(signature):
        if sign == "(":
            begun = place + 1 if begun < 0 else begun
            depth += 1
        elif sign == ")" and begun >= 0:
            depth -= 1
            if depth == 0:
                return "".join(signature[begun:place].split())
    return ""


def make_sketch(trigrams: frozenset[int]) -> str:
    """The least of each of 64 permutations of the trigrams, as its lowest byte."""
    if not trigrams:
        return ""
    sketch = bytearray()
    for row in range(SKETCH_SIZE):
        factor, offset = 2 * row * 0x9E3779B1 + 0x85EBCA6B | 1, row * 0xC2B2AE35
        sketch.append(min((one * factor + offset) & 0xFFFFFFFF for one in trigrams) >> 11 & 0xFF)
    return sketch.hex()


def similarity(one: Identity, other: Identity) -> float:
    """How alike two bodies are, as Dice's coefficient of their trigrams: 0 for nothing in common, 1 for the same."""
    if one.tokens == other.tokens:
        return 1.0
    if one.trigrams and other.trigrams:
        return 2 * len(one.trigrams & other.trigrams) / (len(one.trigrams) + len(other.trigrams))
    sketches = [known.sketch or make_sketch(known.trigrams) for known in (one, other)]
    if not all(sketches):
        return 0.0
    pairs = zip(*map(bytes.fromhex, sketches), strict=False)
    share: float = sum(a == b for a, b in pairs) / SKETCH_SIZE
    jaccard = max(share - 1 / 256, 0) / (1 - 1 / 256)
    return 2 * jaccard / (1 + jaccard)


def _digest(data: bytes, size: int) -> str:
    return blake2b(data, digest_size=size).hexdigest()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
