"""Trees as they come: whatever is in them, an index is made, kept up to date, and leaves out only what it must."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from indexers.model import SkipReason
from indexers.source.walk import FileEntry, WalkRules
from memory_server.index import workers as reading
from memory_server.memory import Memory
from tests.support.code_base import CODE_BASE, write_files
from tests.support.git_project import Project
from tests.support.indexing import CountingEmbedder, assert_equal_to_fresh, open_memory, search_is_answered


def index(root: Path) -> Memory:
    """Index a tree, see that a second sync has nothing to do, and that a fresh index is the same."""
    memory = open_memory(root)
    memory.sync()
    again = memory.sync()
    assert not again.wrote
    assert not memory.tree.pending().changes
    assert_equal_to_fresh(memory.view, root)
    return memory


def empty_tree(project: Project) -> Path:
    project.git("rm", "--quiet", "-r", ".")
    return project.root


@pytest.mark.slow
def test_an_empty_repository_has_an_empty_index(repository: Project) -> None:
    memory = index(empty_tree(repository))
    assert memory.view.paths == []
    assert memory.search("anything") == []
    write_files(repository.root, {"first.py": "def begin():\n    pass\n"})
    assert memory.sync().added == 1
    (repository.root / "first.py").unlink()
    assert memory.sync().removed == 1
    assert_equal_to_fresh(memory.view, repository.root)


def test_a_repository_without_commits_is_indexed(repository: Project, tmp_path: Path) -> None:
    root = tmp_path / "unborn"
    repository.git("init", "--quiet", str(root))
    write_files(root, CODE_BASE)
    memory = index(root)
    assert len(memory.view.paths) == len(CODE_BASE)
    assert memory.state().commit == ""


def test_binary_files_alone_are_all_left_out(repository: Project) -> None:
    root = empty_tree(repository)
    for number in range(3):
        (root / f"blob_{number}.dat").write_bytes(bytes(range(256)) * number + b"\0\1\2")
    memory = index(root)
    assert memory.view.paths == []
    assert memory.view.skip_counts() == {SkipReason.BINARY: 3}
    assert memory.search("anything") == []


@pytest.mark.slow
def test_a_submodule_is_indexed_under_its_path(
    repository: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in {"COUNT": "1", "KEY_0": "protocol.file.allow", "VALUE_0": "always"}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{key}", value)
    library = tmp_path / "library"
    repository.git("clone", "--quiet", str(repository.root), str(library))
    repository.git("submodule", "--quiet", "add", str(library), "vendor/library")
    memory = index(repository.root)
    assert "vendor/library/app/billing.py" in memory.view.paths
    repository.git("commit", "--quiet", "--message", "Add a submodule")
    write_files(repository.root, {"vendor/library/app/billing.py": "def other():\n    pass\n"})
    assert memory.sync().changed == 1
    assert_equal_to_fresh(memory.view, repository.root)


def test_links_in_circles_are_not_followed(repository: Project) -> None:
    (repository.root / "app/loop").symlink_to("..")
    (repository.root / "one").symlink_to("two")
    (repository.root / "two").symlink_to("one")
    (repository.root / "self").symlink_to("self")
    (repository.root / "outside").symlink_to("/etc")
    memory = index(repository.root)
    assert len(memory.view.paths) == len(CODE_BASE) + 1
    assert memory.view.skip_counts() == {SkipReason.OUTSIDE: 1}


STRANGE_NAMES = (
    "with space.py",
    "größe.py",
    "日本語/数.py",
    "new\nline.py",
    "tab\there.py",
    "quote\"and'both.py",
    "back\\slash.py",
    "-dash.py",
    "*star?.py",
    "[bracket].py",
    "percent%20.py",
    "$dollar`tick`.py",
    "e\u0301.py",
    "\u202ereversed.py",
)


@pytest.mark.slow
@pytest.mark.parametrize("plain", [False, True])
def test_strange_file_names_are_indexed(
    repository: Project, folder_of: dict[bool, Path], plain: bool
) -> None:
    root = folder_of[plain]
    files = {name: f"def strange_{number}():\n    pass\n" for number, name in enumerate(STRANGE_NAMES)}
    write_files(root, files)
    if not plain:
        repository.git("add", "--all")
    memory = index(root)
    assert set(STRANGE_NAMES) <= set(memory.view.paths)
    for number, name in enumerate(STRANGE_NAMES):
        assert memory.search(f"strange_{number}")[0].path == name
    (root / STRANGE_NAMES[3]).rename(root / "plain.py")
    report = memory.sync()
    assert (report.added, report.removed) == (1, 1)


@pytest.fixture
def folder_of(repository: Project, tmp_path: Path) -> dict[bool, Path]:
    """The repository, and a folder without git."""
    write_files(tmp_path / "plain", CODE_BASE)
    return {False: repository.root, True: tmp_path / "plain"}


def test_a_name_that_is_not_utf8_is_left_out(repository: Project) -> None:
    path = os.fsencode(repository.root) + b"/bad\xff.py"
    Path(os.fsdecode(path)).write_text("def hidden(): pass\n", encoding="utf-8")
    memory = index(repository.root)
    assert memory.view.skip_counts() == {SkipReason.UNREADABLE: 1}


def test_a_name_that_is_not_utf8_does_not_hide_its_printable_twin(repository: Project) -> None:
    path = os.fsencode(repository.root) + b"/bad\xff.py"
    Path(os.fsdecode(path)).write_text("def hidden(): pass\n", encoding="utf-8")
    write_files(repository.root, {"bad\ufffd.py": "def visible(): pass\n"})
    memory = index(repository.root)
    assert "visible" in memory.view.names


ENCODINGS = {
    "utf16.py": "def in_utf16(): return 'größe'\n".encode("utf-16"),
    "bom.py": b"\xef\xbb\xbfdef with_mark(): pass\n",
    "latin.py": "def in_latin(): return 'größe'\n".encode("latin-1"),
    "broken.py": b"def broken():\n    return '\xc3\x28\xff\xfe'\n",
    "carriage.py": b"def first():\r\n    pass\r\n\r\n\r\ndef second():\r\n    pass\r\n",
    "old_mac.py": b"def mac():\r    pass\r",
    "no_newline.py": b"def last(): pass",
    "empty.py": b"",
    "blank.py": b"\n\n\n",
    "null.py": b"def nothing(): pass\n\0\0\0",
}


@pytest.mark.slow
def test_files_in_any_encoding_are_indexed_or_left_out(repository: Project) -> None:
    for name, data in ENCODINGS.items():
        (repository.root / name).write_bytes(data)
    memory = index(repository.root)
    assert {"in_utf16", "with_mark", "in_latin", "broken", "first", "second", "last"} <= set(
        memory.view.names
    )
    assert {"empty.py", "blank.py"} <= set(memory.view.paths)
    second = memory.view.names.index("second")
    assert (memory.view.start_line[second], memory.view.end_line[second]) == (5, 6)


@pytest.mark.slow
def test_a_large_generated_file_is_left_out(repository: Project) -> None:
    line = "// Code generated by a tool. DO NOT EDIT.\nvar data = [" + "0," * 500 + "];\n"
    (repository.root / "generated.js").write_text(line * 10_000)
    assert (repository.root / "generated.js").stat().st_size > 10_000_000
    memory = index(repository.root)
    assert "generated.js" not in memory.view.paths
    assert memory.view.skip_counts() == {SkipReason.TOO_LARGE: 1}


DEPTH = 3_000
DEEP = {
    "array.json": "[" * DEPTH + "]" * DEPTH + "\n",
    "object.json": '{"a":' * DEPTH + "1" + "}" * DEPTH + "\n",
    "brackets.py": "x = " + "(" * DEPTH + "1" + ")" * DEPTH + "\n",
    "chain.js": "f" + "(f" * DEPTH + ")" * DEPTH + ";\n",
    "sum.py": "x = " + " + ".join(["one"] * DEPTH) + "\n",
    "blocks.go": "package main\nfunc f() " + "{" * DEPTH + "}" * DEPTH + "\n",
    "list.yaml": "".join("  " * depth + "- \n" for depth in range(200)),
    "quotes.md": ">" * DEPTH + " deep\n",
    "divs.html": "<div>" * DEPTH + "</div>" * DEPTH + "\n",
    "nested.py": "".join("    " * depth + f"def level_{depth}():\n" for depth in range(90))
    + "    " * 90
    + "pass\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP)
def test_deep_nesting_is_indexed(repository: Project, name: str) -> None:
    write_files(repository.root, {name: DEEP[name]})
    memory = index(repository.root)
    assert name in {*memory.view.paths, *memory.view.manifest}
    assert search_is_answered(memory)


def work_that_crashes_on_bad_files(
    root: Path, entries: Sequence[FileEntry], rules: WalkRules
) -> reading.Batch:
    """What a worker runs when a grammar has a fatal bug."""
    if any(entry.path.startswith("bad") for entry in entries):
        os.kill(os.getpid(), signal.SIGKILL)
    return reading.read_batch(root, entries, rules, frozenset())


@pytest.mark.slow
def test_a_file_that_crashes_its_parser_is_read_in_windows(
    repository: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "POOL_BYTES", 0)
    monkeypatch.setattr(reading, "_work", work_that_crashes_on_bad_files)
    root = empty_tree(repository)
    write_files(root, {"bad.py": "def bad():\n    pass\n", "good.py": "def good():\n    pass\n"})
    memory = open_memory(root)
    memory.sync()
    assert memory.view.problems() == {"bad.py": "the parser crashed"}
    assert memory.view.paths == ["bad.py", "good.py"]
    assert "good" in memory.view.names
    assert not memory.sync().wrote


@pytest.mark.slow
def test_a_file_becomes_a_folder_and_a_file_again(repository: Project) -> None:
    memory = index(repository.root)
    path = repository.root / "notes.txt"
    path.unlink()
    write_files(repository.root, {"notes.txt/inner.py": "def inner():\n    pass\n"})
    report = memory.sync()
    assert (report.added, report.removed) == (1, 1)
    assert_equal_to_fresh(memory.view, repository.root)
    shutil.rmtree(path)
    path.write_text("a file again\n")
    report = memory.sync()
    assert (report.added, report.removed) == (1, 1)
    assert_equal_to_fresh(memory.view, repository.root)


@pytest.mark.slow
def test_files_with_the_same_content_are_both_found(repository: Project) -> None:
    write_files(
        repository.root, {"copy/billing.py": CODE_BASE["app/billing.py"], "copy.md": CODE_BASE["README.md"]}
    )
    embedder = CountingEmbedder()
    memory = open_memory(repository.root, embedder)
    memory.sync()
    assert len(embedder.texts) == len(set(embedder.texts))
    found = {hit.path for hit in memory.search("remaining_after")}
    assert {"app/billing.py", "copy/billing.py"} <= found
    (repository.root / "app/billing.py").unlink()
    memory.sync()
    assert_equal_to_fresh(memory.view, repository.root)
    assert memory.search("remaining_after")[0].path == "copy/billing.py"


@pytest.mark.slow
def test_the_same_content_in_two_languages_is_read_as_each(repository: Project) -> None:
    write_files(
        repository.root,
        {"same.py": "class Same: pass\n", "same.rb": "class Same: pass\n", "same": "class Same: pass\n"},
    )
    memory = index(repository.root)
    languages = dict(zip(memory.view.paths, memory.view.files["language"].to_pylist(), strict=True))
    assert (languages["same.py"], languages["same.rb"], languages["same"]) == ("python", "ruby", "")


@pytest.mark.slow
def test_a_tracked_file_that_is_deleted_on_disk_is_left_out(repository: Project) -> None:
    (repository.root / "app/billing.py").unlink()
    assert "app/billing.py" in repository.git("ls-files")
    memory = index(repository.root)
    assert "app/billing.py" not in memory.view.paths
    repository.git("checkout", "--quiet", "--", "app/billing.py")
    assert memory.sync().added == 1


def test_special_files_are_left_alone(repository: Project) -> None:
    os.mkfifo(repository.root / "pipe.py")
    memory = index(repository.root)
    assert "pipe.py" not in memory.view.paths


@pytest.mark.slow
def test_a_time_before_the_epoch_or_in_the_future_is_taken_as_it_is(repository: Project) -> None:
    os.utime(repository.root / "notes.txt", ns=(0, 0))
    os.utime(repository.root / "README.md", ns=(4 * 10**18, 4 * 10**18))
    memory = index(repository.root)
    write_files(repository.root, {"README.md": "# Changed\n"})
    os.utime(repository.root / "README.md", ns=(0, 0))
    assert memory.sync().changed == 1


def test_a_folder_within_a_repository_opens_the_whole(repository: Project) -> None:
    with Memory.open(repository.root / "app", embedder=CountingEmbedder()) as memory:
        assert memory.root == repository.root.resolve()
        memory.sync()
        assert "web/cart.ts" in memory.view.paths


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["- " * 254, "".join(" " * depth + "a:\n" for depth in range(300)), "[" * 3000]
)
def test_yaml_nested_deeper_than_its_grammar_bears_is_read_in_windows(repository: Project, text: str) -> None:
    write_files(repository.root, {"deep.yaml": text})
    memory = open_memory(repository.root)
    report = memory.sync()
    assert "nested" in report.problems["deep.yaml"]
    assert "deep.yaml" in memory.view.file_index
