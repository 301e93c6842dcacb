"""Changes to files of the user's repository: planned as values, then carried out atomically."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from indexers.files import read_regular
from memory_server.errors import InstallError
from memory_server.files import replace_file


@dataclass(frozen=True, slots=True)
class Write:
    """Give a file new content in one move; an existing file keeps its mode."""

    path: Path
    data: bytes
    executable: bool = False
    """Whether everyone who may read the file may run it."""

    def carry_out(self) -> None:
        """Write a temporary file beside ``path`` and put it in its place."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self.path, self.data, executable=self.executable)


@dataclass(frozen=True, slots=True)
class Move:
    """Move a file, or a symbolic link itself, in place of ``target``."""

    source: Path
    target: Path

    def carry_out(self) -> None:
        """Rename ``source``."""
        self.source.replace(self.target)


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a file; ``with_folder``: its folder too, where nothing else is in it."""

    path: Path
    with_folder: bool = False

    def carry_out(self) -> None:
        """Unlink ``path``."""
        self.path.unlink()
        if self.with_folder:
            with suppress(OSError):
                self.path.parent.rmdir()


Change = Write | Move | Delete


class State(StrEnum):
    """Where a step stands."""

    DONE = "done"
    TO_DO = "to do"
    CONFLICTING = "conflicting"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that ``repo-memory init`` sets up, with its undo.

    ``plan`` and ``plan_undo`` read the files as they are now and return what is left to change: nothing
    when that is done already; they raise `InstallError` when the change would harm something.
    """

    description: str
    plan: Callable[[], Sequence[Change]]
    plan_undo: Callable[[], Sequence[Change]]

    def state(self) -> State:
        """Whether the step is done, to do, or in conflict with what is there."""
        try:
            return State.TO_DO if self.plan() else State.DONE
        except InstallError:
            return State.CONFLICTING

    def apply(self) -> bool:
        """Set the step up; False when there was nothing to do.

        Raises:
            InstallError: a conflict, or a file that cannot be written.
        """
        return _carry_out(self.plan())

    def undo(self) -> bool:
        """Take the step back; False when there was nothing to take back.

        Raises:
            InstallError: a conflict, or a file that cannot be written.
        """
        return _carry_out(self.plan_undo())


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a repository's set-up, and what mends it."""

    problem: str
    fix: str


def read_if_present(path: Path) -> bytes | None:
    """Return the bytes of a file or of a link's target, or None where there is none.

    Raises:
        InstallError: there is something that cannot be read, or is no file of a sensible size.
    """
    with _os_errors_explained():
        try:
            return read_regular(path, follow=True)
        except FileNotFoundError:
            return None


def _carry_out(changes: Sequence[Change]) -> bool:
    with _os_errors_explained():
        for change in changes:
            change.carry_out()
    return bool(changes)


@contextmanager
def _os_errors_explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"{error.filename}: {error.strerror}"
        raise InstallError(message, "check the permissions of the file and of its folder") from error
