"""Indexes of measured folders, kept in a cache of their own: measured trees are never written to."""

from __future__ import annotations

import os
from functools import cache
from hashlib import blake2b
from pathlib import Path

import indexers
from indexers.embedding.embed import Embedder, load_embedder
from memory_server.config import StoreConfig, load_config
from memory_server.index.folder import locate
from memory_server.index.tree import TreeIndex
from memory_server.memory import Memory
from memory_server.places import user_cache

_STAMP = "indexed-by"


def index_cache() -> Path:
    """The folder that holds the indexes of measured trees."""
    return user_cache() / "retrieval"


def open_index(folder: Path, indexes: Path, embedder: Embedder | None = None) -> Memory:
    """The memory of exactly this folder, git or not, with its index below ``indexes``, up to date.

    ``embedder`` takes the place of the configured model.

    Raises:
        StoreError: the index cannot be written.
    """
    root = folder.resolve()
    config = load_config(root).model_copy(update={"store": StoreConfig(uri=os.fspath(indexes.resolve()))})
    place = locate(root, None, config)
    embedder = embedder or _embedder(config.embedder.model, config.embedder.may_download)
    tree = TreeIndex(root, None, place, config, embedder)
    memory = Memory(root, tree, config)
    stamp = place.path / _STAMP
    # The product trusts rows of its own version; between two versions the indexers may have changed.
    if place.path.exists() and (not stamp.exists() or stamp.read_text(encoding="utf-8") != _code_hash()):
        memory.forget()
    memory.sync()
    stamp.write_text(_code_hash(), encoding="utf-8")
    return memory


@cache
def _embedder(model: str, may_download: bool) -> Embedder:
    return load_embedder(model or None, None, may_download)


@cache
def _code_hash() -> str:
    folder = Path(indexers.__file__).parent
    digest = blake2b(digest_size=8)
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
