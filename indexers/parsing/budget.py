"""A tree for a file, or none where parsing it or asking the tree would not be linear in its length.

Steps are counted, not timed: the same file gives the same rows on every machine.
"""

from __future__ import annotations

import math
from random import Random
from zlib import crc32

from tree_sitter import Parser, Point, Tree

from indexers.languages.registry import Spec

FREE_REPORTS, BYTES_A_REPORT = 1_000, 10
"""Reports, one for a hundred steps of the parser, that any file may take, and bytes that earn one more. Of 4,152 files
of rails, flask, this repository and four grammars the middle one takes a report for 115 bytes, the densest for 27."""

FREE_READS, READS_A_CHUNK = 10_000, 20
"""Chunks that may be read of any file, again and again by a grammar that looks ahead, and more for each of its own."""

FREE_STEPS, STEPS_A_BYTE = 50_000_000, 100
"""Steps of a query that any file may take, and more for each byte. The middle one of those files takes two a byte, the
most 15; a step of the slowest queries takes 6 to 18 ns, so that the free ones are over in a second."""

_CHUNK = 512
"""Bytes handed over at once. A query asks for the text of each name that it compares, and gets as much: with 64 kB,
parsing Ruby takes 2.7 times as long as from the bytes themselves, with 512 bytes as long."""

_SAMPLE = 256
_LONGEST_RUN = 4_000


def parse_tree(spec: Spec, data: bytes) -> Tree | None:
    """The tree of a file; None where it is over the budget."""
    reports = reads = 0
    most_reports = FREE_REPORTS + len(data) // BYTES_A_REPORT
    most_reads: float = FREE_READS + len(data) // _CHUNK * READS_A_CHUNK

    def is_over() -> bool:
        return reports > most_reports or reads > most_reads

    def read(start: int, _: Point) -> bytes:
        nonlocal reads
        reads += 1
        return data[start : start + _CHUNK] if reads <= most_reads else b""

    def is_spent(_: int, __: bool) -> bool:
        nonlocal reports
        reports += 1
        return is_over()

    try:
        tree: Tree | None = Parser(spec.queries.language).parse(read, progress_callback=is_spent)
    except ValueError:
        if is_over():
            return None
        raise
    if tree is None or is_over() or _count_query_steps(tree, data) > FREE_STEPS + STEPS_A_BYTE * len(data):
        return None
    most_reads = math.inf  # a query reads the names that it compares
    return tree


def _count_query_steps(tree: Tree, data: bytes) -> int:
    """About how many steps a query takes: from each node up to the root, and on to the next sibling with a name.

    Judged from some nodes, drawn by the file's content: a file that is slow is slow in many of its nodes.
    """
    nodes = tree.root_node.descendant_count
    if 2 * nodes * nodes <= FREE_STEPS:  # no node is deeper, or has more siblings, than there are
        return 0
    cursor, steps = tree.walk(), 0
    places = Random(crc32(data)).sample(range(nodes), min(nodes, _SAMPLE))
    for place in places:
        cursor.goto_descendant(place)
        steps += cursor.depth
        for _ in range(_LONGEST_RUN):
            steps += 1
            if not cursor.goto_next_sibling() or (cursor.node is not None and cursor.node.is_named):
                break
    return nodes * steps // max(1, len(places))
