"""A labelled benchmark: repositories at pinned revisions, questions, and the places that answer them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from eval.errors import MeasureError
from indexers.history.changes import Located, Target

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """A query and every place that answers it."""

    query: str
    category: str
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class LabelledRepository:
    """A repository at a revision with its questions; ``root`` is the folder in it that the benchmark indexes."""

    name: str
    language: str
    revision: str
    root: str
    questions: tuple[LabelledQuestion, ...]


class _Repository(BaseModel):
    name: str
    language: str
    revision: str
    benchmark_root: str | None = None


class _Span(BaseModel):
    path: str
    start_line: int | None = None
    end_line: int | None = None


class _Annotation(BaseModel):
    query: str
    category: str
    relevant: list[str | _Span]
    secondary: list[str | _Span] = []


def load_labels(folder: Path, names: Sequence[str] = ()) -> list[LabelledRepository]:
    """The repositories of ``repos.json`` with ``annotations/<name>.json``; only those of ``names`` when given.

    Raises:
        MeasureError: a file is missing or not in the format, or a name is not in the benchmark.
    """
    listed = _read(folder / "repos.json", TypeAdapter(list[_Repository]))
    unknown = sorted(set(names) - {repository.name for repository in listed})
    if unknown:
        known = ", ".join(repository.name for repository in listed)
        raise MeasureError(f"not in the benchmark: {', '.join(unknown)}", f"choose from: {known}")
    return [
        LabelledRepository(
            name=found.name,
            language=found.language,
            revision=found.revision,
            root=found.benchmark_root or "",
            questions=_questions(folder / "annotations" / f"{found.name}.json"),
        )
        for found in listed
        if not names or found.name in names
    ]


def first_hits(results: Sequence[Located], targets: Sequence[Target]) -> list[int]:
    """The rank, from 1, at which each target is hit first; targets that are not hit are left out."""
    ranks = (
        next((rank for rank, result in enumerate(results, 1) if target.is_hit(result)), 0)
        for target in targets
    )
    return [rank for rank in ranks if rank]


def _questions(path: Path) -> tuple[LabelledQuestion, ...]:
    return tuple(
        LabelledQuestion(
            found.query, found.category, tuple(map(_target, [*found.relevant, *found.secondary]))
        )
        for found in _read(path, TypeAdapter(list[_Annotation]))
    )


def _target(found: str | _Span) -> Target:
    if isinstance(found, str) or found.start_line is None or found.end_line is None:
        return Target(found if isinstance(found, str) else found.path)
    return Target(found.path, found.start_line, found.end_line)


def _read(path: Path, model: TypeAdapter[T]) -> T:
    hint = "pass --bench with a folder that holds repos.json and annotations/<name>.json"
    try:
        return model.validate_json(path.read_bytes())
    except OSError as error:
        raise MeasureError(f"cannot read {path}: {error.strerror}", hint) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise MeasureError(f"{path} is not in the format: {where}: {first['msg']}", hint) from error
