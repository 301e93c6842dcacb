"""Every error that the memory server raises, each with a hint for the person who meets it."""

from __future__ import annotations

import errno


class MemoryServerError(Exception):
    """Root of the server's errors; ``hint`` names what to do next."""

    hint = "run `repo-memory doctor`"

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class InstallError(MemoryServerError):
    """A file of the user's repository cannot be changed safely, so it was left as it is."""

    hint = "change the file by hand, then run `repo-memory init` again"


class ConfigError(MemoryServerError):
    """The settings cannot be read."""

    hint = "fix .repo-memory.toml; the README lists every setting"


class StoreError(MemoryServerError):
    """The store cannot be opened or written."""

    hint = "check free space and permissions, then run `repo-memory index`"


class StoreDamagedError(StoreError):
    """The store's files are damaged; the next index run rebuilds it. ``damage`` says what is wrong with them."""

    hint = "run `repo-memory index` to rebuild it"

    def __init__(self, damage: str) -> None:
        super().__init__(f"the store is damaged: {damage}")
        self.damage = damage


class StoreBusyError(StoreError):
    """Another process is writing the index."""

    hint = "wait for the other index run, then try again"


class UnsafeRootError(MemoryServerError):
    """The folder is not a project: indexing it would read a whole home or disk."""

    hint = "run it inside a project, or pass --repo PATH"


class OutsideRepositoryError(MemoryServerError):
    """A path leads outside the repository."""

    hint = "use a path inside the repository, relative to its root"


class NotFoundError(MemoryServerError):
    """No file or symbol answers to a name."""

    hint = "use search to find it"


class AbsentError(NotFoundError):
    """The index has nothing of a name."""


class UnknownYetError(NotFoundError):
    """Nothing answers to a name so far, in an index that is still being made."""

    hint = "ask again in a moment; a file that is named by its path is read meanwhile"


class QueryError(MemoryServerError):
    """A question cannot be understood."""

    hint = "see the tool's description"


class OverdueError(QueryError):
    """A question takes longer than it may."""

    hint = "narrow it with path=, ask for less, or ask again"


class KnowledgeError(MemoryServerError):
    """A file of what is known cannot be read or changed safely, so it was left as it is."""

    hint = "see what `repo-memory knowledge check` says"


class TuneError(MemoryServerError):
    """The model cannot be tuned to this repository; the index stays as it was."""

    hint = "the shipped model stays; it answers without tuning"


class MachineError(MemoryServerError):
    """The system refuses something: no more open files, no room, a file that went away meanwhile."""

    hint = "run it again; if that does not help, run `repo-memory doctor`"


_MACHINE_HINTS = {
    errno.EMFILE: "allow more open files: `ulimit -n 1024`",
    errno.ENFILE: "close programs that keep many files open",
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.ENOMEM: "free some memory",
    errno.EACCES: "check the permissions of the file and of its folder",
    errno.EPERM: "check the permissions of the file and of its folder",
    errno.EROFS: "check how the disk is mounted",
}


def explain(error: OSError) -> MachineError:
    """An error of the system's as one of ours."""
    place = f"{error.filename}: " if error.filename else ""
    return MachineError(f"{place}{error.strerror or error}", _MACHINE_HINTS.get(error.errno or 0))
