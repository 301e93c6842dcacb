"""Why an index is made anew: every reason by name, and the number of what its rows mean."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib import metadata

HISTORY = {
    1: "rows by content, shared by every tree of a repository; a view for each tree",
    2: "vectors as int8 with a scale each, in the store and in the view",
    3: "a name that one symbol alone has is trusted less for calls on receivers of unknown type",
    4: "a view has no columns that the store alone needs",
    5: "the paths of files are embedded beside their contents",
    6: "a stamp with this number, no hash of the code; a table of blobs; checksums with sizes",
    7: "a file over the budget of parsing is read in windows",
    8: "a view holds what is derived from its symbols, and is mapped into memory",
    9: "secrets are masked in the texts of files, which were left out for them",
    10: "the budget of parsing counts what a grammar reads again, and bears small files that are nested deep",
    11: "secrets whose mark begins within another's are masked",
    12: "the text of a file is mended where its grammar stumbles",
    13: "brackets and quotes without their other half are made up for",
    14: "a lost bracket counts as a line, and choices of the preprocessor within functions are mended",
}
"""What each version of the index changed: a new line when the same files give other rows or another view of them."""

INDEX_VERSION = max(HISTORY)


class RebuildReason(StrEnum):
    """Why the rows that are there cannot be used; the value is what people read."""

    NO_INDEX = "no index yet"
    INDEX_VERSION = "the index version changed"
    LANGUAGES = "the languages changed"
    TREE_SITTER = "tree-sitter changed"
    EMBEDDING_MODEL = "the embedding model changed"
    DAMAGE = "the store is damaged"


@dataclass(frozen=True, slots=True)
class IndexStamp:
    """What an index was made by; languages are told by a hash of their data and the versions of their grammars."""

    index_version: int
    languages: str
    tree_sitter: str
    embedding_model: str

    def to_json(self) -> str:
        """The stamp as it is kept."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> IndexStamp | None:
        """A kept stamp, of an index before version 6 too; None where it is damaged."""
        try:
            return cls(**json.loads(text))
        except (ValueError, RecursionError):
            return None
        except TypeError:
            return cls(0, "", "", "")


def make_stamp(embedding_model: str) -> IndexStamp:
    """What an index made now, with a model of this id, is made by."""
    # Imported here: a hook's run that finds another waiting needs none of it.
    from indexers.languages.registry import registry_fingerprint

    return IndexStamp(INDEX_VERSION, registry_fingerprint(), metadata.version("tree-sitter"), embedding_model)


def find_reasons(stored: IndexStamp | None, now: IndexStamp) -> list[RebuildReason]:
    """Why an index with the ``stored`` stamp has to be made anew; none when it can be used as it is."""
    if stored is None:
        return [RebuildReason.NO_INDEX]
    if stored.index_version != now.index_version:
        return [RebuildReason.INDEX_VERSION]  # what else differs was meant by another version
    parts = (
        (stored.languages != now.languages, RebuildReason.LANGUAGES),
        (stored.tree_sitter != now.tree_sitter, RebuildReason.TREE_SITTER),
        (stored.embedding_model != now.embedding_model, RebuildReason.EMBEDDING_MODEL),
    )
    return [reason for differs, reason in parts if differs]


def tell_reasons(reasons: Iterable[RebuildReason]) -> str:
    """Reasons as people read them; empty for none."""
    return " and ".join(reasons)
