"""The real Claude Code client over two conversations: what the first one notes, the second is told without asking."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from eval.live.client import run_claude
from eval.live.endpoint import ModelRequest, Policy, ScriptedEndpoint, ToolUse, Turn, play
from memory_server.install.client_hooks import client_hooks_step
from memory_server.memory import Memory
from memory_server.notes.model import State
from tests.support.code_base import write_files
from tests.support.log_lines import Line, prompt, reply, result, uses, write_log
from tests.support.places import CHECKOUT

SERVER = "repo-memory"
DELEGATED = "You are told nothing but this."
PREFIX = f"mcp__{SERVER}__"
PRICES = '''"""Prices in cents."""


def add_tax(price: int) -> int:
    """The price with tax."""
    return price + price * 20 // 100


def take_discount(price: int, percent: int) -> int:
    """Take a discount off a price, and never more than all of it."""
    left = price - price * percent // 100
    return max(left, 0)


def split_price(price: int, parts: int) -> list[int]:
    """Split a price into parts that differ by one at most."""
    base, more = divmod(price, parts)
    return [base + 1] * more + [base] * (parts - more)
'''
NOTES = (
    ("Tax is `20` percent by law; do not make it a setting", "add_tax", "pitfall"),
    ("A discount never makes a price negative", "take_discount", "decision"),
    ("Splitting puts the larger parts first", "split_price", "howto"),
)
FAILS, WORKS = "ls --no-such-option", "ls -1"
CHANGED = (
    PRICES.replace("* 20 //", "* 19 //")
    .replace("def take_discount", "def apply_discount")
    .partition("\n\ndef split_price")[0]
)


def git(root: Path, *arguments: str) -> None:
    person = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *person, *arguments], cwd=root, check=True, capture_output=True)


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Change prices")


def converse(claude: Path, home: Path, root: Path, policy: Policy) -> list[ModelRequest]:
    with ScriptedEndpoint(policy) as endpoint:
        tools = (f"{PREFIX}*", "Read", "Bash", "Task", "Agent")
        run = run_claude("Look into the prices.", root, home, endpoint, claude=claude, allowed_tools=tools)
    assert run.exit_code == 0, run.stderr
    return list(endpoint.requests)


def all_text(request: ModelRequest) -> str:
    return "\n".join(request.context_parts()) + request.system_text


@pytest.fixture(scope="module")
def told(claude: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[ModelRequest]]:
    """The requests of a second conversation, after a first one left notes and a commit changed what they are about."""
    root, home = tmp_path_factory.mktemp("shop"), tmp_path_factory.mktemp("home")
    environment = {"PYTHONPATH": str(CHECKOUT)}
    server = {
        "type": "stdio",
        "command": sys.executable,
        "args": ["-P", "-m", "memory_server.cli", "serve"],
        "env": environment,
    }
    write_files(root, {"prices.py": PRICES, ".mcp.json": json.dumps({"mcpServers": {SERVER: server}})})
    git(root, "init", "--quiet")
    commit(root)
    with Memory.open(root) as memory:
        memory.sync()
        client_hooks_step(root, memory.tree.folder.briefing).apply()
    first = [
        (ToolUse(f"{PREFIX}remember", {"text": text, "about": [about], "kind": kind}),)
        for text, about, kind in NOTES
    ]
    converse(claude, home, root, play(*first))
    (root / "prices.py").write_text(CHANGED + "\n", encoding="utf-8")
    commit(root)
    command = [sys.executable, "-P", "-m", "memory_server.cli", "index", "--quiet"]
    subprocess.run(command, cwd=root, env=os.environ | environment, check=True, capture_output=True)
    for number in (1, 2):
        write_log(tmp_path_factory.getbasetemp() / "logs" / f"aaaa000{number}.jsonl", *fail_and_cure(number))
    with Memory.open(root) as memory:
        memory.repository.episodes.bring_in(
            [tmp_path_factory.getbasetemp() / "logs"], lambda _done, _total: None
        )
    return root, converse(claude, home, root, read_and_delegate(root))


def fail_and_cure(number: int) -> list[Line]:
    """A conversation in which a command fails and another form of it works."""
    blocks = (uses("b1", "Bash", command=FAILS), uses("b2", "Bash", command=WORKS))
    results = (result("b1", "unrecognized option", is_error=True), result("b2", "prices.py"))
    return [prompt("List the files"), reply(f"m{number}", *blocks), *results]


def read_and_delegate(root: Path) -> Policy:
    """The main agent reads the file and starts a subagent, which does nothing but answer."""
    uses = (
        ToolUse("Read", {"file_path": str(root / "prices.py")}),
        ToolUse("Bash", {"command": FAILS}),
        ToolUse("Agent", {"description": "look", "prompt": DELEGATED, "subagent_type": "general-purpose"}),
    )

    def choose(request: ModelRequest) -> Turn:
        if is_delegated(request) or request.turn >= len(uses):
            return ("Nothing to report.",)
        return (uses[request.turn],)

    return choose


def is_delegated(request: ModelRequest) -> bool:
    return DELEGATED in str(request.messages[:1])


def test_the_notes_are_kept_and_know_what_became_of_the_code(told: tuple[Path, list[ModelRequest]]) -> None:
    with Memory.open(told[0]) as memory:
        memory.sync()
        states = {one.note.text: one.state for text, _, _ in NOTES for one in memory.recall(text).found[:1]}
    assert [states[text] for text, _, _ in NOTES] == [State.CHANGED, State.MOVED, State.GONE]


def test_a_conversation_begins_with_the_briefing(told: tuple[Path, list[ModelRequest]]) -> None:
    first = next(request for request in told[1] if not request.is_side and not request.agent)
    text = all_text(first)
    assert "notes that earlier sessions left" in text
    assert "no longer there: 20" in text
    assert "gone since" in text


def test_a_subagent_is_told_too(told: tuple[Path, list[ModelRequest]]) -> None:
    inner = [request for request in told[1] if is_delegated(request)]
    assert inner
    assert "repo-memory's tools know this repository" in all_text(inner[0])
    assert NOTES[0][0] in all_text(inner[0])


def test_a_hook_tells_the_notes_on_a_file_that_is_read(told: tuple[Path, list[ModelRequest]]) -> None:
    main = [request for request in told[1] if not request.is_side and not is_delegated(request)]
    before, after = all_text(main[0]), all_text(main[1])
    assert after.count(NOTES[0][0]) > before.count(NOTES[0][0])
    assert after.count(NOTES[1][0]) > before.count(NOTES[1][0])


def test_a_hook_tells_the_cure_of_a_command_that_failed_before(told: tuple[Path, list[ModelRequest]]) -> None:
    main = [request for request in told[1] if not request.is_side and not is_delegated(request)]
    cure = f"`{WORKS}` worked instead (session aaaa0002"
    assert cure not in all_text(main[1])
    assert "\n".join(main[2].context_parts()).count(cure) == 1


def test_the_hook_is_among_no_tools(told: tuple[Path, list[ModelRequest]]) -> None:
    assert not any(tool.name == f"{PREFIX}hook" for request in told[1] for tool in request.tools)
