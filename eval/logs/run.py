"""Conversations to the trees that they were held in, and replayed there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from eval.logs.answers import IndexAnswers
from eval.logs.reads import LoggedFolder
from eval.logs.replay import replay
from eval.logs.results import ConversationReplay, find_unpriced
from eval.records import Unmeasured
from indexers.git import find_git
from indexers.tokens import NEWEST
from indexers.transcripts.model import CallKind, Conversation, Logs
from memory_server.errors import MemoryServerError


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree to index, and where the log says that it and the conversation's folder are."""

    path: Path
    folder: LoggedFolder


@dataclass(frozen=True, slots=True)
class Replays:
    """All replays, and what could not be replayed; tokens of the tools' schemas, seconds that indexing took."""

    measured: tuple[ConversationReplay, ...]
    unmeasured: tuple[Unmeasured, ...]
    overhead: int
    seconds: float


def find_root(folder: Path) -> Path:
    """The top of the worktree that holds a folder; the folder itself without git.

    Raises:
        MemoryServerError: git refuses the repository.
    """
    git = find_git(folder)
    return git.worktree if git else folder


def is_inside(conversation: Conversation, root: Path) -> bool:
    """Whether a conversation was held in a folder or below it."""
    return bool(conversation.cwd) and Path(conversation.cwd).resolve().is_relative_to(root)


def replay_all(
    logs: Logs, named: Path, indexes: Path, show: Callable[[int, int], None], *, stands_in: bool
) -> Replays:
    """Replay every conversation.

    ``named`` is the folder that the user named: the only one that is indexed without being a git repository, and, if
    it ``stands_in``, in place of folders that are gone. ``show`` is told the conversations replayed and their number.
    """
    opened: dict[Path, IndexAnswers | str] = {}
    measured: list[ConversationReplay] = []
    unmeasured: list[Unmeasured] = []
    try:
        for nth, conversation in enumerate(logs.conversations):
            show(nth, len(logs.conversations))
            tree = _why_not(conversation) or _locate(conversation.cwd, named, stands_in=stands_in)
            if isinstance(tree, Tree):
                index = opened.setdefault(tree.path, "")
                if not index:
                    index = opened[tree.path] = _open(tree.path, indexes)
                if not isinstance(index, str):
                    measured.append(
                        ConversationReplay(conversation, replay(conversation, tree.folder, index))
                    )
                    continue
                tree = index
            unmeasured.append(Unmeasured(conversation.id, tree))
    finally:
        indexed = [index for index in opened.values() if not isinstance(index, str)]
        for index in indexed:
            index.close()
    overhead = max((index.overhead(NEWEST) for index in indexed), default=0)
    return Replays(tuple(measured), tuple(unmeasured), overhead, sum(index.seconds for index in indexed))


def _why_not(conversation: Conversation) -> str:
    """Why a conversation's bill cannot be drawn up anew."""
    if unpriced := find_unpriced(conversation.requests):
        return f"no price for {', '.join(unpriced)}"
    calls = (call for request in conversation.requests for call in request.calls)
    if any(call.kind is CallKind.OWN for call in calls):
        return "it already asked repo-memory"
    return "" if conversation.cwd else "its folder is not told"


def _locate(cwd: str, named: Path, *, stands_in: bool) -> Tree | str:
    """The tree to index for a folder, or why there is none."""
    folder = Path(cwd)
    if not folder.is_dir():
        return Tree(named, LoggedFolder(cwd, cwd)) if stands_in else f"its folder {cwd} is gone"
    try:
        git = find_git(folder.resolve())
    except MemoryServerError as error:
        return f"{error}; {error.hint}"
    root = git.worktree if git else named
    if not folder.resolve().is_relative_to(root):
        return f"its folder {cwd} is no git repository; name it by --repo to have it indexed"
    below = folder.resolve().relative_to(root).parts
    return Tree(root, LoggedFolder(cwd, str(folder.parents[len(below) - 1] if below else folder)))


def _open(root: Path, indexes: Path) -> IndexAnswers | str:
    try:
        return IndexAnswers(root, indexes)
    except MemoryServerError as error:
        return f"{error}; {error.hint}"
