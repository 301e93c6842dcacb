"""An interrupted live measurement goes on where it was, and only as the same measurement."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from filelock import FileLock
from pydantic import TypeAdapter
from typer.testing import CliRunner

from eval.cli import app
from eval.live import command
from eval.live.events import LiveConversation
from eval.live.results import LiveResult
from eval.live.run import ARMS, LiveBench, Trial, TrialRun, plan_trials
from eval.live.tasks import Task
from eval.ripgrep.matchers import PythonMatcher
from eval.ripgrep.ranking import SourceTree
from tests.support.live_tasks import write_tasks

TASKS = (
    Task(name="discount", question="Where is a discount taken off?", paths=("shop/prices.py",)),
    Task(name="refund", question="What gives an order's money back?", paths=("shop/refunds.py",)),
)


def made_up_run(trial: Trial, problem: str = "") -> TrialRun:
    conversation = LiveConversation(problem=problem, cost=0.1, turns=2, own_calls=1)
    return TrialRun(trial.task.name, trial.repeat, trial.arm, not problem, 1.0, conversation)


@dataclass
class Interrupted:
    """A measurement whose trials are made up, and which can be stopped after some of them."""

    repo: Path
    tasks: Path
    revision: str = "abc"
    stop_after: int | None = None
    scratches: list[Path] = field(default_factory=list)
    done: list[Trial] = field(default_factory=list)

    def prepare(self, _repo: Path, scratch: Path, **_: object) -> LiveBench:
        assert list(scratch.iterdir()) == []
        self.scratches.append(scratch)
        tree = SourceTree(scratch, PythonMatcher())
        return LiveBench(scratch, scratch / "servers.json", scratch / "home", tree, revision=self.revision)

    def run_trial(self, _bench: LiveBench, trial: Trial) -> TrialRun:
        if len(self.done) == self.stop_after:
            raise KeyboardInterrupt
        self.done.append(trial)
        return made_up_run(trial)

    def start(self, *more: str) -> list[Trial]:
        """Run the command; which trials it did."""
        self.done = []
        arguments = ["live", "--json", "--repo", str(self.repo), "--tasks", str(self.tasks), *more]
        finished = CliRunner().invoke(app, arguments)
        assert (finished.exit_code == 0) == (self.stop_after is None), finished.output
        if finished.exit_code == 0:
            result = TypeAdapter(LiveResult).validate_json(finished.stdout)
            assert result.repository_revision == self.revision
            assert len(result.runs) == len(
                plan_trials(TASKS, [arm.arm for arm in result.arms], result.repeats)
            )
        return self.done


@pytest.fixture
def interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Interrupted:
    """A measurement that was stopped after two of its six trials."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "made-up")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "claude").touch()
    monkeypatch.setattr(command, "find_claude", lambda: tmp_path / "claude")
    run = Interrupted(tmp_path, write_tasks(tmp_path / "tasks.json", TASKS), stop_after=2)
    monkeypatch.setattr(command, "prepare", run.prepare)
    monkeypatch.setattr(command, "run_trial", run.run_trial)
    assert len(run.start()) == 2
    run.stop_after = None
    return run


def test_an_interrupted_measurement_resumes_at_the_same_path_and_then_starts_anew(
    interrupted: Interrupted,
) -> None:
    trials = plan_trials(TASKS, ARMS, 1)
    assert interrupted.start() == trials[2:]
    assert interrupted.start() == trials
    assert len(set(interrupted.scratches)) == 1
    assert not interrupted.scratches[0].exists()


def test_a_measurement_of_another_revision_model_number_or_task_goes_on_with_nothing(
    interrupted: Interrupted,
) -> None:
    assert len(interrupted.start("--model", "sonnet")) == 6
    assert len(interrupted.start("--repeats", "2")) == 12
    interrupted.revision = "def"
    assert len(interrupted.start()) == 6
    interrupted.revision = "abc"
    write_tasks(interrupted.tasks, [TASKS[0], TASKS[1].model_copy(update={"question": "Who refunds?"})])
    assert len(interrupted.start()) == 6
    write_tasks(interrupted.tasks, TASKS)
    assert len(interrupted.start()) == 4


def test_trials_without_an_answer_are_done_again(
    interrupted: Interrupted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_bench: LiveBench, trial: Trial) -> TrialRun:
        if len(interrupted.done) == 3:
            raise KeyboardInterrupt
        interrupted.done.append(trial)
        return made_up_run(trial, problem="overloaded")

    with monkeypatch.context() as patch:
        patch.setattr(command, "run_trial", fail)
        interrupted.stop_after = 3
        assert len(interrupted.start()) == 3
    interrupted.stop_after = None
    assert len(interrupted.start()) == 4


def test_two_measurements_do_not_run_at_once(interrupted: Interrupted, tmp_path: Path) -> None:
    with FileLock(tmp_path / "cache" / "repo-memory" / "retrieval" / "live.lock"):
        arguments = ["live", "--repo", str(interrupted.repo), "--tasks", str(interrupted.tasks)]
        refused = CliRunner().invoke(app, arguments)
    assert refused.exit_code == 1
    assert refused.stderr.startswith("error: another live measurement is running\n\nhint: ")
