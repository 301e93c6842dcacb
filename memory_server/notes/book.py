"""The notes of a repository: where they lie, and which of them hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from memory_server.index.fresh import FreshIndex
from memory_server.notes.find import Notes
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
        self.private = NoteFolder(private.parent, private)
        self.committed = NoteFolder(tree.root, tree.root / committed, is_private=False) if committed else None
        self.states = NoteStates(tree.root, Records(private / FOLDER), tree.git)
        """What became of what they are about."""
        self._read: tuple[list[tuple[tuple[Note, ...], tuple[Problem, ...]]], Notes] | None = None

    @property
    def folders(self) -> Sequence[NoteFolder]:
        """Where notes lie, the one that new ones are written to last."""
        return [self.private, *([self.committed] if self.committed else [])]

    def is_empty(self) -> bool:
        """Whether there is no note at all: then nothing else is asked."""
        return all(folder.is_empty() for folder in self.folders)

    def read(self) -> Notes:
        """The notes as they are now; the same value while none changes."""
        read = [folder.read() for folder in self.folders]
        if self._read is None or any(
            one is not other for one, other in zip(read, self._read[0], strict=True)
        ):
            notes = Notes(
                [note for found, _ in read for note in found], [one for _, broken in read for one in broken]
            )
            self._read = (read, notes)
        return self._read[1]

    def write(self, note: Note, records: Iterable[Record] = ()) -> None:
        """Write a note where it lies, a new one into the committed folder where there is one.

        Raises:
            StoreError: the folder cannot be written.
        """
        holding = [folder for folder in self.folders if any(one.id == note.id for one in folder.read()[0])]
        folder = holding[-1] if holding else self.folders[-1]
        if folder is self.private:
            self.index.tree.folder.create()
        folder.write(note)
        if kept := {record.anchor.target: record for record in records}:
            self.states.records.keep(note.id, kept)
