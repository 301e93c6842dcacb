"""Contention: several index runs and a server at once, while files, commits, branches and trees change under them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from eval.faults.ground.place import Place
from eval.faults.ground.server import Server
from eval.faults.trials import Plan, Trial
from indexers.errors import GitError
from indexers.git import run_git

PROCESSES = 8


def trials(plan: Plan) -> Iterator[Trial]:
    """As many crowds as there are rounds, each of eight processes, or two where it is quick."""
    place = Place(plan)
    place.commit("Go on")
    place.prepare()
    place.keep()
    for number in range(plan.rounds):
        yield Trial(f"crowd {number + 1}", partial(crowd, place, 2 if plan.quick else PROCESSES))


def crowd(place: Place, processes: int) -> list[str]:
    """Start processes, one after each change; all have to end well, and every tree's next run too."""
    place.restore()
    trees = [place.root]
    try:
        return _crowd(place, processes, trees)
    finally:
        for tree in trees[1:]:
            run_git(place.root, "worktree", "remove", "--force", str(tree))


def _crowd(place: Place, processes: int, trees: list[Path]) -> list[str]:
    runs = []
    with Server(place.root) as server:
        served = server.greet()
        for number in range(processes):
            action = place.rng.choice(ACTIONS)
            action(place, trees, number)
            runs.append(place.start("index", root=place.rng.choice(trees)))
            if number % 2:
                served = served and server.call("search", query="settle an invoice") is not None
        wrong = [told for run in runs for told in run.end().wrong()]
        wrong += server.end().wrong(0)
    wrong += [] if served else ["the server did not reply"]
    for tree in trees:
        wrong += place.recover(place.outside(), tree)
    return wrong


def edit(place: Place, trees: list[Path], _number: int) -> None:
    """Change files of a tree."""
    place.change(place.rng.choice(trees))


def commit(place: Place, _trees: list[Path], number: int) -> None:
    """Change files and commit them."""
    place.change()
    place.commit(f"Change {number}")


def switch(place: Place, _trees: list[Path], number: int) -> None:
    """Go on with a new branch from an earlier commit, leaving what was not committed."""
    run_git(place.root, "checkout", "--quiet", "--force", "-b", f"branch-{number}", "main~1")


def rebase(place: Place, _trees: list[Path], number: int) -> None:
    """Put some commits of a branch on another, given up where they conflict."""
    place.commit("Before")
    run_git(place.root, "checkout", "--quiet", "-b", f"topic-{number}", "HEAD~1")
    for step in range(3):
        place.change()
        place.commit(f"Step {step}")
    try:
        run_git(place.root, "rebase", "--quiet", "--strategy-option=theirs", "main")
    except GitError:
        with suppress(GitError):
            run_git(place.root, "rebase", "--abort")


def collect(place: Place, _trees: list[Path], _number: int) -> None:
    """Let git throw away what is unreachable and pack the rest."""
    run_git(place.root, "gc", "--quiet", "--prune=now")


def add_tree(place: Place, trees: list[Path], number: int) -> None:
    """Add a worktree."""
    tree = place.scratch / f"tree-{number}"
    run_git(place.root, "worktree", "add", "--quiet", "--detach", str(tree))
    trees.append(tree)


ACTIONS: tuple[Callable[[Place, list[Path], int], None], ...] = (
    edit,
    commit,
    switch,
    rebase,
    collect,
    add_tree,
)
