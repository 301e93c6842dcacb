"""The git hooks that keep the index fresh, set beside whatever hooks the user has."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from indexers.git import GitPaths, has_tracked_files
from memory_server.errors import InstallError
from memory_server.install.changes import Change, Delete, Finding, Move, Step, Write, read_if_present
from memory_server.install.hook_text import (
    CHAINED_SUFFIX,
    SHEBANG,
    Placement,
    can_host,
    find_block,
    first_line,
    insert_block,
    placement_of,
    remove_block,
    render_block,
    tool_of,
)

HOOK_NAMES = ("post-commit", "post-merge", "post-checkout", "post-rewrite")
_INIT = "run `repo-memory init`"
_OWN_FILE = "put a file of its own in place of the link, or take the block out by hand"


@dataclass(frozen=True, slots=True)
class _Hook:
    """One hook of a repository, and the executable that it shall start."""

    name: str
    folder: Path
    tool: str
    own: tuple[Path, ...] = ()
    """The folders of this repository: what a link leads to outside them is not edited."""

    @property
    def path(self) -> Path:
        """The file that git runs."""
        return self.folder / self.name

    @property
    def chained(self) -> Path:
        """Where a hook goes that the block cannot stand in."""
        return self.folder / (self.name + CHAINED_SUFFIX)

    def read(self) -> tuple[bytes | None, bytes | None]:
        """Return the file's bytes and the block in them, each None where there is none."""
        data = read_if_present(self.path)
        if data is None and self.path.is_symlink():
            raise InstallError(f"{self.path} is a symbolic link to nothing", "delete or repair the link")
        return data, None if data is None else find_block(data)

    def behind_links(self) -> Path:
        """The file itself, which a link within the repository may lead to."""
        real = Path(os.path.realpath(self.path))
        if not any(real.is_relative_to(folder) for folder in self.own):
            raise InstallError(f"{self.path} is a link to {real}, outside this repository", _OWN_FILE)
        return real

    def block(self, placement: Placement) -> bytes:
        """Return the block as it should be."""
        return render_block(self.name, self.tool, placement)


def hook_steps(git: GitPaths, executable: str) -> list[Step]:
    """Return one step for each hook, in the folder where git looks for hooks.

    Hooks that git tracks are shared with the team, so they name the bare command; others name
    ``executable``, since programs with a window may run git with a short PATH.
    """
    try:
        _refuse_shared_folder(git)
    except InstallError as error:
        return [Step("git hooks", partial(_refuse, error), list)]
    inside = git.hooks_dir.is_relative_to(git.worktree)
    where = str(git.hooks_dir.relative_to(git.worktree) if inside else git.hooks_dir)
    tool = executable
    if not git.hooks_dir.is_relative_to(git.common_dir):
        tracked = has_tracked_files(git.hooks_dir)
        tool = "repo-memory" if tracked else executable
        where += " (tracked by git: commit it)" if tracked else " (if a tool writes this folder anew, repeat)"
    hooks = (_Hook(name, git.hooks_dir, tool, _own_folders(git)) for name in HOOK_NAMES)
    return [
        Step(f"git hook {hook.name} in {where}", partial(_plan, hook), partial(_plan_undo, hook))
        for hook in hooks
    ]


def inert_hook_steps(git: GitPaths) -> list[Step]:
    """Return the steps whose undo removes the blocks that a later ``core.hooksPath`` has put out of use."""
    folder, own = Path(os.path.realpath(git.common_dir / "hooks")), _own_folders(git)
    if folder == git.hooks_dir or not any(folder.is_relative_to(one) for one in own):
        return []
    hooks = (_Hook(name, folder, "", own) for name in HOOK_NAMES)
    return [Step(f"git hook {hook.name} in {folder}", list, partial(_plan_undo, hook)) for hook in hooks]


def check_hooks(git: GitPaths) -> list[Finding]:
    """Find what keeps git from refreshing the index."""
    try:
        _refuse_shared_folder(git)
    except InstallError as error:
        return [Finding(str(error), error.hint)]
    findings: list[Finding] = []
    missing: list[str] = []
    for name in HOOK_NAMES:
        hook = _Hook(name, git.hooks_dir, "")
        try:
            _, block = hook.read()
        except InstallError as error:
            findings.append(Finding(f"git hook {name}: {error}", error.hint))
            continue
        if block is None:
            missing.append(name)
        else:
            findings += _check_block(hook, block)
    if missing:
        findings.append(Finding(_describe_missing(git, missing), _INIT))
    return findings


def _check_block(hook: _Hook, block: bytes) -> list[Finding]:
    tool = tool_of(block)
    if block != replace(hook, tool=tool).block(placement_of(block)):
        return [Finding(f"{hook.path} holds an outdated repo-memory block", _INIT)]
    if not os.access(hook.path, os.X_OK):
        return [Finding(f"{hook.path} is not executable, so git ignores it", f"chmod +x '{hook.path}'")]
    if not shutil.which(tool) and not shutil.which("repo-memory"):
        return [Finding(f"{hook.path} starts `{tool}`, which is not found", _INIT)]
    return []


def _describe_missing(git: GitPaths, names: list[str]) -> str:
    unused = git.common_dir / "hooks"
    if any(_holds_block(_Hook(name, unused, "")) for name in names):
        return f"git runs the hooks in {git.hooks_dir} (core.hooksPath), so those in {unused} are inert"
    return f"the index is not refreshed by the git hooks {', '.join(names)}"


def _holds_block(hook: _Hook) -> bool:
    try:
        return hook.read()[1] is not None
    except InstallError:
        return False


def _plan(hook: _Hook) -> Sequence[Change]:
    data, block = hook.read()
    if data is not None and block is not None:
        return _plan_update(hook, data, block)
    _refuse_second_chain(hook, data)
    if data is None:
        placement = Placement.CHAINED if hook.chained.exists() else Placement.CREATED
        return [Write(hook.path, insert_block(SHEBANG, hook.block(placement)), executable=True)]
    if first_line(data).endswith(b"\r") and data.startswith(b"#!"):
        raise InstallError(
            f"the first line of {hook.path} ends with a carriage return, so it cannot run",
            "give the file LF line endings, then run `repo-memory init` again",
        )
    if can_host(data) and os.access(hook.path, os.X_OK) and not hook.path.is_symlink():
        return [Write(hook.path, insert_block(data, hook.block(Placement.ADDED)))]
    text = insert_block(SHEBANG, hook.block(Placement.CHAINED))
    return [Move(hook.path, hook.chained), Write(hook.path, text, executable=True)]


def _plan_update(hook: _Hook, data: bytes, block: bytes) -> Sequence[Change]:
    placement = placement_of(block)
    wanted = hook.block(placement)
    ignored = placement is not Placement.ADDED and not os.access(hook.path, os.X_OK)
    if block == wanted and not ignored:
        return []
    return [Write(hook.behind_links(), data.replace(block, wanted), executable=ignored)]


def _plan_undo(hook: _Hook) -> Sequence[Change]:
    data, block = hook.read()
    chained = os.path.lexists(hook.chained)
    if data is None or block is None:
        _refuse_second_chain(hook, data)
        return [Move(hook.chained, hook.path)] if chained else []
    rest = remove_block(data, block)
    placement = placement_of(block)
    if placement is Placement.CHAINED and chained:
        if rest != SHEBANG:
            raise InstallError(
                f"{hook.path} has lines of its own by now, and {hook.chained.name} holds the hook before it",
                "merge the two files by hand",
            )
        return [Move(hook.chained, hook.path)]
    if placement is Placement.ADDED or rest != SHEBANG:
        return [Write(hook.behind_links(), rest)]
    return [Delete(hook.path)]


def _refuse_second_chain(hook: _Hook, data: bytes | None) -> None:
    if data is not None and os.path.lexists(hook.chained):
        raise InstallError(
            f"{hook.path} was replaced after repo-memory had moved the hook before it to {hook.chained.name}",
            f"merge the two by hand, delete {hook.chained.name}, then run `repo-memory init` again",
        )


def _own_folders(git: GitPaths) -> tuple[Path, ...]:
    """The worktree, and the folders that it shares with the repository's other worktrees alone."""
    if not git.owns_common_dir():
        return (git.worktree,)
    main = [git.common_dir.parent] if git.common_dir.name == ".git" else []
    return (git.worktree, git.common_dir, *main)


def _refuse_shared_folder(git: GitPaths) -> None:
    if not any(git.hooks_dir.is_relative_to(folder) for folder in _own_folders(git)):
        raise InstallError(
            f"git's hooks are in {git.hooks_dir}, outside this repository: a hook there would run for others",
            "give this repository a core.hooksPath of its own; without hooks the index catches up when asked",
        )


def _refuse(error: InstallError) -> Sequence[Change]:
    raise error
