"""Where the code of an anchor is now: followed to the checked-out commit, then to the files as they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from indexers.anchors.follow import Revisions, Trace, follow, match_among_new
from indexers.anchors.identity import FileVersion, Identity, similarity
from indexers.anchors.match import Match, keeps_name, match_in_file, prefer
from indexers.errors import GitError
from indexers.git import read_git
from indexers.model import Skipped
from memory_server.index.fresh import Sight
from memory_server.notes.model import Anchor
from memory_server.notes.records import Record
from memory_server.store.rows import blob_id

FOUND_AGAIN = 0.75
"""Similarity from which a symbol of the same qualified name is the one that was lost, in whatever file."""

FILE_AGAIN = 0.5
"""The same for a file, as git itself has it for renames."""


MOST_BEARERS = 100
"""Symbols of one name among which a lost one is looked for."""


class Files:
    """The files as they are now, parsed once for each content."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], FileVersion] = {}

    def version(self, sight: Sight, path: str) -> FileVersion | None:
        """A file's state; None where it is not served."""
        source = sight.find(path)
        if isinstance(source, Skipped):
            return None
        key = (path, blob_id(source))
        if key not in self._known:
            if len(self._known) > 256:
                self._known.clear()
            self._known[key] = FileVersion(source)
        return self._known[key]


class Locator:
    """Finds anchors in one tree."""

    def __init__(self, root: Path, *, in_git: bool) -> None:
        self.root, self.in_git = root, in_git
        self.files = Files()
        self.revisions = Revisions(root)

    def trace(self, record: Record, head: str) -> Trace | None:
        """Where a symbol is at a commit; None where no history leads there from where it was last seen."""
        start = (record.anchor.commit, Trace((record.anchor.identity,)))
        if not head:
            return start[1]
        for commit, trace in (*reversed(record.traces), start):
            if commit and self.revisions.is_ancestor(commit, head):
                one = trace.one
                is_same = one is not None and one.path not in self.revisions.touched(commit, head)
                return trace if is_same else follow(self.revisions, trace, commit, head)
        begun = record.anchor.commit
        return self._trace_from_base(record, self.revisions.merge_base(begun, head) if begun else "", head)

    def _trace_from_base(self, record: Record, base: str, head: str) -> Trace | None:
        """Where it is on another branch, if it was there before the branches parted."""
        one = record.anchor.identity
        version = self.revisions.version(base, one.path) if base else None
        if version is None:
            return None
        old = self.revisions.version(record.anchor.commit, one.path)
        match = match_in_file(one, old.identities if old else (one,), version.identities)
        return follow(self.revisions, Trace(match.found), base, head) if match.one else None

    def now(self, record: Record, trace: Trace | None, head: str, sight: Sight) -> Match:
        """What it is in the files as they are."""
        if trace is None:
            return self._find_again(record, record.anchor.identity, sight)
        if len(trace.found) > 1:
            return Match(tuple(filter(None, (self._here(one, sight) for one in trace.found))))
        one = self._with_body(record, trace.one or record.anchor.identity, head)
        match = self._in_own_file(record, one, head, sight)
        if trace.one is None:
            return self._returned(one, match)
        if keeps_name(one, match):
            return match
        found = prefer(one, match, self._in_changed_files(one, head, sight))
        return found if found.found else self._find_again(record, one, sight)

    def _with_body(self, record: Record, one: Identity, head: str) -> Identity:
        """A symbol with the body that its commit has, or else what stands for the one it had."""
        committed = self.revisions.version(head, one.path) if head else None
        same = committed.by_key.get(one.key, []) if committed else []
        sketched = replace(one, sketch=record.anchor.sketch)
        return next((other for other in same if other.tokens == one.tokens), sketched)

    def _returned(self, one: Identity, match: Match) -> Match:
        """What the history lost, if it stands there again."""
        return match if match.one and match.one.key == one.key else Match()

    def _here(self, one: Identity, sight: Sight) -> Identity | None:
        version = self.files.version(sight, one.path)
        return version.find(one.name, one.start_line) if version else None

    def _in_own_file(self, record: Record, one: Identity, head: str, sight: Sight) -> Match:
        version = self.files.version(sight, one.path)
        if version is None:
            return Match()
        committed = self.revisions.version(head, one.path) if head else None
        if committed is not None and committed.data == version.data:
            same = version.by_key.get(one.key, [])
            return Match((max(same, key=lambda other: similarity(one, other)),)) if same else Match()
        before: tuple[Identity, ...] = (one,)
        if committed is not None:
            before = (*committed.identities, one)
        elif one.path == record.anchor.path:
            before = tuple(
                replace(one, name=name, parameters=parameters) for name, parameters in record.siblings
            )
        return match_in_file(one, before, version.identities)

    def _in_changed_files(self, one: Identity, head: str, sight: Sight) -> Match:
        """The symbol in what is not committed yet, where there is a commit to compare with."""
        if not head:
            return Match()
        versions = [
            (self.revisions.version(head, path), now)
            for path in self.uncommitted()
            if path != one.path and (now := self.files.version(sight, path)) is not None
        ]
        if one.name:
            return match_among_new(one, versions)
        return _same_file(one, [now.identities[0] for old, now in versions if old is None])

    def uncommitted(self) -> list[str]:
        """The files that are not as the checked-out commit has them, new ones too."""
        asked = ("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames")
        try:
            out = read_git(self.root, *asked).decode("utf-8", "surrogateescape")
        except GitError:
            return []
        return sorted(entry[3:] for entry in out.split("\0") if len(entry) > 3 and entry[1] != "D")

    def _find_again(self, record: Record, one: Identity, sight: Sight) -> Match:
        """The symbol where no history leads: by its body and its name, if there is only one such.

        One that stood beside it when the note was made is another's copy, and not it.
        """
        view = sight.view
        if one.name:
            bearers = list(view.by_name.get(one.own_name.lower(), ()))[:MOST_BEARERS]
            paths = dict.fromkeys(view.path_of(symbol) for symbol in bearers)
        else:
            named = view.by_file_name.get(one.path.rpartition("/")[2], ())
            paths = dict.fromkeys(view.paths[place] for place in named)
        versions = [found for path in paths if (found := self.files.version(sight, path))]
        others = [other for found in versions for other in found.identities if other.name == one.name]
        others = [other for other in others if not self._stood_beside(record.anchor, other)]
        if not one.name:
            return _same_file(one, others)
        same = [other for other in others if other.tokens == one.tokens]
        for fitting in (same, [other for other in others if similarity(one, other) >= FOUND_AGAIN]):
            here = [other for other in fitting if other.path == one.path] or fitting
            if len(here) == 1:
                return Match((here[0],))
        return Match()

    def _stood_beside(self, anchor: Anchor, other: Identity) -> bool:
        if not anchor.commit or other.path == anchor.path:
            return False
        version = self.revisions.version(anchor.commit, other.path)
        return version is not None and other.key in version.by_key


def _same_file(one: Identity, others: Iterable[Identity]) -> Match:
    alike = {other: similarity(one, other) for other in others}
    best = max(alike.values(), default=0.0)
    found = [other for other, value in alike.items() if value == best]
    return Match((found[0],)) if len(found) == 1 and best >= FILE_AGAIN else Match()
