"""Files that no listing has are not read by their path, however it is spelt; new ones are."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from memory_server.errors import NotFoundError, OutsideRepositoryError
from memory_server.memory import Memory
from tests.support.answering import memory_over
from tests.support.code_base import write_files

MARK = "GUARDED = 1"
FILES = {
    "app/main.py": "MAIN = 1\n",
    "app/private.py": MARK,
    "build/made.py": MARK,
    "build/deep/made.py": MARK,
    "local/own.py": MARK,
    "hidden/out.py": MARK,
    "venv2/pyvenv.cfg": "",
    "venv2/lib.py": MARK,
    ".env": f"A={MARK}",
    "app/id_rsa": MARK,
    ".gitignore": "build/\nprivate.py\n",
    ".repo-memoryignore": "hidden/\n",
}
UNSERVED = {
    "app/private.py": "ignored by git",
    "build/made.py": "ignored by git",
    "build/deep/made.py": "ignored by git",
    "app/../build/made.py": "ignored by git",
    "./app/./private.py": "ignored by git",
    "build//made.py:1-5": "ignored by git",
    "hidden/out.py": "excluded by configuration",
    "venv2/lib.py": "excluded by configuration",
    ".git/config": "excluded by configuration",
    ".env": "looks like a secret",
    "app/id_rsa": "looks like a secret",
    "link.py": "cannot be read",
    "linked/made.py": "cannot be read",
}


@pytest.fixture(scope="module", params=["git", "plain"])
def memory(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Memory:
    root = tmp_path_factory.mktemp("unserved") / "shop"
    write_files(root, FILES)
    (root / "link.py").symlink_to("build/made.py")
    (root / "linked").symlink_to("build")
    if request.param == "git":
        subprocess.run(["git", "init", "-q", str(root)], check=True)
        (root / ".git" / "info" / "exclude").write_text("local/\n", encoding="utf-8")
    else:
        (root / ".git" / "info").mkdir(parents=True)
        (root / ".git" / "config").write_text(MARK, encoding="utf-8")
        (root / ".git" / "info" / "exclude").write_text("local/\n", encoding="utf-8")
    return memory_over(root)


@pytest.mark.parametrize(("path", "reason"), [*UNSERVED.items(), ("local/own.py", "ignored by git")])
def test_a_file_that_is_left_out_is_not_read_by_its_path(memory: Memory, path: str, reason: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        memory.read([path])
    assert reason in str(caught.value)
    assert MARK not in memory.read([path, "app/main.py"]).text()


def test_the_error_names_the_setting_that_includes_an_ignored_file(memory: Memory) -> None:
    with pytest.raises(NotFoundError) as caught:
        memory.read(["build/made.py"])
    assert "index.include of .repo-memory.toml" in caught.value.hint


@pytest.mark.parametrize("path", UNSERVED)
def test_no_other_question_tells_of_such_a_file(memory: Memory, path: str) -> None:
    for ask in (memory.outline, lambda path: memory.related(path, "importers")):
        try:
            assert "GUARDED" not in ask(path).text()
        except (NotFoundError, OutsideRepositoryError) as error:
            assert "GUARDED" not in f"{error} {error.hint}"


def test_a_file_newer_than_the_index_is_read(memory: Memory) -> None:
    (memory.root / "app" / "new.py").write_text("NEW = 1\n", encoding="utf-8")
    assert "NEW = 1" in memory.read(["app/new.py"]).text()


def test_an_ignored_file_that_the_settings_include_is_indexed_and_read(tmp_path: Path) -> None:
    settings = '[index]\ninclude = ["build/", "!build/deep/"]\n'
    write_files(tmp_path, FILES | {".repo-memory.toml": settings})
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    memory = memory_over(tmp_path)
    assert MARK in memory.read(["build/made.py"]).text()
    assert "build/made.py" in memory.view.paths
    assert "build/deep/made.py" not in memory.view.paths
    with pytest.raises(NotFoundError):
        memory.read(["build/deep/made.py"])
