"""Copies of repositories: what is measured is never written to."""

from __future__ import annotations

import shutil
from pathlib import Path

from indexers.git import run_git


def copy_repository(source: Path, target: Path) -> None:
    """Copies the tracked files of ``source`` with its history; without git, every file, with a first commit.

    Raises:
        GitError: Git failed.
    """
    if (source / ".git").exists():
        run_git(source, "clone", "--quiet", "--local", "--no-tags", str(source), str(target))
        return
    shutil.copytree(source, target, symlinks=True)
    run_git(target, "init", "--quiet")
    commit_all(target)


def commit_all(root: Path) -> None:
    """Commits a copy's tree as it is.

    Raises:
        GitError: Git failed.
    """
    identity = ("-c", "user.name=repo-memory", "-c", "user.email=repo-memory@localhost")
    run_git(root, "add", "--all")
    run_git(root, *identity, "commit", "--quiet", "--message", "Measured tree")
