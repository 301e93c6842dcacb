"""Trials: each task by each arm, interleaved, in one copy of the repository and with nothing kept from run to run."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.copies import copy_repository
from eval.errors import MeasureError, UnfinishedError
from eval.live.client import run_claude
from eval.live.endpoint import Policy, ScriptedEndpoint
from eval.live.events import LiveConversation, read_conversation
from eval.live.policies import ask_memory, grep_and_read
from eval.live.tasks import Task
from eval.machine import CHECKOUT
from eval.ripgrep.matchers import find_matcher
from eval.ripgrep.ranking import SourceTree
from eval.savings.arms import read_capped, read_windows
from eval.savings.own import OWN, TOOL_PREFIX, OwnTools
from indexers.git import run_git
from memory_server.memory import Memory
from memory_server.tuning.metrics import SEED

WITHOUT, WITH, AGAIN = "without", "with", "without again (A/A)"
ARMS = (WITHOUT, WITH, AGAIN)

WINDOW = 100
"""Lines of a window in the scripted arm that does not read whole files."""

WINDOWS = f"without, windows of {WINDOW}"
SCRIPTED_ARMS = (*ARMS, WINDOWS)

REQUEST = "{question} Answer in a few sentences, and name the file and the function or class."

_BUILT_IN = ("Read", "Grep", "Glob", "Bash(rg:*)", "Bash(grep:*)", "Bash(git grep:*)")
_SCRIPTED_BUILT_IN = ("Read", "Bash")
_LIVE_SECONDS, _SCRIPTED_SECONDS = 900, 120


@dataclass(frozen=True, slots=True)
class Trial:
    """A task to be done once by an arm."""

    task: Task
    repeat: int
    arm: str

    @property
    def key(self) -> str:
        """All that its result depends on but the bench and the code."""
        return repr(self)


@dataclass(frozen=True, slots=True)
class TrialRun:
    """How a trial went."""

    task: str
    repeat: int
    arm: str
    correct: bool
    wall_s: float
    conversation: LiveConversation

    @property
    def problem(self) -> str:
        """Why it counts for nothing."""
        return self.conversation.problem


@dataclass(frozen=True, slots=True)
class LiveBench:
    """The copy that is asked about, the registration of the server over it, and the home folder of the client.

    ``revision`` is the copied commit; of a folder without git, its tree.
    """

    copy: Path
    servers: Path
    home: Path
    tree: SourceTree
    model: str = ""
    claude: Path | None = None
    scripted: bool = False
    revision: str = ""


def prepare(
    repo: Path, scratch: Path, *, scripted: bool, model: str = "", claude: Path | None = None
) -> LiveBench:
    """Copy the repository's commit and index the copy.

    Raises:
        MeasureError: it cannot be copied or indexed.
    """
    copy = scratch / "repository"
    copy_repository(repo, copy)
    program = (sys.executable, "-P", "-m", "memory_server.cli")
    import_path = {"PYTHONPATH": str(CHECKOUT)}
    # The client passes none of this product's own variables on to the server.
    own = {name: value for name, value in os.environ.items() if not name.startswith("REPO_MEMORY_")}
    indexed = subprocess.run(
        [*program, "index", "--quiet"], cwd=copy, env=own | import_path, capture_output=True, check=False
    )
    if indexed.returncode:
        said = indexed.stderr.decode("utf-8", "replace").strip()
        raise MeasureError(f"cannot index {repo}: {said}", "run `repo-memory index` there")
    server = {
        "type": "stdio",
        "command": program[0],
        "args": [*program[1:], "serve"],
        "env": import_path,
        "alwaysLoad": True,
    }
    servers = scratch / "servers.json"
    servers.write_text(json.dumps({"mcpServers": {OWN: server}}), encoding="utf-8")
    tree = SourceTree(copy, find_matcher())
    revision = run_git(copy, "rev-parse", "HEAD" if (repo / ".git").exists() else "HEAD^{tree}").strip()
    return LiveBench(copy, servers, scratch / "home", tree, model, claude, scripted, revision)


def plan_trials(tasks: Sequence[Task], arms: Sequence[str], repeats: int) -> list[Trial]:
    """Every task by every arm, task after task; tasks, and the arms of each, come in a drawn order, always the same."""
    draw = random.Random(SEED)
    return [
        Trial(task, repeat, arm)
        for repeat in range(1, repeats + 1)
        for task in draw.sample(tasks, len(tasks))
        for arm in draw.sample(arms, len(arms))
    ]


def run_trial(bench: LiveBench, trial: Trial) -> TrialRun:
    """Do a trial.

    Raises:
        MeasureError: the client is not logged in.
        ClientError: it is missing.
    """
    if not bench.scripted:
        return _converse(bench, trial, None)
    with Memory.open(bench.copy) as memory:
        policy = choose_policy(bench.tree, memory, trial)
    with ScriptedEndpoint(policy) as endpoint:
        return _converse(bench, trial, endpoint)


def choose_policy(tree: SourceTree, memory: Memory, trial: Trial) -> Policy:
    """What the scripted model does in a trial."""
    if trial.arm == WITH:
        return ask_memory(trial.task, OwnTools(memory), tree, read_capped)
    return grep_and_read(trial.task, tree, read_windows(WINDOW) if trial.arm == WINDOWS else read_capped)


def _converse(bench: LiveBench, trial: Trial, endpoint: ScriptedEndpoint | None) -> TrialRun:
    # One path for all, emptied: it stands in the prompt, and what the client remembers would leak.
    shutil.rmtree(bench.home, ignore_errors=True)
    built_in = _SCRIPTED_BUILT_IN if bench.scripted else _BUILT_IN
    with_server = trial.arm == WITH
    arguments = ["--strict-mcp-config", *(["--mcp-config", str(bench.servers)] if with_server else [])]
    arguments += ["--model", bench.model] if bench.model else []
    begun = time.perf_counter()
    try:
        run = run_claude(
            REQUEST.format(question=trial.task.question),
            bench.copy,
            bench.home,
            endpoint,
            claude=bench.claude,
            allowed_tools=(*built_in, f"{TOOL_PREFIX}*") if with_server else built_in,
            arguments=arguments,
            timeout=_SCRIPTED_SECONDS if bench.scripted else _LIVE_SECONDS,
        )
        conversation = read_conversation(run)
    except UnfinishedError as error:
        conversation = LiveConversation(problem=str(error))
    wall = round(time.perf_counter() - begun, 3)
    correct = not conversation.problem and trial.task.accepts(conversation.answer)
    return TrialRun(trial.task.name, trial.repeat, trial.arm, correct, wall, conversation)
