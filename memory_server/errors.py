"""Every error that the memory server raises, each with a hint for the person who meets it."""


class MemoryServerError(Exception):
    """Root of the server's errors; ``hint`` names what to do next."""

    hint = "run `repo-memory doctor`"

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class GitError(MemoryServerError):
    """Git refused a command or could not run."""

    hint = "check that `git status` works in this folder"


class InstallError(MemoryServerError):
    """A file of the user's repository cannot be changed safely, so it was left as it is."""

    hint = "change the file by hand, then run `repo-memory init` again"
