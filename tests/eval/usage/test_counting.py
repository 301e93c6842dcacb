"""What is counted and what it costs, on real logs without their text and on the traps that counting tools fall into."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from eval.usage.prices import price_usage
from indexers.transcripts.billed import Billed, Origin
from indexers.transcripts.claude_code.billing import find_files, read_billed
from tests.support.log_lines import reply, write_log
from tests.support.places import CHECKOUT

GOLDEN = CHECKOUT / "tests/golden/usage"
OPUS = "claude-opus-4-8"


def count(*folders: Path) -> dict[str, Billed]:
    found: dict[str, Billed] = {}
    for file in find_files(folders):
        for request in read_billed(file).requests:
            known = found.get(request.id)
            found[request.id] = known.merge(request) if known else request
    return found


def dollars(requests: dict[str, Billed]) -> float:
    total = 0.0
    for request in requests.values():
        day = datetime.fromtimestamp(request.time, UTC).date().isoformat() if request.time is not None else ""
        cost = price_usage(request.model, request.usage, day)
        total += cost.total if cost else 0
    return total


@pytest.mark.parametrize(
    ("name", "requests", "buckets", "only_progress", "cost"),
    [
        # input, output, 5m, 1h, read; 88 x $3 + 278 x $15 + 16,000 x $3.75 + 44,544 x $0.30 a million
        ("early-3", 4, (88, 278, 16_000, 0, 44_544), 0, 0.077797),
        ("early-1", 24, (91, 2_266, 16_072, 0, 503_769), 0, 0.245664),
        # 114 x $3 + 16,769 x $15 + 174,552 x $3.75 + 3,754,072 x $0.30
        ("early-2", 62, (114, 16_769, 174_552, 0, 3_754_072), 0, 2.032669),
        # 75 of 138 requests stand in agent_progress lines alone
        ("progress", 138, (253, 1_124, 0, 526_655, 7_155_986), 75, 7.9722),
        ("no-request-id", 21, (174, 4_915, 375_431, 0, 2_689_209), 0, 3.814793),
        # 6,463 x $5 + 118 x $25 + 1,837 x $6.25 + 125,729 x $10 + 2,524,893 x $0.50
        ("both-lifetimes", 38, (6_463, 118, 1_837, 125_729, 2_524_893), 0, 2.566483),
    ],
)
def test_real_logs_count_to_the_token(
    name: str, requests: int, buckets: tuple[int, ...], only_progress: int, cost: float
) -> None:
    found = count(GOLDEN / f"{name}.jsonl")
    uses = [request.usage for request in found.values()]
    assert len(found) == requests
    counted = tuple(
        sum(getattr(use, bucket) for use in uses)
        for bucket in ("input", "output", "write_5m", "write_1h", "read")
    )
    assert counted == buckets
    assert sum(request.place.origin is Origin.PROGRESS for request in found.values()) == only_progress
    assert dollars(found) == pytest.approx(cost, abs=1e-4)


def line(
    message: str = "m1", *blocks: dict[str, Any], usage: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """A reply at a time; ``usage`` adds to its counts, ``more`` goes to `reply`."""
    made = reply(message, *blocks, **{"timestamp": "2026-11-01T10:00:00Z", "model": OPUS, **more})
    made["message"]["usage"] |= usage or {}
    return made


def test_of_streamed_lines_the_largest_output_counts_in_any_order(tmp_path: Path) -> None:
    for nth, outputs in enumerate(((1, 1, 800), (800, 1))):
        write_log(tmp_path / f"{nth}/s.jsonl", *(line(output=output, read=50_000) for output in outputs))
        (request,) = count(tmp_path / str(nth)).values()
        assert (request.usage.output, request.usage.read) == (800, 50_000)


def test_a_message_without_a_request_id_counts_once(tmp_path: Path) -> None:
    write_log(tmp_path / "s.jsonl", line(read=50_000), line(read=50_000, requestId="r2"))
    assert [request.usage.read for request in count(tmp_path).values()] == [50_000]


def test_a_fork_that_repeats_its_history_adds_only_what_is_new(tmp_path: Path) -> None:
    write_log(tmp_path / "a.jsonl", line(read=50_000))
    write_log(
        tmp_path / "b.jsonl", line(read=50_000, sessionId="s2"), line("m2", read=51_000, sessionId="s2")
    )
    assert sum(request.usage.read for request in count(tmp_path).values()) == 101_000


def test_a_subagents_replay_of_the_main_context_counts_there(tmp_path: Path) -> None:
    write_log(
        tmp_path / "s1/subagents/agent-x.jsonl", line(read=50_000, requestId="r9"), line("m2", read=9_000)
    )
    write_log(tmp_path / "s1.jsonl", line(read=50_000, requestId="r1"))
    found = count(tmp_path)
    assert sum(request.usage.read for request in found.values()) == 59_000
    assert {name: request.place.agent for name, request in found.items()} == {"m1": "", "m2": "agent-x"}
    assert {request.place.session for request in found.values()} == {"s1"}


def test_copies_of_counted_usage_are_not_added(tmp_path: Path) -> None:
    first = line(plain=2, output=100, write=1_000, read=50_000)
    first["message"]["usage"]["iterations"] = [dict(first["message"]["usage"])]
    told = {"type": "user", "toolUseResult": {"usage": first["message"]["usage"], "agent": "assistant"}}
    write_log(tmp_path / "s.jsonl", first, told)
    (request,) = count(tmp_path).values()
    assert request.usage.prompt + request.usage.output == 51_102


def test_a_request_that_only_progress_tells_of_counts(tmp_path: Path) -> None:
    inner = line(read=50_000)
    data = {"type": "agent_progress", "agentId": "a7", "message": inner}
    write_log(tmp_path / "s.jsonl", {"type": "progress", "data": data, "sessionId": "s1"})
    (request,) = count(tmp_path).values()
    assert (request.usage.read, request.place.agent, request.provisional) == (50_000, "a7", True)


def test_a_workflows_subagents_count_and_its_journal_does_not(tmp_path: Path) -> None:
    write_log(tmp_path / "s1/subagents/workflows/w1/agent-a.jsonl", line(read=10))
    write_log(tmp_path / "s1/subagents/workflows/w1/journal.jsonl", line("m2", read=70))
    (request,) = count(tmp_path).values()
    assert (request.usage.read, request.place.session, request.place.agent) == (10, "s1", "agent-a")


def test_null_fields_are_zero_and_a_line_without_a_time_counts(tmp_path: Path) -> None:
    nulls = {"cache_creation_input_tokens": None, "cache_creation": None}
    write_log(tmp_path / "s.jsonl", line(usage=nulls, read=50_000, timestamp=None), line("m2", read=3))
    first, second = count(tmp_path).values()
    assert (first.usage.read, first.usage.write, first.time, second.usage.read) == (50_000, 0, None, 3)


def test_a_write_told_with_and_without_its_split_counts_once(tmp_path: Path) -> None:
    split = {"cache_creation": {"ephemeral_1h_input_tokens": 100, "ephemeral_5m_input_tokens": 0}}
    write_log(tmp_path / "s.jsonl", line(write=100), line(write=100, usage=split))
    (request,) = count(tmp_path).values()
    assert (request.usage.write_5m, request.usage.write_1h) == (0, 100)


@pytest.mark.parametrize(
    ("model", "usage", "counts", "cost"),
    [
        # 100,000 written for an hour at $10, 100 out at $25
        (OPUS, {"cache_creation": {"ephemeral_1h_input_tokens": 100_000}}, (0, 100, 100_000, 0), 1.0025),
        # 5,000 written at $6.25, 50,000 read at $0.50: $0.05625, twice and 1.1 times that
        (OPUS, {"speed": "fast"}, (0, 0, 5_000, 50_000), 0.1125),
        (OPUS, {"inference_geo": "us"}, (0, 0, 5_000, 50_000), 0.061875),
        # 20 searches at $0.01; fetches cost nothing; 1,000 out at $25, 17,500 read at $0.50
        (
            OPUS,
            {"server_tool_use": {"web_search_requests": 20, "web_fetch_requests": 9}},
            (0, 1_000, 0, 17_500),
            0.23375,
        ),
        ("claude-opus-5-5", {}, (1_000, 1_000, 10_000, 50_000), 0.0840),
        # over 100,000 the whole prompt: 1,000 x $0.50 + 1,000 x $2.50 + 10,000 x $0.625 + 150,000 x $0.05
        ("claude-haiku-5-5", {}, (1_000, 1_000, 10_000, 150_000), 0.01675),
        ("claude-unheard-9", {}, (1_000, 1_000, 0, 0), 0),
    ],
)
def test_prices_hold_for_lifetime_speed_place_searches_and_bands(
    tmp_path: Path, model: str, usage: dict[str, Any], counts: tuple[int, ...], cost: float
) -> None:
    plain, output, write, read = counts
    write_log(
        tmp_path / "s.jsonl",
        line(model=model, usage=usage, plain=plain, output=output, write=write, read=read),
    )
    assert dollars(count(tmp_path)) == pytest.approx(cost)


def test_lines_in_any_order_over_any_files_count_the_same(tmp_path: Path) -> None:
    lines = (GOLDEN / "progress.jsonl").read_text("utf-8").splitlines()
    write_log(tmp_path / "a.jsonl", *lines[1::2], *lines[:50])
    write_log(tmp_path / "b.jsonl", *reversed(lines))
    whole = count(GOLDEN / "progress.jsonl")
    assert {name: r.usage for name, r in count(tmp_path).items()} == {n: r.usage for n, r in whole.items()}


def test_a_file_that_grows_is_read_on_from_its_last_request(tmp_path: Path) -> None:
    texts = [
        json.dumps(line("m1", output=1)),
        json.dumps(line("m2", output=1)),
        json.dumps(line("m2", output=9)),
    ]
    log = tmp_path / "s.jsonl"
    log.write_text(f"{texts[0]}\n{texts[1]}\n{texts[2][:40]}", encoding="utf-8")
    first = read_billed(log)
    log.write_text("\n".join(texts) + "\n", encoding="utf-8")
    second = read_billed(log, first.offset)
    assert [request.id for request in first.requests] == ["m1", "m2"]
    assert [(request.id, request.usage.output) for request in second.requests] == [("m2", 9)]


def test_broken_lines_and_the_clients_own_are_counted_by_reason(tmp_path: Path) -> None:
    own = line("m3", model="<synthetic>")
    write_log(tmp_path / "s.jsonl", line(), '{"type": "assistant", "usage": {', own)
    assert Counter(read_billed(tmp_path / "s.jsonl").skips.values()) == {
        "not JSON": 1,
        "made by the client": 1,
    }
