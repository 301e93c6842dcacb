"""Reading logs: what is billed, and what calls are, with results worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.usage.prices import request_cost
from indexers.tokens import NEWEST, OLDER, estimate_tokens, find_family, model_name
from indexers.transcripts.claude_code.calls import read_call
from indexers.transcripts.model import CallKind, Request, ToolCall, Usage
from tests.support.log_lines import held, prompt, read_all, reads, reply, result, says, uses, write_log


def test_a_message_streamed_over_several_lines_is_billed_once(tmp_path: Path) -> None:
    first = reply("m1", says("I will look."), write=1000, output=1)
    second = reply("m1", reads("t1", "ledger.py"), write=1000, output=40)
    (request,) = held(tmp_path, prompt("hello"), first, second).requests
    assert request.usage == Usage(write_5m=1000, output=40)
    assert request.text == "I will look."
    assert [call.kind for call in request.calls] == [CallKind.READ]


def test_a_message_copied_into_a_resumed_conversation_is_billed_in_the_first(tmp_path: Path) -> None:
    started = [prompt("hello"), reply("m1", says("hi"), write=1000, output=7)]
    write_log(tmp_path / "a.jsonl", *({**line, "timestamp": "2026-01-02"} for line in started))
    resumed = [*started, prompt("more"), reply("m2", says("yes"), read=1000, output=3)]
    write_log(
        tmp_path / "b.jsonl", *({**line, "timestamp": "2026-01-03", "sessionId": "s2"} for line in resumed)
    )
    one, two = read_all(tmp_path).conversations
    assert [request.id for request in one.requests] == ["m1"]
    assert [request.id for request in two.requests] == ["m2"]


def test_a_sidechain_is_a_context_of_its_own(tmp_path: Path) -> None:
    lines = (
        prompt("look around", uuid="u1"),
        reply("m1", uses("t1", "Task"), write=10, uuid="u2", parentUuid="u1"),
        prompt("find it", uuid="u3", isSidechain=True),
        reply("m2", says("found"), write=20, uuid="u4", parentUuid="u3", isSidechain=True),
        result("t1", "found"),
        reply("m3", says("done"), write=30, uuid="u6"),
    )
    threads = held(tmp_path, *lines).threads
    assert [[request.id for request in thread.requests] for thread in threads] == [["m1", "m3"], ["m2"]]


def test_lines_that_cannot_be_read_are_counted_and_passed_over(tmp_path: Path) -> None:
    whole = json.dumps(reply("m1", says("hi"), write=5))
    odd = (
        "",
        "[1, 2]",
        '{"type": "assistant", "mess',
        '{"type": [3]}',
        '{"type": "user", "message": "text"}',
    )
    later = '{"type": "hologram", "x": null}'
    nulls = '{"type": "assistant", "message": {"id": null, "model": null, "content": null, "usage": null}}'
    write_log(tmp_path / "s1.jsonl", *odd, later, nulls, whole, whole[:40])
    logs = read_all(tmp_path)
    assert [request.id for request in logs.conversations[0].requests] == ["m1"]
    assert {skip.reason: skip.lines for skip in logs.skips} == {
        "not JSON": 3,
        "of no kind": 1,
        "user with unknown fields": 1,
        "of kind hologram": 1,
    }


def test_half_a_character_is_replaced(tmp_path: Path) -> None:
    request = held(tmp_path, reply("m1", says("cut \ud83d"), write=5)).requests[0]
    assert request.text == "cut ?"


def test_a_subagents_file_belongs_to_its_conversation(tmp_path: Path) -> None:
    write_log(tmp_path / "s1.jsonl", reply("m1", says("hi"), write=5))
    write_log(tmp_path / "s1" / "subagents" / "agent-7.jsonl", reply("m2", says("found"), write=6))
    (conversation,) = read_all(tmp_path).conversations
    assert [thread.name for thread in conversation.threads] == ["main", "agent-7"]


def test_a_placeholder_for_the_output_is_replaced_by_an_estimate_and_told(tmp_path: Path) -> None:
    text = "The ledger keeps its entries in a list."
    old = reply("m1", says(text), output=1, version="1.0.17")
    new = reply("m2", says(text), output=1, version="2.1.97")
    older = reply("m3", says(text), output=1, version="1.0.17", model="claude-opus-4-1")
    one, two, three = held(tmp_path, old, new, older).requests
    assert (one.estimated, one.usage.output) == (True, estimate_tokens(text))
    assert (two.estimated, two.usage.output) == (False, 1)
    assert (three.estimated, three.usage.output) == (True, estimate_tokens(text, OLDER))


@pytest.mark.parametrize(
    ("model", "usage", "dollars"),
    [
        ("claude-sonnet-4-6", Usage(input=2, output=4, write_1h=20_333), 0.122064),
        ("claude-opus-5", Usage(input=2, output=4, read=31_561, write_1h=7_548), 0.0913705),
        ("claude-haiku-5-5", Usage(input=100_001), 0.0500005),
        ("claude-haiku-5-5", Usage(input=100_000), 0.01),
        ("claude-opus-4-7", Usage(input=1000, speed="fast", web_searches=2), 0.03),
    ],
)
def test_a_request_costs_what_the_price_list_says(model: str, usage: Usage, dollars: float) -> None:
    cost = request_cost(Request("m", model, "2026-11-01", usage))
    assert cost is not None
    assert cost.total == pytest.approx(dollars)


def test_models_are_known_under_all_their_names() -> None:
    names = ["claude-sonnet-4-20250514", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-opus-5[1m]"]
    assert [model_name(name) for name in names] == ["sonnet-4", "sonnet-4-5", "opus-5"]
    assert request_cost(Request("m", "gpt-9", "", Usage(input=5))) is None


def test_a_models_tokens_are_counted_by_its_own_family() -> None:
    models = ["claude-sonnet-4-20250514", "claude-opus-4-6", "claude-opus-4-7", "claude-haiku-5-5", "gpt-9"]
    assert [find_family(model) for model in models] == [OLDER, OLDER, NEWEST, NEWEST, NEWEST]


@pytest.mark.parametrize(
    ("command", "kind", "path", "windowed", "pattern"),
    [
        ("cat src/a.py", CallKind.READ, "src/a.py", False, ""),
        ("cd src && sed -n '1,40p' a.py", CallKind.READ, "src/a.py", True, ""),
        ("head -n 20 a.py", CallKind.READ, "a.py", True, ""),
        ("cat a.py | grep x", CallKind.READ, "a.py", True, ""),
        ("rg -n -A 3 'class Ledger' src", CallKind.SEARCH, "", False, "class Ledger"),
        ("grep -rn -e post .", CallKind.SEARCH, "", False, "post"),
        ("cat a.py && rm a.py", CallKind.OTHER, "", False, ""),
        ("echo 'open", CallKind.OTHER, "", False, ""),
        ("sed -i s/a/b/ a.py", CallKind.OTHER, "", False, ""),
    ],
)
def test_plain_shell_commands_are_reads_and_searches(
    command: str, kind: CallKind, path: str, windowed: bool, pattern: str
) -> None:
    call = read_call("t", "Bash", {"command": command})
    assert (call.kind, call.path, call.windowed, call.pattern) == (kind, path, windowed, pattern)
    assert read_call("t", "mcp__repo-memory__search", {}) == ToolCall("t", CallKind.OWN, input="{}")
