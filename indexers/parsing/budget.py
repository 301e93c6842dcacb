"""A tree for a file, or none where parsing it or asking the tree would not be linear in its length.

Steps are counted, not timed: the same file gives the same rows on every machine.
"""

from __future__ import annotations

from tree_sitter import Parser, Point, Tree

from indexers.languages.registry import Spec

FREE_REPORTS, BYTES_A_REPORT = 1_000, 10
"""Reports, one for a hundred steps of the parser, that any file may take, and bytes that earn one more. Ordinary code
takes one for 200 bytes, code that is broken throughout one for 25."""

FREE_STEPS, STEPS_A_BYTE = 1_000_000, 100
"""Steps of a query that any file may take, and more for each byte; ordinary code takes five a byte."""

_CHUNK = 512
"""Bytes handed over at once. A query asks for the text of each name that it compares, and gets as much: with 64 kB,
parsing Ruby takes 2.7 times as long as from the bytes themselves, with 512 bytes as long."""

_SAMPLE = 256
_LONGEST_RUN = 4_000


def parse_tree(spec: Spec, data: bytes) -> Tree | None:
    """The tree of a file; None where it is over the budget."""
    reports = 0
    most = FREE_REPORTS + len(data) // BYTES_A_REPORT

    def read(start: int, _: Point) -> bytes:
        return data[start : start + _CHUNK]

    def is_spent(_: int, __: bool) -> bool:
        nonlocal reports
        reports += 1
        return reports > most

    try:
        tree: Tree | None = Parser(spec.queries.language).parse(read, progress_callback=is_spent)
    except ValueError:
        if reports > most:
            return None
        raise
    if tree is None or reports > most:
        return None
    return tree if _count_query_steps(tree) <= FREE_STEPS + STEPS_A_BYTE * len(data) else None


def _count_query_steps(tree: Tree) -> int:
    """About how many steps a query takes: from each node up to the root, and on to the next sibling with a name."""
    nodes, cursor, steps = tree.root_node.descendant_count, tree.walk(), 0
    places = range(0, nodes, max(1, nodes // _SAMPLE))
    for place in places:
        cursor.goto_descendant(place)
        steps += cursor.depth
        for _ in range(_LONGEST_RUN):
            steps += 1
            if not cursor.goto_next_sibling() or (cursor.node is not None and cursor.node.is_named):
                break
    return nodes * steps // max(1, len(places))
