"""Secrets of every kind that is known pass none of the doors of the memory: writing, reading, importing, exporting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory_server.episodes.redact import redact
from memory_server.errors import QueryError
from memory_server.knowledge.manifest import Unit
from memory_server.knowledge.validate import holds_secret
from memory_server.memory import Memory
from memory_server.notes.model import Note
from tests.indexers.source.test_masking import PLACES, TOKENS
from tests.support.answering import WordEmbedder
from tests.support.code_base import write_files

CASES = [
    pytest.param(before + secret + after, secret, id=kind) for kind, before, secret, after in TOKENS + PLACES
]


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    root = tmp_path_factory.mktemp("doors") / "project"
    write_files(root, {"app.py": "def pay():\n    return 1\n"})
    with Memory.open(root, embedder=WordEmbedder()) as opened:
        opened.sync()
        yield opened


@pytest.mark.parametrize(("text", "secret"), CASES)
def test_a_secret_is_refused_masked_and_left_out(memory: Memory, text: str, secret: str) -> None:
    with pytest.raises(QueryError, match="secret"):
        memory.remember(f"Use this:\n{text}\n", ["app.py"])
    assert not any(memory.tree.folder.notes.rglob("*.md"))
    assert secret not in Note(id="abcdefgh", text=f"Use this:\n{text}\n").shown
    assert secret not in redact(f"Use this:\n{text}\n", 10_000)
    assert holds_secret(Unit({"id": "a", "path": ".", "intent": f"Use this:\n{text}\n"}))


def test_what_holds_none_passes(memory: Memory, tmp_path: Path) -> None:
    text = f"The key lies in {tmp_path.name}/keys, and its name is in PAYMENT_KEY"
    assert redact(text, 1_000) == text
    assert Note(id="abcdefgh", text=text).shown == text
    assert memory.remember(text, ["app.py"]).done == "kept"
