"""Worker processes, worktrees and branches: the same index, and nothing is read twice that is known."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from memory_server.index import update
from memory_server.index import workers as reading
from tests.support.code_base import CODE_BASE
from tests.support.git_project import HANGS_AFTER, Project
from tests.support.indexing import CountingEmbedder, assert_equal_to_fresh, note_parsed, open_memory
from tests.support.killed_run import die_once

pytestmark = pytest.mark.slow  # worker processes, each with its own imports


@pytest.fixture
def worktree(repository: Project, tmp_path: Path) -> Path:
    """A second worktree of a repository that has an index."""
    open_memory(repository.root).sync()
    other = tmp_path / "other"
    repository.git("worktree", "add", "--quiet", str(other))
    return other


def test_a_second_worktree_embeds_and_parses_nothing(worktree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedder = CountingEmbedder()
    parsed = note_parsed(monkeypatch)
    memory = open_memory(worktree, embedder)
    report = memory.sync()
    assert report.files == len(CODE_BASE) + 1
    assert (parsed, embedder.take()) == ([], [])
    assert_equal_to_fresh(memory.view, worktree)


def test_a_branch_and_back_embeds_nothing_new(repository: Project) -> None:
    embedder = CountingEmbedder()
    memory = open_memory(repository.root, embedder)
    memory.sync()
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.commit("app/billing.py", "def other():\n    return 7\n")
    memory.sync()
    embedder.take()
    for branch in ("main", "feature", "main"):
        repository.git("checkout", "--quiet", branch)
        memory.sync()
        assert_equal_to_fresh(memory.view, repository.root)
    assert embedder.take() == []


def test_much_that_another_branch_had_is_taken_from_the_store(
    repository: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update, "STORE_WORK", 0)
    memory = open_memory(repository.root)
    memory.sync()
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.commit("app/billing.py", "def other():\n    return 7\n")
    memory.sync()
    repository.git("checkout", "--quiet", "main")
    with monkeypatch.context() as patch:
        parsed = note_parsed(patch)
        assert memory.sync().changed == 1
        assert parsed == []
    assert_equal_to_fresh(memory.view, repository.root)


class DeadlyPath(type(Path())):  # type: ignore[misc]
    """A path that ends the first process it is sent to."""

    def __reduce__(self) -> tuple[Any, ...]:
        return die_once, (str(self), str(self.parent / "died"))


def test_a_worker_that_dies_costs_its_files_a_second_try(
    repository: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPO_MEMORY_WORKERS", "2")
    memory = open_memory(repository.root)
    with monkeypatch.context() as patch:
        patch.setattr(reading, "POOL_BYTES", 0)
        patch.setattr(reading, "BATCH_BYTES", 1_500)
        memory.tree.root = DeadlyPath(memory.tree.root)
        memory.sync()
    assert (repository.root.parent / "died").exists()
    assert_equal_to_fresh(memory.view, repository.root)


def test_worker_processes_make_the_same_index(repository: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPO_MEMORY_WORKERS", "2")
    with monkeypatch.context() as patch:
        patch.setattr(reading, "POOL_BYTES", 0)
        patch.setattr(reading, "BATCH_BYTES", 600)
        memory = open_memory(repository.root)
        memory.sync()
    assert_equal_to_fresh(memory.view, repository.root)


def test_a_second_worktree_starts_no_worker_for_what_is_known(
    worktree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPO_MEMORY_WORKERS", "2")
    monkeypatch.setattr(reading, "POOL_BYTES", 0)
    monkeypatch.setattr(reading, "_open_pool", None)
    memory = open_memory(worktree)
    memory.sync()
    assert len(memory.view.paths) == len(CODE_BASE) + 1


def test_workers_read_what_differs_in_another_worktree(
    worktree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        (worktree / "app" / f"{name}.py").write_text(f"def {name}():\n    return 1\n")
    monkeypatch.setenv("REPO_MEMORY_WORKERS", "2")
    with monkeypatch.context() as patch:
        patch.setattr(reading, "POOL_BYTES", 0)
        patch.setattr(reading, "BATCH_BYTES", 600)
        memory = open_memory(worktree)
        memory.sync()
    assert {"app/first.py", "app/second.py"} <= set(memory.view.paths)
    assert_equal_to_fresh(memory.view, worktree)


KILLED_WITH_WORKERS = """
import os, signal
from memory_server.index import workers as reading

if __name__ == "__main__":
    pool = reading._open_pool(2, frozenset())
    print(pool.submit(os.getpid).result(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_end_with_the_process_that_started_them() -> None:
    killed = subprocess.run(  # ends when nobody holds its output any more
        [sys.executable, "-c", KILLED_WITH_WORKERS], capture_output=True, timeout=HANGS_AFTER, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert int(killed.stdout) > 0


BUSY_SERVER = """
import sys, time
from pathlib import Path
from memory_server.cli.serve import serve
from memory_server.serve import live
from memory_server.index import workers as reading

def sync(memory, *arguments, **named):
    task = reading._open_pool(1, frozenset()).submit(time.sleep, 600)
    print("indexing", file=sys.stderr, flush=True)
    task.result()

if __name__ == "__main__":
    live.Memory.sync = sync
    serve(Path(sys.argv[1]))
"""


def test_a_server_whose_client_left_does_not_wait_for_its_workers(repository: Project) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", BUSY_SERVER, repository.root],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        assert server.stdin is not None
        assert server.stderr is not None
        server.stdin.write(b"\n")
        server.stdin.flush()
        assert server.stderr.readline() == b"indexing\n"
        _, said = server.communicate(timeout=HANGS_AFTER)
        assert (server.returncode, said) == (0, b"")
    finally:
        server.kill()
