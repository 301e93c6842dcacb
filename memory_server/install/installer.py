"""What ``repo-memory init`` does to a user's repository, how it is undone, and how it is checked."""

import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from indexers.git import find_git
from memory_server.errors import InstallError
from memory_server.install.changes import Finding, Step
from memory_server.install.client_hooks import client_hooks_step
from memory_server.install.clients import CLIENTS
from memory_server.install.hooks import check_hooks, hook_steps, inert_hook_steps
from memory_server.install.registration import SERVER, check_registration, registration_step


class StepOutcome(StrEnum):
    """What became of a step."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    WOULD_CHANGE = "would change"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class StepReport:
    """The outcome of one step; ``reason`` and ``hint`` are for a refused one."""

    description: str
    outcome: StepOutcome
    reason: str = ""
    hint: str = ""


def find_executable() -> str:
    """Return the absolute path of the running installation's ``repo-memory``, or its bare name."""
    started = Path(sys.argv[0])
    beside = Path(sys.executable).with_name(SERVER)
    for candidate in (started, beside):
        if candidate.stem == SERVER and (found := shutil.which(candidate.absolute())):
            return str(found)
    return shutil.which(SERVER) or SERVER


def plan_install(root: Path, executable: str, briefing: Path | None = None) -> list[Step]:
    """List the steps that set ``root`` up: the registration, the hooks where there is git, the client's for a briefing.

    Raises:
        GitError: git refuses the repository.
    """
    git = find_git(root)
    if git is None:
        hooks = [Step("git hooks: left out, since this folder is not in a git repository", list, list)]
    else:
        hooks = hook_steps(git, executable)
    told = [client_hooks_step(root, briefing)] if briefing else []
    return [*(registration_step(client, root, executable) for client in CLIENTS), *hooks, *told]


def install(
    root: Path, *, dry_run: bool = False, executable: str | None = None, briefing: Path | None = None
) -> list[StepReport]:
    """Carry out every step that can be; a conflict leaves its step alone and is reported.

    Raises:
        GitError: git refuses the repository.
    """
    steps = plan_install(root, executable or find_executable(), briefing)
    return [_report(step, undo=False, dry_run=dry_run) for step in steps]


def remove(root: Path, *, dry_run: bool = False) -> list[StepReport]:
    """Take every step back, and hooks that are out of use by now.

    Raises:
        GitError: git refuses the repository.
    """
    git = find_git(root)
    steps: Iterable[Step] = [*plan_install(root, SERVER), *_undo_only(root)]
    if git is not None:
        steps = [*steps, *(step for step in inert_hook_steps(git) if _has_undo(step))]
    return [_report(step, undo=True, dry_run=dry_run) for step in steps]


def check(root: Path) -> list[Finding]:
    """Find what is wrong with the set-up of ``root``, each with its fix.

    Raises:
        GitError: git refuses the repository.
    """
    git = find_git(root)
    registrations = [finding for client in CLIENTS for finding in check_registration(client, root)]
    return registrations + (check_hooks(git) if git is not None else [])


def _undo_only(root: Path) -> list[Step]:
    """What is undone where it was set up: hooks of the client."""
    step = client_hooks_step(root, Path())
    return [step] if _has_undo(step) else []


def _has_undo(step: Step) -> bool:
    try:
        return bool(step.plan_undo())
    except InstallError:
        return True


def _report(step: Step, *, undo: bool, dry_run: bool) -> StepReport:
    try:
        if dry_run:
            changes = step.plan_undo() if undo else step.plan()
            outcome = StepOutcome.WOULD_CHANGE if changes else StepOutcome.UNCHANGED
        else:
            changed = step.undo() if undo else step.apply()
            outcome = StepOutcome.CHANGED if changed else StepOutcome.UNCHANGED
    except InstallError as error:
        return StepReport(step.description, StepOutcome.REFUSED, str(error), error.hint)
    return StepReport(step.description, outcome)
