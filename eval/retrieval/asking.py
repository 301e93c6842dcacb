"""One question, put to the product's own search and timed."""

from __future__ import annotations

import statistics
import time

from eval.retrieval.ablations import ABLATIONS, Ablation
from memory_server.memory import Memory
from memory_server.model import SearchHit
from memory_server.search import search_view

TIMED = 3
"""Times that a question is put; the middle one counts, since the first also fills the tokenizer's cache of words."""


def ask(memory: Memory, query: str, limit: int, ablation: Ablation) -> tuple[list[SearchHit], float]:
    """The hits of a query in the memory's view as it is, and the milliseconds they took."""
    times = []
    for _ in range(TIMED):
        started = time.perf_counter()
        hits = search_view(memory.view, memory.tree.embedder, query, limit=limit, ranking=ABLATIONS[ablation])
        times.append(1000 * (time.perf_counter() - started))
    return hits, round(statistics.median(times), 2)
