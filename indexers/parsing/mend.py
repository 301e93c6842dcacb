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

MOST_TRIES, LEAST_LOST = 12, 60
"""Lines that are tried without, a parse each, while more than so many bytes (about a line) are lost."""

_CONFLICT = re.compile(
    rb"^<{7} [^\n]*\n(?P<ours>(?:(?!\|{7}|={7}|>{7})[^\n]*\n)*)(?P<theirs>(?:\|{7}[^\n]*\n(?:(?!={7})[^\n]*\n)*)?"
    rb"={7}\n(?:(?!>{7})[^\n]*\n)*>{7}[^\n]*$)",
    re.MULTILINE,
)
_NOT_BLANK = re.compile(rb"[^\s]")


def parse_mended(spec: Spec, data: bytes) -> Tree | None:
    """The tree of a file's text, mended where the grammar stumbles; None where the file is over the budget."""
    text = _repair(data, [repair for repair in spec.repairs if repair.always])
    tree = parse_tree(spec, text)
    if tree is None or not tree.root_node.has_error or len(data) > MOST_BYTES:
        return tree
    lost = count_lost(tree.root_node)
    for mended, price in _mends(spec, text):
        better = parse_tree(spec, mended)
        left = count_lost(better.root_node) if better is not None else lost
        if better is not None and left + price < lost:
            text, tree, lost = mended, better, left
        if not left:
            return tree
    return _without_lines(spec, text, tree, lost)


def _without_lines(spec: Spec, text: bytes, tree: Tree, lost: int) -> Tree:
    """The tree without some lines on which errors begin or end, where more is read without them."""
    tries, tried = 0, set[int]()
    while lost > LEAST_LOST and tries < MOST_TRIES:
        rows = [row for row in error_rows(tree.root_node) if row not in tried]
        if not rows:
            break
        lines = text.split(b"\n")
        for row in rows[: MOST_TRIES - tries]:
            tries += 1
            tried.add(row)
            mended = b"\n".join([*lines[:row], blank(lines[row]), *lines[row + 1 :]])
            better = parse_tree(spec, mended)
            if better is None:
                continue
            left = count_lost(better.root_node) + len(lines[row].strip())
            if left < lost:
                text, tree, lost = mended, better, left
                break
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


def _mends(spec: Spec, text: bytes) -> Iterator[tuple[bytes, int]]:
    """Mended texts, the surest first, each with the bytes of code that it gives up."""
    found = _CONFLICT.sub(_keep_ours, text)
    if found != text:
        yield found, 0
        text = found
    found = _repair(text, [repair for repair in spec.repairs if not repair.always])
    if found != text:
        yield found, 0
        text = found
    found = match_brackets(spec, text)
    if found != text:
        yield found, 0


def _keep_ours(match: re.Match[bytes]) -> bytes:
    first, ours, theirs = match.start(), match["ours"], match["theirs"]
    return blank(match[0][: match.start("ours") - first]) + ours + blank(theirs)


def _repair(text: bytes, repairs: list[Repair]) -> bytes:
    for repair in repairs:
        text = repair.pattern.sub(partial(_overwrite, repair.fill), text)
    return text


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
    """Bytes that are in errors, and one for each token that is missing."""
    lost, nodes = 0, [root]
    while nodes:
        node = nodes.pop()
        if node.is_error:
            lost += max(1, node.end_byte - node.start_byte)
        elif node.is_missing:
            lost += 1
        elif node.has_error:
            nodes += node.children
    return lost
