"""What the cache missed, and what the same requests would have cost otherwise, worked out by hand."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from eval.usage.command import app
from eval.usage.contexts import HOUR, MINUTES, Cause, Turn, follow_contexts
from eval.usage.scenarios import with_compaction, with_less, with_lifetime, with_model, without_cache
from eval.usage.totals import Scope
from tests.eval.usage.test_counting import line
from tests.eval.usage.test_usage import kept
from tests.support.log_lines import write_log

LONG = {"cache_creation": {"ephemeral_1h_input_tokens": 10_000}}


def contexts(tmp_path: Path, *lines: dict[str, Any]) -> list[list[Turn]]:
    return list(follow_contexts(kept(None, write_log(tmp_path / "s.jsonl", *lines)), Scope(UTC)))


def at(minute: int, message: str, **more: Any) -> dict[str, Any]:
    return line(message, timestamp=f"2026-11-01T{10 + minute // 60}:{minute % 60:02}:00Z", **more)


@pytest.mark.parametrize(
    ("later", "cause"),
    [
        (at(2, "m2", read=10_000, write=500), None),
        (at(6, "m2", write=10_500), Cause.IDLE),
        (at(2, "m2", write=10_500), Cause.PREFIX),
        (at(2, "m2", write=10_500, version="2.1.99"), Cause.VERSION),
        (at(2, "m2", write=10_500, model="claude-haiku-4-5"), Cause.MODEL),
        (at(2, "m2", write=3_000), Cause.SHRUNK),
        (at(2, "m2", read=9_500, write=1_000), None),
    ],
)
def test_a_miss_has_the_first_cause_that_holds(
    tmp_path: Path, later: dict[str, Any], cause: Cause | None
) -> None:
    ((first, second),) = contexts(
        tmp_path, at(0, "m1", write=10_000, version="2.1.98"), {"version": "2.1.98"} | later
    )
    assert (first.cause, second.cause) == (Cause.START, cause)


def test_a_pause_is_held_against_the_lifetime_that_was_written(tmp_path: Path) -> None:
    first = at(0, "m1", write=10_000, usage=LONG)
    ((_, within, after),) = contexts(
        tmp_path, first, at(50, "m2", read=10_000), at(59 + 60, "m3", write=10_000)
    )
    assert (within.cause, after.cause, after.gap) == (None, Cause.IDLE, 69 * 60)
    # written again at $6.25 a million instead of read at $0.50
    assert after.extra == pytest.approx(10_000 * 5.75e-6)


def test_a_subagents_context_is_its_own(tmp_path: Path) -> None:
    write_log(tmp_path / "s1/subagents/agent-a.jsonl", at(1, "m2", write=4_000))
    write_log(tmp_path / "s1.jsonl", at(0, "m1", write=10_000), at(2, "m3", read=10_000))
    found = list(follow_contexts(kept(None, tmp_path), Scope(UTC)))
    assert [[turn.cause for turn in turns] for turns in found] == [[Cause.START, None], [Cause.START]]


def test_scenarios_are_priced_by_replay(tmp_path: Path) -> None:
    found = contexts(
        tmp_path, at(0, "m1", write=10_000), at(10, "m2", write=10_000), at(11, "m3", read=10_000)
    )
    # 20,000 x $6.25 + 10,000 x $0.50 a million
    assert without_cache(found).billed == pytest.approx(0.13)
    assert without_cache(found).cost == pytest.approx(30_000 * 5e-6)
    # the pause of ten minutes is within the hour: one write at $10, two reads
    assert with_lifetime(found, HOUR).cost == pytest.approx(10_000 * 10e-6 + 20_000 * 0.5e-6)
    assert with_lifetime(found, MINUTES).cost == pytest.approx(0.13)
    assert with_less(found, 40).cost == pytest.approx(0.13 * 0.6)


def test_a_shorter_lifetime_writes_again_what_a_long_pause_would_lose(tmp_path: Path) -> None:
    found = contexts(tmp_path, at(0, "m1", write=10_000, usage=LONG), at(30, "m2", read=10_000))
    assert with_lifetime(found, MINUTES).cost == pytest.approx(20_000 * 6.25e-6)


def test_another_models_tokenizer_is_counted(tmp_path: Path) -> None:
    found = contexts(tmp_path, at(0, "m1", plain=1_000, model="claude-opus-4-6"))
    other = with_model(found, "claude-opus-5-5", "2026-11-02")
    assert other is not None
    assert other.cost == pytest.approx(1_290 * 4e-6)
    assert with_model(found, "claude-unheard-9", "2026-11-02") is None


def test_compaction_is_paid_for_and_then_saves(tmp_path: Path) -> None:
    found = contexts(tmp_path, at(0, "m1", read=90_000), at(1, "m2", read=110_000), at(2, "m3", read=111_000))
    # 90,000 read; then 110,000 read, 2,000 out and 15,000 written; that prompt again with 15,000 left, then 16,000
    read, write, out = 0.5e-6, 6.25e-6, 25e-6
    expected = (90_000 + 110_000 + 15_000 + 16_000) * read + 15_000 * write + 2_000 * out
    assert with_compaction(found, 100_000).cost == pytest.approx(expected)


def test_commands_tell_causes_and_say_a_loss_plainly(tmp_path: Path) -> None:
    log = write_log(tmp_path / "s.jsonl", at(0, "m1", write=10_000), at(10, "m2", write=10_000))
    cache = CliRunner().invoke(app, ["cache", "--logs", str(log), "--json"])
    assert [cause["misses"] for cause in json.loads(cache.output)["causes"]] == [1, 1]
    asked = CliRunner().invoke(app, ["what-if", "--logs", str(log), "--subscription", "20"])
    assert "subscription: $20.00, costs $19.88 (15900.0%) more" in asked.output
    assert CliRunner().invoke(app, ["doctor", "--logs", str(log)]).exit_code == 0


@pytest.mark.parametrize(
    ("theirs", "says"),
    [
        # 10,000 for an hour at $10 a million and 4,000 read at $0.50
        ({"totals": {"inputTokens": 0, "outputTokens": 0, "cacheCreationTokens": 10_000, "cacheReadTokens": 4_000,
          "totalCost": 0.102}}, "equal"),
        # 10,000 at $6.25 alone
        ({"totalInput": 0, "totalOutput": 0, "totalCacheWrite": 10_000, "totalCacheRead": 0, "totalCost": 0.0625},
         "all of it is explained"),
        ({"totalInput": 7, "totalOutput": 0, "totalCacheWrite": 10_000, "totalCacheRead": 0, "totalCost": 0.0625},
         "not explained"),
        ({"sum": 3}, "no totals that are known"),
    ],
)  # fmt: skip
def test_another_tools_totals_are_explained_by_the_rules_it_leaves_out(
    tmp_path: Path, theirs: dict[str, Any], says: str
) -> None:
    data = {"type": "agent_progress", "agentId": "a", "message": at(1, "m2", read=4_000)}
    log = write_log(
        tmp_path / "s.jsonl", at(0, "m1", write=10_000, usage=LONG), {"type": "progress", "data": data}
    )
    file = tmp_path / "theirs.json"
    file.write_text(json.dumps(theirs), encoding="utf-8")
    asked = CliRunner().invoke(app, ["verify", "--logs", str(log), "--against", str(file)])
    assert says in asked.output
