"""Past conversations: taken in from logs, found by what was asked and said, without secrets, forgotten for good."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from indexers.tokens import estimate_tokens
from memory_server.answer.notes.sessions import session_lines
from memory_server.answer.page import join
from memory_server.episodes.book import EpisodeBook, ImportReport
from memory_server.errors import QueryError, StoreError
from memory_server.memory import Memory
from tests.support.answering import WordEmbedder
from tests.support.git_project import Project
from tests.support.log_lines import CWD, Line, prompt, reply, result, says, uses, write_log

SECRET = "ghp_" + "q8Zr2LkX0wVb" * 3


def talk(key: str, asked: str, said: str, *blocks: Mapping[str, object]) -> list[Line]:
    return [
        prompt(asked, timestamp="2026-03-01T10:00:00Z"),
        reply(f"m-{key}", says(said), *blocks, timestamp="2026-03-01T10:00:01Z"),
    ]


LEDGER = [
    *talk(
        "1",
        "Why does the ledger drift after a refund?",
        "The refund was booked twice; I guard it with the invoice's id.",
        uses("e1", "Edit", file_path=f"{CWD}/app/ledger.py", old_string="a", new_string="b"),
        uses("b1", "Bash", command="pytest tests/test_ledger.py"),
        uses("b2", "Bash", command="git commit -m 'Book refunds once'"),
    ),
    result("b1", "E   AssertionError: 3 != 2\nmore", is_error=True),
    result("b2", "[main 1a2b3c4] Book refunds once\n 1 file changed"),
]
COLOURS = talk("2", "Make the buttons blue", "The palette of the theme now begins with blue.")


@pytest.fixture
def book(tmp_path: Path) -> EpisodeBook:
    return EpisodeBook(tmp_path / "home" / "sessions", tmp_path / "home" / "episodes", WordEmbedder())


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    write_log(tmp_path / "logs" / "aaaa1111.jsonl", *LEDGER)
    write_log(tmp_path / "logs" / "bbbb2222.jsonl", *COLOURS)
    return tmp_path / "logs"


def bring_in(book: EpisodeBook, logs: Path) -> ImportReport:
    return book.bring_in([logs], lambda _done, _total: None)


def found(book: EpisodeBook, query: str) -> list[str]:
    return [hit.session.id for hit in book.search(query, 5)]


@pytest.mark.parametrize(
    ("query", "session"),
    [
        ("ledger drifts after refunds", "aaaa1111"),
        ("booked twice", "aaaa1111"),
        ("app/ledger.py", "aaaa1111"),
        ("AssertionError", "aaaa1111"),
        ("blue palette", "bbbb2222"),
    ],
)
def test_a_session_is_found_by_what_was_asked_said_edited_and_failed(
    book: EpisodeBook, logs: Path, query: str, session: str
) -> None:
    bring_in(book, logs)
    assert found(book, query)[0] == session


def test_what_nobody_spoke_of_is_not_found(book: EpisodeBook, logs: Path) -> None:
    bring_in(book, logs)
    assert found(book, "zeppelin quaternion") == []


def test_a_passage_tells_files_commands_errors_and_commits(book: EpisodeBook, logs: Path) -> None:
    bring_in(book, logs)
    (hit, *_) = book.search("ledger refund", 1)
    assert hit.passage.files == ("app/ledger.py",)
    assert hit.passage.commands == ("pytest tests/test_ledger.py", "git commit -m 'Book refunds once'")
    assert hit.passage.errors == ("E   AssertionError: 3 != 2",)
    assert hit.passage.commits == ("1a2b3c4",)
    assert "committed: 1a2b3c4" in join(session_lines(hit))


def test_only_logs_that_changed_are_read_again(book: EpisodeBook, logs: Path) -> None:
    assert (bring_in(book, logs).added, bring_in(book, logs).unchanged) == (2, 2)
    write_log(logs / "bbbb2222.jsonl", *COLOURS, *talk("3", "And the links?", "Links are green."))
    report = bring_in(book, logs)
    assert (report.added, report.updated, report.unchanged) == (0, 1, 1)
    assert found(book, "green links")[0] == "bbbb2222"


def test_a_session_outlives_its_log(book: EpisodeBook, logs: Path) -> None:
    bring_in(book, logs)
    (logs / "aaaa1111.jsonl").unlink()
    bring_in(book, logs)
    assert found(book, "ledger drift")[0] == "aaaa1111"


def test_a_log_cut_at_its_beginning_takes_nothing_away(book: EpisodeBook, logs: Path) -> None:
    bring_in(book, logs)
    write_log(logs / "aaaa1111.jsonl", *talk("9", "Rename the tax module", "It is called levies now."))
    bring_in(book, logs)
    assert found(book, "ledger drift")[0] == "aaaa1111"
    assert found(book, "levies")[0] == "aaaa1111"


def test_a_conversation_that_continues_another_adds_only_its_own(book: EpisodeBook, logs: Path) -> None:
    more = talk("4", "Check the totals too", "The totals agree.")
    write_log(logs / "cccc3333.jsonl", *LEDGER, *more)
    bring_in(book, logs)
    (continued,) = book.find("cccc3333")
    assert [one.asked for one in continued.passages] == ["Check the totals too"]


def test_a_subagent_belongs_to_its_session(book: EpisodeBook, logs: Path) -> None:
    said = talk("5", "Look for zones", "Zones are read in clock.py.")
    write_log(
        logs / "aaaa1111" / "subagents" / "agent-7.jsonl", *[{**line, "isSidechain": True} for line in said]
    )
    bring_in(book, logs)
    assert found(book, "zones clock")[0] == "aaaa1111"
    assert book.search("zones clock", 1)[0].passage.thread == "agent-7"


def test_secrets_addresses_and_homes_are_not_kept(book: EpisodeBook, logs: Path, tmp_path: Path) -> None:
    lines = talk(
        "6",
        f"Use {SECRET} of ada@example.com",
        f"I put {SECRET} into /home/ada/.netrc",
        uses("b6", "Bash", command=f"curl -H 'Authorization: Bearer {SECRET}' /Users/ada/x"),
        uses("e6", "Edit", file_path=f"/home/ada/{SECRET}.py", old_string="a", new_string="b"),
    )
    write_log(
        logs / "dddd4444.jsonl", *lines, result("b6", f"error: {SECRET} of ada@example.com", is_error=True)
    )
    bring_in(book, logs)
    kept = b"".join(file.read_bytes() for file in (tmp_path / "home").rglob("*") if file.is_file())
    assert b"dddd4444" in kept
    for private in (SECRET, "ada@example.com", "/home/ada", "/Users/ada"):
        assert private.encode() not in kept, private


def test_what_is_kept_is_for_its_owner_alone(book: EpisodeBook, logs: Path) -> None:
    bring_in(book, logs)
    for file in book.folder.path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_forgotten_is_gone_for_good(book: EpisodeBook, logs: Path, tmp_path: Path) -> None:
    bring_in(book, logs)
    assert book.forget(book.find("aaaa")) == 1
    bring_in(book, logs)
    assert found(book, "ledger drift") == []
    kept = b"".join(file.read_bytes() for file in (tmp_path / "home").rglob("*") if file.is_file())
    assert b"ledger" not in kept


@pytest.mark.parametrize("damage", ["cut", "gone", "filled"])
def test_damaged_tables_are_made_anew(book: EpisodeBook, logs: Path, tmp_path: Path, damage: str) -> None:
    bring_in(book, logs)
    for file in (tmp_path / "home" / "episodes").rglob("*"):
        if file.is_file():
            if damage == "gone":
                file.unlink()
            else:
                file.write_bytes(b"" if damage == "cut" else b"\xff" * file.stat().st_size)
    again = EpisodeBook(tmp_path / "home" / "sessions", tmp_path / "home" / "episodes", WordEmbedder())
    assert found(again, "ledger drift")[0] == "aaaa1111"


def test_a_broken_session_is_passed_over(book: EpisodeBook, logs: Path) -> None:
    bring_in(book, logs)
    (book.folder.path / "bbbb2222.json").write_text(json.dumps({"id": 7, "passages": [3]}))
    assert [session.id for session in book.folder.all()] == ["aaaa1111"]
    assert found(book, "ledger drift")[0] == "aaaa1111"


def test_nothing_is_kept_behind_a_link(book: EpisodeBook, logs: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "sessions").symlink_to(tmp_path / "outside", target_is_directory=True)
    with pytest.raises(StoreError, match="link"):
        bring_in(book, logs)
    assert not list((tmp_path / "outside").iterdir())


@pytest.fixture
def memory(repository: Project) -> Iterator[Memory]:
    with Memory.open(repository.root, embedder=WordEmbedder()) as opened:
        opened.sync()
        yield opened


def sources(memory: Memory, source: str) -> list[tuple[str, str]]:
    hits: Any = memory.recall("ledger refund", source).json()["hits"]
    return [(hit["source"], hit["id"]) for hit in hits]


def test_recall_tells_notes_and_sessions_or_one_of_them(memory: Memory, logs: Path) -> None:
    note = memory.remember("The ledger drifts where a refund is booked twice", ["Invoice.pay"], "pitfall")
    bring_in(memory.repository.episodes, logs)
    assert sources(memory, "") == [("notes", note.id), ("sessions", "aaaa1111")]
    assert sources(memory, "notes") == [("notes", note.id)]
    assert sources(memory, "sessions") == [("sessions", "aaaa1111")]
    assert "committed: 1a2b3c4" in memory.recall("aaaa1111").text()


@pytest.mark.parametrize("budget", [40, 80, 150, 400, 1000])
def test_a_reply_with_sessions_stays_within_its_budget(memory: Memory, logs: Path, budget: int) -> None:
    long = talk("7", "Explain the ledger " * 50, "The ledger is a table of entries.\n" * 80)
    write_log(logs / "eeee5555.jsonl", *long)
    bring_in(memory.repository.episodes, logs)
    reply = memory.recall("ledger", "sessions", budget=budget)
    assert estimate_tokens(reply.text()) <= budget
    assert reply.left_out.count + len(reply.others) == 2


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("sessions", 'no past conversation answers "zeppelin": 2 are kept here'),
        (
            "commands",
            'no command answers "zeppelin": `repo-memory commands --all` lists those that are known',
        ),
        ("notes", 'no note answers "zeppelin": none is kept here yet'),
    ],
)
def test_what_nothing_answers_is_said_of_what_was_asked_for(
    memory: Memory, logs: Path, source: str, said: str
) -> None:
    bring_in(memory.repository.episodes, logs)
    assert memory.recall("zeppelin", source).text().startswith(said)


def test_an_unknown_source_is_refused(memory: Memory) -> None:
    with pytest.raises(QueryError, match="unknown source 'mails'"):
        memory.recall("ledger", "mails")


def test_notes_are_told_where_conversations_cannot_be_read(
    memory: Memory, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = memory.remember("The ledger drifts where a refund is booked twice", ["Invoice.pay"], "pitfall")
    bring_in(memory.repository.episodes, logs)

    def fail(_: EpisodeBook) -> None:
        raise StoreError("the store cannot be written: no space left")

    monkeypatch.setattr(EpisodeBook, "_open", fail)
    reply = memory.recall("ledger refund")
    assert [one.note.id for one in reply.found] == [note.id]
    assert "past conversations were not looked through: the store cannot be written" in reply.text()


def test_what_was_learned_is_kept_where_the_tables_are_gone(
    book: EpisodeBook, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_in(book, logs)
    shutil.rmtree(book._tables)
    assert "pytest tests/test_ledger.py" in book.learned().forms
    monkeypatch.setattr("memory_server.episodes.book.learn", lambda _: pytest.fail("learned twice"))
    assert book.learned().commits == {"1a2b3c4": "aaaa1111"}
