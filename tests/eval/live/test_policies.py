"""The parts of the live measurement by hand: what a client's events tell, the scripted policies, the tasks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from eval.errors import MeasureError
from eval.live.client import ClientRun
from eval.live.endpoint import ModelRequest, Policy, ToolUse, Turn
from eval.live.events import LiveConversation, read_conversation
from eval.live.policies import CALLS, GAVE_UP, ask_memory, grep_and_read
from eval.live.tasks import check_findable, load_tasks
from eval.ripgrep.matchers import PythonMatcher
from eval.ripgrep.ranking import SourceTree
from eval.savings.arms import read_capped
from eval.savings.own import OwnTools
from memory_server.tuning.indexes import open_index
from tests.support.code_base import write_files
from tests.support.live_tasks import ANSWERS, TASKS
from tests.support.places import CHECKOUT

FLASK_TASKS = CHECKOUT / "eval/live/tasks/flask.json"


def _usage(fresh: int, read: int, written: int) -> dict[str, int]:
    return {"input_tokens": fresh, "cache_read_input_tokens": read, "cache_creation_input_tokens": written}


def _said(
    identity: str, usage: Mapping[str, int], *blocks: Mapping[str, object], parent: str | None = None
) -> dict[str, object]:
    message = {"id": identity, "model": "claude-x", "content": list(blocks), "usage": usage}
    return {"type": "assistant", "message": message, "parent_tool_use_id": parent}


def _use(identity: str, name: str, **arguments: object) -> dict[str, object]:
    return {"type": "tool_use", "id": identity, "name": name, "input": arguments}


def _ended(*events: dict[str, object], servers: Mapping[str, str], **result: object) -> ClientRun:
    begin: dict[str, object] = {
        "type": "system",
        "subtype": "init",
        "model": "claude-x",
        "claude_code_version": "2.1.0",
        "mcp_servers": [{"name": name, "status": status} for name, status in servers.items()],
    }
    totals = {
        "inputTokens": 5,
        "cacheReadInputTokens": 700,
        "cacheCreationInputTokens": 300,
        "outputTokens": 9,
    }
    end = {
        "type": "result",
        "subtype": "success",
        "is_error": False,
        "result": "It is there.",
        "total_cost_usd": 0.25,
        "modelUsage": {"claude-x": totals, "claude-small": {"inputTokens": 40, "outputTokens": 1}},
    }
    return ClientRun(0, (begin, *events, end | result), "", None)


def test_subagents_and_replies_of_several_blocks_are_counted_once() -> None:
    first, second = _usage(3, 0, 100), _usage(3, 100, 50)
    run = _ended(
        _said("m1", first, {"type": "text", "text": "Let me look."}),
        _said("m1", first, _use("t1", "Task", prompt="look")),
        _said("s1", _usage(1, 1, 900), _use("t2", "Read", file_path="a.py"), parent="t1"),
        _said("s2", _usage(1, 1, 990), _use("t3", "Read", file_path="a.py", offset=5), parent="t1"),
        _said("m2", second, _use("t4", "mcp__repo-memory__search", query="x")),
        _said("m3", _usage(3, 150, 20), {"type": "text", "text": "It is there."}),
        servers={"repo-memory": "connected"},
    )
    assert read_conversation(run) == LiveConversation(
        answer="It is there.",
        model="claude-x",
        client="2.1.0",
        cost=0.25,
        turns=3,
        calls=4,
        own_calls=1,
        whole_reads=1,
        start=103,
        resident=173,
        sent=1045,
    )


@pytest.mark.parametrize(
    ("run", "problem"),
    [
        (_ended(servers={"repo-memory": "failed"}), "server repo-memory is failed"),
        (_ended(servers={}, is_error=True, result="API Error: 529 overloaded"), "API Error: 529 overloaded"),
        (_ended(servers={}, subtype="error_max_turns", result=None), "error_max_turns"),
        (
            ClientRun(1, (), "warning\nsegmentation fault\n", None),
            "no result, exit status 1: segmentation fault",
        ),
        (_ended(servers={}), "no reply of a model"),
    ],
    ids=["server", "api", "turns", "crash", "silent"],
)
def test_a_run_that_says_nothing_of_the_task_has_a_problem(run: ClientRun, problem: str) -> None:
    assert read_conversation(run) == LiveConversation(problem=problem)


def test_a_client_that_is_not_logged_in_is_an_error_with_a_hint() -> None:
    refused = _said("m1", _usage(0, 0, 0)) | {"error": "authentication_failed"}
    run = _ended(refused, servers={}, is_error=True, result="Not logged in · Please run /login")
    with pytest.raises(MeasureError, match="not logged in: Not logged in") as caught:
        read_conversation(run)
    assert "ANTHROPIC_API_KEY" in caught.value.hint


def _request(*answered: tuple[ToolUse, str]) -> ModelRequest:
    """A conversation in which these calls got these results."""
    messages: list[dict[str, object]] = [{"role": "user", "content": "Find it."}]
    for place, (use, text) in enumerate(answered):
        called = {"type": "tool_use", "id": f"t{place}", "name": use.name, "input": dict(use.arguments)}
        result = {"type": "tool_result", "tool_use_id": f"t{place}", "content": text}
        messages += [{"role": "assistant", "content": [called]}, {"role": "user", "content": [result]}]
    return ModelRequest({"messages": messages})


def _play_out(policy: Policy, replies: Sequence[str]) -> tuple[list[ToolUse], Turn]:
    """The calls a policy makes when they are answered so, the last reply again and again, and its last words."""
    answered: list[tuple[ToolUse, str]] = []
    while isinstance((turn := policy(_request(*answered)))[0], ToolUse):
        (call,) = turn
        assert isinstance(call, ToolUse)
        answered.append((call, replies[min(len(answered), len(replies) - 1)]))
    return [call for call, _ in answered], turn


DEFINED = "shop/prices.py\n  1-3 def take_discount(price)"


def _own_calls(own: OwnTools) -> list[ToolUse]:
    return [ToolUse(turn.tool, json.loads(turn.input)) for turn in own.ask(TASKS[0].question)]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[OwnTools]:
    """The tools over a shop in which taking a discount is long enough to be cut."""
    long = "def take_discount(price):\n" + "".join(f"    price -= step_{n}(price)\n" for n in range(400))
    files = {"shop/prices.py": long, "shop/more.py": "def price():\n    return 1\n\n\ndef tea(): ...\n"}
    write_files(tmp_path / "own", files)
    with open_index(tmp_path / "own", tmp_path / "indexes") as memory:
        yield OwnTools(memory)


def test_asking_the_memory_makes_the_calls_that_follow_from_its_replies(
    tmp_path: Path, own: OwnTools
) -> None:
    expected = _own_calls(own)
    replies = [*["nothing"] * len(expected), "shop/prices.py", "    return price * percent // 100"]
    policy = ask_memory(TASKS[0], own, SourceTree(tmp_path / "own", PythonMatcher()), read_capped)
    calls, _ = _play_out(policy, replies)
    assert calls[0] == ToolUse("mcp__repo-memory__search", {"query": TASKS[0].question})
    assert calls[: len(expected)] == expected
    read = [str(call.arguments["targets"]) for call in expected[1:]]
    assert any(":1-401" in target for target in read)
    assert len(read) > len(set(read) & {"['shop/prices.py:1-401']"})


def test_asking_the_memory_ends_when_the_answer_is_there(tmp_path: Path, own: OwnTools) -> None:
    policy = ask_memory(TASKS[0], own, SourceTree(tmp_path / "own", PythonMatcher()), read_capped)
    calls, said = _play_out(policy, [DEFINED, "    return price * percent // 100"])
    assert len(calls) == 2
    assert said == ("shop/prices.py take_discount",)
    assert TASKS[0].accepts(str(said[0]))


def test_asking_the_memory_falls_back_on_grep_and_then_gives_up(tmp_path: Path, own: OwnTools) -> None:
    expected = _own_calls(own)
    write_files(tmp_path / "other", {"shop/price.py": "price\n"})
    policy = ask_memory(TASKS[0], own, SourceTree(tmp_path / "other", PythonMatcher()), read_capped)
    calls, said = _play_out(policy, ["nothing"])
    assert [call.name for call in calls[len(expected) :]] == ["Bash", "Read"]
    assert calls[-1].arguments == {"file_path": "shop/price.py"}
    assert said == (GAVE_UP,)


def test_grep_and_read_lists_first_and_gives_up_after_so_many_calls(tmp_path: Path) -> None:
    write_files(tmp_path, {f"shop/price{number}.py": "price\n" * (60 - number) for number in range(40)})
    calls, said = _play_out(
        grep_and_read(TASKS[0], SourceTree(tmp_path, PythonMatcher()), read_capped), ["no"]
    )
    assert [call.name for call in calls] == ["Bash", *["Read"] * (CALLS - 1)]
    assert calls[1].arguments == {"file_path": "shop/price0.py"}
    assert said == (GAVE_UP,)
    assert not TASKS[0].accepts(GAVE_UP)


def test_an_answer_needs_every_pattern_and_path_and_a_find_the_evidence_too() -> None:
    task = TASKS[0]
    assert task.accepts("take_discount in shop/prices.py")
    assert not task.accepts("take_discount")
    assert not task.accepts("shop/prices.py")
    assert task.find_answer(["def take_discount(price)"]) is None
    assert task.find_answer(["def take_discount(price)", "price * percent // 100"]) is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"tasks": []}', "no task file: tasks"),
        ('{"tasks": [{"name": "a", "question": "b", "pattern": "c"}]}', r"tasks\.0\.pattern"),
        ('{"tasks": [{"name": "a", "question": "b", "patterns": ["("]}]}', "no regular expression"),
        ('{"tasks": [{"name": "a", "question": "b"}]}', "task a accepts any answer"),
        (
            '{"tasks": [{"name":"a","question":"b","paths":["c"]},{"name":"a","question":"b","paths":["c"]}]}',
            "two",
        ),
    ],
)
def test_a_task_file_that_is_wrong_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "tasks.json").write_text(text, encoding="utf-8")
    with pytest.raises(MeasureError, match=message):
        load_tasks(tmp_path / "tasks.json")


def test_a_task_whose_answer_is_not_in_the_repository_is_refused() -> None:
    check_findable(TASKS, ANSWERS)
    with pytest.raises(MeasureError, match=r"task refund: not in the repository: shop/refunds\.py"):
        check_findable(TASKS, {path: text for path, text in ANSWERS.items() if "prices" in path})


def test_the_tasks_of_flask_can_be_loaded() -> None:
    assert len(load_tasks(FLASK_TASKS)) >= 10
