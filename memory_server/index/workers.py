"""Reading and parsing a tree's files, in worker processes when there is enough to do."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from types import ModuleType, TracebackType

from indexers.languages.registry import find_language
from indexers.model import Skipped, SourceFile
from indexers.source.walk import FileEntry, WalkRules, read_source
from memory_server.store.rows import ParsedRows, blob_id, parse_rows

_log = logging.getLogger(__name__)

BATCH_BYTES = 400_000
"""Source bytes a worker parses at once: about a tenth of a second of work."""

POOL_BYTES = 700_000
"""Below this much changed source, starting a worker process costs more than it saves."""

WORKER_BYTES = 1_200_000
"""Source that is worth one more worker: starting one costs a third of a second of processor time."""

MOST_WORKERS = 8
"""More than these wait for the one process that embeds and stores."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file as read: its blob, or why it is left out."""

    entry: FileEntry
    blob: str
    skipped: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What a worker made of some files; rows only for blobs that were not known."""

    files: tuple[ReadFile, ...]
    rows: ParsedRows

    @property
    def work(self) -> int:
        """What the files' entries say of it."""
        return sum(file.entry.work for file in self.files)


def read_batch(
    root: Path, entries: Sequence[FileEntry], rules: WalkRules, known: frozenset[str], problem: str = ""
) -> Batch:
    """Read files, and parse those whose blob is not known; in windows when there is a ``problem`` with them."""
    files: list[ReadFile] = []
    fresh: dict[str, SourceFile] = {}
    for entry in entries:
        source = read_source(root, entry, rules)
        if isinstance(source, Skipped):
            files.append(ReadFile(entry, "", str(source.reason)))
            continue
        blob = blob_id(source)
        files.append(ReadFile(entry, blob, ""))
        if blob not in known:
            fresh.setdefault(blob, source)
    return Batch(tuple(files), parse_rows(fresh.items(), problem))


def make_batches(entries: Iterable[FileEntry]) -> Iterator[list[FileEntry]]:
    """Files in their order, in runs of about ``BATCH_BYTES``."""
    batch: list[FileEntry] = []
    work = 0
    for entry in entries:
        batch.append(entry)
        work += entry.work
        if work >= BATCH_BYTES:
            yield batch
            batch, work = [], 0
    if batch:
        yield batch


class Reader:
    """Reads files of a tree once; a context that ends its worker processes."""

    def __init__(self, root: Path, rules: WalkRules, entries: Sequence[FileEntry], workers: int) -> None:
        """Read ``entries`` with at most so many ``workers``, or one a core when 0."""
        self.root, self.rules, self._wanted = root, rules, workers
        self._pool: ProcessPoolExecutor | None = None
        self._plan(entries)

    def _plan(self, entries: Sequence[FileEntry]) -> None:
        size = sum(entry.size for entry in entries if find_language(entry.path))
        most = min(self._wanted or os.cpu_count() or 1, MOST_WORKERS)
        # Many files are code, and take longer than as much text in few: workers that begin with them end together.
        self._batches = sorted(make_batches(entries), key=len, reverse=True)
        self._workers = min(most, 1 + size // WORKER_BYTES, len(self._batches)) if size >= POOL_BYTES else 0

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=error is not None, cancel_futures=True)

    def start(self, known: frozenset[str]) -> None:
        """Let worker processes, if they are worth it, begin to read; blobs that are ``known`` are not parsed."""
        if self._workers:
            self._pool = _open_pool(self._workers, known)
            self._futures = deque(
                self._pool.submit(_work, self.root, batch, self.rules) for batch in self._batches
            )

    def read(self, known: frozenset[str]) -> Iterator[Batch]:
        """The files in batches, with rows for blobs that are not ``known``.

        Where much is to be read of which some may be known (another branch, a second worktree), known files are
        told by their hashes first: most often nothing is left then that a worker would be started for. When a worker
        dies (a crash in a grammar, out of memory), the files that are left are read apart from each other, and the
        one it died of in windows.
        """
        if self._workers and self._pool is None:
            if known:
                yield from self._read_known(known)
            self.start(known)
        done = 0
        try:
            for place, batch in enumerate(self._batches):
                if self._pool is None:
                    yield read_batch(self.root, batch, self.rules, known)
                else:
                    yield self._futures.popleft().result()
                done = place + 1
        except BrokenProcessPool:
            _log.warning("an indexing worker died; reading its files one by one")
            for batch in self._batches[done:]:
                yield from self._read_carefully(batch, known)

    def _read_known(self, known: frozenset[str]) -> Iterator[Batch]:
        """The files whose blob is known; the others stay to be read."""
        others: list[FileEntry] = []
        for batch in self._batches:
            same: list[ReadFile] = []
            for entry in batch:
                source = read_source(self.root, entry, self.rules)
                blob = "" if isinstance(source, Skipped) else blob_id(source)
                if blob in known:
                    same.append(ReadFile(entry, blob, ""))
                else:
                    others.append(entry)
            yield Batch(tuple(same), parse_rows(()))
        self._plan(others)

    def _read_carefully(self, entries: Sequence[FileEntry], known: frozenset[str]) -> Iterator[Batch]:
        """Read files in processes of their own; one whose parsing kills its process is read in windows."""
        try:
            with _open_pool(1, known) as pool:
                yield pool.submit(_work, self.root, entries, self.rules).result()
        except BrokenProcessPool:
            if len(entries) == 1:
                yield read_batch(self.root, entries, self.rules, known, problem="the parser crashed")
            else:
                for entry in entries:
                    yield from self._read_carefully([entry], known)


_known: frozenset[str] = frozenset()


class _WorkerProcess(SpawnProcess):
    """A spawned process that does not run the caller's main script again, which may have no guard against that."""

    def start(self) -> None:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            super().start()
        finally:
            sys.modules["__main__"] = main


class _WorkerContext(SpawnContext):
    Process = _WorkerProcess


def _open_pool(workers: int, known: frozenset[str]) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, _WorkerContext(), _start_worker, (known,))


def _start_worker(known: frozenset[str]) -> None:
    global _known
    _known = known
    gc.disable()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker waits for work for ever, also from a process that was killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _wake() -> None:
    """Nothing: a task that makes a pool start its first worker."""


def _work(root: Path, entries: Sequence[FileEntry], rules: WalkRules) -> Batch:
    return read_batch(root, entries, rules, _known)
