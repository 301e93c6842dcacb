"""Commands that work here: learned from conversations, told where one fails that has a cure, silent otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from memory_server.answer.notes.commands import known_commands
from memory_server.answer.notes.hook import hook
from memory_server.episodes.commands import Form, find_key, learn, normalize
from memory_server.episodes.model import Passage, Run, Session
from memory_server.memory import Memory
from tests.support.answering import WordEmbedder
from tests.support.git_project import Project
from tests.support.log_lines import Line, prompt, reply, result, says, uses, write_log

SECRET = "ghp_" + "q8Zr2LkX0wVb" * 3


def learned(*runs: tuple[str, bool | None]) -> dict[str, Form]:
    made = tuple(Run(command, done, "" if done else "boom") for command, done in runs)
    passage = Passage("k", "main", "2026-03-01T10:00:00Z", "", "", runs=made)
    return learn([Session("aaaa1111", "claude-code", "2026-03-01", "", (), (passage,))]).forms


def cure(forms: dict[str, Form], command: str) -> str:
    fix = forms[command].fix
    return fix.command if fix else ""


@pytest.mark.parametrize(
    ("command", "form"),
    [
        ("cd app && pytest -q 2>&1 | tail -20", "pytest -q"),
        ("  make   test ", "make test"),
        ("go test ./... | head", "go test ./..."),
        ("cat <<X\nx\nX", ""),
        ("x" * 300, ""),
    ],
)
def test_a_form_is_without_its_folder_and_what_cuts_its_output(command: str, form: str) -> None:
    assert normalize(command) == form


@pytest.mark.parametrize(
    ("command", "key"),
    [
        ("pytest tests/a.py -x", "pytest"),
        ("python3 -m pytest -q", "pytest"),
        (".venv/bin/pytest", "pytest"),
        ("CI=1 npm run build -- -w", "npm run build"),
        ("go test ./...", "go test"),
        ("", ""),
    ],
)
def test_a_key_is_the_program_and_what_it_is_told_to_do(command: str, key: str) -> None:
    assert find_key(command) == key


def test_another_form_of_the_program_that_worked_is_the_cure() -> None:
    forms = learned(("pytest", False), ("ls", True), (".venv/bin/pytest", True))
    assert cure(forms, "pytest") == ".venv/bin/pytest"


@pytest.mark.parametrize(
    "runs",
    [
        [("pytest", False), ("pytest", True), ("pytest -x", True)],
        [("pytest", False), ("npm test", True)],
        [("pytest", False), ("pytest -x", False)],
        [("pytest", False), *[("ls", True)] * 6, ("pytest -x", True)],
        [("pytest", False), ("pytest -x", None)],
    ],
    ids=["the same worked", "another program", "failed too", "too late", "not seen"],
)
def test_what_is_no_cure_is_none(runs: Sequence[tuple[str, bool | None]]) -> None:
    assert cure(learned(*runs), "pytest") == ""


def test_what_a_person_stopped_is_no_run() -> None:
    assert learned(("make deploy", None)) == {}


def talk(number: int, *runs: tuple[str, bool]) -> list[Line]:
    blocks = [uses(f"b{number}-{place}", "Bash", command=command) for place, (command, _) in enumerate(runs)]
    results = [
        result(f"b{number}-{place}", "fine" if done else "No module named pytest", is_error=not done)
        for place, (_, done) in enumerate(runs)
    ]
    time = f"2026-03-0{number}T10:00:00Z"
    return [
        prompt("Run the tests", timestamp=time),
        reply(f"m{number}", says("Done"), *blocks, timestamp=time),
        *results,
    ]


@pytest.fixture
def memory(repository: Project, tmp_path: Path) -> Iterator[Memory]:
    failed, cured = ("python -m pytest", False), (".venv/bin/pytest -q", True)
    for number in (1, 2):
        write_log(
            tmp_path / "logs" / f"aaaa000{number}.jsonl", *talk(number, failed, cured, ("make lint", True))
        )
    write_log(
        tmp_path / "logs" / "aaaa0003.jsonl", *talk(3, (f"curl -H 'X: {SECRET}' a", False), ("curl a", True))
    )
    (repository.root / "Makefile").write_text("lint:\n\truff\ndocs:\n\tsphinx\n")
    with Memory.open(repository.root, embedder=WordEmbedder()) as opened:
        opened.sync()
        opened.repository.episodes.bring_in([tmp_path / "logs"], lambda _done, _total: None)
        yield opened


def ask(memory: Memory, event: str, command: str, session: str = "s") -> str:
    return hook(memory.repository, event, "${tool_input.file_path}", session, command).context


def test_before_a_form_that_failed_twice_the_cure_is_told_once_a_session(memory: Memory) -> None:
    told = ask(memory, "PreToolUse", "cd x && python -m pytest | tail -3")
    assert "`.venv/bin/pytest -q` worked instead (session aaaa0002, 2026-03-02)" in told
    assert "No module named pytest" in told
    assert ask(memory, "PreToolUse", "python -m pytest") == ""
    assert ask(memory, "PreToolUse", "python -m pytest", "another") == told


def test_after_a_failure_the_cure_is_told(memory: Memory) -> None:
    assert ".venv/bin/pytest -q" in ask(memory, "PostToolUseFailure", "python -m pytest")


def test_a_hundred_commands_without_a_history_give_no_byte(memory: Memory) -> None:
    commands = [
        "ls",
        "make lint",
        ".venv/bin/pytest -q",
        "git status",
        *(f"tool{n} --run {n}" for n in range(96)),
    ]
    for command in commands:
        assert hook(memory.repository, "PreToolUse", "", "s", command).json() == {}
        assert hook(memory.repository, "PostToolUseFailure", "", "s", command).json() == {}


def test_recall_tells_commands_by_what_they_are_for(memory: Memory) -> None:
    hits = [line.split("`")[1] for line in memory.recall("lint", "commands").text().split("\n")]
    assert hits == ["make lint"]
    assert "worked 2 of 2 times, last 2026-03-02" in memory.recall("lint", "commands").text()
    assert "in Makefile" in memory.recall("docs", "commands").text()


def test_the_briefing_tells_what_worked_and_nothing_that_files_say_alone(memory: Memory) -> None:
    text = memory.brief()
    assert "  test: `.venv/bin/pytest -q`" in text
    assert "  check: `make lint`" in text
    assert "make docs" not in text


@pytest.mark.parametrize(
    ("command", "purpose"),
    [("git show tests/a.py", ""), ("go test -run A ./...", "test"), ("cat build.log", "")],
)
def test_what_a_command_is_run_on_says_nothing_of_what_it_is_for(
    memory: Memory, tmp_path: Path, command: str, purpose: str
) -> None:
    write_log(tmp_path / "more" / "bbbb0001.jsonl", *talk(4, (command, True), (f"{command} ", True)))
    memory.repository.episodes.bring_in([tmp_path / "more"], lambda _done, _total: None)
    told = [str(one.purpose) for one in known_commands(memory.repository) if one.run == command]
    assert told == ([purpose] if purpose else [])


def test_no_secret_of_a_command_is_told(memory: Memory) -> None:
    told = memory.recall("curl", "commands").text() + memory.recall("curl", "sessions").text()
    assert "curl" in told
    assert SECRET not in told
