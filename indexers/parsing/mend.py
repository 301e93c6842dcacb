"""A tree for a file that its grammar cannot read as it stands: the text is mended, and every offset stays.

What is mended is overwritten with blanks, or with the one character that is missing, so that spans in the tree are
spans of the file. A parse error then takes what it broke and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from tree_sitter import Node, Tree

from indexers.languages.registry import Repair, Spec
from indexers.parsing.brackets import match_brackets
from indexers.parsing.budget import parse_tree

MOST_BYTES = 300_000
"""Longer files are taken as they are: each try parses the whole file again."""

ROUND, WORTH = 6, 1.5
"""Lines that are compared before the best is left out, or the first that halves what is lost, if it is worth it."""

MOST_TRIES, TRIED_BYTES = 12, 400_000
"""Lines that are tried without, a parse each, and what these parses may read together."""

LEAST_LOST = 20
"""While no more bytes are lost, and no bracket, the spans of symbols are as they should be."""

PIECE, LONGEST_PIECE = 1_000, 2_000
"""Bytes of a text that a repair is looked for in at once, cut where a line ends: the time that some of them take grows
with the square of the length of what does not fit them."""

_MARKER = re.compile(rb"^(<{7} |\|{7}|={7}$|>{7})[^\n]*$", re.MULTILINE)
_PAIRED = frozenset({"{", "}", "(", ")", "[", "]", '"', "end"})
_NOT_BLANK = re.compile(rb"[^\s]")


def parse_mended(spec: Spec, data: bytes) -> Tree | None:
    """The tree of a file's text, mended where the grammar stumbles; None where the file is over the budget."""
    if len(data) > MOST_BYTES:
        return parse_tree(spec, data)
    text = _repair(data, [repair for repair in spec.repairs if repair.always])
    tree = parse_tree(spec, text)
    if tree is None or not tree.root_node.has_error:
        return tree
    lost = count_lost(tree.root_node)
    for mend in (_take_ours, _repair_errors, match_brackets):
        if mend is match_brackets and lost <= LEAST_LOST:
            break
        mended = mend(spec, text)
        better = parse_tree(spec, mended) if mended != text else None
        if better is not None and (left := count_lost(better.root_node)) < lost:
            text, tree, lost = mended, better, left
    return _without_lines(spec, text, tree, lost)


def _without_lines(spec: Spec, text: bytes, tree: Tree, lost: int) -> Tree:
    """The tree without some lines on which errors begin or end, where half of what is lost is read without."""
    tries, most, tried = 0, min(MOST_TRIES, TRIED_BYTES // len(text)), set[int]()
    while lost > LEAST_LOST and tries < most:
        rows = [row for row in error_rows(tree.root_node) if row not in tried]
        if not rows:
            break
        lines = text.split(b"\n")
        found = (lost, text, tree)
        for row in rows[: min(ROUND, most - tries)]:
            tries += 1
            tried.add(row)
            mended = b"\n".join([*lines[:row], blank(lines[row]), *lines[row + 1 :]])
            better = parse_tree(spec, mended)
            if better is not None:
                left = count_lost(better.root_node) + len(lines[row].strip())
                found = min(found, (left, mended, better), key=lambda each: each[0])
            if 2 * found[0] < lost:
                break
        if WORTH * found[0] >= lost:
            break
        lost, text, tree = found
    return tree


def error_rows(root: Node) -> list[int]:
    """The rows on which errors begin, those within errors too, and then those on which they end."""
    starts, ends, nodes = [], [], [root]
    while nodes:
        node = nodes.pop()
        if node.is_error or node.is_missing:
            starts.append(node.start_point[0])
            ends.append(node.end_point[0])
        if node.has_error:
            nodes += reversed(node.children)
    return list(dict.fromkeys([*starts, *ends]))


def _take_ours(_: Spec, text: bytes) -> bytes:
    """The text with the first side of each merge conflict alone."""
    mended, opener, middle, is_parted = bytearray(text), None, 0, False
    for match in _MARKER.finditer(text):
        mark, start, end = match[1][:1], match.start(), match.end()
        if mark == b"<":
            opener, middle, is_parted = match, 0, False
        elif opener is not None and mark != b">":
            middle, is_parted = middle or start, is_parted or mark == b"="
        elif opener is not None and is_parted:
            for first, last in (opener.span(), (middle, end)):
                mended[first:last] = blank(text[first:last])
            opener = None
    return bytes(mended)


def _repair_errors(spec: Spec, text: bytes) -> bytes:
    return _repair(text, [repair for repair in spec.repairs if not repair.always])


def _repair(text: bytes, repairs: list[Repair]) -> bytes:
    if not repairs:
        return text
    return b"".join(_repair_piece(piece, repairs) for piece in _pieces(text))


def _repair_piece(text: bytes, repairs: list[Repair]) -> bytes:
    for repair in repairs:
        text = repair.pattern.sub(partial(_overwrite, repair.fill), text)
    return text


def _pieces(text: bytes) -> Iterator[bytes]:
    """The text in pieces that end with a blank line where there is one, or else with a line."""
    start = 0
    while start < len(text):
        stop = start + LONGEST_PIECE
        if stop < len(text):
            blanks = text.find(b"\n\n", start + PIECE, stop)
            stop = (blanks if blanks >= 0 else text.rfind(b"\n", start, stop)) + 1 or stop
        yield text[start:stop]
        start = stop


def _overwrite(fill: bytes, match: re.Match[bytes]) -> bytes:
    """The matched text with its groups overwritten: by what to fill in, then by blanks."""
    first, parts, end = match.start(), [], 0
    for group in range(1, len(match.groups()) + 1):
        if match[group] is None:
            continue
        start, stop = match.start(group) - first, match.end(group) - first
        parts += [match[0][end:start], fill[: stop - start].ljust(stop - start)]
        end = stop
    return b"".join([*parts, match[0][end:]])


def blank(text: bytes) -> bytes:
    """Blanks in place of all but line ends."""
    return _NOT_BLANK.sub(b" ", text)


def count_lost(root: Node) -> int:
    """Bytes that are in errors, and about a line for each bracket or quote that is in one or missing."""
    lost, nodes = 0, [root]
    while nodes:
        node = nodes.pop()
        if node.is_error:
            lost += max(1, node.end_byte - node.start_byte)
            lost += LEAST_LOST * any(child.type in _PAIRED for child in node.children)
        elif node.is_missing:
            lost += 1 + LEAST_LOST * (node.type in _PAIRED)
        elif node.has_error:
            nodes += node.children
    return lost
