"""Golden rows: an index of an older program is used only where this one would make the same.

A digest stands for the rows of each sample, and for what a view makes of all of them. It may change with its sample or
its language's data, which are told by a digest of their own, or with a new `INDEX_VERSION`. After a wanted change give
`memory_server.index.rebuild.HISTORY` a line, then run
``UPDATE_GOLDEN=1 pytest tests/memory_server/index/test_index_version.py``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from hashlib import blake2b
from pathlib import Path

import pytest

from indexers.languages.registry import find_language
from indexers.model import SourceFile
from indexers.parsing.documents import path_text
from memory_server.index.rebuild import HISTORY, INDEX_VERSION
from memory_server.index.view import View
from memory_server.store.rows import blob_id, parse_rows
from tests.support.code_base import CODE_BASE
from tests.support.indexing import open_memory
from tests.support.places import TESTS

GOLDEN = TESTS / "golden" / "rows.txt"
LANGUAGES = TESTS / "languages"
TEXTS = {
    "texts/notes.txt": "remember the milk\n",
    "texts/long.txt": "".join(f"line {number} of a text without symbols\n" for number in range(300)),
    "texts/empty.py": "",
    "texts/broken.py": "def whole():\n    return 1\n\n\nclass (:\n    def half(\n",
    "texts/deep.json": "[" * 2_000 + "]" * 2_000 + "\n",
    **{f"shop/{path}": text for path, text in CODE_BASE.items()},
}
WHOLE = "(view)"


@dataclass(frozen=True, slots=True)
class Digests:
    """What rows were made of, and the rows."""

    source: str
    rows: str


def digest(*parts: object) -> str:
    return blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def read_samples() -> list[SourceFile]:
    samples = sorted(path for path in LANGUAGES.glob("*/*") if path.suffix != ".outline")
    read = [SourceFile(path.relative_to(LANGUAGES).as_posix(), path.read_bytes()) for path in samples]
    return read + [SourceFile(path, text.encode()) for path, text in TEXTS.items()]


def digest_source(source: SourceFile) -> str:
    spec = find_language(source.path, source.data)
    data = [(spec.folder / name).read_bytes() for name in ("spec.toml", "tags.scm")] if spec else []
    return digest(source.data, data)


def digest_rows(source: SourceFile) -> str:
    rows = parse_rows([(blob_id(source), source)])
    tables = (rows.symbols.to_pylist(), rows.references.to_pylist())
    return digest([astuple(info) for info in rows.blobs], tables, path_text(source.path))


def digest_view(view: View) -> str:
    """Edges and importance, to the digits that every machine computes alike."""
    graph = view.graph
    edges = [getattr(graph, name).tolist() for name in ("source", "target", "kind", "line")]
    numbers = [getattr(graph, name).astype(float).round(3).tolist() for name in ("confidence", "importance")]
    return digest(view.symbols.column_names, edges, numbers)


def make_digests(root: Path) -> dict[str, Digests]:
    sources = read_samples()
    found = {source.path: Digests(digest_source(source), digest_rows(source)) for source in sources}
    for source in sources:
        path = root / source.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.data)
    memory = open_memory(root)
    memory.sync()
    found[WHOLE] = Digests(digest([entry.source for entry in found.values()]), digest_view(memory.view))
    return found


def render(version: int, digests: Mapping[str, Digests]) -> str:
    lines = [f"{entry.source} {entry.rows} {name}" for name, entry in digests.items()]
    return "\n".join([f"index version {version}", *lines, ""])


def read_golden(text: str) -> tuple[int, dict[str, Digests]]:
    first, *lines = text.splitlines()
    entries = (line.split(" ", 2) for line in lines)
    return int(first.rpartition(" ")[2]), {name: Digests(source, rows) for source, rows, name in entries}


def find_unversioned(golden: str, version: int, digests: Mapping[str, Digests]) -> list[str]:
    """What has other rows than the golden ones of the same version and the same source."""
    known_version, known = read_golden(golden)
    if version != known_version:
        return []
    return [
        name
        for name, entry in digests.items()
        if name in known and entry.source == known[name].source and entry.rows != known[name].rows
    ]


def test_the_same_files_give_the_same_rows_under_one_index_version(folder: Path) -> None:
    digests = make_digests(folder)
    golden = GOLDEN.read_text(encoding="utf-8")
    unversioned = find_unversioned(golden, INDEX_VERSION, digests)
    assert not unversioned, (
        f"{', '.join(unversioned)}: rows changed, and indexes of version {INDEX_VERSION} would keep the old ones; "
        "give HISTORY in memory_server/index/rebuild.py a new line, then run this with UPDATE_GOLDEN=1"
    )
    rendered = render(INDEX_VERSION, digests)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(rendered, encoding="utf-8")
    assert rendered == GOLDEN.read_text(encoding="utf-8"), "run this with UPDATE_GOLDEN=1"


def test_every_version_has_a_line_of_history() -> None:
    assert list(HISTORY) == list(range(1, INDEX_VERSION + 1))
    assert all(HISTORY.values())


@pytest.mark.parametrize(
    ("version", "entry", "unversioned"),
    [
        (6, Digests("a", "b"), []),
        (6, Digests("a", "other"), ["x.py"]),
        (7, Digests("a", "other"), []),
        (6, Digests("other", "other"), []),
    ],
)
def test_only_rows_of_the_same_source_and_version_have_to_stay(
    version: int, entry: Digests, unversioned: list[str]
) -> None:
    golden = render(6, {"x.py": Digests("a", "b")})
    assert find_unversioned(golden, version, {"x.py": entry}) == unversioned
