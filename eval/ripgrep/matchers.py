"""Lines of a folder that hold a keyword: by ripgrep where it is on the PATH, else by Python, the same lines.

Searched is what ripgrep searches: no hidden, ignored (``.gitignore`` in the folder alone) or binary files, no links.
Letter case is ignored in ASCII.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from eval.errors import MeasureError
from indexers.source.ignore import parse_ignore
from indexers.source.walk import Folder

Lines = dict[str, list[int]]
"""Matching lines, from 1 and ascending, by path."""

_HINT = "take ripgrep off the PATH to measure without it"

# Settings of the user, of git and of folders above would make the figures depend on the machine.
_RIPGREP = (
    "--no-config", "--no-require-git", "--no-ignore-dot", "--no-ignore-exclude", "--no-ignore-global",
    "--no-ignore-parent", "--color=never", "--no-messages", "--sort=path",
)  # fmt: skip


class Matcher(Protocol):
    """Finds the files of a folder, and the lines in them that hold a keyword."""

    @property
    def name(self) -> str:
        """What does the matching."""

    def list_files(self, folder: Path) -> list[str]:
        """Posix paths, relative to the folder and sorted, of what is not hidden or ignored."""

    def match(self, folder: Path, texts: Mapping[str, bytes], keyword: str) -> Lines:
        """The lines of the texts that hold the keyword; ``texts`` are the folder's files without binary ones."""


def find_matcher() -> Matcher:
    """ripgrep, or what stands in for it."""
    program = shutil.which("rg")
    return Ripgrep(program) if program else PythonMatcher()


class Ripgrep:
    """The program itself."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._python = PythonMatcher()
        self.name = self._run(Path(), "--version").decode().partition("\n")[0].strip()

    def list_files(self, folder: Path) -> list[str]:
        """The files that it would search."""
        listed = self._run(folder, *_RIPGREP, "--files", "--null")
        return sorted(os.fsdecode(path).replace(os.sep, "/") for path in listed.split(b"\0") if path)

    def match(self, folder: Path, texts: Mapping[str, bytes], keyword: str) -> Lines:
        """The lines that it finds, in the texts that are given."""
        if not keyword.isascii():  # which ripgrep refuses to take for bytes
            return self._python.match(folder, texts, keyword)
        options = (
            "--ignore-case",
            "--no-unicode",
            "--fixed-strings",
            "--line-number",
            "--no-heading",
            "--null",
        )
        printed = self._run(folder, *_RIPGREP, *options, "--only-matching", "--regexp", keyword, "./")
        found: Lines = {}
        for record in printed.split(b"\n"):
            path, null, rest = record.partition(b"\0")
            name = os.fsdecode(path).replace(os.sep, "/").removeprefix("./")
            if null and name in texts:
                numbers = found.setdefault(name, [])
                number = int(rest.partition(b":")[0])
                if not numbers or numbers[-1] != number:
                    numbers.append(number)
        return found

    def _run(self, folder: Path, *arguments: str) -> bytes:
        try:
            done = subprocess.run(
                [self._program, *arguments],
                cwd=folder,
                capture_output=True,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except OSError as error:
            raise MeasureError(f"cannot run ripgrep: {error.strerror}", _HINT) from error
        if done.returncode > 1 and not done.stdout:
            raise MeasureError(f"ripgrep: {done.stderr.decode('utf-8', 'replace').strip()}", _HINT)
        return done.stdout


class PythonMatcher:
    """The same in Python."""

    name = "Python, as ripgrep does"

    def __init__(self) -> None:
        self._lowered: tuple[Mapping[str, bytes], dict[str, bytes]] = ({}, {})

    def list_files(self, folder: Path) -> list[str]:
        """A walk by the ``.gitignore`` files in the folder."""
        return sorted(_walk(folder, Folder("", ())))

    def match(self, folder: Path, texts: Mapping[str, bytes], keyword: str) -> Lines:  # noqa: ARG002 - ripgrep's
        """The lines of the texts that hold the keyword; the folder is not looked at."""
        if self._lowered[0] is not texts:
            self._lowered = (texts, {path: data.lower() for path, data in texts.items()})
        wanted = keyword.encode().lower()
        found = ((path, _matching_lines(data, wanted)) for path, data in self._lowered[1].items())
        return {path: numbers for path, numbers in found if numbers}


def _walk(root: Path, folder: Folder) -> Iterator[str]:
    with os.scandir(root / folder.path) as found:
        children = sorted((child for child in found if not child.name.startswith(".")), key=lambda c: c.name)
    own = root / folder.path / ".gitignore"
    if own.is_file():
        rules = parse_ignore(own.read_bytes())
        folder = Folder(folder.path, ((len(folder.path), rules), *folder.rules))
    for child in children:
        path = folder.path + child.name
        if child.is_dir(follow_symlinks=False):
            if not folder.ignores(f"{path}/"):
                yield from _walk(root, Folder(f"{path}/", folder.rules))
        elif child.is_file(follow_symlinks=False) and not folder.ignores(path):
            yield path


def _matching_lines(data: bytes, wanted: bytes) -> list[int]:
    numbers: list[int] = []
    number, counted = 1, 0
    at = data.find(wanted)
    while at >= 0:
        number += data.count(b"\n", counted, at)
        numbers.append(number)
        counted = at
        end = data.find(b"\n", at)
        at = data.find(wanted, end) if end >= 0 else -1
    return numbers
