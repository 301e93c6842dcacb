"""The live measurement: the real client with a scripted model, and its parts by hand."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from rich.console import Console
from typer.testing import CliRunner

from eval.cli import app
from eval.client import CREDENTIALS, ClientRun, run_claude
from eval.endpoint import ModelRequest, Policy, ScriptedEndpoint, ToolUse, Turn, play
from eval.errors import MeasureError
from eval.live import command
from eval.live.events import Conversation, read_conversation
from eval.live.policies import CALLS, GAVE_UP, ask_memory, grep_and_read
from eval.live.report import build_report
from eval.live.results import LiveResult, collect
from eval.live.run import AGAIN, ARMS, SCRIPTED_ARMS, WITH, WITHOUT, Trial, TrialRun, plan_trials
from eval.live.tasks import Task, check_findable, load_tasks
from eval.retrieval.grep import SourceTree
from eval.retrieval.matchers import PythonMatcher
from eval.savings.arms import read_capped
from indexers.tokens import NEWEST
from tests.git_project import make_project
from tests.indexing import write_files

FLASK_TASKS = Path(__file__).parents[1] / "eval/live/tasks/flask.json"
ANSWERS = {
    "shop/prices.py": '''def take_discount(price: int, percent: int) -> int:
    """Take a discount in percent off a price."""
    return price - price * percent // 100
''',
    "shop/refunds.py": '''def refund_order(number: int) -> str:
    """Give a customer the money for an order back."""
    return f"refunded {number}"
''',
}
TASKS = (
    Task(
        name="discount",
        question="Where is a discount in percent taken off a price?",
        patterns=("take_discount",),
        paths=("shop/prices.py",),
        evidence=(r"price \* percent // 100",),
    ),
    Task(
        name="refund",
        question="What gives a customer the money for an order back?",
        patterns=("refund_order",),
        paths=("shop/refunds.py",),
        evidence=(r'f"refunded \{number\}"',),
    ),
)


def _fill(number: int) -> str:
    """A function that has nothing to do with any task, beside which a whole file is read."""
    return f'''

def count_parcels_{number}(parcels: list[int]) -> int:
    """Count the parcels heavier than {number} kilograms."""
    return sum(weight > {number} for weight in parcels)
'''


def _write_tasks(path: Path, tasks: Sequence[Task]) -> Path:
    path.write_text(json.dumps({"tasks": [task.model_dump() for task in tasks]}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def measured(claude: Path, tmp_path_factory: pytest.TempPathFactory) -> LiveResult:
    """Both tasks by every scripted arm, in a repository of two files."""
    assert claude.exists()
    folder = tmp_path_factory.mktemp("measured")
    with pytest.MonkeyPatch.context() as patch:
        for name in CREDENTIALS:
            patch.delenv(name, raising=False)
        project = make_project(folder, patch)
        patch.setattr(command, "find_claude", lambda: claude)
        filling = "".join(map(_fill, range(100)))
        write_files(project.root, {path: text + filling for path, text in ANSWERS.items()})
        project.git("add", "--all")
        project.git("commit", "--quiet", "--message", "Open the shop")
        tasks = _write_tasks(folder / "tasks.json", TASKS)
        done = CliRunner().invoke(
            app, ["live", "--scripted", "--json", "--repo", str(project.root), "--tasks", str(tasks)]
        )
    assert done.exit_code == 0, done.output
    return TypeAdapter(LiveResult).validate_json(done.stdout)


def _runs(result: LiveResult, arm: str) -> list[TrialRun]:
    return sorted((run for run in result.runs if run.arm == arm), key=lambda run: run.task)


def test_with_the_server_both_answers_are_right_with_less_resident_context(measured: LiveResult) -> None:
    own, without = _runs(measured, WITH), _runs(measured, WITHOUT)
    assert [run.correct for run in (*own, *without)] == [True] * 4
    for run, other in zip(own, without, strict=True):
        assert run.conversation.resident < other.conversation.resident
    (resident, cost) = (measured.differences[0].difference(name) for name in ("resident", "cost"))
    assert resident.high < 0
    assert cost.high < 0


def test_only_the_arm_with_the_server_calls_its_tools_and_it_reads_no_whole_file(
    measured: LiveResult,
) -> None:
    assert all(run.conversation.own_calls == run.conversation.calls > 0 for run in _runs(measured, WITH))
    assert not any(run.conversation.own_calls for arm in (WITHOUT, AGAIN) for run in _runs(measured, arm))
    assert not any(run.conversation.whole_reads for run in _runs(measured, WITH))
    assert all(run.conversation.whole_reads for run in _runs(measured, WITHOUT))
    assert measured.uncalled == ()


def test_a_script_does_the_same_again_so_that_the_noise_floor_is_nothing(measured: LiveResult) -> None:
    noise = next(found for found in measured.differences if found.arm == AGAIN)
    for measure in ("resident", "turns", "calls", "whole_reads", "correct"):
        found = noise.difference(measure)
        assert (found.mean, found.low, found.high) == (0, 0, 0), measure


def test_the_tokens_read_from_events_are_those_of_the_requests_as_sent(claude: Path, tmp_path: Path) -> None:
    file = tmp_path / "note.txt"
    file.write_text("nothing\n" * 50, encoding="utf-8")
    whole, part = {"file_path": str(file)}, {"file_path": str(file), "offset": 3, "limit": 2}
    with ScriptedEndpoint(play(("Look.", ToolUse("Read", whole)), (ToolUse("Read", part),))) as endpoint:
        run = run_claude(
            "Read it.", tmp_path, tmp_path / "home", endpoint, claude=claude, allowed_tools=("Read",)
        )
    found = read_conversation(run)
    assert (found.start, found.resident) == (
        endpoint.conversation[0].tokens,
        endpoint.conversation[-1].tokens,
    )
    assert found.sent == sum(request.tokens for request in endpoint.requests)
    assert (found.turns, found.calls, found.whole_reads, found.answer) == (3, 2, 1, "Done.")
    assert found.cost > 0


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
    assert read_conversation(run) == Conversation(
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
    assert read_conversation(run) == Conversation(problem=problem)


def test_a_client_that_is_not_logged_in_is_an_error_with_a_hint() -> None:
    refused = _said("m1", _usage(0, 0, 0)) | {"error": "authentication_failed"}
    run = _ended(refused, servers={}, is_error=True, result="Not logged in · Please run /login")
    with pytest.raises(MeasureError, match="not logged in: Not logged in") as caught:
        read_conversation(run)
    assert "ANTHROPIC_API_KEY" in caught.value.hint


def test_without_a_key_nothing_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(command, "prepare", None)
    monkeypatch.setattr(command, "find_claude", None)
    done = CliRunner().invoke(app, ["live", "--tasks", str(_write_tasks(tmp_path / "t.json", TASKS))])
    assert done.exit_code == 1
    assert done.stderr.startswith("error: Claude Code is not logged in")
    assert "hint: set ANTHROPIC_API_KEY" in done.stderr


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


def test_asking_the_memory_reads_the_hits_in_order_and_then_what_was_left_out(tmp_path: Path) -> None:
    found = "shop/prices.py\n  10-12 def a()\n  1-3 def take_discount(price)\nshop/more.py\n  5-6 def b()"
    cut = "shop/prices.py:10-12\n 10\tdef a():\nleft out: 2 lines; read shop/prices.py:11-12, or raise budget"
    replies = [found, cut, "nothing", "nothing", "    return price * percent // 100"]
    calls, said = _play_out(ask_memory(TASKS[0], SourceTree(tmp_path, PythonMatcher()), read_capped), replies)
    assert calls[0] == ToolUse("mcp__repo-memory__search", {"query": TASKS[0].question})
    read = [call.arguments["targets"] for call in calls[1:]]
    assert read == [
        ["shop/prices.py:10-12"],
        ["shop/prices.py:1-3"],
        ["shop/more.py:5-6"],
        ["shop/prices.py:11-12"],
    ]
    assert said == ("shop/prices.py take_discount",)
    assert TASKS[0].accepts(str(said[0]))


def test_asking_the_memory_falls_back_on_grep_and_then_gives_up(tmp_path: Path) -> None:
    write_files(tmp_path, {"shop/price.py": "price\n"})
    policy = ask_memory(TASKS[0], SourceTree(tmp_path, PythonMatcher()), read_capped)
    calls, said = _play_out(policy, ["shop/more.py\n  5-6 def b()", "5\tdef b(): ..."])
    names = [call.name for call in calls]
    assert names == ["mcp__repo-memory__search", "mcp__repo-memory__read", "Bash", "Read"]
    assert calls[3].arguments == {"file_path": "shop/price.py"}
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


def test_trials_are_interleaved_in_an_order_that_is_always_the_same() -> None:
    trials = plan_trials(TASKS, SCRIPTED_ARMS, 3)
    assert trials == plan_trials(TASKS, SCRIPTED_ARMS, 3)
    size = len(SCRIPTED_ARMS)
    blocks = [trials[start : start + size] for start in range(0, len(trials), size)]
    assert len(blocks) == 3 * len(TASKS)
    for block in blocks:
        assert len({(trial.task.name, trial.repeat) for trial in block}) == 1
        assert {trial.arm for trial in block} == set(SCRIPTED_ARMS)
    assert len({tuple(trial.arm for trial in block) for block in blocks}) > 1


def _run(trial: Trial, cost: float, correct: bool = True, problem: str = "", own_calls: int = 1) -> TrialRun:
    conversation = Conversation(
        problem=problem, cost=cost, turns=2, own_calls=own_calls if trial.arm == WITH else 0
    )
    return TrialRun(trial.task.name, trial.repeat, trial.arm, correct, 1.0, conversation)


def test_the_cost_of_a_correct_answer_carries_the_cost_of_the_wrong_ones() -> None:
    costs = {WITHOUT: 0.4, WITH: 0.1, AGAIN: 0.4}
    runs = [
        _run(trial, costs[trial.arm], correct=trial.arm != WITHOUT or trial.task.name == "refund")
        for trial in plan_trials(TASKS, ARMS, 2)
    ]
    result = collect("shop", "abc", False, runs)
    assert {arm.arm: arm.cost_per_correct for arm in result.arms} == {WITHOUT: 0.8, WITH: 0.1, AGAIN: 0.4}
    found = result.differences[0]
    assert (found.arm, found.against) == (WITH, WITHOUT)
    assert found.cost_per_correct is not None
    assert (found.cost_per_correct.mean, found.cost_per_correct.high) == (-0.7, -0.3)
    assert found.difference("cost").mean == -0.3
    assert found.difference("correct").mean == 0.5


def test_an_arm_without_a_correct_answer_has_no_cost_of_one() -> None:
    result = collect(
        "shop", "abc", False, [_run(t, 0.1, correct=t.arm != WITH) for t in plan_trials(TASKS, ARMS, 1)]
    )
    assert result.arms[1].cost_per_correct is None
    assert result.differences[0].cost_per_correct is None
    assert "-" in _render(result)


def test_a_run_with_a_problem_is_dropped_in_every_arm_and_told() -> None:
    trials = plan_trials(TASKS, ARMS, 2)
    failed = next(trial for trial in trials if trial.arm == AGAIN)
    runs = [_run(trial, 0.1, problem="overloaded" if trial == failed else "") for trial in trials]
    result = collect("shop", "abc", False, runs)
    assert [arm.runs for arm in result.arms] == [3, 3, 3]
    assert result.dropped == (f"{failed.task.name} #{failed.repeat}, {AGAIN}: overloaded",)
    with pytest.raises(MeasureError, match="no run counts: overloaded"):
        collect("shop", "abc", False, [_run(trial, 0.1, problem="overloaded") for trial in trials])


def test_a_run_in_which_our_tools_were_never_called_is_told() -> None:
    runs = [
        _run(trial, 0.1, own_calls=0 if trial.task.name == "refund" else 3)
        for trial in plan_trials(TASKS, ARMS, 1)
    ]
    result = collect("shop", "abc", False, runs)
    assert result.uncalled == ("refund #1",)
    assert "repo-memory's tools were never called in 1 of 2 runs with it: refund #1" in _render(result)


def _render(result: LiveResult) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(build_report(result))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_both_tables_of_a_scripted_run_say_how_surely_its_tokens_are_counted() -> None:
    shown = _render(collect("shop", "abc", True, [_run(t, 0.1) for t in plan_trials(TASKS, ARMS, 1)]))
    assert " ".join(shown.split()).count(NEWEST.error_band) == 2


def test_the_report_tells_the_cost_of_a_correct_answer_first_and_the_noise_floor() -> None:
    shown = _render(collect("shop", "abc", False, [_run(t, 0.1) for t in plan_trials(TASKS, ARMS, 1)]))
    rows = [line.split("│")[1].strip() for line in shown.splitlines() if line.startswith("│")]
    assert rows[:5] == [
        "cost per correct answer, $",
        "turns",
        "tool calls",
        "whole-file reads",
        "wall time, s",
    ]
    assert "noise floor" in shown
