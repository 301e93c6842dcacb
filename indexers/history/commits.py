"""Reads of a local git clone or mirror: its newest files and its history, without a work tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexers.git import read_git, read_git_until_lacking, run_git

_COMMIT, _BODY, _DIFF = "\x01", "\x02", "\x03"


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of a revision: its path and the hash of its content."""

    path: str
    hash: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """A changed stretch of a file: the line that git names it by, and its lines after the change."""

    path: str
    hash: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Commit:
    """What a commit says, and the hunks it changed."""

    subject: str
    body: str
    hunks: tuple[Hunk, ...]


def read_revision(clone: Path, revision: str = "HEAD") -> str:
    """The full hash of a revision."""
    return run_git(clone, "rev-parse", revision).strip()


def list_blobs(clone: Path, revision: str) -> list[Blob]:
    """The regular files of a revision, by path."""
    blobs = []
    for entry in read_git(clone, "ls-tree", "-r", "-z", revision).decode("utf-8", "replace").split("\0"):
        meta, _, path = entry.partition("\t")
        mode, _, content = meta.partition(" blob ")
        if mode.startswith("100"):
            blobs.append(Blob(path, content))
    return blobs


def read_blobs(clone: Path, blobs: Sequence[Blob]) -> Iterator[tuple[Blob, bytes]]:
    """Yield each blob with its bytes; one that a partial clone lacks is left out."""
    hashes = "".join(f"{blob.hash}\n" for blob in blobs).encode()
    out = read_git(clone, "cat-file", "--batch", given=hashes)
    place = 0
    for blob in blobs:
        line_end = out.index(b"\n", place)
        header = out[place:line_end].split()
        place = line_end + 1
        if header[1] == b"missing":
            continue
        size = int(header[2])
        yield blob, out[place : place + size]
        place += size + 1


def read_commits(
    clone: Path, revision: str, limit: int, excluded: frozenset[str] = frozenset()
) -> Iterator[Commit]:
    """Yield the newest commits that are no merges, with the hunks of new or changed files but excluded ones.

    A clone may lack large files: git stops at the first commit that changed one, which is left out with those before.
    """
    printed, whole = read_git_until_lacking(
        clone, "-c", "core.quotePath=false", "log", revision, f"--max-count={limit}", "--no-merges", "--no-renames",
        "--diff-filter=AM", "--full-index", "--unified=3", "--no-color",
        f"--format={_COMMIT}%s{_BODY}%b{_DIFF}", "-p",
    )  # fmt: skip
    texts = printed.decode("utf-8", "replace").split(_COMMIT)[1:]
    for text in texts if whole else texts[:-1]:
        message, _, diff = text.partition(_DIFF)
        subject, _, body = message.partition(_BODY)
        yield Commit(subject, body, tuple(hunk for hunk in _read_hunks(diff) if hunk.hash not in excluded))


def _read_hunks(diff: str) -> Iterator[Hunk]:
    for file in diff.split("\ndiff --git ")[1:]:
        head, *hunks = file.split("\n@@ ")
        path = next((line[6:] for line in head.split("\n") if line.startswith("+++ b/")), "")
        index = next((line for line in head.split("\n") if line.startswith("index ")), "")
        content = index.partition("..")[2].partition(" ")[0]
        for hunk in hunks if path else ():
            first, *lines = hunk.split("\n")
            kept = "\n".join(line[1:] for line in lines if line[:1] in {"+", " "})
            yield Hunk(path, content, first.partition(" @@")[2].strip(), kept)
