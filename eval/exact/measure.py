"""One repository's texts searched for: by the real tool, and by ripgrep's output for the same text."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.exact.sample import Item, Kind, Variant, sample_items
from indexers.git import run_git
from indexers.model import Skipped
from indexers.source.content import split_lines
from indexers.source.walk import read_source
from indexers.tokens import estimate_tokens
from memory_server.memory import Memory
from memory_server.tuning.indexes import open_index

PRINTED = 30_000
"""Characters of output that Claude Code's Bash shows."""


@dataclass(frozen=True, slots=True)
class ExactJob:
    """A repository to sample from."""

    root: Path
    count: int
    seed: int
    indexes: Path

    @property
    def key(self) -> str:
        """All that its result depends on but the code."""
        return f"exact {self.root} {_revision(self.root)} {self.count} {self.seed}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one search: whether the line is shown, by the first hit, and what it cost."""

    kind: Kind
    variant: Variant
    path: str
    line: int
    shown: bool
    first: bool
    tokens: int
    milliseconds: float
    ripgrep_shown: bool
    ripgrep_tokens: int


@dataclass(frozen=True, slots=True)
class ExactJobResult:
    """Every outcome of one repository, or the problem why there are none."""

    name: str
    revision: str
    embedder: str = ""
    outcomes: tuple[Outcome, ...] = ()
    problem: str = ""


def measure_exact(job: ExactJob) -> ExactJobResult:
    """Sample a repository's texts, and search for each."""
    if not job.root.is_dir():
        return ExactJobResult(job.root.name, "", problem="there is no such folder")
    with open_index(job.root, job.indexes / "exact" / job.root.name) as memory:
        texts = _read_texts(memory)
        items = sample_items(texts, job.count, job.seed)
        memory.search("warm up")
        outcomes = tuple(_search(memory, texts, item) for item in items)
        return ExactJobResult(job.root.name, _revision(job.root), memory.tree.embedder.id, outcomes)


def _read_texts(memory: Memory) -> Mapping[str, Sequence[str]]:
    """The lines of every file that is served."""
    read = (read_source(memory.root, path) for path in memory.view.paths)
    return {source.path: split_lines(source.data) for source in read if not isinstance(source, Skipped)}


def _search(memory: Memory, texts: Mapping[str, Sequence[str]], item: Item) -> Outcome:
    started = time.perf_counter()
    reply = memory.search(item.query)
    text = reply.text()
    seconds = time.perf_counter() - started
    shown = {(line.path, line.number) for line in reply.lines()}
    first = reply.hits[0] if reply.hits else None
    printed = [
        f"{path}:{number}:{line}"
        for path, lines in texts.items()
        for number, line in enumerate(lines, 1)
        if item.query.strip('"') in line
    ]
    output = "\n".join(printed)[:PRINTED]
    return Outcome(
        kind=item.kind,
        variant=item.variant,
        path=item.path,
        line=item.line,
        shown=(item.path, item.line) in shown,
        first=first is not None
        and first.path == item.path
        and item.line in [line.number for line in first.lines],
        tokens=estimate_tokens(text),
        milliseconds=round(1000 * seconds, 2),
        ripgrep_shown=f"{item.path}:{item.line}:" in output,
        ripgrep_tokens=estimate_tokens(output),
    )


def _revision(root: Path) -> str:
    return run_git(root, "rev-parse", "HEAD").strip() if (root / ".git").exists() else ""
