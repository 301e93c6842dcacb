"""The repositories that the model is trained on, and what of them is left out.

``corpus.json`` lists them: permissively licensed, and neither a repository of the retrieval benchmark, a fork of
one, nor a part of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from eval.training.clones import find_clone
from indexers.history.commits import Blob, list_blobs, read_blobs, read_revision
from memory_server.tuning.pairs import is_foreign

CORPUS = Path(__file__).parent / "corpus.json"

BENCHMARK = frozenset({
    "abseil-cpp", "aeson", "aiohttp", "alamofire", "axios", "axum", "bash-it", "bats-core", "cats", "chi", "circe",
    "click", "cobra", "commons-lang", "curl", "dapper", "ecto", "exposed", "express", "fastapi", "flask", "fmt",
    "gin", "gson", "guzzle", "http4s", "httpx", "jackson-databind", "json", "kotlinx.coroutines", "ktor", "lazy.nvim",
    "framework", "libuv", "messagepack-csharp", "mini.nvim", "model2vec", "monolog", "newtonsoft.json", "nvm",
    "pandoc", "phoenix", "plug", "pydantic", "rack", "rails", "redis", "redux", "requests", "serde", "sinatra",
    "snapkit", "starlette", "telescope.nvim", "tokio", "trpc", "vapor", "vitest", "xmonad", "zig", "zig-clap", "zls",
    "zod",
})  # fmt: skip
"""Names of the benchmark's repositories, both splits; none is trained on."""

_LICENCES = (
    ("Apache-2.0", r"Apache License,?\s+Version\s+2\.0|www\.apache\.org/licenses/LICENSE-2\.0"),
    ("BSL-1.0", r"Boost Software License"),
    ("Unlicense", r"free and unencumbered software released into the public domain"),
    (
        "MIT",
        r"Permission\s+is\s+hereby\s+granted,\s+free\s+of\s+charge,\s+to\s+any\s+person\s+obtaining\s+a\s+copy",
    ),
    ("ISC", r"Permission\s+to\s+use,\s+copy,\s+modify,\s+and(?:/or)?\s+distribute\s+this\s+software"),
    ("BSD", r"Redistribution\s+and\s+use\s+in\s+source\s+and\s+binary\s+forms"),
    ("Zlib", r"(?:This software is provided|provided) ['\"]as-is['\"], without any express or\s+implied"),
)
_OTHER_LICENCE = re.compile(
    r"GNU (?:LESSER |AFFERO )?GENERAL PUBLIC|Mozilla Public License|Business Source", re.I
)
_LICENCE_FILE = re.compile(
    r"(?:un)?(?:licen[cs]e|copying|license-mit|license-apache|mit-license)(?:[.-].*)?", re.I
)


class Repository(BaseModel):
    """A repository of the corpus: ``owner/name``, the commit it was read at, and its licence."""

    model_config = ConfigDict(frozen=True)

    name: str
    revision: str
    licence: str


_REPOSITORIES = TypeAdapter(list[Repository])


def load_corpus(path: Path = CORPUS) -> list[Repository]:
    """The committed list.

    Raises:
        ValueError: A repository of the benchmark is in it.
    """
    repositories = _REPOSITORIES.validate_json(path.read_bytes())
    if tested := [entry.name for entry in repositories if is_benchmark(entry.name)]:
        raise ValueError(f"the benchmark's repositories are not to be trained on: {', '.join(tested)}")
    return repositories


def is_benchmark(name: str) -> bool:
    """Whether ``owner/name`` is called as a repository of the benchmark is."""
    return name.rpartition("/")[2].lower() in BENCHMARK


def survey(clones: Path, names: Iterable[str]) -> list[Repository]:
    """Entries for clones at their newest commit; one without a permissive licence or clone is left out."""
    found = []
    for name in sorted(set(names), key=str.lower):
        clone = find_clone(clones, name)
        licence = find_licence(clone) if clone and not is_benchmark(name) else None
        if clone and licence:
            found.append(Repository(name=name, revision=read_revision(clone), licence=licence))
    return found


def find_licence(clone: Path, revision: str = "HEAD") -> str | None:
    """The permissive licences in the root's licence files, or None where there is another or none."""
    blobs = [blob for blob in list_blobs(clone, revision) if _LICENCE_FILE.fullmatch(blob.path)]
    texts = [data.decode("utf-8", "replace") for _, data in read_blobs(clone, blobs)]
    if any(_OTHER_LICENCE.search(text[:400]) for text in texts):
        return None
    found = [name for name, pattern in _LICENCES if any(re.search(pattern, text) for text in texts)]
    return " OR ".join(found) or None


def write_corpus(repositories: list[Repository], path: Path = CORPUS) -> None:
    """Write the list, one repository a line."""
    lines = ",\n".join(entry.model_dump_json() for entry in repositories)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def benchmark_hashes(clones: Path, revisions: Mapping[str, str]) -> frozenset[str]:
    """Content hashes of the files of every clone of a benchmark repository: newest, and at its given revision.

    ``revisions`` are by ``owner/name``. A clone is one by its name, whichever split it is in.
    """
    hashes: set[str] = set()
    for folder in sorted(clones.iterdir()):
        name = folder.name.removesuffix(".git").replace("+", "/")
        clone = find_clone(clones, name) if is_benchmark(name) else None
        if clone is not None:
            for revision in {"HEAD", revisions.get(name, "HEAD")}:
                hashes.update(blob.hash for blob in list_blobs(clone, revision))
    return frozenset(hashes)


def keep_own(blobs: Iterable[Blob], excluded: frozenset[str]) -> list[Blob]:
    """The files that are the repository's own: outside of foreign folders, and no copy of an excluded file."""
    return [blob for blob in blobs if blob.hash not in excluded and not is_foreign(blob.path)]
