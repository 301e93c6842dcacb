"""What stands literally in a repository is found, before anything ranked, in the files as they are."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexers.tokens import estimate_tokens
from memory_server.answer.search import SearchReply
from memory_server.deadline import due_in
from memory_server.errors import QueryError
from memory_server.memory import Memory
from memory_server.query.exact.scan import read_raw
from tests.support.answering import Clock, memory_over
from tests.support.code_base import write_files
from tests.support.properties import UNTIMED, assert_linear

FILES = {
    "src/worker.py": """\
class Worker:
    \"\"\"Runs tasks; recycled after `worker_max_tasks_per_child` of them.\"\"\"

    def start(self, settings):
        limit = settings.worker_max_tasks_per_child
        if limit < 1:
            raise ValueError(f"worker limit must be positive, got {limit!r}")
        name = settings["pool.name"]
        raise RuntimeError(
            "The pool %s could not be started because "
            "its broker is unreachable." % name
        )
""",
    "src/main.go": """\
package main

func load(path string) error {
	return fmt.Errorf("cannot parse manifest %q at line %d: %w", path, line, err)
}
""",
    "src/client.ts": """\
export function connect(host: string, retries: number) {
  throw new Error(`Could not reach ${host} after ${retries} attempts`);
}
export const options = { workerMaxTasksPerChild: 5 };
export const refuse = (scheme: string) => `bad scheme: ${scheme}`;
""",
    "src/lib.rs": 'fn check(name: &str) {\n    panic!("no such crate `{}` in the workspace", name);\n}\n',
    "src/mailer.rb": 'def deliver(mail)\n  raise "Refusing to send #{mail.subject} without a recipient"\nend\n',
    "src/Login.java": """\
class Login {
    void check(String user) {
        throw new IllegalStateException("Account " + user + " has been locked by an administrator");
    }
}
""",
    "config/app.toml": '[worker]\nmax-tasks = 3\nWORKER_MAX_TASKS_PER_CHILD = 100\n"pool.name" = "main"\n',
    "tests/test_worker.py": "def test_limit():\n    assert start(worker_max_tasks_per_child=0)\n",
    "docs/usage.md": "# Usage\n\nRun it with `--worker-max-tasks-per-child 100`, and it is recycled after so many.\n",
    "notes.txt": "Größe der Warteschlange: unbegrenzt\n" + "padding " * 40 + "\n",
}


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Memory:
    root = tmp_path_factory.mktemp("literal")
    write_files(root, FILES)
    (root / "wide.txt").write_bytes("grüne Wiese am Rand\n".encode("utf-16"))
    (root / "old.txt").write_bytes("Straße gesperrt wegen Umzug\n".encode("cp1252"))
    return memory_over(root, shipped=True)


def shown(reply: SearchReply) -> set[tuple[str, int]]:
    return {(hit.path, line.number) for hit in reply.hits for line in hit.lines}


def first_lines(reply: SearchReply) -> list[str]:
    return [line.text.strip() for line in reply.hits[0].lines]


@pytest.mark.parametrize(
    ("query", "path", "line"),
    [
        ("its broker is unreachable.", "src/worker.py", 11),
        ('"its broker is unreachable."', "src/worker.py", 11),
        ("broker is unreach", "src/worker.py", 11),
        ("ts broker is unreachable", "src/worker.py", 11),
        ("where is 'its broker is unreachable.' raised", "src/worker.py", 11),
        ("'its broker is unreachable' after 'the pool gave up'", "src/worker.py", 11),
        ("Größe der Warteschlange", "notes.txt", 1),
        ('"röße der Warteschlan"', "notes.txt", 1),
        ("grüne Wiese am Rand", "wide.txt", 1),
        ("Straße gesperrt wegen Umzug", "old.txt", 1),
        ("max-tasks = 3", "config/app.toml", 2),
        ("/tasks_per_child=\\d/", "tests/test_worker.py", 2),
        ("/^func +LOAD/i", "src/main.go", 3),
        ("/ workermaxtasksperchild: /i", "src/client.ts", 4),
    ],
)
def test_a_text_is_found_with_its_line_before_anything_ranked(
    memory: Memory, query: str, path: str, line: int
) -> None:
    reply = memory.search(query)
    first = reply.hits[0]
    assert first.exact
    assert first.path == path
    assert line in [found.number for found in first.lines]
    assert reply[0].path == path
    assert first.score >= max(hit.score for hit in reply)


@pytest.mark.parametrize(
    ("printed", "path", "lines"),
    [
        ("ValueError: worker limit must be positive, got -4", "src/worker.py", [7]),
        (
            "RuntimeError: The pool main could not be started because its broker is unreachable.",
            "src/worker.py",
            [10, 11],
        ),
        ("The pool main could not be started because its bro", "src/worker.py", [10, 11]),
        (
            '2026-11-20 10:02:11 cannot parse manifest "a/b.json" at line 12: unexpected end',
            "src/main.go",
            [4],
        ),
        ("Error: Could not reach db.example.org after 3 attempts", "src/client.ts", [2]),
        ("thread 'main' panicked: no such crate `serde` in the workspace", "src/lib.rs", [2]),
        ("Refusing to send Weekly report without a recipient (RuntimeError)", "src/mailer.rb", [2]),
        ("bad scheme: ftp, or another", "src/client.ts", [5]),
        ("Account mallory has been locked by an administrator", "src/Login.java", [3]),
    ],
)
def test_a_printed_message_is_found_where_it_is_written(
    memory: Memory, printed: str, path: str, lines: list[int]
) -> None:
    first = memory.search(printed).hits[0]
    assert first.path == path
    assert set(lines) <= {line.number for line in first.lines}


@pytest.mark.parametrize(
    "question",
    [
        "how is the number of tasks of a worker limited",
        "where does the pool get its name",
        "retry when host is down",
    ],
)
def test_a_question_is_no_message(memory: Memory, question: str) -> None:
    reply = memory.search(question)
    assert reply.hits
    assert not any(hit.exact for hit in reply.hits)


@pytest.mark.parametrize(
    "spelling",
    [
        "worker_max_tasks_per_child",
        "worker-max-tasks-per-child",
        "--worker-max-tasks-per-child",
        "WORKER_MAX_TASKS_PER_CHILD",
        "workerMaxTasksPerChild",
    ],
)
def test_a_name_is_found_in_every_spelling_its_own_first(memory: Memory, spelling: str) -> None:
    reply = memory.search(spelling)
    if spelling.startswith("--"):
        assert shown(reply) >= {("docs/usage.md", 3)}
        return
    found = [path for path, _ in sorted(shown(reply))]
    assert set(found) == {
        "src/worker.py",
        "src/client.ts",
        "config/app.toml",
        "tests/test_worker.py",
        "docs/usage.md",
    }
    order = list(dict.fromkeys(hit.path for hit in reply.hits))
    assert spelling in " ".join(first_lines(reply))
    assert order.index("tests/test_worker.py") > order.index("src/worker.py")


def test_a_definition_comes_before_its_uses(memory: Memory) -> None:
    reply = memory.search("Worker")
    assert (reply.hits[0].path, reply.hits[0].name) == ("src/worker.py", "Worker")
    assert first_lines(reply) == ["class Worker:"]


def test_uses_in_code_come_before_those_in_comments(tmp_path: Path) -> None:
    comments = "".join(f"// retry_budget is told of here, {place}\n" for place in range(9))
    write_files(tmp_path, {"a.rs": f"{comments}fn spend() {{\n    let left = retry_budget - 1;\n}}\n"})
    reply = memory_over(tmp_path).search("retry_budget")
    assert ("a.rs", 11) in shown(reply)
    assert "uses: 5 of 10 lines" in reply.text()


def test_lines_that_do_not_fit_are_counted(tmp_path: Path) -> None:
    lines = [f"value_{place} = compute_everything({place})" for place in range(90)]
    write_files(tmp_path, {f"pkg/part_{place}.py": "\n".join(lines) + "\n" for place in range(60)})
    reply = memory_over(tmp_path).search("compute_everything")
    assert f"uses: {len(shown(reply))} of {60 * 90} lines in 60 files" in reply.text()
    assert reply.left_out.count == 60 * 90 - len(shown(reply))
    assert "pkg" in reply.left_out.what


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("frobnicate quuxify", 'nothing matches: no file has "frobnicate", "quuxify"'),
        ("worker_max_task_per_child", 'no line has "worker_max_task_per_child"'),
        ('"its broker was unreachable"', 'no line has "its broker was unreachable"'),
        ("/tasks_per_adult/", 'no line matches "/tasks_per_adult/"'),
    ],
)
def test_what_is_not_there_is_said(memory: Memory, query: str, said: str) -> None:
    reply = memory.search(query)
    assert reply.text().startswith(said)
    assert not any(hit.exact for hit in reply.hits)
    assert len(reply.hits) <= 3


@pytest.mark.parametrize(
    "place", ["src/worker.py:7", "worker.py:7:12", "src\\worker.py(7)", "/app/src/worker.py#L7"]
)
def test_a_place_shows_its_line(memory: Memory, place: str) -> None:
    reply = memory.search(place)
    assert [(hit.path, hit.name) for hit in reply.hits] == [("src/worker.py", "Worker.start")]
    assert ("src/worker.py", 7) in shown(reply)


def test_a_line_that_no_file_has_is_told(memory: Memory) -> None:
    assert memory.search("src/worker.py:700").text().startswith('no line has "src/worker.py:700"')


@pytest.mark.parametrize("query", ["worker", "its broker is unreachable.", "/worker/", "how do tasks start"])
def test_no_more_hits_are_returned_than_asked_for(memory: Memory, query: str) -> None:
    for limit in (1, 2, 5):
        assert 0 < len(memory.search(query, limit=limit)) <= limit


def test_unknown_words_are_told_with_those_spelt_like_them(memory: Memory) -> None:
    assert "nearest: worker" in memory.search("workker").text()


def test_a_path_lets_only_its_files_through(memory: Memory) -> None:
    reply = memory.search("worker_max_tasks_per_child", path="docs")
    assert {path for path, _ in shown(reply)} == {"docs/usage.md"}


def test_a_wrong_regular_expression_is_refused_with_a_hint(memory: Memory) -> None:
    with pytest.raises(QueryError, match="regular expression") as caught:
        memory.search("/(?=look)ahead/")
    assert "RE2" in caught.value.hint


def test_a_regular_expression_takes_linear_time(tmp_path: Path) -> None:
    write_files(tmp_path, {"long.txt": "a" * 20_000 + "\n"})
    memory = memory_over(tmp_path)
    started = time.process_time()
    memory.search("/(a+)+$b/")
    memory.search("/(a|a)*c/")
    assert time.process_time() - started < 5  # backtracking takes 2 to the 20,000


def test_a_message_takes_linear_time(memory: Memory) -> None:
    assert_linear(lambda size: memory.search("The pool " + "x " * size + "its broker"), 1_000)


def test_a_file_is_read_as_it_is_now(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": "def first():\n    return 'nothing to see'\n", "b.py": "x = 1\n"})
    memory = memory_over(tmp_path)
    memory.search("first")
    write_files(tmp_path, {"b.py": "x = 1\ny = 'a lately written sentence'\n"})
    reply = memory.search("a lately written sentence")
    assert shown(reply) >= {("b.py", 2)}
    write_files(tmp_path, {"b.py": "x = 1\n"})
    assert not any(hit.exact for hit in memory.search('"a lately written sentence"').hits)


def test_a_masked_secret_is_not_found_by_its_text(tmp_path: Path) -> None:
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    write_files(tmp_path, {"deploy.py": f"TOKEN = '{token}'\n"})
    reply = memory_over(tmp_path).search(f'"{token}"')
    assert not any(hit.exact for hit in reply.hits)


LINES = [
    (path, number, line)
    for path, text in FILES.items()
    for number, line in enumerate(text.splitlines(), 1)
    if len(line.split()) > 2
]


@pytest.mark.slow
@settings(parent=UNTIMED)
@given(st.data())
def test_any_part_of_any_line_is_found(memory: Memory, data: st.DataObject) -> None:
    path, number, line = data.draw(st.sampled_from(LINES))
    start = data.draw(st.integers(0, len(line) - 6))
    part = line[start : data.draw(st.integers(start + 6, len(line)))].strip()
    if len(part) < 4 or '"' in part:
        return
    reply = memory.search(f'"{part}"')
    holding = {(p, n) for p, n, other in LINES if part in other}
    assert (path, number) in holding
    assert holding & shown(reply)
    assert reply.hits[0].exact


@pytest.mark.slow
@given(st.text(max_size=60), st.integers(60, 400))
def test_the_budget_holds(memory: Memory, query: str, budget: int) -> None:
    if query.strip():
        assert estimate_tokens(memory.search(query, budget=budget).text()) <= budget


@pytest.mark.parametrize(
    "query", ["frobnicate quuxify", '"its broker was unreachable"', "/tasks_per_adult/", "no_such_name"]
)
def test_nothing_is_said_to_be_absent_while_the_index_is_made(memory: Memory, query: str) -> None:
    memory.index.building = "indexing this repository for the first time; ask again in a moment"
    try:
        text = memory.search(query).text()
    finally:
        memory.index.building = ""
    assert "ask again in a moment" in text
    assert not re.search("no (?:file|line) |nothing matches", text)


def search_slowly(memory: Memory, monkeypatch: pytest.MonkeyPatch, query: str, seconds: float) -> SearchReply:
    """Search where each file takes a second to read."""
    clock = Clock()

    def read_slowly(root: Path, path: str) -> bytes:
        clock.now += 1
        return read_raw(root, path)

    monkeypatch.setattr("memory_server.deadline.time", clock)
    monkeypatch.setattr("memory_server.query.exact.scan._BATCH", 1)
    for module in ("scan", "messages"):
        monkeypatch.setattr(f"memory_server.query.exact.{module}.read_raw", read_slowly)
    with due_in(seconds):
        return memory.search(query)


@pytest.mark.parametrize(("seconds", "files", "unread"), [(4, 2, 3), (12, 4, 1), (400, 5, 0)])
def test_lines_found_in_time_are_told_with_the_files_that_were_not_read(
    memory: Memory, monkeypatch: pytest.MonkeyPatch, seconds: float, files: int, unread: int
) -> None:
    reply = search_slowly(memory, monkeypatch, "worker_max_tasks_per_child", seconds)
    told = {hit.path for section in reply.sections if section.title for hit in section.hits}
    assert (len(told), reply.left_out.count) == (files, unread)
    assert unread == 0 or reply.text().endswith(
        f"left out: {unread} files that could not be searched for the text in time; "
        "narrow with path=, or ask again"
    )


@pytest.mark.parametrize(
    "query",
    [
        "/positive limit/",
        "/zz+y/",
        "per_max_child_tasks",
        '"worker limit"',
        "no such crate `x` in the workspace\nAccount ann has been locked by an administrator",
    ],
)
def test_a_text_that_was_not_looked_for_everywhere_is_not_said_to_be_absent(
    memory: Memory, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    reply = search_slowly(memory, monkeypatch, query, 1.9)
    assert reply.left_out.what == "files that could not be searched for the text in time"
    assert reply.hits
    assert all(section.hits for section in reply.sections)
