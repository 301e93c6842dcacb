"""The facade that the commands, the MCP server and the measurements share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from indexers.embedding.embed import Embedder
from memory_server.answer.history import HistoryReply
from memory_server.answer.notes.briefing import keep_briefing, make_briefing
from memory_server.answer.notes.recall import RecallReply, recall
from memory_server.answer.notes.remember import RememberReply, remember
from memory_server.answer.outline import OutlineReply, outline
from memory_server.answer.parameters import Relation
from memory_server.answer.read import ReadReply, read
from memory_server.answer.related import RelatedReply, related
from memory_server.answer.repository import Repository
from memory_server.answer.search import MAX_HITS, SearchReply, find, search
from memory_server.config import Config
from memory_server.index.folder import find_tree
from memory_server.index.fresh import FreshIndex
from memory_server.index.tree import TreeIndex
from memory_server.index.tuned import find_tuned, why_unused
from memory_server.index.view import View
from memory_server.model import IndexState, OnProgress, SearchHit, SyncReport
from memory_server.notes.model import NoteKind
from memory_server.query.question import read_query
from memory_server.query.rerank import CrossEncoderReranker


class Memory:
    """A repository's memory: its index kept fresh, and the questions it answers."""

    def __init__(self, root: Path, tree: TreeIndex, config: Config) -> None:
        self.root, self.tree, self.config = root, tree, config
        self.index = FreshIndex(tree)
        wanted, device = config.reranker, config.embedder.device or None
        reranker = None
        if wanted.model:
            reranker = CrossEncoderReranker(wanted.model, device, may_download=wanted.may_download)
        self.repository = Repository(self.index, config, reranker)
        """What the tools answer from."""

    @classmethod
    def open(cls, root: str | os.PathLike[str] = ".", *, embedder: Embedder | None = None) -> Memory:
        """Find or prepare the store for the tree that holds ``root``; nothing is indexed yet.

        ``embedder`` takes the place of the configured model.

        Raises:
            NotFoundError: there is no such folder.
            UnsafeRootError: the folder is a home or the root of a disk.
            ConfigError: the settings cannot be read.
            GitError: git refuses the repository.
            StoreError: what lies where the index belongs is not ours.
        """
        found = find_tree(root)
        tree = TreeIndex(found.root, found.git, found.folder, found.config, embedder)
        tree.load()
        return cls(found.root, tree, found.config)

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
        report = self.tree.sync(on_progress, wait=wait)
        keep_briefing(self.repository)
        return report

    def brief(self) -> str:
        """What a conversation that begins is told of the notes; empty where there is nothing to say."""
        return make_briefing(self.repository)

    def search(
        self, query: str, limit: int = MAX_HITS, *, path: str = "", kind: str = "", budget: int = 0
    ) -> SearchReply:
        """The symbols that answer a query best; as a list, the ``limit`` best hits, best first.

        Raises:
            QueryError: the query is empty or the kind unknown.
            OutsideRepositoryError: the path leads outside the repository.
        """
        return search(self.repository, query, path, kind, budget, limit=limit)

    def rank(self, query: str, limit: int = MAX_HITS, *, path: str = "", kind: str = "") -> list[SearchHit]:
        """The hits of a search as ranked, without telling of them: a fraction of its cost.

        Raises:
            QueryError: the query is empty or the kind unknown.
            OutsideRepositoryError: the path leads outside the repository.
        """
        repository = self.repository
        return find(repository, read_query(query), limit, path=repository.inside(path), kind=kind)

    def read(self, targets: Sequence[str], context: int = 2, budget: int = 0) -> ReadReply:
        """Source of several targets: ``Class.method``, ``path::Class.method``, ``path:12-40``, or a path.

        Raises:
            NotFoundError: a single target names nothing.
            OutsideRepositoryError: the path of a single target leads outside the repository.
        """
        return read(self.repository, list(targets), context, budget)

    def outline(self, path: str = "", budget: int = 0) -> OutlineReply:
        """The architecture of the repository or of a folder, or the symbols of a file or of what a glob fits.

        Raises:
            NotFoundError: no indexed file lies there.
            OutsideRepositoryError: the path leads outside the repository.
        """
        return outline(self.repository, path, budget)

    def related(
        self, symbol: str, relation: Relation, depth: int = 1, budget: int = 0
    ) -> RelatedReply | HistoryReply:
        """Callers, callees, implementations, importers or tests of a symbol; its commits, and what changes with it.

        Raises:
            NotFoundError: no symbol or file has that name.
            QueryError: the relation is unknown.
            OutsideRepositoryError: the symbol is a path that leads outside the repository.
        """
        return related(self.repository, symbol, relation, depth, budget)

    def remember(
        self,
        text: str,
        about: Sequence[str] = (),
        kind: NoteKind = "decision",
        replaces: str = "",
        origin: str = "",
    ) -> RememberReply:
        """Keep a note on what ``about`` names, in place of the note ``replaces``; without a text, drop that one.

        Raises:
            QueryError: the text is empty, too long or holds a secret; a target means several symbols.
            NotFoundError: a target names nothing, or there is no note to replace.
            StoreError: the note cannot be written.
        """
        return remember(self.repository, text, list(about), kind, replaces, origin=origin)

    def recall(self, query: str, source: str = "", budget: int = 0) -> RecallReply:
        """Notes, each with what became of its code, and past conversations, or those of one ``source``.

        Raises:
            QueryError: the query is empty.
        """
        return recall(self.repository, query, source, budget=budget)

    def try_models(self) -> None:
        """Load every configured model and use it once.

        Raises:
            ModelError: one cannot be loaded.
        """
        self.tree.embedder.embed_query("a question")
        if self.repository.reranker is not None:
            self.repository.reranker.score("a question", ["an answer"])

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
            reranker=self.repository.reranker.id if self.repository.reranker else "",
            rebuild=self.tree.why_rebuild(),
            building=self.index.building,
            tuned=bool(find_tuned(self.tree.folder.path)) and not untuned,
            untuned=untuned,
        )
