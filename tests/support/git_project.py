"""A repository with hooks, a stand-in for ``repo-memory``, and a way to wait for what hooks leave running."""

import os
import select
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from memory_server.install import StepOutcome, StepReport, installer

HOOKS = ("post-commit", "post-merge", "post-checkout", "post-rewrite")
HANGS_AFTER = 300.0
"""Seconds after which what is waited for hangs: never how long it takes, however loaded the machine."""

PYTHON_HOOK = "#!/usr/bin/env python3\nopen('ran', 'a').write('ran\\n')\nraise SystemExit(3)\n"
SHELL_HOOK = "#!/bin/sh\necho ran >>ran\nexit 0\n"


@dataclass(slots=True)
class Project:
    """A repository, and a stand-in for ``repo-memory`` that notes how it is called."""

    root: Path
    tool: Path
    calls_file: Path
    environment_file: Path
    seen: int = 0

    @property
    def hooks(self) -> Path:
        return self.root / ".git/hooks"

    def git(self, *arguments: str, folder: Path | None = None, stops: bool = False) -> str:
        """Run git, and wait until all that it started in the background is through."""
        done, reader = self.start_git(*arguments, folder=folder)
        wait_for_descendants(reader)
        assert (done.returncode != 0) == stops, done.stderr
        return done.stdout + done.stderr

    def start_git(
        self, *arguments: str, folder: Path | None = None
    ) -> tuple[subprocess.CompletedProcess[str], int]:
        """Run git, and return the read end of a pipe that all its descendants hold open."""
        reader, writer = os.pipe()
        try:
            done = subprocess.run(
                ["git", *arguments],
                cwd=folder or self.root,
                capture_output=True,
                text=True,
                pass_fds=[writer],
                check=False,
                timeout=HANGS_AFTER,
            )
        finally:
            os.close(writer)
        return done, reader

    def commit(self, name: str, text: str = "text\n", folder: Path | None = None) -> str:
        """Commit one file."""
        ((folder or self.root) / name).write_text(text, encoding="utf-8")
        self.git("add", "--", name, folder=folder)
        return self.git("commit", "--quiet", "--message", f"Add {name}", folder=folder)

    def new_calls(self) -> list[str]:
        """Return the calls since the last time."""
        calls = self.calls_file.read_text("utf-8").splitlines() if self.calls_file.exists() else []
        new, self.seen = calls[self.seen :], len(calls)
        return new

    def write_hook(self, name: str, text: str, mode: int = 0o755) -> Path:
        """Write a hook of the user's."""
        path = self.hooks / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
        path.chmod(mode)
        return path


def make_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Make a repository with one commit, cut off from the configuration of the machine."""
    home = tmp_path / "home"
    home.mkdir()
    for name, value in {
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        "GIT_CEILING_DIRECTORIES": str(tmp_path),
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.com",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.com",
        "GIT_EDITOR": "true",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    tool = tmp_path / "it's a bin" / "repo-memory"
    calls, environment = tmp_path / "calls", tmp_path / "environment"
    write_script(
        tool,
        f"printf '%s\\n' \"$*\" >>{shlex.quote(str(calls))}\nenv >{shlex.quote(str(environment))}\n",
    )
    others = [folder for folder in os.get_exec_path() if not (Path(folder) / tool.name).exists()]
    monkeypatch.setenv("PATH", os.pathsep.join([str(tool.parent), *others]))
    monkeypatch.setattr(installer, "find_executable", lambda: str(tool))
    project = Project(tmp_path / "my $projéct's", tool, calls, environment)
    project.root.mkdir()
    project.git("init", "--quiet", "--initial-branch=main", "--template=")
    project.commit("first.py")
    return project


def is_through(reader: int, seconds: float) -> bool:
    """Tell whether, within some seconds, every holder of the pipe's write end has ended."""
    return bool(select.select([reader], [], [], seconds)[0])


def wait_for_descendants(reader: int) -> None:
    """Wait until every holder of the pipe's write end has ended."""
    try:
        assert is_through(reader, HANGS_AFTER), "git left something running"
    finally:
        os.close(reader)


def write_script(path: Path, body: str) -> None:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}", encoding="utf-8")
    path.chmod(0o755)


def index_call(root: Path) -> str:
    """Return the arguments that a hook calls the indexer with."""
    return f"index --quiet --repo {root}"


def snapshot(folder: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """Return all there is to know of the files below a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (status.st_ino, status.st_mode, status.st_mtime_ns, content)
    return found


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the mode and the bytes of the files below a folder."""
    return {path: (mode, content) for path, (_, mode, _, content) in snapshot(folder).items()}


def outcomes(reports: list[StepReport]) -> set[StepOutcome]:
    """Return the set of the outcomes."""
    return {report.outcome for report in reports}
