"""The one module that runs git: where a repository keeps its parts, which files are in its tree, what it remembers."""

import logging
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from indexers.errors import GitError
from indexers.files import read_regular

_log = logging.getLogger(__name__)

REPOSITORY_VARIABLES = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_CONFIG_PARAMETERS",
)
"""What git exports to a hook to name the repository at hand; a command on another one must not inherit it."""

_QUIET = {
    "LC_ALL": "C",  # messages as they are looked for
    "GIT_OPTIONAL_LOCKS": "0",  # no lock taken from a user's own command
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LFS_SKIP_SMUDGE": "1",
}
_HOOKS = "core.hooksPath"
_DISABLED = {
    "core.fsmonitor": "false",
    _HOOKS: os.devnull,
    "core.sshCommand": "false",
    "core.gitProxy": "",
    "core.askPass": "",
    "core.alternateRefsCommand": "",
    "credential.helper": "",
    "log.showSignature": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
}
"""What would run a program that the settings of a repository name, with what switches it off."""

_ANY_DIFF = ("--no-ext-diff", "--no-textconv")
_OPTIONS = {"log": _ANY_DIFF, "diff": _ANY_DIFF, "clone": ("--template=",)}
"""Options that commands get after their name, for what settings can name in any number: drivers, templates."""

_PATIENCE_S, _LIMIT_S = 3.0, 600.0
"""Seconds after which to look for what git may wait for, and in all."""

_READ_BY_GIT = frozenset({".gitignore", ".gitattributes", ".gitmodules", ".mailmap"})
_LACKS = b"unable to read"
_WHERE = ("--show-toplevel", "--absolute-git-dir", "--git-common-dir", "--git-path", "hooks")
_TRACKED = re.compile(rb"(\d{6}) [0-9a-f]{40,64} \d\t(.+)", re.DOTALL)
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BRANCH_HEAD = "ref: refs/heads/"
_SUBMODULE_MODE = b"160000"
_OUTSIDE = re.compile(r"not a git repository \(or any")
_TRUST = re.compile(r"git config --global --add safe\.directory .+")
_HINTS = {
    "must be run in a work tree": "run in a checkout: a clone, or a folder made by `git worktree add`",
    "not a git repository:": "the folder's .git file names a place that is gone: try `git worktree repair`",
}


@dataclass(frozen=True, slots=True)
class GitPaths:
    """Where a repository keeps its parts, seen from one of its worktrees; absolute, links resolved."""

    worktree: Path
    git_dir: Path
    common_dir: Path
    hooks_dir: Path

    def owns_common_dir(self) -> bool:
        """Whether the common folder is the worktree's own, by more than the worktree's word.

        It lies inside the worktree, or names it in turn, as a repository does its linked worktrees and its submodules:
        a ``.git`` file, a link or a ``commondir`` that came with the tree may name any folder.
        """
        if self.common_dir.is_relative_to(self.worktree):
            return True
        if self.git_dir == self.common_dir:
            named = ("config", "--file", str(self.common_dir / "config"), "--get", "core.worktree")
            text = _text_or_empty(self.common_dir, *named)
            return bool(text) and _resolve(self.git_dir / text) == self.worktree
        if self.git_dir.parent != self.common_dir / "worktrees":
            return False
        try:
            text = os.fsdecode(read_regular(self.git_dir / "gitdir")).rstrip("\r\n")
            return _resolve(self.git_dir / text) == self.worktree / ".git"
        except (OSError, ValueError):  # a null character
            return False


def find_git(path: Path) -> GitPaths | None:
    """Find the repository that holds ``path``; None outside one, or where git is not installed.

    Raises:
        GitError: git refuses the repository (its owner, a bare repository, a broken worktree).
    """
    folder = _resolve(path)
    if not folder.is_dir():
        folder = folder.parent
    try:
        result = _run(folder, "rev-parse", *_WHERE, hooks=True)
    except FileNotFoundError:
        return None
    message = _message(result)
    if result.returncode and _OUTSIDE.search(message):
        return None
    lines = _checked(folder, result).decode("utf-8", "surrogateescape").removesuffix("\n").split("\n")
    if len(lines) != len(fields(GitPaths)):
        raise GitError(f"the repository at {folder} has a line break in its path", "rename the folder")
    found = GitPaths(*(_resolve(folder / line) for line in lines))
    anchor = find_git_folder(found.worktree)
    if anchor is None or not anchor.samefile(found.git_dir) or not folder.is_relative_to(found.worktree):
        raise GitError(
            f"{found.git_dir} says that its tree is {found.worktree}, which has another git folder or none",
            "unset core.worktree there, or pass --repo PATH with a tree of its own",
        )
    return found


def find_git_folder(worktree: Path) -> Path | None:
    """Where git keeps a tree's HEAD and index: ``.git``, or what it names; links resolved; None where it names none."""
    entry = worktree / ".git"
    if entry.is_dir():
        return _resolve(entry)
    try:
        kind, _, target = os.fsdecode(read_regular(entry, follow=True)).partition(":")
    except OSError:
        return None
    folder = worktree / target.strip()
    return _resolve(folder) if kind == "gitdir" and folder.is_dir() else None


def _resolve(path: Path) -> Path:
    """The path without links, whether it is there or not; a link that leads to itself is left."""
    return Path(os.path.realpath(path))


def list_files(root: Path) -> list[str]:
    """List the files below ``root``: tracked, and untracked ones that are not ignored.

    Paths are relative to ``root``, with forward slashes; bytes that are not UTF-8 come as surrogate
    escapes. The files of checked-out submodules are included, nested repositories that git does not
    track are not. A tracked file that was deleted on disk may be listed.

    Raises:
        GitError: ``root`` is not in a repository that git can read.
    """
    return list(dict.fromkeys(_iter_files(root)))


def lists_file(root: Path, path: str) -> bool:
    """Whether a file below ``root`` is tracked, or untracked and not ignored; false where git cannot say.

    Files of submodules are not looked for.
    """
    asked = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", f":(top,literal){path}")
    try:
        return bool(read_git(root, *asked))
    except GitError:
        return False


def head_commit(root: Path) -> str:
    """Return the full hash of the checked-out commit; empty before the first commit."""
    return _text_or_empty(root, "rev-parse", "--verify", "--quiet", "HEAD")


def current_branch(root: Path) -> str:
    """Return the short name of the checked-out branch; empty when HEAD is detached."""
    return _text_or_empty(root, "symbolic-ref", "--quiet", "--short", "HEAD")


def read_head(git: GitPaths) -> tuple[str, str]:
    """The checked-out commit and branch, as `head_commit` and `current_branch` tell them; mostly without a process."""
    try:
        text = read_regular(git.git_dir / "HEAD").decode()
        name = text.removeprefix(_BRANCH_HEAD).rstrip("\n")
        if not text.startswith(_BRANCH_HEAD):
            return (name, "") if _HASH.fullmatch(name) else (head_commit(git.worktree), "")
        commit = read_regular(git.common_dir / "refs" / "heads" / name).decode().rstrip("\n")
        if _HASH.fullmatch(commit):
            return commit, name
    except (OSError, ValueError):  # packed refs, another format of refs
        pass
    return head_commit(git.worktree), current_branch(git.worktree)


def read_git(root: Path, *arguments: str, given: bytes = b"") -> bytes:
    """Run git in ``root`` on what it is ``given``, and return what it prints.

    Raises:
        GitError: git is missing or failed.
    """
    return _checked(root, _run_installed(root, *arguments, given=given))


def read_git_until_lacking(root: Path, *arguments: str) -> tuple[bytes, bool]:
    """What git prints, and whether that is all: it ends at the first object that a partial clone lacks.

    Raises:
        GitError: git is missing or failed for another reason.
    """
    result = _run_installed(root, *arguments)
    if result.returncode and _LACKS in result.stderr:
        return result.stdout, False
    return _checked(root, result), True


def run_git(root: Path, *arguments: str) -> str:
    """Run git in ``root`` and return what it prints as text; bytes that are not UTF-8 come as surrogate escapes.

    Raises:
        GitError: git is missing or failed.
    """
    return read_git(root, *arguments).decode("utf-8", "surrogateescape")


def has_tracked_files(folder: Path) -> bool:
    """Tell whether git tracks any file below ``folder``, which lies in a worktree; False if it is missing."""
    return folder.is_dir() and bool(read_git(folder, "ls-files", "-z"))


def _iter_files(root: Path) -> Iterator[str]:
    listing = read_git(root, "ls-files", "-z", "--stage", "--cached", "--others", "--exclude-standard")
    for entry in listing.split(b"\0"):
        tracked = _TRACKED.fullmatch(entry)
        name = (tracked[2] if tracked else entry).decode("utf-8", "surrogateescape")
        if tracked and tracked[1] == _SUBMODULE_MODE:
            yield from _iter_submodule(root / name, name)
        elif name and not name.endswith("/"):  # a nested repository is listed as a folder
            yield name


def _iter_submodule(folder: Path, prefix: str) -> Iterator[str]:
    if not (folder / ".git").exists():  # not checked out
        return
    try:
        for name in _iter_files(folder):
            yield f"{prefix}/{name}"
    except GitError as error:
        _log.warning("submodule left out: %s (%s)", error, error.hint)


def _text_or_empty(root: Path, *arguments: str) -> str:
    """Return one line of output; empty where git answers "there is none" with exit status 1."""
    result = _run_installed(root, *arguments)
    if result.returncode == 1:
        return ""
    return _checked(root, result).decode("utf-8", "surrogateescape").strip()


def _run_installed(root: Path, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return _run(root, *arguments, given=given)
    except FileNotFoundError as error:
        raise GitError("git is not installed, or not on PATH", "install git") from error


def _run(
    root: Path, *arguments: str, given: bytes = b"", hooks: bool = False
) -> subprocess.CompletedProcess[bytes]:
    """Run git so that no setting of the repository runs a program and nothing is fetched.

    ``hooks`` keeps the folder of hooks as it is set, for a command that runs none and only tells of it.
    """
    environment = {name: value for name, value in os.environ.items() if name not in REPOSITORY_VARIABLES}
    environment |= _QUIET
    name = next(word for word in arguments if not word.startswith("-") and "=" not in word)
    environment["GIT_ALLOW_PROTOCOL"] = "file" if name == "clone" else "none"
    place = arguments.index(name) + 1
    command = ["git", "--no-pager", "-C", str(root)]
    for key, value in _DISABLED.items():
        if not (hooks and key == _HOOKS):
            command += ["-c", f"{key}={value}"]
    command += [*arguments[:place], *_OPTIONS.get(name, ()), *arguments[place:]]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment) as process:
        try:
            out, told = _wait_for(process, root, given)
        finally:
            process.kill()  # of no consequence to one that has ended
    return subprocess.CompletedProcess(command, process.returncode, out, told)


def _wait_for(process: subprocess.Popen[bytes], root: Path, given: bytes) -> tuple[bytes, bytes]:
    """What a process prints; a named pipe or a device among the files that it reads would keep it for ever.

    Raises:
        GitError: it waits for one.
    """
    for waited in range(round(_LIMIT_S / _PATIENCE_S)):
        try:
            return process.communicate(None if waited else given, timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            stopper = _find_stopper(root)
            if stopper is not None:
                raise GitError(f"git waits for {stopper}, which is no regular file", "delete it") from None
    raise GitError(f"git did not answer in {root} for {_LIMIT_S:.0f} s", "try `git status` there")


def _find_stopper(root: Path) -> Path | None:
    """Something that git reads in the repository around a folder, and that is no regular file."""
    tree = next((folder for folder in (root, *root.parents) if os.path.lexists(folder / ".git")), root)
    git = find_git_folder(tree) or tree / ".git"
    return next((path for path in _read_by_git(tree, git) if _never_ends(path)), None)


def _read_by_git(tree: Path, git: Path) -> Iterator[Path]:
    yield from (git, git / "objects/info/alternates")
    for folder, folders, names in os.walk(git):
        folders[:] = [name for name in folders if name != "objects"]
        yield from (Path(folder, name) for name in names)
    try:
        named = re.findall(
            r"^[^#;=\n]+=\s*\"?([^\"\n]+)", read_regular(git / "config").decode("utf-8", "replace"), re.M
        )
    except OSError:
        named = []
    yield from (git / Path(name.strip()) for name in named)
    for folder, folders, names in os.walk(tree):
        folders[:] = [name for name in folders if name != ".git"]
        yield from (Path(folder, name) for name in names if name in _READ_BY_GIT)


def _never_ends(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _checked(root: Path, result: subprocess.CompletedProcess[bytes]) -> bytes:
    if result.returncode == 0:
        return result.stdout
    message = _message(result)
    first_line = message.partition("\n")[0].removeprefix("fatal: ")
    raise GitError(f"git failed in {root}: {first_line or result.returncode}", _hint(message))


def _hint(message: str) -> str | None:
    if trust := _TRUST.search(message):
        return f"if you trust this repository: `{trust[0]}`"
    return next((hint for sign, hint in _HINTS.items() if sign in message), None)


def _message(result: subprocess.CompletedProcess[bytes]) -> str:
    return result.stderr.decode("utf-8", "replace").strip()
