"""A file's bytes into nested symbols and references, for any language of the registry."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from tree_sitter import Node, QueryCursor

from indexers.languages.registry import Spec, find_language
from indexers.model import CONTAINER_KINDS, ParsedFile, Reference, SourceFile, Symbol
from indexers.parsing.comments import clean_doc, comment_above, cut_comments, file_doc
from indexers.parsing.mend import parse_mended
from indexers.terms import split_identifiers
from indexers.tokens import truncate

WINDOW_LINES = 40
"""Lines of a window: about a screen, and near the length of a median method with its neighbours."""

SIGNATURE_LIMIT, NAME_LIMIT, TITLE_LIMIT = 240, 120, 80
_DEFINITION = len("definition.")
_SPACE = re.compile(rb"\s+")
_LETTERS = re.compile(rb"\w{3}")
_PADDING = re.compile(r"([(\[]) |,? ([)\]])")
_OPERATOR_ENDS = (b".", b":", b">")
_OPERATORS = frozenset({b".", b"::", b"->", b"?.", b"&.", b"!.", b"!!.", b"().", b"()->", b"()::", b"()?."})
_QUALIFIER_REACH = 60


@dataclass(slots=True)
class _Definition:
    """A definition as captured, before nesting: bytes, and what the query told of it."""

    kind: str
    name: str
    start: int
    end: int
    body: int
    doc: str
    parent: str
    name_start: int


def parse_file(source: SourceFile, problem: str = "") -> ParsedFile:
    """Parse a file into symbols and references; text without a language, or that fails, in windows of lines.

    A known ``problem`` with the file keeps it from being parsed at all.
    """
    spec = find_language(source.path, source.data)
    lines = source.data.count(b"\n") + (not source.data.endswith(b"\n") and bool(source.data))
    if spec is None:
        whole = _file_symbol(source.data, first_text(source.data), lines)
        return ParsedFile("", lines, tuple(_windows(source.data, [whole])), ())
    if spec.max_nesting and _is_nested_deeper(source.data, spec.max_nesting):
        problem = f"nested more than {spec.max_nesting} levels deep"
    if problem:
        return _in_windows(source, spec, lines, problem)
    try:
        tree = parse_mended(spec, source.data)
        if tree is None:
            return _in_windows(source, spec, lines, "over the budget of parsing")
        definitions = _find_definitions(spec, source.data, tree.root_node)
        symbols = _windows(source.data, _nest(spec, source.data, definitions, lines))
        references = _find_references(spec, source.data, tree.root_node, symbols)
    except (RecursionError, ValueError, MemoryError) as error:
        return _in_windows(source, spec, lines, f"{type(error).__name__}: {error}")
    return ParsedFile(spec.name, lines, tuple(symbols), tuple(references))


def _is_nested_deeper(data: bytes, levels: int) -> bool:
    """Whether a line begins with more blanks, dashes and opening brackets than a grammar bears; each may be a level."""
    return re.search(rb"^[ \t\-?:\[{(]{%d}" % levels, data, re.MULTILINE) is not None


def _in_windows(source: SourceFile, spec: Spec, lines: int, problem: str) -> ParsedFile:
    symbols = _windows(source.data, [_file_symbol(source.data, "", lines)])
    return ParsedFile(spec.name, lines, tuple(symbols), (), problem)


def _file_symbol(data: bytes, doc: str, lines: int) -> Symbol:
    return Symbol("", "", "file", "", doc, 1, max(lines, 1), 0, len(data), -1)


def _text(data: bytes, node: Node) -> str:
    return data[node.start_byte : node.end_byte].decode("utf-8", "replace")


def _clean_name(text: str, prefixes: tuple[str, ...] = ()) -> str:
    """A name on one line, without the quotes around it."""
    text = " ".join(text.split())
    for prefix in prefixes:
        if text.startswith(prefix) and text[len(prefix) : len(prefix) + 1].isidentifier():
            text = text.removeprefix(prefix)
    while len(text) > 1 and text[0] in "\"'`" and text[0] == text[-1]:
        text = text[1:-1]
    return truncate(text, NAME_LIMIT)


def _find_definitions(spec: Spec, data: bytes, root: Node) -> list[_Definition]:
    found: dict[int, _Definition] = {}
    for _, captures in QueryCursor(spec.queries.definitions).matches(root):
        capture = next((name for name in captures if name.startswith("definition.")), None)
        if capture is None:
            continue
        node, kind = captures[capture][0], capture[_DEFINITION:]
        name = captures["name"][0] if "name" in captures else node.child_by_field_name("name") or node
        doc = "\n".join(_text(data, part) for part in captures.get("doc", ()))
        body = captures["body"][0] if "body" in captures else node.child_by_field_name("body")
        while spec.wrappers and (outer := node.parent) and outer.type in spec.wrappers:
            node = outer
        key = -1 if kind == "file" else name.start_byte
        end = _trim_end(data, node.start_byte, max(node.end_byte, captures[capture][-1].end_byte))
        parent = ".".join(_clean_name(_text(data, part)) for part in captures.get("parent", ()))
        known, told = found.get(key), (end - node.start_byte, bool(doc), bool(parent))
        if known and (known.end - known.start, bool(known.doc), bool(known.parent)) >= told:
            continue
        found[key] = _Definition(
            kind=kind,
            name="" if kind == "file" else _clean_name(_text(data, name), spec.name_prefixes),
            start=node.start_byte,
            end=end,
            body=body.start_byte if body else node.end_byte,
            doc=doc,
            parent=parent,
            name_start=name.start_byte,
        )
    ordered = sorted(found.values(), key=lambda d: (d.start, -d.end))
    return _merge_clauses(data, ordered) if spec.merge_clauses else ordered


def _merge_clauses(data: bytes, definitions: list[_Definition]) -> list[_Definition]:
    """Join neighbours of one kind and name in one block, with nothing but their own insides between them."""
    merged: list[_Definition] = []
    last: _Definition | None = None
    for definition in definitions:
        if last is not None and definition.start >= last.end:
            same = (definition.kind, definition.name, definition.parent) == (
                last.kind,
                last.name,
                last.parent,
            )
            if same and not _is_outdented(data, last.end, definition.start):
                last.end = definition.end
                continue
            last = definition
        elif last is None or definition.end > last.end or definition.kind == "function":
            last = definition
        merged.append(definition)
    return merged


def _is_outdented(data: bytes, end: int, start: int) -> bool:
    """Whether a line between two definitions stands left of the second."""
    column = start - data.rfind(b"\n", 0, start) - 1
    between = data[end:start].split(b"\n")[1:-1]
    return any(line.strip() and len(line) - len(line.lstrip()) < column for line in between)


def _trim_end(data: bytes, start: int, end: int) -> int:
    """Some grammars end a definition after its last newline; its last line is the one with text."""
    return start + len(data[start:end].rstrip()) or end


def _nest(spec: Spec, data: bytes, definitions: list[_Definition], lines: int) -> list[Symbol]:
    own = next((clean_doc(d.doc) for d in definitions if d.kind == "file"), "")
    symbols = [_file_symbol(data, own or file_doc(spec, data), lines)]
    _extend_open_ended(spec, definitions, len(data))
    starts = _line_starts(data)
    stack = [0]
    depths = [0]
    for definition in definitions:
        if definition.kind == "file" or not definition.name:
            continue
        while len(stack) > 1 and not _holds(symbols[stack[-1]], definition):
            stack.pop()
            depths.pop()
        if spec.max_depth and depths[-1] >= spec.max_depth:
            continue
        symbols.append(_symbol(spec, data, starts, definition, stack[-1], symbols))
        stack.append(len(symbols) - 1)
        depths.append(depths[-1] + 1)
    return symbols


def _holds(symbol: Symbol, definition: _Definition) -> bool:
    """Whether a symbol encloses a definition; one of the same span stands beside it."""
    same = symbol.end_byte == definition.end and definition.start - symbol.start_byte <= 0
    return symbol.end_byte >= definition.end and not same


def _extend_open_ended(spec: Spec, definitions: list[_Definition], size: int) -> None:
    """Let definitions of open-ended kinds last until the next of their kind and rank."""
    following: dict[str, int] = {}
    for definition in reversed(definitions):
        if definition.kind in spec.open_ended:
            definition.end = max(definition.end, following.get(definition.kind, size))
            following[definition.kind] = definition.start


def _symbol(
    spec: Spec, data: bytes, starts: list[int], definition: _Definition, parent: int, symbols: list[Symbol]
) -> Symbol:
    outer = symbols[parent]
    scope = ".".join(part for part in (outer.qualified_name, definition.parent) if part)
    is_member = outer.kind in CONTAINER_KINDS or bool(definition.parent)
    kind = "method" if definition.kind == "function" and is_member else definition.kind
    first = bisect_right(starts, definition.start) - 1
    doc = definition.doc
    if not doc and (outer.kind == "file" or outer.start_byte < starts[first]):
        first, doc = comment_above(spec, data, starts, first)
    start = (
        min(definition.start, starts[first])
        if first < bisect_right(starts, definition.start) - 1
        else definition.start
    )
    return Symbol(
        name=definition.name,
        qualified_name=f"{scope}.{definition.name}" if scope else definition.name,
        kind=kind,
        signature=_signature(spec, data, definition),
        doc=clean_doc(doc),
        start_line=first + 1,
        end_line=bisect_right(starts, max(definition.end - 1, definition.start)),
        start_byte=start,
        end_byte=definition.end,
        parent=parent,
    )


def _line_starts(data: bytes) -> list[int]:
    return [0, *(np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + 1).tolist()]


_TYPE_ABOVE = re.compile(rb"[\w\s*&:]+")
"""A type and its modifiers on lines over the name, as in much C; decorators and attributes have other marks."""


def _signature(spec: Spec, data: bytes, definition: _Definition) -> str:
    """The definition up to its body, or its first statement, without decorators and comments, on one line."""
    start, body = definition.start, definition.body
    if body < definition.name_start:
        head = data[start:body] + b" " + definition.name.encode()
    else:
        line = max(start, data.rfind(b"\n", start, definition.name_start) + 1)
        start = start if _TYPE_ABOVE.fullmatch(data, start, line) else line
        head = data[start:body] if body < definition.end else _first_statement(data[start:body])
    head = cut_comments(spec, head).strip() or head
    text = _PADDING.sub(r"\1\2", _SPACE.sub(b" ", head).strip().decode("utf-8", "replace"))
    text = text.removesuffix(";").removesuffix("=>")
    return truncate(text if text.endswith(("()", "[]")) else text.rstrip("{[:=( "), SIGNATURE_LIMIT)


def _first_statement(text: bytes) -> bytes:
    """The first line, and those after it while a round bracket is open; the first alone when it never closes."""
    depth = 0
    for index, byte in enumerate(text[: SIGNATURE_LIMIT * 2]):
        depth += (byte == ord("(")) - (byte == ord(")"))
        if byte == ord("\n") and depth <= 0:
            return text[:index]
    return text if depth <= 0 and len(text) <= SIGNATURE_LIMIT * 2 else text.split(b"\n", 1)[0]


def _find_references(spec: Spec, data: bytes, root: Node, symbols: list[Symbol]) -> list[Reference]:
    if not spec.queries.references.pattern_count:
        return []
    owners = _owner_ranges(symbols)
    bounds = [start for start, _ in owners]
    starts = _line_starts(data)
    seen: dict[tuple[str, str, str, int], int] = {}
    for capture, nodes in QueryCursor(spec.queries.references).captures(root).items():
        if not capture.startswith("reference."):
            continue
        kind = capture.partition(".")[2]
        for node in nodes:
            start = node.start_byte
            name = data[start : node.end_byte].strip(b"\"'`<>").decode("utf-8", "replace")
            if not 1 < len(name) <= NAME_LIMIT:
                continue
            qualifier = _qualifier(data, start) if kind == "call" else ""
            owner = owners[bisect_right(bounds, start) - 1][1]
            key = (name, qualifier, kind, owner)
            line = bisect_right(starts, start)
            seen[key] = min(line, seen.get(key, line))
    return [
        Reference(n, q, k, line, owner)
        for (n, q, k, owner), line in sorted(seen.items(), key=lambda e: (e[1], e[0]))
    ]


def _qualifier(data: bytes, start: int) -> str:
    """The identifier before the operator that ends at ``start``: ``user`` in ``user.name``, ``user?.name``."""
    if data[start - 1 : start] not in _OPERATOR_ENDS:
        return ""
    before = data[max(0, start - _QUALIFIER_REACH) : start]
    stripped = before.rstrip(b".:>-?&!() \t\r\n")
    if before[len(stripped) :].strip() not in _OPERATORS:
        return ""
    words = split_identifiers(stripped[-NAME_LIMIT:])
    return words[-1].decode("utf-8", "replace") if words else ""


def _owner_ranges(symbols: list[Symbol]) -> list[tuple[int, int]]:
    """Where the innermost symbol changes: (byte, symbol) in order; symbols come sorted by start, outer first."""
    ranges: list[tuple[int, int]] = []
    stack: list[int] = []
    for index, symbol in enumerate(symbols):
        while stack and symbols[stack[-1]].end_byte <= symbol.start_byte:
            closed = stack.pop()
            if stack:
                ranges.append((symbols[closed].end_byte, stack[-1]))
        ranges.append((symbol.start_byte, index))
        stack.append(index)
    while len(stack) > 1:
        closed = stack.pop()
        ranges.append((symbols[closed].end_byte, stack[-1]))
    return ranges


def own_ranges(symbols: tuple[Symbol, ...] | list[Symbol]) -> list[tuple[int, int, int]]:
    """The file cut into (start byte, end byte, symbol): each piece belongs to the innermost symbol over it."""
    ranges = _owner_ranges(list(symbols))
    ends = [start for start, _ in ranges[1:]] + [symbols[0].end_byte]
    return [(start, end, owner) for (start, owner), end in zip(ranges, ends, strict=True) if end > start]


def first_text(data: bytes) -> str:
    """The first line with a word in it, cut to a title's length."""
    match = _LETTERS.search(data)
    if match is None:
        return ""
    start, end = data.rfind(b"\n", 0, match.start()) + 1, data.find(b"\n", match.end())
    line = data[start : end if end >= 0 else None].decode("utf-8", "replace")
    return truncate(" ".join(line.split()), TITLE_LIMIT)


def _windows(data: bytes, symbols: list[Symbol]) -> list[Symbol]:
    """Add windows over long stretches of the file that no other symbol covers."""
    starts = _line_starts(data)
    lines = symbols[0].end_line
    covered = sorted((s.start_line, s.end_line) for s in symbols[1:] if s.parent == 0)
    edges = [(0, 0), *covered, (lines + 1, lines + 1)]
    windows, top = [], 0
    for (_, end), (start, _) in pairwise(edges):
        top = max(top, end)
        if start - top - 1 > WINDOW_LINES or (len(symbols) == 1 and lines > WINDOW_LINES):
            windows += [
                _window(data, starts, line, min(line + WINDOW_LINES, start) - 1)
                for line in range(top + 1, start, WINDOW_LINES)
            ]
    windows = [window for window in windows if data[window.start_byte : window.end_byte].strip()]
    return _insert(symbols, windows) if windows else symbols


def _insert(symbols: list[Symbol], windows: list[Symbol]) -> list[Symbol]:
    """All symbols by position, outer before inner, with their parents renumbered."""
    order = sorted(range(len(symbols) + len(windows)), key=lambda i: _position((symbols + windows)[i]))
    place = {old: new for new, old in enumerate(order)} | {-1: -1}
    return [
        replace(symbol, parent=place[symbol.parent]) for symbol in ((symbols + windows)[i] for i in order)
    ]


def _position(symbol: Symbol) -> tuple[int, int, int]:
    return symbol.start_byte, -symbol.end_byte, symbol.parent


def _window(data: bytes, starts: list[int], first: int, last: int) -> Symbol:
    end = starts[last] if last < len(starts) else len(data)
    name = f"lines {first}-{last}"
    title = first_text(data[starts[first - 1] : end])
    return Symbol(name, name, "window", title, "", first, last, starts[first - 1], end, 0)
