"""A repository to do harm to, and when what a command leaves of it is right."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from eval.faults.ground import commands
from eval.faults.ground.code import change_code, write_code
from eval.faults.ground.commands import Ended, Run
from eval.faults.ground.equality import find_differences
from eval.faults.trials import Plan
from indexers.errors import GitError
from indexers.git import find_git, run_git
from memory_server.memory import Memory

Fingerprints = Mapping[str, tuple[object, ...]]
"""What there is to know of each file and folder, by its path."""


class Place:
    """A small repository with a history in a plan's folder; ``state`` is where its index lies."""

    def __init__(self, plan: Plan, files: int = 10) -> None:
        self.scratch, self.rng, self.quick = plan.scratch, plan.rng, plan.quick
        self.root = self.scratch / "repository"
        self.state = self.root / ".git/repo-memory"
        self._kept = self.scratch / "kept"
        self.root.mkdir(parents=True)
        write_code(self.root, self.rng, files)
        run_git(self.root, "init", "--quiet", "--initial-branch=main", "--template=")
        self.commit("Begin")

    def commit(self, message: str) -> None:
        """Commit all that changed."""
        run_git(self.root, "add", "--all")
        run_git(self.root, "commit", "--quiet", "--allow-empty", "--message", message)

    def change(self, root: Path | None = None) -> None:
        """Change some files of the repository, or of another tree of it."""
        change_code(root or self.root, self.rng)

    def start(self, *words: str, program: Sequence[str] = (), root: Path | None = None) -> Run:
        """Start a command on the repository, or on another tree of it; ``program`` stands for the command line."""
        where = str(root or self.root)
        place = [where] if words[0] in {"init", "remove"} else ["--repo", where]
        return Run(words, [*(program or commands.COMMAND), words[0], *place, *words[1:]])

    def run(self, *words: str, program: Sequence[str] = (), root: Path | None = None) -> Ended:
        """Run a command to its end."""
        return self.start(*words, program=program, root=root).end()

    def prepare(self) -> None:
        """Index the repository unharmed, in this process: that is not what is tried."""
        with Memory.open(self.root) as memory:
            memory.sync()

    def keep(self) -> None:
        """Keep repository and index as they are now, for ``restore``."""
        _remove(self._kept)
        shutil.copytree(self.root, self._kept, symlinks=True)

    def restore(self) -> None:
        """Bring back what was kept."""
        _remove(self.root)
        shutil.copytree(self._kept, self.root, symlinks=True)

    def outside(self) -> Fingerprints:
        """All in the folder but the index: what no command but ``init`` and ``remove`` may change."""
        besides = {self.state, self._kept, self.scratch / "temporary"}
        with suppress(GitError):
            besides |= {self.root / ".repo-memory"} if find_git(self.root) is None else set()
        return {str(path): _fingerprint(path) for path in _walk(self.scratch, besides)}

    def changed_outside(self, before: Fingerprints) -> list[str]:
        """What is not as it was before."""
        now = self.outside()
        paths = sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
        return [f"changed outside of the index: {', '.join(paths[:5])}"] if paths else []

    def recover(self, before: Fingerprints, root: Path | None = None) -> list[str]:
        """What is wrong after the next index run: it has to end well, equal a fresh index, and touch nothing else."""
        ended = self.run("index", root=root).wrong(0)
        return [*ended, *find_differences(root or self.root), *self.changed_outside(before)]

    def recover_twice(self, before: Fingerprints) -> list[str]:
        """The same, and then once more with the store alone, which reads all of it; once where it is ``quick``."""
        wrong = self.recover(before)
        if wrong or self.quick:
            return wrong
        shutil.rmtree(self.state / "views")
        return self.recover(before)


def _walk(folder: Path, besides: set[Path]) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = Path(entry.path)
            if path not in besides:
                yield path
                if entry.is_dir(follow_symlinks=False):
                    yield from _walk(path, besides)


def _fingerprint(path: Path) -> tuple[object, ...]:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return (path.readlink(),)
    if not stat.S_ISREG(status.st_mode):
        return (status.st_mode,)
    return status.st_mode, status.st_size, status.st_mtime_ns, blake2b(path.read_bytes()).digest()


def _remove(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)
