"""Every error that the indexers raise, each with a hint for the person who meets it."""


class IndexerError(Exception):
    """Root of the indexers' errors; ``hint`` names what to do next."""

    hint = "run `repo-memory doctor`"

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class GitError(IndexerError):
    """Git refused a command or could not run."""

    hint = "check that `git status` works in this folder"


class LanguageSpecError(IndexerError):
    """A language's ``spec.toml`` or ``tags.scm`` is not valid."""

    hint = "compare the folder with indexers/languages/python"


class ModelError(IndexerError):
    """A model could not be loaded or used."""


class EmbedderError(ModelError):
    """An embedding model could not be loaded or used."""

    hint = "check `embedder.model` in .repo-memory.toml, or remove it to use the shipped model"


class RerankerError(ModelError):
    """A reranking model could not be loaded or used."""

    hint = "check `reranker.model` in .repo-memory.toml, or remove it to search without one"


class NoLogsError(IndexerError):
    """There are no conversations to read."""

    hint = "pass --logs DIR with the client's logs"
