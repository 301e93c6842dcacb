"""What a run found, as it is written to a file, and how a run is set beside an earlier one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from eval.errors import MeasureError
from eval.machine import Machine
from eval.records import Unmeasured, fold_json
from memory_server.tuning.metrics import Estimate, Floats, estimate_mean

FORMAT = 1
"""Version of the result's layout."""


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question: the commit it is from, or the hash of its text. Texts are not kept: they are others' work."""

    key: str
    category: str


@dataclass(frozen=True, slots=True)
class AskedRepository:
    """A repository with the questions in the order that scores have."""

    name: str
    language: str
    revision: str
    questions: tuple[AskedQuestion, ...]


@dataclass(frozen=True, slots=True)
class RepositoryScores:
    """One repository's scores: a row a question, a column a measure; ``query_ms`` is each question's time."""

    name: str
    files: int
    symbols: int
    scores: tuple[tuple[float, ...], ...]
    query_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class GroupScores:
    """Questions taken together: their number, each measure's mean, and its change against an earlier run."""

    kind: str
    name: str
    count: int
    values: tuple[Estimate, ...]
    changes: tuple[Estimate, ...] | None = None


@dataclass(frozen=True, slots=True)
class RankingRun:
    """Every repository indexed from one kind of ``roots`` and asked with one ranking."""

    roots: str
    ablation: str
    query_p50_ms: float
    groups: tuple[GroupScores, ...]
    repositories: tuple[RepositoryScores, ...]


@dataclass(frozen=True, slots=True)
class RetrievalResult:
    """The whole result. ``source`` says where the questions are from, ``revision`` which product answered them."""

    format: int
    source: str
    revision: str
    embedder: str
    machine: Machine
    measures: tuple[str, ...]
    unmeasured: tuple[Unmeasured, ...]
    runs: tuple[RankingRun, ...]
    repositories: tuple[AskedRepository, ...]


_MODEL = TypeAdapter(RetrievalResult)


def hash_query(query: str) -> str:
    """The key of a question that has no other name."""
    return blake2b(query.encode(), digest_size=6).hexdigest()


Scores = Mapping[tuple[str, str], tuple[float, ...]]
"""Scores by repository and question's key."""


def write_result(result: RetrievalResult) -> str:
    """The result as JSON."""
    return fold_json(_MODEL.dump_json(result, indent=1, exclude_defaults=True).decode())


def read_result(path: Path) -> RetrievalResult:
    """A result that ``write_result`` wrote.

    Raises:
        MeasureError: the file cannot be read or holds something else.
    """
    hint = "pass a file that `repo-memory eval retrieval --output FILE` wrote"
    try:
        result = _MODEL.validate_json(path.read_bytes())
    except OSError as error:
        raise MeasureError(f"cannot read {path}: {error.strerror}", hint) from error
    except ValidationError as error:
        raise MeasureError(f"{path} holds no retrieval result", hint) from error
    if result.format != FORMAT:
        raise MeasureError(f"{path} has format {result.format}, not {FORMAT}", "measure it again")
    return result


def scores_of(result: RetrievalResult, roots: str, ablation: str) -> Scores:
    """The scores of one run of a result; empty where it has no such run."""
    asked = {repository.name: repository.questions for repository in result.repositories}
    return {
        (measured.name, question.key): scores
        for run in result.runs
        if (run.roots, run.ablation) == (roots, ablation)
        for measured in run.repositories
        for question, scores in zip(asked[measured.name], measured.scores, strict=True)
    }


@dataclass(frozen=True, slots=True)
class _Row:
    """One question's scores, and how the first of them, those it had earlier, changed; None where it had none."""

    repository: str
    language: str
    category: str
    scores: Floats
    change: Floats | None


def summarize_run(
    roots: str,
    ablation: str,
    asked: Mapping[str, AskedRepository],
    measured: Sequence[RepositoryScores],
    earlier: Scores,
) -> RankingRun:
    """A run with its means: over queries, over repositories, by category, language and repository."""
    rows = [row for found in measured for row in _rows(asked[found.name], found, earlier)]
    groups = [_group("all", "queries", rows)]
    by_repository = _split(rows, "repository")
    groups.append(_group("all", "repositories", [_mean_row(found) for found in by_repository.values()]))
    for kind in ("category", "language", "repository"):
        groups += [_group(kind, name, found) for name, found in _split(rows, kind).items()]
    p50 = float(np.median([ms for found in measured for ms in found.query_ms]))
    return RankingRun(roots, ablation, round(p50, 2), tuple(groups), tuple(measured))


def _rows(repository: AskedRepository, measured: RepositoryScores, earlier: Scores) -> list[_Row]:
    rows = []
    for question, scores in zip(repository.questions, measured.scores, strict=True):
        before = earlier.get((repository.name, question.key))
        change = np.subtract(scores[: len(before)], before[: len(scores)]) if before else None
        rows.append(_Row(repository.name, repository.language, question.category, np.array(scores), change))
    return rows


def _split(rows: Sequence[_Row], kind: str) -> dict[str, list[_Row]]:
    return {
        name: [row for row in rows if getattr(row, kind) == name]
        for name in sorted({getattr(row, kind) for row in rows})
    }


def _mean_row(rows: Sequence[_Row]) -> _Row:
    first = rows[0]
    changes = [row.change for row in rows if row.change is not None]
    return _Row(
        first.repository,
        first.language,
        "",
        np.mean([row.scores for row in rows], axis=0),
        np.mean(changes, axis=0) if changes else None,
    )


def _group(kind: str, name: str, rows: Sequence[_Row]) -> GroupScores:
    changes = [row.change for row in rows if row.change is not None]
    values = _estimates([row.scores for row in rows])
    return GroupScores(kind, name, len(rows), values, _estimates(changes) if changes else None)


def _estimates(rows: Sequence[Floats]) -> tuple[Estimate, ...]:
    return tuple(map(estimate_mean, np.array(rows, np.float64).T))
