"""Tasks: a question about a repository, and how a correct answer is told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from eval.errors import MeasureError

_HINT = "see `Live` in eval/README.md for how a task is written"


def _check_pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    return pattern


Pattern = Annotated[str, AfterValidator(_check_pattern)]


class Task(BaseModel):
    """A question with what its answer has to name.

    ``patterns`` are regular expressions that have to match the answer, ``paths`` what it has to name. ``evidence`` are
    those that some tool result has to match before a scripted agent stops looking, beside the patterns.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    question: str = Field(min_length=1)
    patterns: tuple[Pattern, ...] = ()
    paths: tuple[str, ...] = ()
    evidence: tuple[Pattern, ...] = ()

    def accepts(self, answer: str) -> bool:
        """Whether an answer is correct."""
        matched = all(re.search(pattern, answer) for pattern in self.patterns)
        return matched and all(path in answer for path in self.paths)

    def find_answer(self, shown: Sequence[str]) -> str | None:
        """The answer that tool results allow: what the patterns match in them; None while anything is missing."""
        found = [
            next((match[0] for text in shown if (match := re.search(pattern, text))), None)
            for pattern in (*self.patterns, *self.evidence)
        ]
        if not all(found):
            return None
        return " ".join([*self.paths, *filter(None, found[: len(self.patterns)])])


class TaskFile(BaseModel):
    """The tasks of a repository; ``repository`` says which, for people."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    repository: str = ""
    tasks: tuple[Task, ...] = Field(min_length=1)


def load_tasks(path: Path) -> tuple[Task, ...]:
    """The tasks of a file.

    Raises:
        MeasureError: it cannot be read, is no task file, or a task has no way to tell a correct answer.
    """
    try:
        tasks = TaskFile.model_validate_json(path.read_bytes()).tasks
    except OSError as error:
        raise MeasureError(f"cannot read {path}: {error.strerror}", _HINT) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise MeasureError(f"{path} is no task file: {place}: {first['msg']}", _HINT) from error
    for task in tasks:
        if not task.patterns and not task.paths:
            raise MeasureError(f"{path}: task {task.name} accepts any answer", "give it patterns or paths")
    names = [task.name for task in tasks]
    if len(set(names)) < len(names):
        raise MeasureError(f"{path}: two tasks have one name", "give each task a name of its own")
    return tasks


def check_findable(tasks: Sequence[Task], texts: Mapping[str, str]) -> None:
    """Make sure that a scripted agent can find each answer; ``texts`` are the repository's files by path.

    Raises:
        MeasureError: a task names a path, or has a pattern, that is nowhere in the repository.
    """
    for task in tasks:
        absent = [path for path in task.paths if path not in texts]
        absent += [
            pattern
            for pattern in (*task.patterns, *task.evidence)
            if not any(re.search(pattern, text) for text in texts.values())
        ]
        if absent:
            raise MeasureError(f"task {task.name}: not in the repository: {', '.join(absent)}", _HINT)
