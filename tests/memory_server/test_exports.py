"""What scripts outside rely on stays as it is."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

import memory_server
from memory_server import Memory, SearchHit, SyncReport
from tests.support.answering import WordEmbedder, make_sample


def test_the_public_names_are_these() -> None:
    assert sorted(memory_server.__all__) == ["Memory", "SearchHit", "SyncReport"]
    assert all(getattr(memory_server, name).__name__ == name for name in memory_server.__all__)
    with pytest.raises(AttributeError):
        memory_server.Nothing  # noqa: B018


def test_a_hit_and_a_report_keep_their_fields() -> None:
    hit = [field.name for field in fields(SearchHit)]
    assert hit[:6] == ["path", "start_line", "end_line", "name", "kind", "score"]
    report = {field.name for field in fields(SyncReport)}
    assert report >= {"files", "symbols", "added", "changed", "removed", "skipped", "seconds"}


def test_a_repository_is_opened_indexed_and_searched_from_a_script(tmp_path: Path) -> None:
    root = make_sample(tmp_path / "shop")
    memory = Memory.open(root, embedder=WordEmbedder())
    report = memory.sync()
    assert (report.files, report.added, report.changed, report.removed) == (18, 18, 0, 0)
    hits = memory.search("apply_discount", limit=2)
    assert len(hits) == 2
    assert (hits[0].path, hits[0].start_line, hits[0].end_line) == ("shop/prices.py", 11, 17)
    assert (hits[0].name, hits[0].kind) == ("apply_discount", "function")
    assert hits[0].score > hits[1].score
    assert memory.sync().added == 0
