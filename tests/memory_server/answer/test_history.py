"""What the history says of a symbol: its commits under all its names, and what changes with its file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexers.tokens import estimate_tokens
from memory_server.answer.history import HistoryReply
from memory_server.errors import QueryError
from memory_server.memory import Memory
from tests.support.answering import WordEmbedder
from tests.support.code_base import write_files
from tests.support.git_project import Project, make_project
from tests.support.log_lines import prompt, reply, result, uses, write_log

PAY = """
    def pay(self, ledger, retries):
        for attempt in range(retries):
            if ledger.charge(self.total, timeout=300):
                return ledger.book(self, attempt)
        raise ValueError("not paid")
"""
INVOICE = f"class Invoice:\n{PAY}"


def settle(seconds: int, *, told: bool = True) -> str:
    text = INVOICE.replace("300", str(seconds)).replace("def pay", "def settle")
    return text.replace("        raise", "        # give up\n        raise") if told else text


STEPS: list[tuple[str, dict[str, str]]] = [
    ("Add paying", {"app.py": INVOICE, "readme.md": "# Shop\n"}),
    ("Change the text alone", {"app.py": INVOICE + "\n\nX = 1\n"}),
    ("Wait less", {"app.py": INVOICE.replace("300", "60"), "table.py": "T = 60\n"}),
    ("Call it settling", {"app.py": settle(60, told=False)}),
    ("Comment on it", {"app.py": settle(60)}),
    ("Move it", {"app.py": "X = 1\n", "bank.py": settle(60)}),
    ("Try once", {"bank.py": settle(9), "table.py": "T = 9\n"}),
    ("Try twice", {"bank.py": settle(8), "table.py": "T = 8\n"}),
]


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Memory]:
    project = make_project(tmp_path, monkeypatch)
    for subject, files in STEPS:
        write_files(project.root, files)
        project.git("add", "--all")
        project.git("commit", "--quiet", "--message", subject)
    with Memory.open(project.root, embedder=WordEmbedder()) as opened:
        opened.sync()
        yield opened


def ask(memory: Memory, symbol: str, relation: str, budget: int = 0) -> HistoryReply:
    reply = memory.related(symbol, relation, budget=budget)
    assert isinstance(reply, HistoryReply)
    return reply


def test_the_commits_that_changed_it_are_told_under_all_its_names(memory: Memory) -> None:
    reply = ask(memory, "Invoice.settle", "changes")
    told = [(one.subject, one.added, one.removed, one.was) for one in reply.changes]
    assert told == [
        ("Try twice", 1, 1, ""),
        ("Try once", 1, 1, ""),
        ("Move it", 0, 0, "app.py::Invoice.settle"),
        ("Call it settling", 1, 1, "app.py::Invoice.pay"),
        ("Wait less", 1, 1, ""),
        ("Add paying", 5, 0, ""),
    ]
    assert [one.is_first for one in reply.changes] == [False] * 5 + [True]


def test_files_that_change_in_the_same_commits_are_told(memory: Memory) -> None:
    reply = ask(memory, "Invoice.settle", "together")
    assert [(one.path, one.together, one.of) for one in reply.companions] == [("table.py", 2, 3)]


def test_text_and_json_tell_the_same(memory: Memory) -> None:
    for relation, key in (("changes", "commits"), ("together", "files")):
        reply = ask(memory, "Invoice.settle", relation)
        listed = reply.json()[key]
        assert isinstance(listed, list)
        assert len(listed) == len(reply.text().split("\n")) - 1


@pytest.mark.parametrize("budget", [60, 100, 200])
def test_the_budget_holds_and_what_is_left_is_counted(memory: Memory, budget: int) -> None:
    reply = ask(memory, "Invoice.settle", "changes", budget)
    assert estimate_tokens(reply.text()) <= budget
    assert len(reply.changes) + reply.left_out.count == 6
    assert budget < 200 or reply.changes


def test_what_is_not_committed_has_no_history(memory: Memory, tmp_path: Path) -> None:
    write_files(memory.root, {"new.py": "def fresh():\n    return 1\n"})
    assert "none is committed" in ask(memory, "fresh", "changes").text()
    write_files(tmp_path / "plain", {"app.py": INVOICE})
    with Memory.open(tmp_path / "plain", embedder=WordEmbedder()) as without_git:
        without_git.sync()
        with pytest.raises(QueryError, match="no history"):
            without_git.related("Invoice.pay", "changes")


def test_a_rename_of_the_file_is_followed(repository: Project) -> None:
    repository.git("mv", "app/billing.py", "app/bills.py")
    repository.git("commit", "--quiet", "--message", "Rename it")
    with Memory.open(repository.root, embedder=WordEmbedder()) as memory:
        memory.sync()
        told = [(one.subject, one.was) for one in ask(memory, "Invoice.pay", "changes").changes]
    assert told == [("Rename it", "app/billing.py::Invoice.pay"), ("Add the shop", "")]


def test_a_commit_names_the_conversation_that_it_was_made_in(memory: Memory, tmp_path: Path) -> None:
    (last, before, *_) = ask(memory, "settle", "changes").changes
    session = "1ecba475-5b18-4058-a0cb-e87703f6f792"
    said = result("b1", f"[main {last.commit[:9]}] Try twice\n 2 files changed")
    committed = reply("m1", uses("b1", "Bash", command="git commit -am 'Try twice'"))
    write_log(tmp_path / "logs" / f"{session}.jsonl", prompt("Try twice"), committed, said)
    memory.repository.episodes.bring_in([tmp_path / "logs"], lambda _done, _total: None)
    told = ask(memory, "settle", "changes")
    assert told.sessions == {last.commit: session}
    assert f"in session {session[:8]}: Try twice" in told.text()
    assert before.commit[:10] in told.text()
    assert memory.recall(session[:8]).json()["hits"]
