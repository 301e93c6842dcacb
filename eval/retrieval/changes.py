"""Questions from history, asked of each commit's parent: is what the commit changed among the first results?

``hit@k``: one of the first k results overlaps a changed range. ``source@2000``: the share of the changed lines among
the first 2,000 tokens of the results' source, read in order and each line once. ``reply@2000``: the share of the
changed lines within the symbols that the reply of the tool ``search`` lists in 2,000 tokens. Lines that a commit only
puts in count as the line before them; only lines of code count, in files that the index holds.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from eval.errors import MeasureError
from eval.retrieval.ablations import ABLATIONS
from eval.retrieval.asking import ask
from eval.retrieval.results import AskedQuestion, AskedRepository, RepositoryScores
from eval.retrieval.run import RetrievalJobResult
from indexers.errors import GitError, IndexerError
from indexers.git import run_git
from indexers.history.changes import Change, Located, Target, checkout, draw_changes
from indexers.languages.registry import find_language
from indexers.source.content import split_lines
from memory_server.answer.page import token_cost
from memory_server.answer.search import SearchReply
from memory_server.errors import MemoryServerError
from memory_server.memory import Memory
from memory_server.tuning.indexes import open_index

MEASURES = ("hit@1", "hit@5", "source@2000", "reply@2000")

BUDGET = 2_000
"""Tokens, by the product's own estimate."""

RESULTS = 50
"""More than 2,000 tokens of source ever take."""

Line = tuple[str, int]


@dataclass(frozen=True, slots=True)
class HistoryJob:
    """One repository, its work tree or bare, whose history is asked."""

    source: Path
    limit: int
    indexes: Path
    ablations: tuple[str, ...]

    @property
    def name(self) -> str:
        """The repository's name: of a bare one called after nothing, the folder's around it."""
        path = self.source.resolve()
        return (
            path.parent.name if path.name in (".git", "repo", "repo.git") else path.name.removesuffix(".git")
        )

    @property
    def key(self) -> str:
        """All that the result depends on but the code: the options and the newest commit."""
        try:
            return f"{self!r} {run_git(self.source, 'rev-parse', 'HEAD')}"
        except GitError:
            return repr(self)

    @property
    def tree(self) -> Path:
        """Where its revisions are laid out: the same place each time, so that its index is found again."""
        key = blake2b(str(self.source.resolve()).encode(), digest_size=6).hexdigest()
        return self.indexes / "trees" / f"{self.name}-{key}"


def measure_history(job: HistoryJob) -> RetrievalJobResult:
    """Draw the questions, and ask each of the revision before its commit, indexing what differs."""
    try:
        return _measure(job)
    except (MeasureError, MemoryServerError, IndexerError) as error:
        asked = AskedRepository(job.name, "", "", ())
        return RetrievalJobResult("history", asked, problem=f"{error}; {error.hint}")


def open_parents(job: HistoryJob) -> Iterator[tuple[Change, Memory, list[Target]]]:
    """Each question with its parent's memory, open until the next, and its targets in files that the index holds.

    Raises:
        GitError: git cannot read the repository.
        MeasureError: no commit makes a question.
    """
    shutil.rmtree(job.tree, ignore_errors=True)
    job.tree.parent.mkdir(parents=True, exist_ok=True)
    put = False
    try:
        changes = draw_changes(job.source, job.limit)
        parents = checkout(job.source, job.tree, [change.parent for change in changes])
        for change, _ in zip(changes, parents, strict=True):
            with open_index(job.tree, job.indexes) as memory:
                targets = [target for target in change.targets if target.path in memory.view.file_index]
                if targets:
                    put = True
                    yield change, memory, targets
    finally:
        shutil.rmtree(job.tree, ignore_errors=True)
    if not put:
        raise MeasureError("no commit makes a question", "measure a repository with more history")


def _measure(job: HistoryJob) -> RetrievalJobResult:
    scores: dict[str, list[tuple[float, ...]]] = {ablation: [] for ablation in job.ablations}
    times: dict[str, list[float]] = {ablation: [] for ablation in job.ablations}
    put: list[Change] = []
    files = symbols = 0
    embedder = ""
    for change, memory, targets in open_parents(job):
        put.append(change)
        for ablation in job.ablations:
            values, spent = ask_change(memory, change.query, targets, ablation)
            scores[ablation].append(values)
            times[ablation].append(spent)
        files, symbols, embedder = len(memory.view.paths), len(memory.view), memory.tree.embedder.id
    measured = tuple(
        RepositoryScores(job.name, files, symbols, tuple(scores[ablation]), tuple(times[ablation]))
        for ablation in job.ablations
    )
    return RetrievalJobResult("history", describe_history(job, put), embedder, measured)


def describe_history(job: HistoryJob, changes: Sequence[Change]) -> AskedRepository:
    """The repository with the questions that were put, and the language most of their targets are in."""
    found = (find_language(target.path) for change in changes for target in change.targets)
    languages = Counter(spec.name for spec in found if spec is not None)
    revision = run_git(job.source, "rev-parse", "HEAD").strip()
    questions = tuple(AskedQuestion(change.commit[:12], change.category) for change in changes)
    return AskedRepository(job.name, languages.most_common(1)[0][0], revision, questions)


def ask_change(
    memory: Memory, query: str, targets: Sequence[Target], ablation: str
) -> tuple[tuple[float, ...], float]:
    """Every measure of one question, and the milliseconds its search took."""
    memory.repository.ranking = ABLATIONS[ablation]
    hits, spent = ask(memory, query, RESULTS, ablation)
    wanted = {line for target in targets for line in lines_of(target)}
    found = [rank for rank, hit in enumerate(hits, 1) if overlaps(hit, targets)]
    first = found[0] if found else RESULTS + 1
    read = read_source(memory.root, hits, BUDGET)
    listed = listed_lines(memory.search(query, budget=BUDGET))
    shares = (len(wanted & lines) / len(wanted) for lines in (read, listed))
    return (float(first <= 1), float(first <= 5), *(round(share, 4) for share in shares)), spent


def overlaps(hit: Located, targets: Sequence[Target]) -> bool:
    """Whether a result holds a line of a target; both count their paths from the repository."""
    return any(hit.path == target.path and target.is_hit(hit) for target in targets)


def lines_of(place: Located) -> set[Line]:
    """The lines of a place, each with its path."""
    return {(place.path, number) for number in range(place.start_line, place.end_line + 1)}


def read_source(root: Path, hits: Sequence[Located], budget: float) -> set[Line]:
    """The lines that fit a token budget when the hits' source is read in order, each line once."""
    read: set[Line] = set()
    for hit in hits:
        text = split_lines((root / hit.path).read_bytes())
        for number in range(hit.start_line, min(hit.end_line, len(text)) + 1):
            if (hit.path, number) in read:
                continue
            budget -= token_cost(text[number - 1])
            if budget < 0:
                return read
            read.add((hit.path, number))
    return read


def listed_lines(reply: SearchReply) -> set[Line]:
    """The lines within the symbols that a reply of ``search`` lists."""
    return {line for hit in (*reply.hits, *reply.weaker) for line in lines_of(hit)}
