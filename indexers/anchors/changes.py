"""The commits that changed a symbol, followed back from where it stands now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from indexers.anchors.follow import Revisions, look_elsewhere
from indexers.anchors.identity import FileVersion, Identity
from indexers.anchors.match import match_in_file
from indexers.git import run_git

MOST_COMMITS = 300
"""Commits of one file that are compared, the newest."""

_FIELD = "\x1f"


@dataclass(frozen=True, slots=True)
class SymbolChange:
    """A commit that changed a symbol: its day as YYYY-MM-DD, the lines that it added and removed.

    ``was`` is the target that the symbol had before, where that was another; ``is_first``: it came with this commit.
    """

    commit: str
    date: str
    subject: str
    added: int
    removed: int
    was: str = ""
    is_first: bool = False


def find_changes(revisions: Revisions, one: Identity, head: str) -> Iterator[SymbolChange]:
    """The commits that changed a symbol of the checked-out commit, newest first."""
    since, path = head, one.path
    while path:
        version = revisions.version(since, path)
        text = version.text(one) if version else b""
        log, path = _read_log(revisions, since, path), ""
        for commit, parent, date, subject in log:
            new = revisions.version(commit, one.path)
            old = revisions.version(parent, one.path) if parent else None
            if new is None:
                return
            if old is not None and text and _holds(old, text):
                continue  # as it was, so that neither state needs to be parsed
            here = _at(new, one)
            before = _find_before(revisions, here, new, old, commit, parent)
            if before is None:
                yield SymbolChange(
                    commit, date, subject, here.end_line - here.start_line + 1, 0, is_first=True
                )
                return
            known = revisions.version(parent, before.path)
            was = known.text(before) if known else b""
            if before.tokens != here.tokens or before.target != here.target:
                added, removed = _count(was, new.text(here))
                moved = before.target if before.target != here.target else ""
                yield SymbolChange(commit, date, subject, added, removed, moved)
            text, has_moved, one = was, before.path != one.path, before
            if has_moved:
                since, path = parent, before.path
                break


def _holds(version: FileVersion, text: bytes) -> bool:
    return b"\n%b\n" % text in b"\n%b\n" % version.data


def _read_log(revisions: Revisions, since: str, path: str) -> list[list[str]]:
    out = run_git(
        revisions.root, "log", f"--max-count={MOST_COMMITS}", f"--format=%H{_FIELD}%P{_FIELD}%cs{_FIELD}%s",
        since, "--", f":(top,literal){path}",
    )  # fmt: skip
    rows = [line.split(_FIELD, 3) for line in out.split("\n") if line]
    return [[commit, parents.split(" ")[0], date, subject] for commit, parents, date, subject in rows]


def _find_before(
    revisions: Revisions, here: Identity, new: FileVersion, old: FileVersion | None, commit: str, parent: str
) -> Identity | None:
    """The symbol right before a commit; None where it came with it."""
    if not parent:
        return None
    if old is not None and (found := match_in_file(here, new.identities, old.identities).one):
        return found
    return look_elsewhere(revisions, here, commit, parent).one


def _at(version: FileVersion, one: Identity) -> Identity:
    same = [other for other in version.identities if other.key == one.key]
    return next((other for other in same if other.tokens == one.tokens), same[0] if same else one)


def _count(was: bytes, now: bytes) -> tuple[int, int]:
    """The lines that were added and removed."""
    before, after = was.split(b"\n"), now.split(b"\n")
    added = removed = 0
    for what, first, last, begin, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what != "equal":
            added, removed = added + end - begin, removed + last - first
    return added, removed
