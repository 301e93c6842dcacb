"""What is listed and read of a tree, and why the rest is left out."""

from __future__ import annotations

import os
import socket
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexers.errors import IndexerError
from indexers.model import Skipped, SkipReason
from indexers.source.walk import IGNORE_FILE, FileEntry, WalkRules, find_folders, list_entries, read_source
from tests.support.properties import UNTIMED
from tests.support.walking import listed, reason_of, skips, text_of, write


def git_listing(root: Path) -> list[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1"}
    if not (root / ".git").exists():
        subprocess.run(["git", "init", "-q", str(root)], check=True, env=environment)
    command = ["git", "ls-files", "-coz", "--exclude-standard"]
    done = subprocess.run(command, cwd=root, check=True, capture_output=True, env=environment)
    return sorted(os.fsdecode(path) for path in done.stdout.split(b"\0") if path)


def test_a_plain_folder_is_listed_sorted_with_size_and_time(tmp_path: Path) -> None:
    write(tmp_path, "b/z.py", "12345")
    write(tmp_path, "a.py")
    os.utime(tmp_path / "b/z.py", ns=(1, 1_234_567_000))
    entries, skipped = list_entries(tmp_path)
    assert [entry.path for entry in entries] == ["a.py", "b/z.py"]
    assert entries[1] == FileEntry("b/z.py", 5, 1_234_567_000)
    assert not skipped


def test_candidates_are_listed_once_and_only_where_they_are_files(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    write(tmp_path, "folder/b.py")
    assert listed(
        tmp_path, ["folder/b.py", "gone.py", "a.py", "a.py", "folder", "folder/", "a.py/x", ""]
    ) == [
        "a.py",
        "folder/b.py",
    ]
    assert not skips(tmp_path, ["gone.py", "folder", "folder/", "a.py/x"])


@pytest.mark.parametrize("path", ["../other.py", "a/../../other.py", "/etc/passwd", "./a.py", "a//b.py"])
def test_a_candidate_that_is_not_a_plain_relative_path_is_outside(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    write(tmp_path, "other.py")
    write(root, "a.py")
    write(root, "a/b.py") if path == "a//b.py" and not (root / "a").exists() else None
    assert listed(root, [path]) == []
    assert set(skips(root, [path]).values()) == {SkipReason.OUTSIDE}
    assert reason_of(read_source(root, path)) is SkipReason.OUTSIDE


def test_a_root_that_cannot_be_read_is_an_error_not_an_empty_tree(tmp_path: Path) -> None:
    with pytest.raises(IndexerError, match="cannot read") as raised:
        list_entries(tmp_path / "gone", ["a.py"])
    assert raised.value.hint
    with pytest.raises(IndexerError):
        find_folders(write(tmp_path, "a.py"))


@pytest.mark.parametrize("folder", [".git", ".repo-memory", "node_modules", ".venv", "a/__pycache__", ".ssh"])
def test_folders_of_others_are_never_entered(tmp_path: Path, folder: str) -> None:
    write(tmp_path, f"{folder}/deep/x.py")
    assert listed(tmp_path) == listed(tmp_path, [f"{folder}/deep/x.py"]) == []
    assert reason_of(read_source(tmp_path, f"{folder}/deep/x.py")) is SkipReason.EXCLUDED


@pytest.mark.parametrize("marker", ["pyvenv.cfg", "CACHEDIR.TAG"])
def test_a_marked_environment_or_cache_is_not_entered_whatever_its_name(tmp_path: Path, marker: str) -> None:
    write(tmp_path, f"things/{marker}")
    write(tmp_path, "things/lib/x.py")
    write(tmp_path, "a.py")
    assert listed(tmp_path) == listed(tmp_path, ["a.py", "things/lib/x.py"]) == ["a.py"]


def test_large_files_are_left_out_sooner_where_no_grammar_knows_them(tmp_path: Path) -> None:
    rules = WalkRules(max_bytes=100, max_plain_bytes=50)
    write(tmp_path, "code.py", "x" * 100)
    write(tmp_path, "large.py", "x" * 101)
    write(tmp_path, "notes.unknown", "x" * 50)
    write(tmp_path, "data.unknown", "x" * 51)
    assert listed(tmp_path, rules=rules) == ["code.py", "notes.unknown"]
    assert set(skips(tmp_path, rules=rules).values()) == {SkipReason.TOO_LARGE}
    assert reason_of(read_source(tmp_path, "large.py", rules)) is SkipReason.TOO_LARGE
    assert reason_of(read_source(tmp_path, "data.unknown", rules)) is SkipReason.TOO_LARGE
    assert len(text_of(read_source(tmp_path, "code.py", rules))) == 100


def test_a_ten_megabyte_file_is_left_out_by_its_size(tmp_path: Path) -> None:
    file = write(tmp_path, "generated.sql", "")
    os.truncate(file, 10_000_000)
    assert skips(tmp_path) == {"generated.sql": SkipReason.TOO_LARGE}
    assert reason_of(read_source(tmp_path, "generated.sql")) is SkipReason.TOO_LARGE


def test_exclusions_hold_for_walks_and_candidates_alike(tmp_path: Path) -> None:
    for path in ("docs/a.md", "docs/b/c.md", "src/keep.py", "src/drop.py", "old/x.py", "src/data/big.py"):
        write(tmp_path, path)
    write(tmp_path, IGNORE_FILE, "# ours\nold/\n/src/data/\n")
    rules = WalkRules(exclude=("docs/**", "drop.*", "!src/keep.py"))
    expected = {
        "docs/a.md": SkipReason.EXCLUDED,
        "docs/b/": SkipReason.EXCLUDED,
        "old/": SkipReason.EXCLUDED,
        "src/data/": SkipReason.EXCLUDED,
        "src/drop.py": SkipReason.EXCLUDED,
    }
    everything = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")]
    assert (
        listed(tmp_path, rules=rules) == listed(tmp_path, everything, rules) == [IGNORE_FILE, "src/keep.py"]
    )
    assert skips(tmp_path, rules=rules) == skips(tmp_path, everything, rules) == expected


def test_links_are_not_followed_and_those_that_lead_outside_are_named(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    write(outside, "private.txt")
    write(outside, "sub/x.py")
    write(root, "a.py")
    write(root, "pkg/b.py")
    links = {"out.py": outside / "private.txt", "out": outside, "in.py": root / "a.py", "in": root / "pkg"}
    for name, target in links.items():
        (root / name).symlink_to(target)
    expected = {"out": SkipReason.OUTSIDE, "out.py": SkipReason.OUTSIDE}
    candidates = ["a.py", "pkg/b.py", *links, "out/private.txt", "out/sub/x.py", "in/b.py"]
    assert listed(root) == listed(root, candidates) == ["a.py", "pkg/b.py"]
    assert skips(root) == skips(root, candidates) == expected
    assert len(list_entries(root, candidates)[1]) == len(expected)
    for path in ("out.py", "out/private.txt", "out/sub/x.py"):
        assert reason_of(read_source(root, path)) is SkipReason.OUTSIDE
    for path in ("in.py", "in/b.py"):
        assert reason_of(read_source(root, path)) is SkipReason.UNREADABLE


def test_link_loops_and_dangling_links_end(tmp_path: Path) -> None:
    write(tmp_path, "pkg/a.py")
    (tmp_path / "pkg/up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    (tmp_path / "dangling").symlink_to("nowhere")
    for number in range(1_500):
        (tmp_path / f"chain{number}").symlink_to(f"chain{number + 1}")
    candidates = [
        "pkg/a.py",
        "self",
        "one",
        "dangling",
        "self/x.py",
        "pkg/up/pkg/a.py",
        "chain0",
        "chain0/x.py",
    ]
    assert list_entries(tmp_path)[1] == list_entries(tmp_path, candidates)[1] == []
    assert listed(tmp_path) == listed(tmp_path, candidates) == ["pkg/a.py"]
    for path in candidates[1:]:
        assert reason_of(read_source(tmp_path, path)) is SkipReason.UNREADABLE


def test_a_root_that_is_itself_a_link_is_read(tmp_path: Path) -> None:
    write(tmp_path, "real/pkg/a.py")
    (tmp_path / "link").symlink_to("real")
    assert listed(tmp_path / "link") == ["pkg/a.py"]
    assert text_of(read_source(tmp_path / "link", "pkg/a.py")) == b"x = 1\n"


def test_pipes_and_sockets_are_neither_listed_nor_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a.py")
    os.mkfifo(tmp_path / "pipe.py")
    os.mkfifo(tmp_path / ".gitignore")
    monkeypatch.chdir(tmp_path)  # a socket's address must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.py")
        assert listed(tmp_path) == listed(tmp_path, ["a.py", "pipe.py", "socket.py"]) == ["a.py"]
        for path in ("pipe.py", "socket.py"):
            assert reason_of(read_source(tmp_path, path)) is SkipReason.UNREADABLE


def test_what_cannot_be_opened_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.py")
    write(tmp_path, "locked/b.py")
    scan = os.scandir

    def refuse_open(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    def refuse_locked(path: str | Path) -> object:
        if str(path).endswith("locked/"):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse_locked)
    assert listed(tmp_path) == ["a.py"]
    assert skips(tmp_path) == {"locked/": SkipReason.UNREADABLE}
    monkeypatch.setattr(os, "open", refuse_open)
    assert reason_of(read_source(tmp_path, "a.py")) is SkipReason.UNREADABLE


def test_a_missing_file_a_folder_and_an_impossible_path_are_unreadable(tmp_path: Path) -> None:
    write(tmp_path, "folder/a.py")
    for path in ("gone.py", "folder", "n" * 300 + ".py", "nul\0byte.py", "folder/a.py/x.py"):
        assert reason_of(read_source(tmp_path, path)) is SkipReason.UNREADABLE
    for path in ("n" * 300 + ".py", "nul\0byte.py", "a/" * 3_000 + "x.py"):
        assert listed(tmp_path, [path]) == []


def test_two_hundred_levels_of_folders_are_walked(tmp_path: Path) -> None:
    path = "/".join(["level"] * 200) + "/deep.py"
    write(tmp_path, path)
    assert listed(tmp_path) == listed(tmp_path, [path]) == [path]
    assert text_of(read_source(tmp_path, path)) == b"x = 1\n"


ODD_NAMES = [
    "new\nline.py", "-rf.py", " leading.py", "trailing ", "tab\t.py", "quote'\".py", "back\\slash.py",
    "star*.py", unicodedata.normalize("NFC", "é.py"), unicodedata.normalize("NFD", "ö.py"), "日本語.py",
    "🦊.py", "#hash.py", "!bang.py",
]  # fmt: skip


def test_odd_names_are_listed_as_git_lists_them_and_read_back(tmp_path: Path) -> None:
    for name in ODD_NAMES:
        write(tmp_path, f"odd dir/{name}", name)
    expected = sorted(f"odd dir/{name}" for name in ODD_NAMES)
    assert listed(tmp_path) == listed(tmp_path, expected) == git_listing(tmp_path) == expected
    for entry in list_entries(tmp_path)[0]:
        assert text_of(read_source(tmp_path, entry)).decode() == entry.path.removeprefix("odd dir/")


def test_names_that_are_not_utf8_are_reported_in_printable_form(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.py")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names alone")
    write(tmp_path, os.fsdecode(b"d\xe9p/a.py"))
    write(tmp_path, "a.py")
    expected = {"caf\ufffd.py": SkipReason.UNREADABLE, "d\ufffdp/": SkipReason.UNREADABLE}
    assert listed(tmp_path) == listed(tmp_path, git_listing(tmp_path)) == ["a.py"]
    assert skips(tmp_path) == skips(tmp_path, git_listing(tmp_path)) == expected
    skipped = read_source(tmp_path, os.fsdecode(b"caf\xe9.py"))
    assert skipped == Skipped("caf\ufffd.py", SkipReason.UNREADABLE)


def test_folders_without_git_honour_nested_ignore_files_and_negation(tmp_path: Path) -> None:
    write(tmp_path, ".gitignore", "*.log\n/build/\nvendor\n!keep.log\n")
    write(tmp_path, "sub/.gitignore", "!*.log\n/local.py\nkeep.log\n")
    kept = ["a.py", "keep.log", "sub/x.log", "sub/deep/local.py", "sub/build/x.py"]
    ignored = ["x.log", "build/x.py", "sub/vendor/x.py", "vendor", "sub/local.py", "sub/deep/keep.log"]
    for path in kept + ignored:
        write(tmp_path, path)
    assert listed(tmp_path) == sorted([*kept, ".gitignore", "sub/.gitignore"])
    assert listed(tmp_path) == git_listing(tmp_path)
    assert sorted(find_folders(tmp_path)) == ["", "sub/", "sub/build/", "sub/deep/"]


def test_the_folders_of_a_walk_tell_which_paths_are_ignored(tmp_path: Path) -> None:
    write(tmp_path, ".gitignore", "*.log\n")
    write(tmp_path, "sub/.gitignore", "!keep.log\ntmp/\n")
    folders = find_folders(tmp_path)
    assert folders[""].ignores("x.log")
    assert folders["sub/"].ignores("sub/x.log")
    assert not folders["sub/"].ignores("sub/keep.log")
    assert folders["sub/"].ignores("sub/tmp/")
    assert not folders["sub/"].ignores("sub/tmp")


def test_the_exclude_file_of_git_holds_but_an_ignore_file_wins_over_it(tmp_path: Path) -> None:
    git_listing(tmp_path)
    write(tmp_path, ".git/info/exclude", "*.tmp\n*.bak\n")
    write(tmp_path, ".gitignore", "!x.bak\n")
    for name in ("a.tmp", "x.bak", "y.bak"):
        write(tmp_path, name)
    assert listed(tmp_path) == git_listing(tmp_path) == [".gitignore", "x.bak"]


PATTERNS = [
    "foo", "foo/", "/foo", "foo/*", "foo/**", "**/foo", "a/**/b", "*", "*/", "**", "**/", "/*", "/**",
    "/**/", "/", "//", "*.py", "!*.py", "!foo", "!foo/", "!/a/", "!*/", "[ab]", "[!a]", "[^a]", "[a-c]oo",
    "[c-a]", "[[:alpha:]]", "[[:digit:]]*", "fo?", "?", "a/b", "/a/*.py", "a/*/b", "a**b", "**b", "foo[",
    "\\", "b\\", "\\!foo", "\\#foo", "#foo", "!", "foo ", "foo\\ ", "foo \r", "a/**", "!a/**/*.py", "!a/b",
    "[]a]", "[a\\]b]", "***", "a/***/b", "\\a", "[\\a]",
]  # fmt: skip
NAMES = ["a", "b", "foo", "x.py", "foo.py", "1x", "!foo", "#foo", "foo ", "]", "ab"]


@settings(UNTIMED, max_examples=60)
@given(
    files=st.sets(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join), max_size=25),
    ignores=st.dictionaries(
        st.sampled_from(["", "a/", "foo/", "a/b/"]),
        st.lists(st.sampled_from(PATTERNS), max_size=6),
        max_size=3,
    ),
)
def test_a_walk_finds_what_git_lists(
    tmp_path_factory: pytest.TempPathFactory, files: set[str], ignores: dict[str, list[str]]
) -> None:
    root = tmp_path_factory.mktemp("tree")
    for folder, patterns in ignores.items():
        write(root, f"{folder}.gitignore", "\n".join(patterns))
    for path in sorted(files):
        try:
            write(root, path)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            continue  # the name is taken by a file or folder of the same tree
    assert listed(root) == git_listing(root)


@pytest.mark.slow
@UNTIMED
@given(
    st.lists(
        st.text(st.characters(codec="utf-8"), max_size=8)
        | st.sampled_from(["a.py", "sub/b.py", "sub", "../x", ".env", "sub/../a.py", "\udce9.py"]),
        max_size=12,
    )
)
def test_any_candidates_give_a_sorted_list_without_duplicates(
    tmp_path_factory: pytest.TempPathFactory, paths: list[str]
) -> None:
    root = tmp_path_factory.getbasetemp() / "candidates"
    write(root, "a.py")
    write(root, "sub/b.py")
    entries, skipped = list_entries(root, paths)
    names = [entry.path for entry in entries]
    assert names == sorted({path for path in paths if path in {"a.py", "sub/b.py"}})
    assert skipped == sorted(set(skipped), key=lambda item: item.path)
