"""The examples of the documentation run, and what they show is what there is."""

from __future__ import annotations

import doctest
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from indexers.tokens import estimate_tokens
from memory_server.answer.reply import Json
from memory_server.answer.tools import TOOLS
from memory_server.memory import Memory
from tests.docs.pages import README, SERVER, blocks
from tests.support.git_project import Project

OPEN = {"signals", "languages", "folders", "children"}
"""Of JSON, objects whose keys are data, and lists of what they stand in."""


def test_the_replies_that_are_shown_take_the_tokens_that_are_said() -> None:
    replies = [shown.partition("\n")[2] for shown in blocks(README, "console")]
    said = re.findall(r"That reply takes (\d+) tokens", README.read_text("utf-8"))
    assert [str(estimate_tokens(reply)) for reply in replies] == said


def test_the_examples_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    examples = doctest.DocTestParser().get_doctest(
        "\n".join(blocks(SERVER, "python")), {}, "examples", None, 0
    )
    told: list[str] = []
    assert examples.examples
    assert (
        doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(examples, out=told.append).failed
        == 0
    ), "".join(told)


def keys(value: object, place: str = "") -> set[str]:
    """Where JSON has which keys, of all elements of a list together."""
    if isinstance(value, Mapping):
        inside = (
            keys(inner, "" if name in OPEN else f"{place}.{name}")
            for name, inner in value.items()
            if name not in OPEN
        )
        return {f"{place}.{name}" for name in value}.union(*inside)
    if isinstance(value, list):
        return set().union(*(keys(element, place) for element in value))
    return set()


def replies(memory: Memory) -> dict[str, list[Json]]:
    """Replies of every tool that together have every key."""
    search, read, outline, related, remember, recall = (tool.ask for tool in TOOLS)
    of = memory.repository
    kept = remember(of, "An invoice of 12 is never paid twice", ["Invoice.pay"]).json()
    remember(of, "An invoice of 12 is never paid twice over", ["Invoice.pay", "app"])
    (staged,) = of.notes.folders
    note = staged.read()[0][0]
    staged.write(note.model_copy(update={"branch": "side", "commit": "0" * 40}))
    return {
        "search": [
            search(of, "pay an invoice", explain=True).json(),
            search(of, "invoice", budget=100).json(),
        ],
        "read": [
            read(of, ["Invoice.pay", "pay", "nothing"]).json(),
            read(of, ["long_function"], budget=100).json(),
            read(of, ["LongClass"], budget=150).json(),
        ],
        "outline": [outline(of).json(), outline(of, budget=100).json()],
        "related": [related(of, "remaining_after", "callers").json(), related(of, "pay", "callers").json()],
        "remember": [
            kept,
            remember(of, "An invoice of 12 is never paid twice or so", ["Invoice.pay"]).json(),
        ],
        "recall": [recall(of, "invoice").json(), recall(of, "invoice", budget=100).json()],
    }


def test_the_json_of_the_questions_is_as_shown(repository: Project) -> None:
    folder = repository.root
    (folder / "app/refunds.py").write_text("class Refund:\n    def pay(self):\n        return 0\n", "utf-8")
    members = "".join(f"    def member_{n}(self):\n        return {n}\n" for n in range(30))
    body = "".join(f"    print({n})\n" for n in range(60))
    (folder / "app/long.py").write_text(
        f"class LongClass:\n{members}\n\ndef long_function():\n{body}", "utf-8"
    )
    with Memory.open(folder) as memory:
        memory.sync()
        given = replies(memory)
    shown = map(json.loads, blocks(SERVER, "json"))
    for (tool, real), example in zip(given.items(), shown, strict=True):
        left_out = {place for place in keys(example) if "left_out." in place}
        assert keys([*real]) | left_out == keys(example), tool
