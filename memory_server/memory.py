"""The facade that the commands, the MCP server and the measurements share."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from indexers import git as git_commands
from indexers.embedding.embed import Embedder
from indexers.model import Skipped
from indexers.source.walk import read_source
from memory_server.answer.slices import split_lines
from memory_server.config import Config, load_config
from memory_server.errors import NotFoundError, StoreBusyError, StoreError
from memory_server.index.folder import check_root, locate
from memory_server.index.tree import TreeIndex
from memory_server.index.tuned import find_tuned, why_unused
from memory_server.index.view import View
from memory_server.model import IndexState, OnProgress, SearchHit, SyncReport
from memory_server.query.candidates import search_view
from memory_server.query.rank import RANKING
from memory_server.query.rerank import CrossEncoderReranker, Reranker, hit_text, rerank


class Memory:
    """A repository's memory: its index kept fresh, and the questions it answers."""

    def __init__(self, root: Path, tree: TreeIndex, config: Config) -> None:
        self.root, self.tree, self.config = root, tree, config
        self.ranking = RANKING
        """What searches rank by; measurements take others."""
        wanted = config.reranker.model
        self.reranker: Reranker | None = (
            CrossEncoderReranker(wanted, config.embedder.device or None) if wanted else None
        )
        """What orders the best hits anew; none unless configured."""
        self.building = ""
        """What a first index run in the background says of itself; empty when none is under way."""

    @classmethod
    def open(cls, root: str | os.PathLike[str] = ".", *, embedder: Embedder | None = None) -> Memory:
        """Find or prepare the store for the tree that holds ``root``; nothing is indexed yet.

        ``embedder`` takes the place of the configured model.

        Raises:
            UnsafeRootError: the folder is a home or the root of a disk.
            ConfigError: the settings cannot be read.
            GitError: git refuses the repository.
        """
        folder = Path(root).expanduser().resolve()
        if not folder.is_dir():
            raise NotFoundError(f"no folder {folder}", "pass --repo PATH with an existing folder")
        git = git_commands.find_git(folder)
        top = git.worktree if git else folder
        check_root(top)
        config = load_config(top)
        tree = TreeIndex(top, git, locate(top, git, config), config, embedder)
        tree.load()
        return cls(top, tree, config)

    def __enter__(self) -> Memory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store."""
        self.tree.close()

    @property
    def view(self) -> View:
        """The index as it is now."""
        return self.tree.view

    def sync(self, on_progress: OnProgress | None = None, *, wait: float = 60.0) -> SyncReport:
        """Bring the index up to date with the files.

        Raises:
            StoreBusyError: another process kept writing for ``wait`` seconds.
            StoreError: the store cannot be written.
        """
        return self.tree.sync(on_progress, wait=wait)

    def search(self, query: str, limit: int = 10, *, path: str = "", kind: str = "") -> list[SearchHit]:
        """The symbols that answer a query best, from files that are served as they are now.

        Raises:
            QueryError: the query is empty or the kind unknown.
        """
        return self.find(query, limit, path=path, kind=kind)[1]

    def find(self, query: str, limit: int, *, path: str = "", kind: str = "") -> tuple[View, list[SearchHit]]:
        """What ``search`` finds, with the view that the hits' symbols count in.

        Raises:
            QueryError: the query is empty or the kind unknown.
            ModelError: a configured model cannot be loaded.
        """
        self.tree.load()
        if not self.building and not self.tree.has_same_folders():
            self.refresh(set())
        reranked = self.config.reranker.hits if self.reranker else 0
        for _ in range(2):
            view = self.view
            hits = search_view(
                view,
                self.tree.embedder,
                query,
                limit=max(limit, reranked),
                path=path,
                kind=kind,
                ranking=self.ranking,
            )
            if not self.refresh({hit.path for hit in hits}):
                break
        if self.reranker is not None and hits:
            hits = rerank(self.reranker, query, hits, self._texts(hits[:reranked]))
        return view, hits[:limit]

    def _texts(self, hits: list[SearchHit]) -> list[str]:
        """What a reranker reads of some hits, from their files as they are now."""
        lines: dict[str, list[str]] = {}
        for path in {hit.path for hit in hits}:
            source = read_source(self.root, path, self.tree.rules)
            lines[path] = [] if isinstance(source, Skipped) else split_lines(source.data)
        return [hit_text(hit, lines[hit.path]) for hit in hits]

    def try_models(self) -> None:
        """Load every configured model and use it once.

        Raises:
            ModelError: one cannot be loaded.
        """
        self.tree.embedder.embed_query("a question")
        if self.reranker is not None:
            self.reranker.score("a question", ["an answer"])

    def refresh(self, paths: set[str]) -> bool:
        """Compare files with the index and bring it up to date where they differ; true when the view changed."""
        if self.building or self.tree.is_fresh(paths):
            return False
        before = self.view
        try:
            self.sync(wait=2.0)
        except (StoreBusyError, StoreError):
            self.tree.overlay()
        return self.view is not before

    def forget(self) -> None:
        """Delete everything derived: the next run indexes anew."""
        self.tree.forget()

    def state(self) -> IndexState:
        """What is indexed, how fresh, how large."""
        self.tree.load()
        view, info = self.view, self.tree.info
        untuned = why_unused(self.tree.folder.path, self.config.embedder.model)
        return IndexState(
            root=os.fspath(self.root),
            store=os.fspath(self.tree.folder.path),
            files=len(view.paths),
            symbols=len(view),
            languages=view.language_counts(),
            skipped=view.skip_counts(),
            problems=view.problems(),
            commit=info.commit if info else "",
            synced_at=info.synced_at if info else 0.0,
            pending=self.tree.pending().size if info else 0,
            store_bytes=self.tree.folder.size(),
            embedder=self.tree.embedder.id,
            reranker=self.reranker.id if self.reranker else "",
            rebuild=self.tree.why_rebuild(),
            building=self.building,
            tuned=bool(find_tuned(self.tree.folder.path)) and not untuned,
            untuned=untuned,
        )
