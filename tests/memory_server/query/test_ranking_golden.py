"""Golden ranking: what searches over a small repository put first, as reviewable text.

After a wanted change run ``UPDATE_GOLDEN=1 pytest tests/memory_server/query/test_ranking_golden.py`` and read the diff.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from memory_server.memory import Memory
from memory_server.model import SearchHit
from tests.support.answering import memory_over
from tests.support.code_base import write_files
from tests.support.places import TESTS

REPOSITORY = TESTS / "ranking" / "repository.txt"
GOLDEN = TESTS / "golden" / "ranking.txt"

SHOWN = 5


@dataclass(frozen=True)
class Question:
    """A query, and the path and name that should come first; without a name any place of the file is right."""

    kind: str
    query: str
    path: str
    name: str = ""

    def is_met_by(self, hit: SearchHit) -> bool:
        return hit.path == self.path and self.name in {"", hit.name}


QUESTIONS = (
    Question("identifier", "two_opt", "courier/routes.py", "two_opt"),
    Question("identifier", "RoutePlanner", "courier/routes.py", "RoutePlanner"),
    Question("identifier", "RoutePlanner.plan_route", "courier/routes.py", "RoutePlanner.plan_route"),
    Question("identifier", "quote_price", "courier/pricing.py", "quote_price"),
    Question("identifier", "verifyToken", "courier/http/auth.py", "verify_token"),
    Question("identifier", "fetchParcel", "web/src/api.ts", "fetchParcel"),
    Question("identifier", "formatMoney", "web/src/format.ts", "formatMoney"),
    Question("identifier", "ErrQueueFull", "dispatcher/queue.go", "ErrQueueFull"),
    Question("identifier", "haversine", "geo/src/distance.rs", "haversine"),
    Question(
        "identifier",
        "sendReminder",
        "billing/src/main/java/InvoiceService.java",
        "InvoiceService.sendReminder",
    ),
    Question("identifier", "stops_by_parcel", "schema/001_parcels.sql"),
    Question("identifier", "EARTH_RADIUS_KM", "geo/src/distance.rs", "EARTH_RADIUS_KM"),
    Question("question", "how are tours made shorter", "courier/routes.py", "two_opt"),
    Question(
        "question",
        "where is the check digit of a tracking number validated",
        "courier/parcels.py",
        "parse_tracking_number",
    ),
    Question(
        "question",
        "which entry does the cache throw away",
        "courier/storage/cache.py",
        "LruCache.evict_oldest",
    ),
    Question(
        "question",
        "what happens when the database is locked",
        "courier/storage/database.py",
        "retry_on_deadlock",
    ),
    Question(
        "question", "how are too many requests of one client refused", "courier/http/server.py", "RateLimiter"
    ),
    Question("question", "how are passwords stored", "courier/http/auth.py", "hash_password"),
    Question(
        "question",
        "environment variables that override the settings file",
        "courier/config.py",
        "load_settings",
    ),
    Question("question", "pause before a failed job is tried again", "dispatcher/worker.go", "backoff"),
    Question("question", "distance between two coordinates on the globe", "geo/src/distance.rs", "haversine"),
    Question(
        "question",
        "mail customers who have not paid in time",
        "billing/src/main/java/InvoiceService.java",
        "InvoiceService.sendReminder",
    ),
    Question("question", "component that polls where a parcel is", "web/src/TrackingMap.tsx", "TrackingMap"),
    Question("question", "how to roll back a release", "docs/deployment.md"),
    Question(
        "question", "price of large but light parcels", "courier/parcels.py", "Parcel.volumetric_weight"
    ),
    Question(
        "question", "tests of the fuel surcharge", "tests/test_pricing.py", "test_fuel_surcharge_is_added"
    ),
    Question(
        "trace",
        'File "/srv/courier/storage/database.py", line 42, in retry_on_deadlock\nDeadlockError: gave up',
        "courier/storage/database.py",
        "retry_on_deadlock",
    ),
    Question(
        "trace",
        "dispatcher/worker.go:19 +0x1a\npanic: send on closed channel",
        "dispatcher/worker.go",
        "retryLater",
    ),
    Question(
        "trace",
        "ApiError: server replied 404\n    at fetchParcel (web/src/api.ts:4:25)",
        "web/src/api.ts",
        "fetchParcel",
    ),
    Question(
        "trace",
        "courier.parcels.MalformedTrackingNumber: DE12X",
        "courier/parcels.py",
        "MalformedTrackingNumber",
    ),
    Question("path", "courier/http/auth.py", "courier/http/auth.py"),
    Question("path", "storage cache", "courier/storage/cache.py"),
    Question("path", "docker-compose.yaml", "deploy/docker-compose.yaml"),
    Question("path", "routing.md", "docs/routing.md"),
)


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Memory:
    """The repository with the embedder that is shipped."""
    root = tmp_path_factory.mktemp("ranked")
    files = (part.partition("\n") for part in REPOSITORY.read_text(encoding="utf-8").split("=== ")[1:])
    write_files(root, {path: text for path, _, text in files})
    return memory_over(root, shipped=True)


def render_hit(hit: SearchHit, best: float) -> str:
    """Scores are tenths of the first hit's: coarse, so that no processor or library moves them."""
    return f"{hit.score / best:.1f} {hit.path} {hit.kind} {hit.name}".rstrip()


def render_statistics(kind: str, ranks: Sequence[int | None]) -> str:
    first = sum(rank == 1 for rank in ranks)
    among = sum(rank is not None for rank in ranks)
    reciprocal = sum(1 / rank for rank in ranks if rank) / len(ranks)
    return (
        f"{kind}: {len(ranks)} queries, intended hit first {first / len(ranks):.0%}, "
        f"among {SHOWN} {among / len(ranks):.0%}, MRR {reciprocal:.3f}"
    )


def render_rankings(memory: Memory) -> str:
    lines: list[str] = []
    ranks: dict[str, list[int | None]] = {}
    for question in QUESTIONS:
        hits = memory.search(question.query, limit=SHOWN)
        met = [place for place, hit in enumerate(hits, 1) if question.is_met_by(hit)]
        ranks.setdefault(question.kind, []).append(met[0] if met else None)
        lines += [f"{question.kind}: {question.query}".replace("\n", "\n    ")]
        lines += [f"  wanted: {question.path} {question.name}".rstrip()] if not met else []
        lines += [
            f"{' *'[place in met[:1]]} {place} {render_hit(hit, hits[0].score)}"
            for place, hit in enumerate(hits, 1)
        ]
        lines.append("")
    lines += [render_statistics(kind, found) for kind, found in ranks.items()]
    lines.append(render_statistics("all", [rank for found in ranks.values() for rank in found]))
    return "\n".join(lines) + "\n"


def test_searches_give_their_golden_ranking(memory: Memory) -> None:
    rankings = render_rankings(memory)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(rankings, encoding="utf-8")
    assert rankings == GOLDEN.read_text(encoding="utf-8")


def test_every_question_asks_for_something_that_is_there(memory: Memory) -> None:
    symbols = memory.view.symbols.to_pylist()
    assert set(memory.view.paths) >= {question.path for question in QUESTIONS}
    names = {row["qualified_name"] for row in symbols}
    assert names >= {question.name for question in QUESTIONS if question.name}
