"""Reads of a local git clone or mirror: its newest files and its history, without a work tree."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_COMMIT, _BODY, _DIFF = "\x01", "\x02", "\x03"
_LACKS = b"unable to read"
"""What git says of a commit's file that the clone has not."""

_QUIET = {"GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


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


def find_clone(clones: Path, name: str) -> Path | None:
    """The git folder of ``owner/name`` under ``clones``: ``owner+name/<folder>`` or ``owner+name.git``."""
    folder = name.replace("/", "+")
    found = [clones / f"{folder}.git", *sorted((clones / folder).glob("*")), clones / folder / ".git"]
    return next((path for path in found if (path / "HEAD").is_file()), None)


def read_revision(clone: Path, revision: str = "HEAD") -> str:
    """The full hash of a revision."""
    return _git(clone, "rev-parse", revision).decode().strip()


def list_blobs(clone: Path, revision: str) -> list[Blob]:
    """The regular files of a revision, by path."""
    blobs = []
    for entry in _git(clone, "ls-tree", "-r", "-z", revision).decode("utf-8", "replace").split("\0"):
        meta, _, path = entry.partition("\t")
        mode, _, content = meta.partition(" blob ")
        if mode.startswith("100"):
            blobs.append(Blob(path, content))
    return blobs


def read_blobs(clone: Path, blobs: Sequence[Blob]) -> Iterator[tuple[Blob, bytes]]:
    """Yield each blob with its bytes; one that a partial clone lacks is left out."""
    hashes = "".join(f"{blob.hash}\n" for blob in blobs).encode()
    command = ["git", f"--git-dir={clone}", "cat-file", "--batch"]
    out = subprocess.run(
        command, input=hashes, capture_output=True, check=True, env={**os.environ, **_QUIET}
    ).stdout
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
    done = _run(
        clone, "log", revision, f"--max-count={limit}", "--no-merges", "--no-renames", "--diff-filter=AM",
        "--full-index", "--unified=3", "--no-color", "--no-ext-diff", f"--format={_COMMIT}%s{_BODY}%b{_DIFF}", "-p",
    )  # fmt: skip
    texts = done.stdout.decode("utf-8", "replace").split(_COMMIT)[1:]
    if done.returncode and _LACKS not in done.stderr:
        done.check_returncode()
    for text in texts[:-1] if done.returncode else texts:
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


def _git(clone: Path, *arguments: str) -> bytes:
    done = _run(clone, *arguments)
    done.check_returncode()
    return done.stdout


def _run(clone: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = ["git", f"--git-dir={clone}", "-c", "core.quotePath=false", *arguments]
    return subprocess.run(command, capture_output=True, check=False, env={**os.environ, **_QUIET})
