"""Every repository of the corpus into pairs: one parquet file each, written by a pool of processes."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from eval.training.clones import find_clone
from eval.training.corpus import Repository, keep_own
from indexers.history.commits import list_blobs, read_blobs, read_commits
from memory_server.tuning.pairs import (
    COMMIT_LIMIT,
    FILE_LIMIT,
    MAX_BYTES,
    extract_pairs,
    is_code,
    write_pairs,
)


def extract_corpus(
    clones: Path, repositories: Iterable[Repository], excluded: frozenset[str], out: Path, workers: int
) -> list[str]:
    """Write the pairs of each repository that ``out`` lacks; returns the names of those without a clone."""
    out.mkdir(parents=True, exist_ok=True)
    absent = []
    with ProcessPoolExecutor(workers) as pool:
        running = {}
        for repository in sorted(repositories, key=_shuffled):
            clone = find_clone(clones, repository.name)
            if clone is None:
                absent.append(repository.name)
            elif not pairs_file(out, repository.name).exists():
                running[pool.submit(extract_repository, clone, repository, excluded, out)] = repository.name
        for future in as_completed(running):
            future.result()
    return absent


def pairs_file(out: Path, name: str) -> Path:
    """Where the pairs of ``owner/name`` are kept."""
    return out / f"{name.replace('/', '+')}.parquet"


def extract_repository(clone: Path, repository: Repository, excluded: frozenset[str], out: Path) -> int:
    """Extract and write one repository's pairs; returns their number."""
    own = keep_own(list_blobs(clone, repository.revision), excluded)
    code = [blob for blob in own if is_code(blob.path)]
    if len(code) > FILE_LIMIT:
        code = random.Random(repository.name).sample(code, FILE_LIMIT)
    files = ((blob.path, data) for blob, data in read_blobs(clone, code) if len(data) <= MAX_BYTES)
    commits = read_commits(clone, repository.revision, COMMIT_LIMIT, excluded)
    pairs = extract_pairs(files, commits, repository.name)
    write_pairs(pairs_file(out, repository.name), pairs)
    return len(pairs)


def _shuffled(repository: Repository) -> bytes:
    """Languages mixed, so that a part of the corpus is like the whole."""
    return hashlib.blake2b(repository.name.encode()).digest()
