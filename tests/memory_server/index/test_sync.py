"""An index kept up to date equals one made from nothing, and costs no more than what changed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexers.languages import registry
from memory_server.index import rebuild, tree_files, update
from memory_server.index import workers as reading
from memory_server.memory import Memory
from memory_server.model import Progress
from tests.support.code_base import CODE_BASE, write_files
from tests.support.git_project import Project, make_project, snapshot
from tests.support.indexing import (
    CountingEmbedder,
    assert_equal_to_fresh,
    assert_same_view,
    note_parsed,
    open_memory,
)
from tests.support.properties import UNTIMED

PATHS = (
    "app/billing.py",
    "app/store.py",
    "app/new.py",
    "web/cart.ts",
    "lib/cart.ts",
    "deep/er/main.go",
    "README.md",
    "notes",
)
BRANCHES = ("main", "feature", "other")
PIECES = (
    "def total(items):\n    return sum(items)\n",
    "class Cart:\n    def pay(self):\n        return total(self.items)\n",
    "from app.store import Ledger\n\n\ndef open_cart():\n    return Cart().pay()\n",
    "export function total(items) { return record(items); }\n",
    "package main\n\nfunc record() { total() }\n",
    "# Title\n\nA section that mentions `total`.\n",
)
OLD_STAMP = '{"layout": "5", "languages": "0d", "parser": "0e", "tree-sitter": "0.26", "embedding model": "counting-1"}'
"""What an index before version 6 said of itself."""

NOTHING = st.just("")
FILE_OPERATIONS = (
    st.tuples(
        st.just("write"), st.sampled_from(PATHS), st.lists(st.sampled_from(PIECES), max_size=3).map("".join)
    ),
    st.tuples(st.just("delete"), st.sampled_from(PATHS), NOTHING),
    st.tuples(st.just("rename"), st.sampled_from(PATHS), st.sampled_from(PATHS)),
    st.tuples(st.just("ignore"), st.sampled_from(("*.go", "web/", "!notes", "")), NOTHING),
    st.tuples(st.just("sync"), st.sampled_from(("same process", "new process")), NOTHING),
)
GIT_OPERATIONS = (
    st.tuples(st.just("commit"), NOTHING, NOTHING),
    st.tuples(st.just("switch"), st.sampled_from(BRANCHES), NOTHING),
    st.tuples(st.just("merge"), st.sampled_from(BRANCHES), NOTHING),
)
EXAMPLES = settings(UNTIMED, max_examples=15)

Operation = tuple[str, str, str]


def change_files(root: Path, operation: Operation) -> None:
    kind, first, second = operation
    source, target = root / first, root / second
    if kind == "write":
        write_files(root, {first: second})
    elif kind == "delete":
        source.unlink(missing_ok=True)
    elif kind == "rename" and source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
    elif kind == "ignore":
        (root / ".gitignore").write_text(first + "\n")


def move_git(project: Project, operation: Operation) -> None:
    """Commit everything, then switch or merge; a conflict stays in the tree."""
    kind, branch, _ = operation
    if kind not in ("commit", "switch", "merge"):
        return
    project.git("add", "--all")
    project.git("commit", "--quiet", "--allow-empty", "--message", "Change")
    exists = branch in project.git("branch", "--format=%(refname:short)").split()
    if kind == "switch":
        project.git("checkout", "--quiet", *([] if exists else ["-b"]), branch)
    elif kind == "merge" and exists:
        project.start_git("merge", "--quiet", "--no-edit", branch)


@pytest.mark.slow
@EXAMPLES
@given(
    operations=st.lists(st.one_of(*FILE_OPERATIONS, *GIT_OPERATIONS), min_size=3, max_size=12),
    store_work=st.sampled_from([0, update.STORE_WORK]),
)
def test_after_any_changes_a_sync_equals_a_fresh_index(
    operations: list[Operation], store_work: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(update, "STORE_WORK", store_work)
        project = make_project(tmp_path_factory.mktemp("any"), patch)
        write_files(project.root, CODE_BASE)
        memory = open_memory(project.root)
        memory.sync()
        for operation in [*operations, ("sync", "same process", "")]:
            change_files(project.root, operation)
            move_git(project, operation)
            if operation[0] == "sync":
                memory = open_memory(project.root) if operation[1] == "new process" else memory
                memory.sync()
        assert_equal_to_fresh(memory.view, project.root)
        assert_same_view(open_memory(project.root).view, memory.view)
        shutil.rmtree(project.root)


@pytest.mark.slow
@EXAMPLES
@given(operations=st.lists(st.one_of(*FILE_OPERATIONS), min_size=3, max_size=12))
def test_after_any_changes_a_folder_without_git_equals_a_fresh_index(
    operations: list[Operation], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        root = make_project(tmp_path_factory.mktemp("any"), patch).root.parent / "plain"
        write_files(root, CODE_BASE)
        memory = open_memory(root)
        memory.sync()
        for operation in [*operations, ("sync", "same process", "")]:
            change_files(root, operation)
            if operation[0] == "sync":
                memory = open_memory(root) if operation[1] == "new process" else memory
                memory.sync()
        assert_equal_to_fresh(memory.view, root)
        shutil.rmtree(root)


@pytest.mark.parametrize("with_git", [True, False])
def test_a_second_sync_writes_nothing(repository: Project, tmp_path: Path, with_git: bool) -> None:
    root = repository.root if with_git else tmp_path / "plain"
    write_files(root, CODE_BASE)
    memory = open_memory(root)
    memory.sync()
    before = snapshot(memory.tree.folder.path)
    assert not memory.sync().wrote
    assert snapshot(memory.tree.folder.path) == before
    assert not open_memory(root).sync().wrote
    assert snapshot(memory.tree.folder.path) == before


def test_a_report_counts_what_changed(repository: Project) -> None:
    memory = open_memory(repository.root)
    memory.sync()
    write_files(repository.root, {"new.py": "x = 1\n", "notes.txt": "remember the bread\n"})
    (repository.root / "web/cart.ts").unlink()
    report = memory.sync()
    assert (report.added, report.changed, report.removed, report.rebuilt) == (1, 1, 1, "")
    assert report.files == len(memory.view.paths)


def test_touching_a_file_neither_parses_nor_embeds(
    repository: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = CountingEmbedder()
    memory = open_memory(repository.root, embedder)
    memory.sync()
    embedder.take()
    parsed = note_parsed(monkeypatch)
    os.utime(repository.root / "app/billing.py", ns=(1, 1))
    report = memory.sync()
    assert (report.wrote, parsed, embedder.take()) == (False, [], [])
    assert not memory.tree.pending().changes


def test_an_edited_function_embeds_that_function_alone(repository: Project) -> None:
    functions = [f"def step_{number}():\n    return alpha_{number}()\n\n\n" for number in range(10)]
    write_files(repository.root, {"steps.py": "".join(functions)})
    embedder = CountingEmbedder()
    memory = open_memory(repository.root, embedder)
    memory.sync()
    embedder.take()
    functions[4] = "def step_4():\n    return omega()\n\n\n"
    write_files(repository.root, {"steps.py": "".join(functions)})
    report = memory.sync()
    texts = embedder.take()
    assert len(texts) == report.embedded == 1
    assert "omega" in texts[0]


def test_no_text_is_embedded_twice(repository: Project) -> None:
    write_files(repository.root, {f"copy_{number}.py": CODE_BASE["app/store.py"] for number in range(3)})
    write_files(repository.root, {"near.py": CODE_BASE["app/store.py"] + "\n\ndef one_more():\n    pass\n"})
    embedder = CountingEmbedder()
    memory = open_memory(repository.root, embedder)
    memory.sync()
    write_files(
        repository.root,
        {"near.py": "import os\n" + CODE_BASE["app/store.py"], "web/late.py": CODE_BASE["app/store.py"]},
    )
    memory.sync()
    texts = embedder.take()
    assert len(texts) == len(set(texts))


@pytest.mark.slow
def test_no_text_is_embedded_twice_across_batches(
    repository: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BATCH_BYTES", 1)
    monkeypatch.setattr(update, "WRITE_ROWS", 5)
    write_files(
        repository.root,
        {f"copy_{number}.py": f"n = {number}\n" + CODE_BASE["app/store.py"] for number in range(5)},
    )
    embedder = CountingEmbedder()
    memory = open_memory(repository.root, embedder)
    memory.sync()
    texts = embedder.take()
    assert len(texts) == len(set(texts))
    assert_equal_to_fresh(memory.view, repository.root)


def test_a_renamed_file_embeds_its_path_alone(repository: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    embedder = CountingEmbedder()
    memory = open_memory(repository.root, embedder)
    memory.sync()
    embedder.take()
    parsed = note_parsed(monkeypatch)
    repository.git("mv", "app/billing.py", "app/invoices.py")
    report = memory.sync()
    assert (report.added, report.removed) == (1, 1)
    assert (parsed, embedder.take()) == ([], ["app invoices"])


@pytest.mark.slow
def test_a_file_saved_again_in_the_same_clock_tick_is_read_again(
    repository: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = repository.root / "notes.txt"
    now = [path.stat().st_mtime_ns + 10**10]
    monkeypatch.setattr("memory_server.index.tree_files.time.time_ns", lambda: now[0])

    def save_again(progress: Progress) -> None:
        if progress.stage == "linking":
            path.write_text("remember the soup\n")
            os.utime(path, ns=(saved, saved))
            now[0] += 10**10

    memory = open_memory(repository.root)
    memory.sync()
    saved = now[0] - 1_000_000
    path.write_text("remember the meat\n")
    os.utime(path, ns=(saved, saved))
    memory.sync(save_again)
    now[0] += 10**10
    memory.sync()
    assert_equal_to_fresh(memory.view, repository.root)


@pytest.mark.slow
def test_a_file_that_changes_while_it_is_indexed_is_read_again(repository: Project) -> None:
    memory = open_memory(repository.root)

    def edit(progress: Progress) -> None:
        if progress.stage == "linking":
            write_files(repository.root, {"app/billing.py": "def late():\n    pass\n"})

    memory.sync(edit)
    assert memory.sync().changed == 1
    assert_equal_to_fresh(memory.view, repository.root)


def change_languages(patch: pytest.MonkeyPatch) -> Memory:
    patch.setattr(registry, "registry_fingerprint", lambda: "other languages")
    return open_memory(Path.cwd())


def change_tree_sitter(patch: pytest.MonkeyPatch) -> Memory:
    patch.setattr("memory_server.index.rebuild.metadata.version", lambda _: "0.1")
    return open_memory(Path.cwd())


def change_version(patch: pytest.MonkeyPatch) -> Memory:
    patch.setattr(rebuild, "INDEX_VERSION", rebuild.INDEX_VERSION + 1)
    return open_memory(Path.cwd())


def write_old_stamp(_: pytest.MonkeyPatch) -> Memory:
    memory = open_memory(Path.cwd())
    (memory.tree.folder.path / "store.json").write_text(OLD_STAMP, encoding="utf-8")
    return memory


def change_model(_: pytest.MonkeyPatch) -> Memory:
    return open_memory(Path.cwd(), CountingEmbedder(id="counting-2", dimensions=16))


def change_two(patch: pytest.MonkeyPatch) -> Memory:
    patch.setattr(registry, "registry_fingerprint", lambda: "other languages")
    return change_model(patch)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (change_languages, "the languages changed"),
        (change_tree_sitter, "tree-sitter changed"),
        (change_version, "the index version changed"),
        (write_old_stamp, "the index version changed"),
        (change_model, "the embedding model changed"),
        (change_two, "the languages changed and the embedding model changed"),
    ],
)
def test_what_rows_depend_on_rebuilds_and_says_why(
    repository: Project, monkeypatch: pytest.MonkeyPatch, change: Any, reason: str
) -> None:
    monkeypatch.chdir(repository.root)
    open_memory(repository.root).sync()
    memory = change(monkeypatch)
    report = memory.sync()
    assert report.rebuilt == reason
    assert report.embedded > 0
    assert memory.sync().rebuilt == ""
    assert memory.view.vectors.shape[1] == memory.tree.embedder.dimensions


@pytest.mark.slow
def test_nothing_else_rebuilds(repository: Project, tmp_path: Path) -> None:
    assert open_memory(repository.root).sync().rebuilt == "no index yet"
    settings_file = '[index]\nexclude = ["web/"]\nmax_bytes = 2000\n'
    for files in ({"app/billing.py": ""}, {".gitignore": "*.md\n"}, {".repo-memory.toml": settings_file}):
        write_files(repository.root, files)
        memory = open_memory(repository.root)
        assert memory.sync().rebuilt == ""
        assert_equal_to_fresh(memory.view, repository.root)
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "Change")
    repository.git("worktree", "add", "--quiet", str(tmp_path / "other"))
    assert open_memory(repository.root).sync().rebuilt == ""
    assert open_memory(tmp_path / "other").sync().rebuilt == ""


def test_a_file_edited_a_moment_ago_does_not_cost_every_search_a_listing(
    repository: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    young = 2**62
    folders = [repository.root, *(path for path in repository.root.rglob("*") if path.is_dir())]
    for path in (*folders, repository.root / "app/billing.py"):
        os.utime(path, ns=(young, young))
    memory = open_memory(repository.root)
    memory.sync()
    for folder in folders:
        os.utime(folder, ns=(1, 1))
    memory.search("billing")
    monkeypatch.setattr(tree_files, "list_entries", None)
    assert memory.search("billing")
