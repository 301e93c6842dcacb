"""A file is replaced whole or not at all, and the user's folders are where the system says."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from memory_server.files import replace_file
from memory_server.places import user_cache, user_data


def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "hook"
    replace_file(path, b"one")
    path.chmod(0o640)
    replace_file(path, b"two")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"two", 0o640)
    replace_file(path, b"three", executable=True)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"three", 0o750)


def test_a_file_that_cannot_be_replaced_stays_and_nothing_is_left_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(b"old")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, b"new")
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == {"record.json": b"old"}


@pytest.mark.skipif("sys.platform != 'linux'", reason="XDG is Linux's")
def test_folders_follow_the_environment_and_else_stand_in_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert user_data() == tmp_path / "data/repo-memory"
    assert user_cache() == tmp_path / ".cache/repo-memory"
    monkeypatch.delenv("XDG_DATA_HOME")
    assert user_data() == tmp_path / ".local/share/repo-memory"
