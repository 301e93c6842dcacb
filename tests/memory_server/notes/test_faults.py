"""What lies in a folder of notes and is none: links to the outside, secrets, values of a wrong type."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from memory_server.errors import StoreError
from memory_server.memory import Memory
from memory_server.notes.folder import NoteFolder
from memory_server.notes.model import Anchor, Note
from memory_server.notes.records import Records
from memory_server.notes.text import format_note, parse_note
from tests.support.answering import WordEmbedder
from tests.support.code_base import write_files

NOTE = Note(id="abcdefgh", kind="decision", text="Of the outside")
SECRET = "ghp_" + "q8Zr2LkX0wVb" * 3
LINKED = ["notes", "notes/decision"]


def make_linked(tmp_path: Path, name: str) -> tuple[NoteFolder, Path]:
    """A folder for notes in a clone of which one part leads outside, and that outside with a note in it."""
    outside, root = tmp_path / "outside", tmp_path / "clone"
    for place in (outside / "abcdefgh.md", outside / "decision" / "abcdefgh.md"):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(format_note(NOTE), encoding="utf-8")
    (root / name).parent.mkdir(parents=True)
    (root / name).symlink_to(outside, target_is_directory=True)
    return NoteFolder(root, root / "notes", is_private=False), outside


@pytest.mark.parametrize("name", LINKED)
def test_nothing_is_read_through_a_link(tmp_path: Path, name: str) -> None:
    folder, _ = make_linked(tmp_path, name)
    notes, problems = folder.read()
    assert not notes
    assert "decision" in {problem.path for problem in problems}


@pytest.mark.parametrize("name", LINKED)
def test_nothing_is_written_through_a_link(tmp_path: Path, name: str) -> None:
    folder, outside = make_linked(tmp_path, name)
    before = sorted(os.walk(outside))
    with pytest.raises(StoreError, match="link"):
        folder.write(Note(id="bcdefghi", kind="decision", text="Ours"))
    assert sorted(os.walk(outside)) == before


def test_a_note_of_another_kind_is_not_taken_away_behind_a_link(tmp_path: Path) -> None:
    folder, outside = make_linked(tmp_path, "notes/decision")
    folder.write(Note(id="abcdefgh", kind="pitfall", text="Ours"))
    assert (outside / "abcdefgh.md").exists()


def test_records_are_not_kept_behind_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "home" / "notes").mkdir(parents=True)
    (tmp_path / "home" / "notes" / "records").symlink_to(outside, target_is_directory=True)
    Records(tmp_path / "home" / "notes" / "records").keep("abcdefgh", {})
    assert not list(outside.iterdir())


@pytest.mark.parametrize("key", ["about", "origin", "branch", "created", "reviewed_by"])
def test_a_secret_in_the_front_matter_is_not_told(key: str) -> None:
    written = f"---\nid: abcdefgh\n{key}: '{SECRET}'\n---\n\nText\n"
    assert SECRET not in format_note(parse_note(written))


def test_a_secret_in_what_is_broken_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "notes" / "howto").mkdir(parents=True)
    broken = tmp_path / "notes" / "howto" / "abcdefgh.md"
    broken.write_text(f"---\nid: abcdefgh\n'{SECRET}': [\n---\n", encoding="utf-8")
    _, (problem,) = NoteFolder(tmp_path, tmp_path / "notes").read()
    assert SECRET not in problem.why


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("facts",), {"signature": 1, "calls": [[]], "literals": [], "raises": [], "words": [], "lines": 1}),
        (("siblings",), [[1, {}]]),
        (("traces",), [{"at": "a", "found": [{"path": 7}], "commit": "", "moves": [], "edits": []}]),
        (("traces",), [{"at": [], "found": [], "commit": [], "moves": [], "edits": []}]),
        (("anchor", "target"), {}),
        (("anchor",), []),
    ],
)
def test_a_record_of_wrong_types_is_made_anew(tmp_path: Path, place: tuple[str, ...], value: object) -> None:
    root = tmp_path / "project"
    write_files(root, {"app.py": "def pay(ledger):\n    return ledger.charge(300)\n"})
    with Memory.open(root, embedder=WordEmbedder()) as memory:
        memory.sync()
        key = memory.remember("Charging waits", ["pay"]).id
        (file,) = memory.tree.folder.notes.rglob(f"{key}.json")
    data = json.loads(file.read_text())
    inner = data["records"][0]
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    file.write_text(json.dumps(data))
    with Memory.open(root, embedder=WordEmbedder()) as memory:
        memory.sync()
        (found,) = memory.recall(key).found
    assert [str(one.state) for one in found.places] == ["fresh"]


def test_a_note_that_vanishes_while_it_is_listed_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = NoteFolder(tmp_path, tmp_path / "notes")
    for key in ("abcdefgh", "bcdefghi"):
        folder.write(Note(id=key, text="Text", anchors=(Anchor(target="a.py"),)))
    scan = os.scandir

    class Listed:
        """A listing of which the first file is gone when its status is asked for."""

        def __init__(self, path: Path) -> None:
            self.entries = sorted(scan(path), key=lambda entry: entry.name)
            Path(self.entries[0].path).unlink()

        def __enter__(self) -> list[os.DirEntry[str]]:
            return self.entries

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(
        "memory_server.notes.folder.os.scandir", lambda p: Listed(p) if p.exists() else scan(p)
    )
    notes, problems = folder.read()
    assert [note.id for note in notes] == ["bcdefghi"]
    assert not problems
