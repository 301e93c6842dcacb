"""Hooks that git runs many times in a row: one index run goes on and one waits, and the others end at once."""

from __future__ import annotations

import os
import select
import shlex
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from memory_server.index.folder import IndexFolder, find_tree
from memory_server.install import install
from memory_server.memory import Memory
from memory_server.turns import leave_to_another, take_turn
from tests.support.git_project import HANGS_AFTER, Project, make_project, wait_for_descendants, write_script

COMMITS = 12

HEAVY = ("lancedb", "numpy", "pyarrow", "tree_sitter", "pydantic", "typer", "filelock")
"""Imports that take long, which only a run that has its turn may need."""

NOTE = f"""
import atexit, os, sys
from memory_server.cli import main

def note():
    ran = "memory_server.memory" in sys.modules
    heavy = [name for name in {HEAVY} if name in sys.modules]
    with open(os.environ["RUNS"], "a") as file:
        file.write(f"{{'ran' if ran else 'left'}} {{'' if ran else ' '.join(heavy)}}".strip() + "\\n")

atexit.register(note)
main()
"""
"""The command line, which notes as it ends whether it indexed, and else what it had imported in vain."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A repository whose hooks start the real command."""
    project = make_project(tmp_path, monkeypatch)
    script = tmp_path / "noting.py"
    script.write_text(NOTE, encoding="utf-8")
    checkout = Path(__file__).parents[3]
    monkeypatch.setenv("RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("PYTHONPATH", str(checkout))
    write_script(project.tool, f'exec {shlex.quote(sys.executable)} {shlex.quote(str(script))} "$@"\n')
    install(project.root)
    return project


def runs() -> list[str]:
    return sorted(Path(os.environ["RUNS"]).read_text("utf-8").splitlines())


def lock(folder: IndexFolder, name: str) -> FileLock:
    folder.create()
    return FileLock(folder.path / f"{folder.tree}.{name}.lock")


def test_of_many_commits_in_a_row_one_run_waits_and_sees_all(project: Project) -> None:
    with lock(find_tree(project.root).folder, "running"):
        open_ends = set()
        for number in range(COMMITS):
            (project.root / f"part_{number}.py").write_text(
                f"def step_{number}():\n    pass\n", encoding="utf-8"
            )
            project.git("add", ".")
            done, reader = project.start_git("commit", "--quiet", "--message", f"Step {number}")
            assert done.returncode == 0
            open_ends.add(reader)
        while len(open_ends) > 1:
            through, _, _ = select.select(open_ends, [], [], HANGS_AFTER)
            assert through, "more than one run waits"
            open_ends -= set(through)
            for reader in through:
                os.close(reader)
        assert runs() == ["left"] * (COMMITS - 1)
    wait_for_descendants(open_ends.pop())
    assert runs() == ["left"] * (COMMITS - 1) + ["ran"]
    with Memory.open(project.root) as memory:
        assert {f"part_{number}.py" for number in range(COMMITS)} <= set(memory.view.paths)


def test_a_commit_alone_is_indexed_at_once(project: Project) -> None:
    project.commit("second.py", "def second():\n    pass\n")
    assert runs() == ["ran"]
    with Memory.open(project.root) as memory:
        assert "second" in memory.view.names


def test_another_tree_of_the_repository_has_turns_of_its_own(project: Project, tmp_path: Path) -> None:
    side = tmp_path / "side"
    project.git("worktree", "add", "--quiet", "-b", "side", str(side))
    assert [line.split()[0] for line in runs()] == ["ran"]
    with lock(find_tree(project.root).folder, "running"), lock(find_tree(project.root).folder, "waiting"):
        project.commit("second.py", folder=side)
        assert runs() == ["ran", "ran"]
        project.commit("third.py")
        assert runs() == ["left", "ran", "ran"]
    with lock(find_tree(side).folder, "waiting"):
        project.commit("fourth.py", folder=side)
    assert runs() == ["left", "left", "ran", "ran"]


def test_an_index_at_another_place_has_turns_too(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPO_MEMORY_STORE", str(tmp_path / "store"))
    folder = find_tree(project.root).folder
    assert folder.path.is_relative_to(tmp_path / "store")
    with lock(folder, "waiting"):
        project.commit("second.py")
    assert [line.split()[0] for line in runs()] == ["left"]


def test_where_nothing_can_be_locked_nobody_waits(project: Project, tmp_path: Path) -> None:
    assert take_turn(tmp_path / "none", "tree")
    folder = find_tree(project.root).folder
    folder.create()
    (folder.path / f"{folder.tree}.waiting.lock").mkdir()
    project.commit("second.py")
    assert runs() == ["ran"]


def test_no_lock_is_laid_behind_a_link(project: Project, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "CACHEDIR.TAG").write_text("somebody's", encoding="utf-8")
    (project.root / ".git/repo-memory").symlink_to(outside)
    assert not leave_to_another(str(project.root))
    assert [path.name for path in outside.iterdir()] == ["CACHEDIR.TAG"]
