"""Fixtures that several test files share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from eval.errors import ClientError
from eval.live.client import CLAUDE_VARIABLE, cache_folder, install_claude
from tests.support.code_base import CODE_BASE, write_files
from tests.support.git_project import Project, make_project


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Files that are named run in this process, which their imports load once; folders get a worker a core."""
    return 0 if all(Path(argument.split("::")[0]).is_file() for argument in config.args) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs the real client is slow."""
    for item in items:
        if "claude" in getattr(item, "fixturenames", ()):
            item.add_marker("slow")


@pytest.fixture(scope="session")
def claude() -> Path:
    """The real client, installed on first use."""
    if named := os.environ.get(CLAUDE_VARIABLE):
        return Path(named)
    try:
        return install_claude(cache_folder())
    except ClientError as error:
        pytest.skip(f"no Claude Code client: {error}")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A git repository with a small code base in several languages, cut off from the machine's settings."""
    project = make_project(tmp_path, monkeypatch)
    write_files(project.root, CODE_BASE)
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message", "Add the shop")
    return project


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same code base in a folder without git."""
    make_project(tmp_path, monkeypatch)
    root = tmp_path / "plain"
    write_files(root, CODE_BASE)
    return root
