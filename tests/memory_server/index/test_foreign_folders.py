"""A repository that somebody else laid out makes nothing outside itself be erased, written or locked."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from indexers.errors import GitError, IndexerError
from memory_server.cli.app import build_app
from memory_server.errors import ConfigError, MemoryServerError, StoreError
from memory_server.index.folder import IndexFolder
from memory_server.index.tuned import find_tuned, keep_tuned
from memory_server.install import install, remove
from memory_server.memory import Memory
from memory_server.serve.live import LiveMemory
from tests.support.code_base import CODE_BASE, write_files
from tests.support.git_project import Project, contents
from tests.support.indexing import open_memory

DERIVED = (
    "store.json",
    "checksums.json",
    "tuned.json",
    "writing",
    "write.lock",
    "CACHEDIR.TAG",
    ".gitignore",
)
TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# repo-memory keeps what it derived here; deleting it loses nothing.\n"
)
STAMP = {"index_version": 1, "languages": "x", "tree_sitter": "x", "embedding_model": "x"}


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder of somebody's, with everything that an index has, as if we had made it."""
    victim = tmp_path / "victim"
    for name in ("lance", "views", "models"):
        (victim / name / "tree").mkdir(parents=True)
        (victim / name / "tree/dear").write_text("dear", encoding="utf-8")
    for name in DERIVED:
        (victim / name).write_text("dear", encoding="utf-8")
    (victim / "CACHEDIR.TAG").write_text(TAG, encoding="utf-8")
    (victim / "store.json").write_text(json.dumps(STAMP), encoding="utf-8")
    gone = {"generation": 1, "root": "/gone", "commit": "", "synced_at": 0.0, "checksum": 0}
    (victim / "views/tree/current.json").write_text(json.dumps(gone), encoding="utf-8")
    return victim


def open_and_sync(root: Path) -> None:
    with open_memory(root) as memory:
        memory.sync()


def forget(root: Path) -> None:
    with open_memory(root) as memory:
        memory.forget()


def serve(root: Path) -> None:
    live = LiveMemory(root)
    live.start()
    try:
        live.memory().search("anything")
    finally:
        live.stop()


def run(*arguments: str) -> Callable[[Path], None]:
    def invoke(root: Path) -> None:
        where = [str(root)] if arguments[0] in {"init", "remove"} else ["--repo", str(root)]
        result = CliRunner().invoke(build_app(arguments), [*arguments, *where])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception

    return invoke


DOORS: dict[str, Callable[[Path], None]] = {
    "sync": open_and_sync,
    "forget": forget,
    "serve": serve,
    **{" ".join(words): run(*words) for words in (
        ("index",), ("search", "x"), ("status",), ("doctor",), ("tune", "--undo"), ("remove",), ("init",),
    )},
}  # fmt: skip


def try_all(door: str, root: Path) -> None:
    """Go through a door twice; only our own errors may stand in it."""
    for _ in range(2):
        try:
            DOORS[door](root)
        except (MemoryServerError, IndexerError) as error:
            assert error.hint


@pytest.mark.slow
@pytest.mark.parametrize("door", DOORS)
def test_an_index_folder_that_is_a_link_is_left_alone(folder: Path, victim: Path, door: str) -> None:
    (folder / ".repo-memory").symlink_to("../victim")
    before = contents(victim)
    try_all(door, folder)
    assert contents(victim) == before


@pytest.mark.slow
@pytest.mark.parametrize("door", DOORS)
def test_so_is_one_in_the_git_folder(repository: Project, victim: Path, door: str) -> None:
    (repository.root / ".git/repo-memory").symlink_to("../../victim")
    before = contents(victim)
    try_all(door, repository.root)
    assert contents(victim) == before


@pytest.mark.slow
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "link",
    ["lance", "views", "models", "lance/blobs.lance", "lance/symbols.lance/data", "views/tree", *DERIVED],
)
def test_a_link_anywhere_in_an_index_folder_is_not_followed(
    folder: Path, victim: Path, door: str, link: str
) -> None:
    own = folder / ".repo-memory"
    for name in ("lance", "views"):
        (own / name).mkdir(parents=True)
    (own / "CACHEDIR.TAG").write_text(TAG, encoding="utf-8")
    (own / "store.json").write_text(json.dumps(STAMP), encoding="utf-8")
    place = own / link
    if place.is_dir():
        place.rmdir()
    place.unlink(missing_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    target = victim / link.rpartition("/")[2]
    place.symlink_to(target if target.exists() else victim / "lance")
    before = contents(victim)
    try_all(door, folder)
    assert contents(victim) == before


@pytest.mark.slow
@pytest.mark.parametrize("name", ["CACHEDIR.TAG", ".gitignore", "write.lock", "store.json", "writing"])
def test_a_link_to_nothing_makes_no_file_where_it_leads(folder: Path, tmp_path: Path, name: str) -> None:
    (folder / ".repo-memory").mkdir()
    (folder / ".repo-memory" / name).symlink_to(tmp_path / "new")
    for door in DOORS:
        try_all(door, folder)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("door", DOORS)
def test_a_folder_that_we_did_not_make_is_neither_erased_nor_marked(folder: Path, door: str) -> None:
    (folder / ".repo-memory/lance").mkdir(parents=True)
    (folder / ".repo-memory/lance/dear").write_text("dear", encoding="utf-8")
    (folder / ".repo-memory/store.json").write_text('{"mine": true}', encoding="utf-8")
    before = contents(folder / ".repo-memory")
    try_all(door, folder)
    assert contents(folder / ".repo-memory") == before


def test_the_one_that_erases_looks_by_itself(tmp_path: Path, victim: Path) -> None:
    (tmp_path / "link").symlink_to(victim)
    before = contents(victim)
    for act in (IndexFolder.erase, IndexFolder.remove, IndexFolder.create):
        with pytest.raises(StoreError, match="no index of ours") as caught:
            act(IndexFolder(tmp_path / "link", "tree"))
        assert "move it away" in caught.value.hint
    assert contents(victim) == before


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["CACHEDIR.TAG", "store.json", ".gitignore"])
@pytest.mark.parametrize("how", ["gone", "cut", "a folder"])
def test_an_index_whose_mark_is_damaged_is_still_ours(folder: Path, broken: str, how: str) -> None:
    open_and_sync(folder)
    path = folder / ".repo-memory" / broken
    path.unlink()
    if how == "cut":
        path.write_text("Sig", encoding="utf-8")
    elif how == "a folder":
        path.mkdir()
    open_and_sync(folder)
    forget(folder)
    assert not (folder / ".repo-memory").exists()


def hostile_git_folders(root: Path, other: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Ways in which a tree's ``.git`` names another repository's folder as its own."""

    def write(path: str, text: str) -> None:
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")

    def commondir() -> None:
        write(".git", "gitdir: gd\n")
        write("gd/HEAD", "ref: refs/heads/main\n")
        write("gd/commondir", f"{other}/.git\n")
        write("gd/gitdir", f"{root}/.git\n")

    def commondir_within() -> None:
        write(".git/HEAD", "ref: refs/heads/main\n")
        write(".git/commondir", f"{other}/.git\n")

    yield "a .git file", lambda: write(".git", f"gitdir: {other}/.git\n")
    yield "a commondir behind a .git file", commondir
    yield "a commondir in .git", commondir_within
    yield "a link", lambda: (root / ".git").symlink_to(other / ".git")


KINDS = [kind for kind, _ in hostile_git_folders(Path(), Path())]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_another_repository_is_not_taken_for_one_s_own(
    repository: Project, tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "plain"
    write_files(folder, CODE_BASE)
    open_and_sync(repository.root)
    repository.write_hook("post-merge", "#!/bin/sh\nexit 0\n")
    before = contents(repository.root)
    dict(hostile_git_folders(folder, repository.root))[kind]()
    for door in DOORS:
        try_all(door, folder)
    assert contents(repository.root) == before


def test_a_tree_that_git_s_settings_name_is_not_indexed_in_its_place(
    repository: Project, tmp_path: Path
) -> None:
    for named in ("../..", str(tmp_path / "victim"), str(tmp_path)):
        repository.git("config", "core.worktree", named)
        (tmp_path / "victim").mkdir(exist_ok=True)
        with pytest.raises(GitError, match="its tree") as caught:
            Memory.open(repository.root)
        assert "core.worktree" in caught.value.hint


def test_worktrees_and_submodules_keep_their_index_in_their_repository(
    repository: Project, tmp_path: Path
) -> None:
    repository.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    open_and_sync(tmp_path / "linked")
    assert (repository.root / ".git/repo-memory/store.json").is_file()
    install(tmp_path / "linked")
    assert (repository.root / ".git/hooks/post-commit").is_file()
    remove(tmp_path / "linked")
    over = tmp_path / "over"
    over.mkdir()
    repository.git("init", "--quiet", folder=over)
    added = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repository.root), "sub")
    repository.git(*added, folder=over)
    open_and_sync(over / "sub")
    assert (over / ".git/modules/sub/repo-memory/store.json").is_file()


def test_a_git_folder_kept_elsewhere_is_not_written_to(repository: Project, tmp_path: Path) -> None:
    apart = tmp_path / "apart"
    apart.mkdir()
    repository.git("init", "--quiet", "--separate-git-dir", str(tmp_path / "elsewhere"), folder=apart)
    open_and_sync(apart)
    assert not (tmp_path / "elsewhere/repo-memory").exists()
    assert list((tmp_path / "home/.local/share/repo-memory").iterdir())


OUTSIDE = {
    "above": "../victim",
    "absolute": "{victim}",
    "at home": "~/victim",
    "behind a link": "link/deep",
    "remote": "s3://bucket/index",
    "a null character": "a\\u0000b",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", OUTSIDE)
def test_a_repository_keeps_its_index_inside_itself(folder: Path, victim: Path, kind: str) -> None:
    (folder / "link").symlink_to("../victim")
    uri = OUTSIDE[kind].format(victim=victim)
    (folder / ".repo-memory.toml").write_text(f'[store]\nuri = "{uri}"\n', encoding="utf-8")
    before = contents(victim)
    with pytest.raises(ConfigError, match=r"store\.uri") as caught:
        Memory.open(folder)
    assert caught.value.hint
    for door in DOORS:
        try_all(door, folder)
    assert contents(victim) == before


@pytest.mark.parametrize("start", [".", "app", "../home"])
def test_a_relative_place_is_the_repository_s_from_wherever_it_is_asked(
    repository: Project, monkeypatch: pytest.MonkeyPatch, start: str
) -> None:
    (repository.root / ".repo-memory.toml").write_text('[store]\nuri = "kept/here"\n', encoding="utf-8")
    monkeypatch.chdir(repository.root / start)
    open_and_sync(repository.root)
    (index,) = (repository.root / "kept/here").iterdir()
    assert (index / "store.json").is_file()


@pytest.mark.parametrize("said_in", ["a file", "the environment"])
def test_the_user_may_keep_indexes_anywhere(
    repository: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said_in: str
) -> None:
    (repository.root / ".repo-memory.toml").write_text('[store]\nuri = "kept"\n', encoding="utf-8")
    if said_in == "a file":
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        settings = tmp_path / "config/repo-memory/config.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text(f'[store]\nuri = "{tmp_path}/mine"\n', encoding="utf-8")
    else:
        monkeypatch.setenv("REPO_MEMORY_STORE", str(tmp_path / "mine"))
    open_and_sync(repository.root)
    assert not (repository.root / "kept").exists()
    (index,) = (tmp_path / "mine").iterdir()
    assert (index / "store.json").is_file()


def test_a_tuned_model_is_only_looked_for_in_the_index(folder: Path, tmp_path: Path) -> None:
    with open_memory(folder) as memory:
        place, model = memory.tree.folder, tmp_path / "model"
        model.mkdir()
        keep_tuned(place, model)
        assert find_tuned(place.path) is not None
        record = json.loads((place.path / "tuned.json").read_text("utf-8"))
        for named in (os.fspath(model), "../../model", f"models/../../{model.name}", "models/a/..", 5, None):
            (place.path / "tuned.json").write_text(json.dumps({**record, "folder": named}), encoding="utf-8")
            assert find_tuned(place.path) is None
