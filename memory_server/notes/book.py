"""The notes of a repository: where they lie, and which of them hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from memory_server.index.fresh import FreshIndex
from memory_server.notes.folder import NoteFolder
from memory_server.notes.model import Note, Problem
from memory_server.notes.records import FOLDER, Record, Records
from memory_server.notes.states import NoteStates


class NoteBook:
    """All notes of a tree: private ones, which its worktrees share, and those of a committed folder."""

    def __init__(self, index: FreshIndex, committed: str = "") -> None:
        self.index = index
        tree = index.tree
        private = tree.folder.notes
        self.private = NoteFolder(private)
        self.committed = NoteFolder(tree.root / committed, is_private=False) if committed else None
        self.states = NoteStates(tree.root, Records(private / FOLDER), in_git=tree.git is not None)
        """What became of what they are about."""

    @property
    def folders(self) -> Sequence[NoteFolder]:
        """Where notes lie, the one that new ones are written to last."""
        return [self.private, *([self.committed] if self.committed else [])]

    def is_empty(self) -> bool:
        """Whether there is no note at all: then nothing else is asked."""
        return not any(folder.signature() for folder in self.folders)

    def all(self) -> list[Note]:
        """Every note, dropped and replaced ones too, by id."""
        found = {note.id: note for folder in self.folders for note in folder.notes()[0]}
        return [found[key] for key in sorted(found)]

    def problems(self) -> list[Problem]:
        """Files that are no notes, and why."""
        return [problem for folder in self.folders for problem in folder.notes()[1]]

    def live(self) -> list[Note]:
        """The notes that hold: neither dropped nor replaced."""
        notes = self.all()
        replaced = {note.replaces for note in notes}
        return [note for note in notes if not note.dropped and note.id not in replaced]

    def find(self, key: str) -> Note | None:
        """The note of that id."""
        return next((note for note in self.all() if note.id == key), None)

    def write(self, note: Note, records: Iterable[Record] = ()) -> None:
        """Write a note where it lies, a new one into the committed folder where there is one.

        Raises:
            StoreError: the folder cannot be written.
        """
        holding = [folder for folder in self.folders if any(one.id == note.id for one in folder.notes()[0])]
        folder = holding[-1] if holding else self.folders[-1]
        if folder is self.private:
            self.index.tree.folder.create()
        folder.write(note)
        if kept := {record.anchor.target: record for record in records}:
            self.states.records.keep(note.id, kept)
