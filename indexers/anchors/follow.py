"""A symbol followed through a repository's history, commit by commit.

Looked up by its path and name, fewer than half of the methods in real histories are found again; compared with the
newest state in one jump, three of four; step by step nearly all, if no side of a merge is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath

from indexers.anchors.identity import FileVersion, Identity
from indexers.anchors.match import Match, keeps_name, match_elsewhere, match_in_file, prefer
from indexers.errors import GitError
from indexers.git import read_git, run_git
from indexers.languages.registry import is_test_path
from indexers.model import SourceFile
from indexers.source.content import to_utf8
from indexers.source.masking import mask_secrets

RENAMED = "-M50%"
"""How alike a file is to one that is gone to be its successor, as git itself has it."""

MOST_FILES = 200
"""Files of one change among which a symbol that vanished is looked for."""

MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a symbol is at a commit: one identity, several of which none is chosen, or none where it is gone.

    ``commit`` is where it went or was split, empty while it is one; ``moves`` are the targets that it had before with
    the commit that changed each, ``edits`` the commits that changed its body; oldest first.
    """

    found: tuple[Identity, ...]
    commit: str = ""
    moves: tuple[tuple[str, str], ...] = ()
    edits: tuple[str, ...] = ()

    @property
    def one(self) -> Identity | None:
        """The symbol, where it is one."""
        return self.found[0] if len(self.found) == 1 else None


class Revisions:
    """The files of a repository at its commits, each read and parsed once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.version = lru_cache(maxsize=256)(self._read_version)
        """A file's state by (commit, path); None where the commit has no such text."""
        self.is_ancestor = lru_cache(maxsize=4096)(self._is_ancestor)
        """Whether a commit is in the history of another, or is it; false for one that is not there."""
        self.touched = lru_cache(maxsize=64)(self._find_touched)
        """The files that are not the same at two commits."""

    def _read_version(self, commit: str, path: str) -> FileVersion | None:
        try:
            data = read_git(self.root, "cat-file", "blob", f"{commit}:{path}")
        except GitError:
            return None
        text = to_utf8(data) if len(data) <= MOST_BYTES else None
        return None if text is None else FileVersion(SourceFile(path, mask_secrets(path, text)))

    def blobs(self, commits: Sequence[str], path: str) -> list[str]:
        """The hash of a file's content at each commit; empty where it has none."""
        asked = "".join(f"{commit}:{path}\n" for commit in commits)
        out = read_git(self.root, "cat-file", "--batch-check=%(objectname)", given=asked.encode())
        lines = out.decode("utf-8", "replace").split("\n")
        return ["" if line.endswith((" missing", " ambiguous")) else line for line in lines[: len(commits)]]

    def steps(self, since: str, until: str, path: str) -> list[tuple[str, list[str]]]:
        """The commits between that concern a file, oldest first, each with those of them that it follows."""
        out = run_git(
            self.root, "rev-list", "--ancestry-path", "--full-history", "--parents", "--topo-order",
            "--reverse", f"{since}..{until}", "--", f":(top,literal){path}",
        )  # fmt: skip
        return [(commit, parents) for commit, *parents in map(str.split, out.splitlines())]

    def parents(self, commit: str) -> list[str]:
        """The commits that a commit follows."""
        return run_git(self.root, "rev-list", "--parents", "--max-count=1", commit).split()[1:]

    def changes(self, old: str, new: str) -> tuple[dict[str, str], list[str]]:
        """What is different between two commits: renamed files by their earlier path, and those new or changed."""
        out = read_git(self.root, "diff-tree", "-r", "-z", "--name-status", RENAMED, old, new)
        fields = iter(out.decode("utf-8", "surrogateescape").split("\0"))
        renamed: dict[str, str] = {}
        changed: list[str] = []
        for status in fields:
            if not status:
                break
            path = next(fields)
            if status[0] in "RC":
                target = next(fields)
                if status[0] == "R":
                    renamed[path] = target
                path = target
            if status[0] != "D":
                changed.append(path)
        return renamed, changed

    def _is_ancestor(self, commit: str, of: str) -> bool:
        return commit == of or self.merge_base(commit, of) == commit

    def _find_touched(self, old: str, new: str) -> frozenset[str]:
        out = read_git(self.root, "diff-tree", "-r", "-z", "--name-only", "--no-renames", old, new)
        return frozenset(out.decode("utf-8", "surrogateescape").split("\0"))

    def merge_base(self, one: str, other: str) -> str:
        """The newest commit that both histories have; empty where there is none."""
        try:
            return run_git(self.root, "merge-base", one, other).split("\n")[0].strip()
        except GitError:
            return ""

    def subject(self, commit: str) -> str:
        """What a commit says that it does."""
        try:
            return run_git(self.root, "log", "--max-count=1", "--format=%s", commit).strip()
        except GitError:
            return ""


def follow(revisions: Revisions, start: Trace, since: str, until: str) -> Trace:
    """Where a symbol that is at ``since`` is at ``until``, a commit that has ``since`` in its history."""
    trace, begun = start, since
    while trace.one is not None:
        newer, begun = _follow_path(revisions, trace, begun, until)
        if newer is trace or not begun:
            return newer
        trace = newer
    return trace


def _follow_path(revisions: Revisions, start: Trace, since: str, until: str) -> tuple[Trace, str]:
    """Follow it while it keeps its path: to the end, or to the commit where it got another one, which is told."""
    assert start.one is not None
    path = start.one.path
    steps = revisions.steps(since, until, path)
    names = [since, *(commit for commit, _ in steps)]
    blobs = dict(zip(names, revisions.blobs(names, path), strict=True))
    traces: dict[str, Trace] = {since: start}
    for commit, listed in steps:
        known = [parent for parent in listed if parent in traces]
        if not known:
            continue
        same = [parent for parent in known if blobs[parent] == blobs[commit]]
        alive = [parent for parent in same or known if traces[parent].found]
        before = (alive or same or known)[0]
        if before in same or traces[before].one is None:
            traces[commit] = traces[before]
            continue
        traces[commit] = newer = _step(revisions, traces[before], before, commit)
        if newer.one is not None and newer.one.path != path:
            return newer, commit
        if not newer.found and (gone := [traces[one] for one in known if not traces[one].found]):
            traces[commit] = gone[0]  # a merge takes over what a side of it did
    return traces.get(names[-1], start), ""


def _step(revisions: Revisions, trace: Trace, before: str, commit: str) -> Trace:
    """Where a symbol is after one commit that changed its file."""
    one = trace.one
    assert one is not None
    old, new = revisions.version(before, one.path), revisions.version(commit, one.path)
    old_siblings = old.identities if old else (one,)
    known = _refresh(one, old_siblings)
    match = match_in_file(known, old_siblings, new.identities) if new else Match()
    if not keeps_name(known, match):
        parent = _direct_parent(revisions, commit, before)
        match = prefer(known, match, look_elsewhere(revisions, known, parent, commit))
    return advance(trace, match, commit)


def advance(trace: Trace, match: Match, commit: str) -> Trace:
    """The trace after a step of a symbol to what was found."""
    one, newer = trace.one, match.one
    assert one is not None
    if newer is None:
        return replace(trace, found=match.found, commit=commit)
    moves, edits = trace.moves, trace.edits
    if newer.target != one.target:
        moves = (*moves, (one.target, commit))
    if newer.tokens != one.tokens:
        edits = (*edits, commit)
    return Trace((newer,), "", moves, edits)


def _refresh(one: Identity, siblings: Iterable[Identity]) -> Identity:
    """The same symbol with the body that its file has, which a stored one is without."""
    same = [other for other in siblings if other.key == one.key]
    return next((other for other in same if other.tokens == one.tokens), same[0] if same else one)


def _direct_parent(revisions: Revisions, commit: str, before: str) -> str:
    """The commit right before another, on the side of an earlier one."""
    parents = revisions.parents(commit)
    if len(parents) < 2 or before in parents:
        return before if before in parents else (parents or [before])[0]
    return next((parent for parent in parents if revisions.is_ancestor(before, parent)), parents[0])


def look_elsewhere(revisions: Revisions, one: Identity, before: str, commit: str) -> Match:
    """The symbol in the file that its own became, or else among what is new in the other files of a change."""
    renamed, changed = revisions.changes(before, commit)
    if successor := renamed.get(one.path):
        return match_renamed(one, revisions.version(before, one.path), revisions.version(commit, successor))
    if not one.name:
        return Match()
    earlier = {target: path for path, target in renamed.items()}
    others = _nearest_first(one.path, (path for path in changed if path != one.path))
    return match_among_new(
        one, ((revisions.version(before, earlier.get(p, p)), revisions.version(commit, p)) for p in others)
    )


def match_renamed(one: Identity, old: FileVersion | None, new: FileVersion | None) -> Match:
    """The symbol in the file that its own was renamed to."""
    if new is None:
        return Match()
    return match_in_file(one, old.identities if old else (one,), new.identities)


def match_among_new(one: Identity, files: Iterable[tuple[FileVersion | None, FileVersion | None]]) -> Match:
    """The symbol among those that other files have after a change and did not have before it."""
    new: list[Identity] = []
    for old, now in files:
        if now is not None:
            known = {other.key for other in old.identities} if old else set()
            new += [other for other in now.identities if other.key not in known]
    return match_elsewhere(one, new)


def _nearest_first(path: str, others: Iterable[str]) -> Iterator[str]:
    """As many of the files as are looked through: of the same suffix, tests for tests, near ones first."""
    suffix, parts = PurePosixPath(path).suffix, path.split("/")
    alike = [one for one in others if PurePosixPath(one).suffix == suffix]

    def distance(other: str) -> tuple[bool, int, str]:
        shared = sum(1 for a, b in zip(parts, other.split("/"), strict=False) if a == b)
        return (is_test_path(other) != is_test_path(path), -shared, other)

    return iter(sorted(alike, key=distance)[:MOST_FILES])


def majority_folder(folder: str, renamed: Mapping[str, str]) -> str:
    """Where most of a folder's files went; empty where they went apart, or nowhere."""
    targets: dict[str, int] = {}
    for old, new in renamed.items():
        if old.startswith(folder) and new.endswith(rest := old[len(folder) :]):
            target = new[: len(new) - len(rest)]
            targets[target] = targets.get(target, 0) + 1
    total = sum(1 for old in renamed if old.startswith(folder))
    best = max(targets, key=lambda one: (targets[one], one), default="")
    return best if best and targets[best] * 2 > total else ""
