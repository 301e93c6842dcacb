"""CodeTracker's oracle: methods whose whole history was written down by hand.

A file of it names a method in a repository at a commit, and every earlier commit that changed the method, with what it
was called before and after (Jodavi and Tsantalis, "Accurate method and variable tracking in commit history", 2022).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.errors import MeasureError
from indexers.anchors.identity import FileVersion, Identity
from indexers.files import parse_json, read_regular

COSMETIC = frozenset({"documentation change", "format change", "formatting change"})
BODY = "body change"
_WORDS = re.compile(r"@\w+(?:\([^)]*\))?|\bfinal\b")


@dataclass(frozen=True, slots=True)
class Element:
    """A method as the oracle names it: ``path``, the names of its class and its own, the types of its parameters."""

    path: str
    name: str
    types: tuple[str, ...]

    @classmethod
    def read(cls, path: str, key: str) -> Element:
        """The element of a key such as ``src/org.shop.Cart#add(String, int)``."""
        owner, _, method = key.partition("#")
        name, _, types = method.partition("(")
        outer = re.split(r"[.$]", owner.rpartition("/")[2])
        classes = [part for part in outer if part[:1].isupper()]
        return cls(path, ".".join([*classes, name]), _split(types.rpartition(")")[0]))

    def find(self, version: FileVersion | None) -> Identity | None:
        """The one symbol of a file's state that it is; None where there is none, or are several."""
        own = self.name.rpartition(".")[2]
        named = [one for one in version.identities if one.own_name == own] if version else []
        fitting = [one for one in named if _takes(one.parameters, self.types)]
        full = [one for one in fitting if one.name == self.name] or fitting
        return full[0] if len(full) == 1 else None


@dataclass(frozen=True, slots=True)
class Change:
    """A commit that changed the method, in which ways, and what the method was before and after."""

    commit: str
    parent: str
    kinds: frozenset[str]
    before: Element
    after: Element


@dataclass(frozen=True, slots=True)
class History:
    """A method at a commit of a repository, and the commits that changed it."""

    repository: str
    commit: str
    element: Element
    changes: tuple[Change, ...]


def read_oracle(folder: Path) -> list[History]:
    """Every history below a folder, by file.

    Raises:
        MeasureError: there is none, or a file is no history.
    """
    files = sorted(folder.rglob("*.json"))
    if not files:
        raise MeasureError(f"no histories in {folder}", "name CodeTracker's src/main/resources/oracle/method")
    return [_read(file) for file in files]


def _read(file: Path) -> History:
    try:
        data: Any = parse_json(read_regular(file, follow=True))
        commit = data.get("startCommitId") or data["startCommitName"]
        element = Element.read(data["filePath"], data["functionKey"])
        return History(data["repositoryName"], commit, element, tuple(_read_changes(data["expectedChanges"])))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MeasureError(f"{file} is no history: {error}", "name CodeTracker's oracle") from error


def _read_changes(rows: list[Mapping[str, Any]]) -> Iterator[Change]:
    by_commit: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_commit.setdefault(row["commitId"], []).append(row)
    for commit, found in by_commit.items():
        first = found[0]
        yield Change(
            commit,
            first["parentCommitId"],
            frozenset(row["changeType"] for row in found),
            Element.read(first["elementFileBefore"], first["elementNameBefore"]),
            Element.read(first["elementFileAfter"], first["elementNameAfter"]),
        )


def _split(types: str) -> tuple[str, ...]:
    """Types between commas, those inside angle brackets left alone; of each the plain name."""
    depth, parts = 0, [""]
    for sign in types:
        depth += (sign == "<") - (sign == ">")
        if sign == "," and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return tuple(_plain(part) for part in parts if part.strip())


def _plain(text: str) -> str:
    text = re.sub(r"<.*>", "", _WORDS.sub("", text))
    return re.sub(r"\s", "", text).replace("...", "[]").rpartition(".")[2]


def _takes(parameters: str, types: tuple[str, ...]) -> bool:
    """Whether parameters, written without blanks, have these types, each before a name."""
    found = _split(re.sub(r"(?<=[,(])final|^final", "", parameters))
    return len(found) == len(types) and all(
        one.startswith(kind.removesuffix("[]")) for one, kind in zip(found, types, strict=True)
    )
