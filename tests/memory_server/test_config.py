"""Settings: the user's hold over the repository's, which reach nothing outside it and make no request."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexers.embedding.embed import SHIPPED_MODEL
from indexers.errors import ModelError
from memory_server.config import load_config
from memory_server.errors import ConfigError
from memory_server.memory import Memory
from memory_server.places import user_settings
from tests.support.code_base import write_files
from tests.support.git_project import Project

pytestmark = pytest.mark.skipif("sys.platform == 'win32'", reason="links and pipes")


@pytest.fixture
def root(repository: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return repository.root


def settings_of_user() -> Path:
    path = user_settings()
    assert path is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture
def requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """What a hub is asked that answers nothing; the cache of models is empty."""
    from huggingface_hub import constants

    asked: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def listen() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                asked.append(connection.recv(1_000))
                connection.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    yield asked
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


@pytest.mark.parametrize("section", ["embedder", "reranker"])
@pytest.mark.parametrize("name", ["owner/model", "all-MiniLM-L6-v2"])
def test_a_model_that_a_repository_names_is_not_asked_for(
    root: Path, requests: list[bytes], section: str, name: str
) -> None:
    write_files(root, {".repo-memory.toml": f'[{section}]\nmodel = "{name}"\n'})
    memory = Memory.open(root)
    for act in (memory.try_models, lambda: (memory.sync(), memory.search("an invoice"))):
        with pytest.raises(ModelError, match="not on this machine") as caught:
            act()
        assert "your own settings" in caught.value.hint
    assert requests == []


@pytest.mark.slow  # sentence-transformers is imported
@pytest.mark.parametrize("said_in", ["a file", "the environment"])
def test_one_that_the_user_names_is_asked_for(
    root: Path, requests: list[bytes], monkeypatch: pytest.MonkeyPatch, said_in: str
) -> None:
    pytest.importorskip("sentence_transformers")
    write_files(root, {".repo-memory.toml": '[embedder]\nmodel = "owner/model"\n'})
    if said_in == "a file":
        settings_of_user().write_text('[embedder]\nmodel = "owner/model"\n', encoding="utf-8")
    else:
        monkeypatch.setenv("REPO_MEMORY_MODEL", "owner/model")
    assert load_config(root).embedder.may_download
    monkeypatch.setattr("sentence_transformers.SentenceTransformer.__init__", refuse)
    with pytest.raises(ModelError):
        Memory.open(root).try_models()
    assert requests


def refuse(*_: object, **__: object) -> None:
    raise OSError("no model")


def test_a_model_in_the_repository_is_used_from_wherever_it_is_asked(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(SHIPPED_MODEL, root / "models/own")
    write_files(root, {".repo-memory.toml": '[embedder]\nmodel = "models/own"\n'})
    monkeypatch.chdir(tmp_path)
    memory = Memory.open(root)
    memory.try_models()
    assert memory.tree.embedder.id.startswith("own-")


@pytest.mark.parametrize("name", ["../model", "~/model", "{outside}", "link", "models/link", "a\\u0000b"])
def test_a_model_outside_the_repository_is_the_users_to_name(root: Path, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "model"
    shutil.copytree(SHIPPED_MODEL, outside)
    (root / "models").mkdir()
    for link in ("link", "models/link"):
        (root / link).symlink_to(outside)
    write_files(root, {".repo-memory.toml": f'[embedder]\nmodel = "{name.format(outside=outside)}"\n'})
    with pytest.raises(ConfigError, match=r"embedder\.model") as caught:
        load_config(root)
    assert caught.value.hint


def test_what_the_user_says_holds_over_the_repository(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(root, {".repo-memory.toml": "[budget]\nsearch = 500\nread = 501\n[index]\nworkers = 1\n"})
    settings_of_user().write_text("[budget]\nsearch = 600\n[index]\nworkers = 2\n", encoding="utf-8")
    monkeypatch.setenv("REPO_MEMORY_WORKERS", "3")
    config = load_config(root)
    assert (config.budget.search, config.budget.read, config.index.workers) == (600, 501, 3)


ODD = {
    "no section": "store = 5\n",
    "an unknown key": "[store]\nmine = 1\n",
    "what only we set": "[embedder]\n_may_download = true\n",
    "nested deep": "a = " + "[" * 5_000 + "]" * 5_000,
    "nested tables": "[" + ".".join("a" * 5_000) + "]\n",
    "a long number": "a = " + "9" * 5_000,
    "no text": "\udcff",
    "not TOML": "[[[",
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("whose", ["the repository's", "the user's"])
def test_settings_that_cannot_be_read_are_told_in_a_line_with_their_file(
    root: Path, odd: str, whose: str
) -> None:
    path = root / ".repo-memory.toml" if whose == "the repository's" else settings_of_user()
    path.write_bytes(ODD[odd].encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError) as caught:
        load_config(root)
    assert str(path) in str(caught.value)
    assert str(path) in caught.value.hint


@pytest.mark.parametrize("kind", ["pipe", "folder", "large", "a link outside", "a device"])
def test_settings_that_are_no_file_of_a_sensible_size_are_refused_at_once(
    root: Path, tmp_path: Path, kind: str
) -> None:
    path = root / ".repo-memory.toml"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "large":
        with path.open("wb") as file:
            file.truncate(120_000_000)
    else:
        (tmp_path / "outside.toml").write_text("", encoding="utf-8")
        path.symlink_to("/dev/zero" if kind == "a device" else tmp_path / "outside.toml")
    with pytest.raises(ConfigError) as caught:
        load_config(root)
    assert caught.value.hint


def test_a_variable_that_does_not_fit_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPO_MEMORY_WORKERS", "many")
    with pytest.raises(ConfigError, match="REPO_MEMORY_WORKERS") as caught:
        load_config(root)
    assert "REPO_MEMORY_WORKERS" in caught.value.hint
