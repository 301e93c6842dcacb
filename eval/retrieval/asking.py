"""One question, put to the product's own search, or to the one of an agent without an index, and timed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from functools import lru_cache

from eval.retrieval.ablations import ABLATIONS, RIPGREP
from eval.ripgrep.matchers import find_matcher
from eval.ripgrep.ranking import SourceTree, choose_keywords, rank_files
from indexers.history.changes import Located, Target
from memory_server.memory import Memory
from memory_server.query.question import read_query
from memory_server.query.search import search_view

TIMED = 3
"""Times that a question is put; the middle one counts, since the first also fills the tokenizer's cache of words."""

GREP_WINDOW = 50
"""Lines around a file's best match that stand for the result."""


def ask(memory: Memory, query: str, limit: int, ablation: str) -> tuple[Sequence[Located], float]:
    """The hits of a query in the memory's view as it is, and the milliseconds they took."""
    if ablation == RIPGREP:
        return _ask_ripgrep(memory, query, limit)
    times = []
    for _ in range(TIMED):
        started = time.perf_counter()
        asked, ranking = read_query(query), ABLATIONS[ablation]
        hits = search_view(memory.view, memory.tree.embedder, asked, limit=limit, ranking=ranking)
        times.append(1000 * (time.perf_counter() - started))
    return hits, round(statistics.median(times), 2)


def _ask_ripgrep(memory: Memory, query: str, limit: int) -> tuple[list[Target], float]:
    """Files by the question's words, each with its best window; timed once, since what matched before is kept."""
    tree = _source_tree(memory)
    started = time.perf_counter()
    hits = []
    for ranked in rank_files(tree, choose_keywords(query))[:limit]:
        best = next(ranked.windows(GREP_WINDOW, len(tree.lines(ranked.path))))
        hits.append(Target(ranked.path, best.start, best.end))
    return hits, round(1000 * (time.perf_counter() - started), 2)


@lru_cache(maxsize=1)
def _source_tree(memory: Memory) -> SourceTree:
    tree = SourceTree(memory.root, find_matcher())
    assert tree.texts is not None  # read before a question is timed
    return tree
