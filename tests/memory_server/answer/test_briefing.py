"""What a conversation is told as it begins, and what hooks tell it later."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from indexers.tokens import estimate_tokens
from memory_server.answer.notes.briefing import CHARACTERS, TOKENS
from memory_server.answer.tools import UNLISTED, ask
from memory_server.memory import Memory
from tests.support.answering import WordEmbedder
from tests.support.code_base import write_files
from tests.support.git_project import Project

(HOOK,) = UNLISTED


@pytest.fixture
def memory(repository: Project) -> Iterator[Memory]:
    with Memory.open(repository.root, embedder=WordEmbedder()) as opened:
        opened.sync()
        yield opened


def tell(memory: Memory, event: str, path: str = "", session: str = "one") -> str:
    """What a hook adds to the conversation."""
    text = ask(HOOK, memory.repository, {"event": event, "path": path, "session": session}).text()
    told = json.loads(text)
    if not told:
        return ""
    assert told["hookSpecificOutput"]["hookEventName"] == event
    return str(told["hookSpecificOutput"]["additionalContext"])


def test_without_notes_there_is_nothing_to_say(memory: Memory) -> None:
    assert memory.brief() == ""
    assert not memory.tree.folder.briefing.exists() or not memory.tree.folder.briefing.read_text("utf-8")
    for event in ("PreToolUse", "PostToolUse"):
        assert tell(memory, event, "app/billing.py") == ""


def test_broken_claims_come_first_then_what_is_of_the_whole_repository(
    memory: Memory, repository: Project
) -> None:
    code = memory.remember("`record` comes before `remaining_after`", ["Invoice.pay"], "pitfall").id
    wide = memory.remember("Amounts are cents everywhere", ["app"], "decision").id
    other = memory.remember("Settle before shipping", ["open_ledger"], "howto").id
    text = (repository.root / "app/billing.py").read_text("utf-8")
    write_files(repository.root, {"app/billing.py": text.replace("ledger.record(self.total)", "pass")})
    memory.sync()
    lines = memory.brief().split("\n")
    places = [next(i for i, line in enumerate(lines) if key in line) for key in (code, wide, other)]
    assert places == sorted(places)
    assert "no longer there: record" in lines[places[0]]


def test_it_is_kept_ready_as_notes_and_files_change(memory: Memory, repository: Project) -> None:
    memory.remember("Settle before shipping", ["Invoice.pay"])
    file = memory.tree.folder.briefing
    assert file.read_text("utf-8") == memory.brief()
    assert file.stat().st_mode & 0o077 == 0
    (repository.root / "app/billing.py").unlink()
    memory.sync()
    assert "[gone]" in file.read_text("utf-8")


def test_the_same_state_gives_the_same_bytes_in_another_process(memory: Memory, repository: Project) -> None:
    for word in ("one", "two", "three"):
        memory.remember(f"Fact {word}: settle before shipping", ["Invoice.pay"])
    with Memory.open(repository.root, embedder=WordEmbedder()) as other:
        other.sync()
        assert {other.brief() for _ in range(10)} == {memory.brief()}


@pytest.mark.slow
def test_it_holds_its_budget(memory: Memory) -> None:
    for number in range(80):
        memory.remember(
            f"{number} {'and again ' * 12}{number * 7}", ["app"] if number % 2 else ["Invoice.pay"]
        )
    text = memory.brief()
    assert estimate_tokens(text) <= TOKENS
    assert len(text) <= CHARACTERS


def test_what_the_users_own_instructions_say_is_not_repeated(memory: Memory, repository: Project) -> None:
    kept = memory.remember("All amounts are kept as integer cents, never as floats")
    assert kept.id in memory.brief()
    write_files(
        repository.root,
        {"CLAUDE.md": "# Rules\n\n- All amounts are kept as integer cents, never as floats.\n"},
    )
    assert kept.id not in memory.brief()


def test_a_hook_tells_the_notes_on_a_file_once_a_session(memory: Memory, repository: Project) -> None:
    kept = memory.remember("Settle before shipping", ["Invoice.pay"], "pitfall")
    path = str(repository.root / "app/billing.py")
    assert kept.id in tell(memory, "PreToolUse", path)
    assert tell(memory, "PostToolUse", path) == ""
    assert kept.id in tell(memory, "PreToolUse", path, "two")
    assert tell(memory, "PreToolUse", str(repository.root / "app/store.py")) == ""


def test_a_note_that_changed_its_state_is_told_again(memory: Memory, repository: Project) -> None:
    kept = memory.remember("Settle before shipping", ["Invoice.pay"], "pitfall")
    assert kept.id in tell(memory, "PreToolUse", "app/billing.py")
    text = (repository.root / "app/billing.py").read_text("utf-8")
    write_files(repository.root, {"app/billing.py": text.replace("ledger.record(self.total)", "pass")})
    assert "[changed" in tell(memory, "PreToolUse", "app/billing.py")


@pytest.mark.parametrize("path", ["/etc/passwd", "../outside", "a\0b", "nothing.py", ""])
def test_files_that_are_none_of_ours_give_nothing(memory: Memory, path: str) -> None:
    memory.remember("Settle before shipping", ["Invoice.pay"])
    assert tell(memory, "PreToolUse", path) == ""


@pytest.mark.slow
def test_a_subagent_is_told_the_tools_and_the_pitfalls(memory: Memory) -> None:
    assert "`search`" in tell(memory, "SubagentStart")
    for number in range(20):
        memory.remember(f"Trap {number}: {'mind it ' * number}{number}", ["app"], "pitfall")
    text = tell(memory, "SubagentStart")
    assert "Trap" in text
    assert estimate_tokens(text) <= 150
