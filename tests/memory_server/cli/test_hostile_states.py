"""Whatever state repository and machine are in, every command ends with its answer or with one line and a hint."""

from __future__ import annotations

import errno
import os
import pwd
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest

from memory_server.cli.app import run
from memory_server.serve.live import LiveMemory
from memory_server.serve.server import call_tool
from tests.support.git_project import HANGS_AFTER, Project
from tests.support.indexing import CountingEmbedder
from tests.support.places import CHECKOUT

COMMANDS = (
    ("index",), ("index", "--json"), ("search", "an invoice"), ("read", "app/billing.py"), ("outline",),
    ("related", "Invoice", "callers"), ("status",), ("status", "--compression"), ("doctor",), ("tune", "--undo"),
    ("tune", "--dry-run"), ("init", "--dry-run"), ("init",), ("remove", "--dry-run"), ("remove",),
)  # fmt: skip


@pytest.fixture(autouse=True)
def small_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memory_server.index.tuned.load_embedder", lambda *_: CountingEmbedder())


def end_of(root: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code of a command and what it tells on stderr; anything but our own end of it is raised."""
    where = [str(root)] if words[0] in {"init", "remove"} else ["--repo", str(root)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["repo-memory", *words, *where])
        with pytest.raises(SystemExit) as ended:
            run()
    told = capsys.readouterr()
    return int(ended.value.code or 0), told.err if ended.value.code else told.out


def assert_plain(code: int, told: str) -> None:
    assert code in {0, 1}
    assert "Traceback" not in told
    if code and told.startswith("error: "):
        message, hint = told.split("\n\nhint: ")
        assert message.count("\n") == 0
        assert hint.strip()


def settings(text: str) -> Callable[[Project], None]:
    def write(project: Project) -> None:
        (project.root / ".repo-memory.toml").write_text(text, encoding="utf-8")

    return write


def registration(text: str) -> Callable[[Project], None]:
    def write(project: Project) -> None:
        (project.root / ".mcp.json").write_text(text, encoding="utf-8")

    return write


def in_index(name: str, text: str | None) -> Callable[[Project], None]:
    """A file of the index with another content; a folder in its place for None."""

    def write(project: Project) -> None:
        (path,) = (project.root / ".git/repo-memory").glob(name)
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        if text is None:
            path.mkdir()
        else:
            path.write_text(text, encoding="utf-8")

    return write


def pipe(name: str) -> Callable[[Project], None]:
    def make(project: Project) -> None:
        (project.root / name).unlink(missing_ok=True)
        os.mkfifo(project.root / name)

    return make


DEEP, LONG = "[" * 5_000 + "]" * 5_000, "9" * 5_000
STATES: dict[str, Callable[[Project], None]] = {
    "settings nested deep": settings(f"a = {DEEP}"),
    "settings with a long number": settings(f"a = {LONG}"),
    "a section that is a number": settings("store = 5"),
    "a null character in store.uri": settings('[store]\nuri = "a\\u0000b"'),
    "a very long store.uri": settings(f'[store]\nuri = "{"a" * 5_000}"'),
    "a store.uri that is a file": settings('[store]\nuri = "app/billing.py"'),
    "a null character in a model": settings('[embedder]\nmodel = "a\\u0000b"'),
    "an excluded null character": settings('[index]\nexclude = ["a\\u0000b"]'),
    "settings as a pipe": pipe(".repo-memory.toml"),
    "a registration nested deep": registration(f'{{"mcpServers": {{"repo-memory": {DEEP}}}}}'),
    "a registration with a long number": registration(f'{{"mcpServers": {{"repo-memory": {LONG}}}}}'),
    "a registration as a pipe": pipe(".mcp.json"),
    "an ignore file as a pipe": pipe(".repo-memoryignore"),
    "a source file as a pipe": pipe("app/pipe.py"),
    **{
        f"{name} {what}": in_index(name, text)
        for name in ("store.json", "checksums.json", "views/*/current.json", "CACHEDIR.TAG")
        for what, text in (
            ("as a folder", None), ("nested deep", DEEP), ("a long number", LONG), ("a list", "[1]"), ("null", "null"),
            ("empty", ""), ("of other types", '{"generation": "../x", "root": 5, "commit": [], "synced_at": {}}'),
            ("at no time", '{"generation": 1, "root": "/", "commit": "", "synced_at": 1e400, "checksum": 0}'),
        )
    },
    **{f"{name} as a file": in_index(name, "x") for name in ("lance", "views", "views/*")},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("state", STATES)
def test_no_state_of_a_repository_ends_a_command_in_a_traceback(
    repository: Project, capsys: pytest.CaptureFixture[str], state: str
) -> None:
    end_of(repository.root, ("index",), capsys)
    for words in COMMANDS:
        if not (repository.root / ".git/repo-memory/store.json").exists():
            end_of(repository.root, ("index",), capsys)
        with suppress(ValueError):  # an earlier command could not make the index whole again
            STATES[state](repository)
        assert_plain(*end_of(repository.root, words, capsys))
    live = LiveMemory(repository.root)
    live.start()
    result = call_tool(live.memory, "search", {"query": "an invoice"})
    live.stop()
    assert "Error executing tool" not in str(result.content)


OF_ANOTHER_KIND = [state for state in STATES if state.endswith((" as a folder", " as a file"))]


@pytest.mark.slow
@pytest.mark.parametrize("state", OF_ANOTHER_KIND)
def test_a_part_of_the_index_of_another_kind_is_made_anew(
    repository: Project, capsys: pytest.CaptureFixture[str], state: str
) -> None:
    end_of(repository.root, ("index",), capsys)
    STATES[state](repository)
    (repository.root / "app/store.py").write_text("class Counter:\n    pass\n", encoding="utf-8")
    assert end_of(repository.root, ("index",), capsys)[0] == 0
    assert "Counter" in end_of(repository.root, ("read", "Counter"), capsys)[1]


@contextmanager
def replaced(target: str, act: Callable[..., Any]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(target, act)
        yield


def refusing(code: int) -> Callable[..., Any]:
    def refuse(path: Any, *_: object, **__: object) -> Any:
        raise OSError(code, os.strerror(code), path if isinstance(path, str | Path) else None)

    return refuse


def no_home() -> Any:
    def unknown(_: object) -> Any:
        raise KeyError("nobody")

    @contextmanager
    def without() -> Iterator[None]:
        with replaced("pwd.getpwuid", unknown), pytest.MonkeyPatch.context() as patch:
            patch.delenv("HOME")
            assert pwd.getpwuid is unknown
            yield

    return without()


MACHINES: dict[str, Callable[[], Any]] = {
    "no home": no_home,
    "a disk that cannot be written": lambda: replaced("pathlib.Path.unlink", refusing(errno.EROFS)),
    "a full disk": lambda: replaced("memory_server.files.os.open", refusing(errno.ENOSPC)),
    "no permission to list": lambda: replaced("memory_server.files.os.scandir", refusing(errno.EACCES)),
    "no more open files": lambda: replaced("subprocess.Popen", refusing(errno.EMFILE)),
    "a folder that goes while it is read": lambda: replaced("pathlib.Path.iterdir", refusing(errno.ENOENT)),
    "all well": nullcontext,
}


@pytest.mark.slow
@pytest.mark.parametrize("machine", MACHINES)
def test_no_state_of_the_machine_does(
    repository: Project, capsys: pytest.CaptureFixture[str], machine: str
) -> None:
    end_of(repository.root, ("index",), capsys)
    for words in COMMANDS:
        (repository.root / "app/store.py").write_text(f"class Ledger:\n    '''{words}'''\n", encoding="utf-8")
        with MACHINES[machine]():
            code, told = end_of(repository.root, words, capsys)
        assert_plain(code, told)


@pytest.mark.parametrize("words", [("read", "Counter"), ("search", "Counter"), ("outline", "app/store.py")])
def test_a_question_is_answered_where_the_index_cannot_be_written(
    repository: Project, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    end_of(repository.root, ("index",), capsys)
    (repository.root / "app/store.py").write_text("class Counter:\n    pass\n", encoding="utf-8")
    with replaced("memory_server.index.folder.FileLock.acquire", refusing(errno.EROFS)):
        code, told = end_of(repository.root, words, capsys)
    assert (code, "Counter" in told) == (0, True)


def test_tuning_is_undone_with_a_hint_on_a_store_that_cannot_be_written(
    repository: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    end_of(repository.root, ("index",), capsys)
    (repository.root / ".git/repo-memory/tuned.json").write_text("{}", encoding="utf-8")
    with MACHINES["a disk that cannot be written"]():
        code, told = end_of(repository.root, ("tune", "--undo"), capsys)
    assert (code, "cannot write" in told, "hint: " in told) == (1, True, True)


def test_a_folder_that_is_gone_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    before = Path.cwd()
    os.chdir(gone)
    gone.rmdir()
    try:
        for words in COMMANDS:
            assert_plain(*end_of(Path(), words, capsys))
    finally:
        os.chdir(before)


@pytest.mark.slow
@pytest.mark.parametrize("files", [12, 16, 20, 32])
@pytest.mark.parametrize("words", [("index",), ("search", "an invoice"), ("status",), ("doctor",)])
def test_few_open_files_are_told_with_the_remedy(
    repository: Project, files: int, words: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "memory_server.cli", *words, "--repo", str(repository.root)],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)),
        capture_output=True, text=True, timeout=HANGS_AFTER, check=False,
    )  # fmt: skip
    assert_plain(done.returncode, done.stderr if done.returncode else "")
    assert "ulimit -n" in done.stderr or files >= 32


def test_a_server_tells_what_the_machine_refuses(repository: Project) -> None:
    live = LiveMemory(repository.root)
    with replaced("subprocess.Popen", refusing(errno.EMFILE)):
        live.start()
        result = call_tool(live.memory, "search", {"query": "an invoice"})
    live.stop()
    assert result.is_error
    assert "ulimit -n" in str(result.content)
