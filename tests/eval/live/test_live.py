"""The live measurement: the real client with a scripted model, and its results by hand."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from rich.console import Console
from typer.testing import CliRunner

from eval.cli import app
from eval.errors import MeasureError
from eval.live import command
from eval.live.client import CREDENTIALS, run_claude
from eval.live.endpoint import ScriptedEndpoint, ToolUse, play
from eval.live.events import LiveConversation, read_conversation
from eval.live.report import build_report
from eval.live.results import LiveResult, collect
from eval.live.run import AGAIN, ARMS, SCRIPTED_ARMS, WITH, WITHOUT, Trial, TrialRun, plan_trials
from indexers.tokens import NEWEST
from tests.support.code_base import write_files
from tests.support.git_project import make_project
from tests.support.live_tasks import ANSWERS, TASKS, write_tasks


def _fill(number: int) -> str:
    """A function that has nothing to do with any task, beside which a whole file is read."""
    return f'''

def count_parcels_{number}(parcels: list[int]) -> int:
    """Count the parcels heavier than {number} kilograms."""
    return sum(weight > {number} for weight in parcels)
'''


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
        tasks = write_tasks(folder / "tasks.json", TASKS)
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


def test_without_a_key_nothing_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(command, "prepare", None)
    monkeypatch.setattr(command, "find_claude", None)
    done = CliRunner().invoke(app, ["live", "--tasks", str(write_tasks(tmp_path / "t.json", TASKS))])
    assert done.exit_code == 1
    assert done.stderr.startswith("error: Claude Code is not logged in")
    assert "hint: set ANTHROPIC_API_KEY" in done.stderr


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
    conversation = LiveConversation(
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
