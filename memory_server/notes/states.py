"""What became of the code that notes are about."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from indexers.anchors.facts import describe_change, find_broken_claims
from indexers.anchors.follow import Trace, majority_folder
from indexers.anchors.identity import Identity, make_sketch
from indexers.errors import GitError
from indexers.git import GitPaths, read_head, run_git
from memory_server.index.fresh import Sight
from memory_server.notes.find import Notes
from memory_server.notes.locate import Locator
from memory_server.notes.model import COMMAND, Anchor, Note, Place, State, StatedNote
from memory_server.notes.records import Record, Records

_MAIN = ("origin/HEAD", "main", "master")
"""What the main branch of a repository may be called."""

TOLD_COMMITS = 3
"""How many of the commits that changed a symbol are named, the newest."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """What is checked out: a commit, empty outside git and before the first, and a branch, empty for none."""

    head: str = ""
    branch: str = ""


class NoteStates:
    """Finds in one tree what notes are about, and says what is different."""

    def __init__(self, root: Path, records: Records, git: GitPaths | None) -> None:
        self.root, self.records, self._git = root, records, git
        self.locator = Locator(root, in_git=git is not None)
        self._traces: dict[tuple[str, str, str, str], Trace | None] = {}
        self._placed: tuple[Notes, str, Mapping[str, list[Note]]] | None = None

    def checkout(self) -> Checkout:
        """What is checked out."""
        return Checkout(*read_head(self._git)) if self._git is not None else Checkout()

    def changed_files(self, at: Checkout) -> frozenset[str]:
        """The files that the branch changed since it parted from the main one, committed or not."""
        if not at.head:
            return frozenset()
        bases = (self.locator.revisions.merge_base(name, at.head) for name in _MAIN)
        base = next(filter(None, bases), at.head)
        return self.locator.revisions.touched(base, at.head) | set(self.locator.uncommitted())

    def on_paths(self, notes: Notes, paths: Set[str], sight: Sight, at: Checkout) -> list[Note]:
        """The live notes that may be about something in some files, by where it is in the checked-out commit."""
        placed = self._place_by_commit(notes, sight, at)
        manifest = sight.view.manifest
        near = {
            note.id: note
            for path, found in placed.items()
            if path in paths or path not in manifest
            for note in found
        }
        return [near[key] for key in sorted(near)]

    def _place_by_commit(self, notes: Notes, sight: Sight, at: Checkout) -> Mapping[str, list[Note]]:
        """The live notes by the files in which the checked-out commit has what they are about; empty for nowhere."""
        if self._placed is None or self._placed[:2] != (notes, at.head):
            placed: dict[str, list[Note]] = {}
            for note in notes.live:
                for anchor in self._anchors(note):
                    if not anchor.path or anchor.target.endswith("/"):
                        continue
                    record = self._record_of(note, anchor, sight, at)
                    trace = self._trace(note, record, at.head) if record else None
                    for path in {one.path for one in trace.found} if trace and trace.found else {""}:
                        placed.setdefault(path, []).append(note)
            self._placed = (notes, at.head, placed)
        return self._placed[2]

    def state(self, note: Note, sight: Sight, at: Checkout) -> StatedNote:
        """A note with where what it is about is now."""
        places = tuple(self._place(note, anchor, sight, at) for anchor in self._anchors(note))
        return StatedNote(note, places, is_staged=self._is_staged(note, at))

    def record(self, target: str, identity: Identity, sight: Sight, at: Checkout) -> Record:
        """An anchor on a symbol or a file as it is now, with what its code says."""
        version = self.locator.files.version(sight, identity.path)
        anchor = Anchor(
            target=target,
            kind=identity.kind,
            parameters=identity.parameters,
            tokens=identity.tokens,
            signature=identity.signature,
            size=identity.size,
            sketch=make_sketch(identity.trigrams),
            commit=at.head,
        )
        if version is None:
            return Record(anchor)
        return Record(anchor, version.facts(identity), tuple(one.key for one in version.identities))

    def _anchors(self, note: Note) -> list[Anchor]:
        """The note's anchors in the order of what it is about; one that a person wrote by hand has only a target."""
        known = {anchor.target: anchor for anchor in note.anchors}
        return [known.get(target, Anchor(target=target)) for target in note.about]

    def _is_staged(self, note: Note, at: Checkout) -> bool:
        """Whether it was made on a branch that is not part of what is checked out."""
        if not note.commit or not note.branch or not at.head or note.branch == at.branch:
            return False
        return not self.locator.revisions.is_ancestor(note.commit, at.head)

    def _place(self, note: Note, anchor: Anchor, sight: Sight, at: Checkout) -> Place:
        target = anchor.target
        if target.startswith(COMMAND):
            return Place(target, State.FRESH)
        if target.endswith("/"):
            return self._place_folder(anchor, at.head)
        record = self._record_of(note, anchor, sight, at)
        if record is None:
            return Place(target, State.GONE)
        return self._judge(note, record, self._trace(note, record, at.head), at.head, sight)

    def _record_of(self, note: Note, anchor: Anchor, sight: Sight, at: Checkout) -> Record | None:
        """What is kept of an anchor; None for a hand-written one that names nothing."""
        known = self.records.of(note.id)
        record = known.get(anchor.target)
        if record is None or (anchor.tokens and record.anchor != anchor):
            record = self._first_record(anchor, sight, at)
            if record is not None:
                self.records.keep(note.id, {**known, anchor.target: record})
        return record

    def _trace(self, note: Note, record: Record, head: str) -> Trace | None:
        """Where an anchor is at a commit; kept where that is not where it was."""
        key = (note.id, record.anchor.target, record.anchor.tokens, head)
        if key not in self._traces:
            self._traces[key] = trace = self.locator.trace(record, head)
            if trace is not None and head and (not record.traces or record.traces[-1][1] != trace):
                known = self.records.of(note.id)
                self.records.keep(note.id, {**known, record.anchor.target: record.with_trace(head, trace)})
        return self._traces[key]

    def _first_record(self, anchor: Anchor, sight: Sight, at: Checkout) -> Record | None:
        """The record of an anchor that has none: from the history, or from the files for a hand-written one."""
        path, _, name = anchor.target.partition("::")
        if anchor.is_symbol_or_file:
            version = self.locator.revisions.version(anchor.commit, path) if anchor.commit else None
            one = version.find(name) if version else None
            if version is None or one is None or one.tokens != anchor.tokens:
                return Record(anchor)
            return Record(anchor, version.facts(one), tuple(other.key for other in version.identities))
        version = self.locator.files.version(sight, path)
        one = version.find(name) if version else None
        if one is None:
            return None
        return self.record(anchor.target, one, sight, at)

    def _judge(self, note: Note, record: Record, trace: Trace | None, head: str, sight: Sight) -> Place:
        """What became of a symbol or a file, from where it was found."""
        anchor, match = record.anchor, self.locator.now(record, trace, head, sight)
        if len(match.found) > 1:
            heirs = tuple(one.target for one in match.found)
            first = match.found[0]
            return Place(anchor.target, State.SPLIT, first.path, 0, 0, (f"now one of {', '.join(heirs)}",))
        one = match.one
        if one is None:
            return self._lost(anchor, trace, head)
        moved = (f"now {one.target}, was {anchor.target}",) if one.target != anchor.target else ()
        lines = (one.path, one.start_line, one.end_line)
        if not anchor.tokens or one.tokens == anchor.tokens:
            return Place(anchor.target, State.MOVED if moved else State.FRESH, *lines, moved, one.target)
        version = self.locator.files.version(sight, one.path)
        changes, broken = [*moved], []
        if version is not None and record.facts is not None:
            facts = version.facts(one)
            changes += describe_change(record.facts, facts) or ["its body was reordered"]
            broken = find_broken_claims(note.shown, record.facts, facts)
        changes += [self._tell(commit) for commit in (trace.edits if trace else ())[-TOLD_COMMITS:]]
        return Place(anchor.target, State.CHANGED, *lines, tuple(changes), one.target, tuple(broken))

    def _lost(self, anchor: Anchor, trace: Trace | None, head: str) -> Place:
        """What is not there: gone, or on another branch."""
        if trace is None and anchor.commit and head and self._has(anchor.commit):
            return Place(anchor.target, State.ELSEWHERE, changes=("it is on another branch",))
        since = (f"gone since {self._tell(trace.commit)}",) if trace is not None and trace.commit else ()
        return Place(anchor.target, State.GONE, changes=since)

    def _has(self, commit: str) -> bool:
        try:
            run_git(self.root, "cat-file", "-e", commit)
        except GitError:
            return False
        return True

    def _tell(self, commit: str) -> str:
        return f"{commit[:10]} {self.locator.revisions.subject(commit)}".strip()

    def _place_folder(self, anchor: Anchor, head: str) -> Place:
        folder = anchor.target
        if (self.root / folder).is_dir():
            return Place(folder, State.FRESH, folder)
        if anchor.commit and head and self.locator.revisions.is_ancestor(anchor.commit, head):
            renamed, _ = self.locator.revisions.changes(anchor.commit, head)
            target = majority_folder(folder, renamed)
            if target and (self.root / target).is_dir():
                return Place(
                    folder, State.MOVED, target, changes=(f"now {target}, was {folder}",), now=target
                )
        return Place(folder, State.GONE)
