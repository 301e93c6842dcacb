"""A memory that opens and keeps itself fresh in the background, for as long as a server runs."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from indexers.errors import IndexerError
from memory_server.errors import MemoryServerError, StoreBusyError, StoreError, explain
from memory_server.index.fresh import find_task, tell_building
from memory_server.memory import Memory
from memory_server.model import Progress
from memory_server.serve.watch import Watcher
from memory_server.store.heap import limit_heap, release_unused

_log = logging.getLogger(__name__)

FIRST_ANSWER_WAIT = 10.0
"""Seconds the first question waits for something to be indexed; less than a client's patience with one call."""


RETRY_SECONDS = 1.0
"""Until the background tries again where another process writes the index."""


class LiveMemory:
    """Opens the memory in a thread, indexes what changed since, then follows the tree's changes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._opened = threading.Event()
        self._something = threading.Event()
        self._stopped = threading.Event()
        self._changed = threading.Event()
        self._failure: MemoryServerError | IndexerError | None = None
        self._memory: Memory | None = None
        self._watcher: Watcher | None = None
        self._task = ""
        self._thread = threading.Thread(target=self._run, name="repo-memory", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop following changes; a sync under way ends first."""
        self._stopped.set()
        self._changed.set()
        if self._watcher is not None:
            self._watcher.stop()

    def memory(self) -> Memory:
        """The memory, once it is open and, where there was no index, something is in it.

        Raises:
            MemoryServerError: the memory could not be opened or indexed.
        """
        self._opened.wait()
        if self._memory is not None and not len(self._memory.view):
            self._something.wait(FIRST_ANSWER_WAIT)
        if self._failure is not None:
            raise self._failure
        if self._memory is None:
            raise MemoryServerError("the server is stopping", "ask again")
        return self._memory

    def _run(self) -> None:
        limit_heap()
        try:
            self._memory = Memory.open(self.root)
            self._memory.repository.asker = "agent"
            self._memory.tree.embedder  # noqa: B018 - load the model before the first question
            if not self._memory.tree.is_whole:
                self._task = find_task(self._memory.tree)
                self._memory.tree.shows_parts = True
                self._memory.index.building = tell_building(self._task)
        except (MemoryServerError, IndexerError) as error:
            self._failure = error
            return
        except OSError as error:
            self._failure = explain(error)
            return
        finally:
            self._opened.set()
        self._watcher = Watcher(self._memory.root, self._changed.set)
        self._watcher.start()
        while not self._stopped.is_set():
            self._changed.clear()
            done = self._sync(self._memory)
            release_unused()  # what questions let go of since, too
            if done or not self._memory.index.building:
                self._something.set()
            self._changed.wait(None if done else RETRY_SECONDS)
        self._watcher.stop()

    def _sync(self, memory: Memory) -> bool:
        """Bring the memory up to date; false when another process is writing and it has to be tried again."""
        try:
            report = memory.sync(self._on_progress, wait=0.0)
            self._failure = None
            if report.wrote:
                _log.info("indexed %d changed files in %.2f s", report.added + report.changed, report.seconds)
        except StoreBusyError as error:
            _log.info("%s", error)
            return False
        except StoreError as error:
            self._serve_unstored(memory, error)
        except (MemoryServerError, IndexerError, OSError) as met:
            failure = explain(met) if isinstance(met, OSError) else met
            _log.warning("%s (%s)", failure, failure.hint)
            self._failure = None if len(memory.view) else failure
        memory.index.building = ""
        memory.tree.shows_parts = False
        return True

    def _serve_unstored(self, memory: Memory, error: StoreError) -> None:
        """Hold the index in memory alone, where it cannot be stored."""
        _log.warning("%s (%s)", error, error.hint)
        try:
            memory.tree.overlay()
            self._failure = None
        except (MemoryServerError, IndexerError, OSError) as met:
            self._failure = explain(met) if isinstance(met, OSError) else met

    def _on_progress(self, progress: Progress) -> None:
        memory = self._memory
        if memory is None or not memory.index.building:
            return
        how_far = f"{progress.done} of {progress.total} {progress.unit}"
        how_far += f", {progress.left}" if progress.left else ""
        memory.index.building = f"still indexing {self._task}: {how_far}; answers are incomplete"
        if len(memory.view):
            self._something.set()
