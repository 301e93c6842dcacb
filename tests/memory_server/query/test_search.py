"""What a search puts first: names, places of a trace, source before what merely shows or copies it."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory_server.memory import Memory
from memory_server.query.question import read_query
from memory_server.query.relations import find_related
from tests.support.answering import memory_over
from tests.support.code_base import write_files

SERVER = '''"""Accepts connections."""


class Listener:
    """Waits for clients."""

    def accept_client(self, socket):
        """Take the next client's connection."""
        return socket.accept()

    def close(self):
        self.socket.close()
'''


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Memory:
    files = {
        "src/net/listener.py": SERVER,
        "src/net/retry.py": "def wait_longer(attempt):\n    return 2**attempt\n",
        "dist/listener.py": SERVER,
        "examples/listener.py": SERVER,
        "tests/test_listener.py": SERVER,
        "docs/listener.md": "# Listener\n\nTake the next client's connection with accept_client.\n",
    }
    root = tmp_path_factory.mktemp("searched")
    write_files(root, files)
    return memory_over(root, shipped=True)


@pytest.mark.parametrize(
    "trace",
    [
        'File "/usr/lib/python3/site-packages/net/listener.py", line 9, in accept_client\nOSError: bad descriptor',
        "at Listener (C:\\build\\src\\net\\listener.py:9:16)",
        "src/net/listener.py(9): error",
    ],
)
def test_a_trace_finds_the_symbol_at_its_line(memory: Memory, trace: str) -> None:
    best = memory.search(trace, limit=1)[0]
    assert (best.path, best.name) == ("src/net/listener.py", "Listener.accept_client")


def test_a_line_that_no_file_has_is_no_place(memory: Memory) -> None:
    assert memory.search("listener.py:900 wait_longer", limit=1)[0].name == "wait_longer"


@pytest.mark.parametrize("query", ["accept_client", "take the next client's connection"])
def test_source_comes_before_its_copies_tests_and_examples(memory: Memory, query: str) -> None:
    assert memory.search(query, limit=1)[0].path == "src/net/listener.py"


@pytest.mark.parametrize(
    ("asked", "folder"), [("tests that accept_client", "tests"), ("documentation of accept_client", "docs")]
)
def test_what_is_asked_for_is_not_held_back(memory: Memory, asked: str, folder: str) -> None:
    plain = [hit.path.split("/")[0] for hit in memory.search("accept_client", limit=10)]
    found = [hit.path.split("/")[0] for hit in memory.search(asked, limit=10)]
    assert found.index(folder) < plain.index(folder)


def test_one_file_does_not_take_all_of_an_answer(memory: Memory) -> None:
    paths = [hit.path for hit in memory.search("listener client connection", limit=3)]
    assert len(set(paths)) > 1


RUST = """/// Take the next client's connection.
pub fn accept_client(port: u16) -> u16 {
    port
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take_client_connection() -> u16 {
        accept_client(1)
    }
}
"""


def test_a_module_of_tests_inside_source_is_tests(tmp_path: Path) -> None:
    write_files(tmp_path, {"src/lib.rs": RUST})
    memory = memory_over(tmp_path, shipped=True)
    view = memory.view
    assert {name: bool(view.in_tests[place]) for place, name in enumerate(view.names)} == {
        "": False,
        "accept_client": False,
        "tests": True,
        "take_client_connection": True,
    }
    assert memory.search("take a client connection", limit=1)[0].name == "accept_client"
    start = view.names.index("accept_client")
    found = find_related(view, [start], "tests", 1)
    assert [view.qualified_names[relative.symbol] for relative in found] == ["tests.take_client_connection"]


def test_an_older_version_is_held_back_unless_it_is_asked_for(tmp_path: Path) -> None:
    write_files(tmp_path, {f"src/{version}/errors.py": SERVER for version in ("v3", "v4")})
    memory = memory_over(tmp_path, shipped=True)
    assert memory.search("take the next connection", limit=1)[0].path == "src/v4/errors.py"
    assert memory.search("take the next connection in v3", limit=1)[0].path == "src/v3/errors.py"


@pytest.mark.parametrize("query", ["listener.md", "docs/listener.md", "./docs/listener.md"])
def test_a_file_is_found_by_its_path(memory: Memory, query: str) -> None:
    assert memory.search(query, limit=1)[0].path == "docs/listener.md"


def test_a_path_that_fits_several_files_prefers_source(memory: Memory) -> None:
    assert memory.search("listener.py", limit=1)[0].path == "src/net/listener.py"
    assert memory.search("dist/listener.py", limit=1)[0].path == "dist/listener.py"


@pytest.mark.parametrize("query", ["\udcff\udcfe", "accept client \udcff", "\ud800accept_client"])
def test_a_query_that_is_no_text_is_answered(memory: Memory, query: str) -> None:
    names = [hit.name for hit in memory.search(query)]
    assert ("accept" not in query) or any("accept_client" in name for name in names)


@pytest.mark.parametrize(
    "question",
    [
        "tests of the listener",
        "where is the listener tested",
        "which test covers retries",
        "retry tests",
        "tests/test_listener.py",
    ],
)
def test_who_asks_for_tests_gets_them(question: str) -> None:
    assert "tests" in read_query(question).roles


@pytest.mark.parametrize(
    "question",
    ["how does the test client build a request", "where the test database is created", "set up testing"],
)
def test_a_test_in_what_something_is_called_asks_for_none(question: str) -> None:
    asked = read_query(question)
    assert "tests" not in asked.roles
    assert "tests" in asked.mentioned
