"""What the tools answer from: a repository's fresh index, its settings, and how hits are ranked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

from indexers.summarize import Summary, choose_calls
from memory_server.config import Config
from memory_server.episodes.book import EpisodeBook
from memory_server.index.fresh import FreshIndex
from memory_server.index.view import View
from memory_server.notes.book import NoteBook
from memory_server.query.rank import RANKING, Ranking
from memory_server.query.relations import SURE
from memory_server.query.rerank import Reranker
from memory_server.query.targets import describe_symbol, find_area


@dataclass
class Repository:
    """A repository that questions are asked of."""

    index: FreshIndex
    config: Config
    reranker: Reranker | None = None
    """What orders the best hits anew; none unless configured."""
    ranking: Ranking = RANKING
    """What searches rank by; measurements take others."""
    asker: str = "user"
    """Whose notes are kept: the user's, or those of the agent that a server answers."""

    said: set[tuple[str, str]] = field(default_factory=set)
    """What hooks told already, by session."""

    @cached_property
    def notes(self) -> NoteBook:
        """What was learned of the repository beside its code."""
        return NoteBook(self.index, self.config.notes.dir)

    @cached_property
    def episodes(self) -> EpisodeBook:
        """What was asked and done in past conversations, as far as their logs were brought in."""
        folder = self.index.tree.folder
        return EpisodeBook(folder.sessions, folder.episodes, self.index.tree.embedder)

    def inside(self, path: str) -> str:
        """A file, a folder or a glob, relative to the root; empty for all.

        Raises:
            OutsideRepositoryError: the path leads outside the repository.
        """
        return find_area(self.index.view, self.index.root, path)


def summarize_symbol(view: View, symbol: int) -> Summary:
    """A symbol's summary, with its doc and the calls that matter."""
    graph = view.graph
    edges = graph.outgoing(symbol)
    edges = edges[(graph.kind[edges] == 0) & (graph.confidence[edges] >= SURE)]
    callees = graph.target[edges].tolist()
    calls = choose_calls([view.names[c] for c in callees], [float(graph.importance[c]) for c in callees])
    return replace(describe_symbol(view, symbol), doc=view.text("doc", symbol), calls=calls)
