"""How long a question may take. Whoever answers looks at the time now and then, and stops with what there is."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from memory_server.errors import OverdueError

T = TypeVar("T")


@dataclass(slots=True)
class _Deadline:
    """The moment by which something is to be done, on the clock of `time.monotonic`."""

    end: float


_deadlines: ContextVar[tuple[_Deadline, ...]] = ContextVar("deadlines", default=())
"""That of the question, then those of parts of its answer."""


@contextmanager
def due_in(seconds: float) -> Iterator[None]:
    """Give what runs inside, in other threads too, so many seconds; none once it is left, for those that still run."""
    with _due_at(time.monotonic() + seconds):
        yield


@contextmanager
def due_in_part(share: float) -> Iterator[None]:
    """Give what runs inside a share of the time that is left; all of it where none was set."""
    now = time.monotonic()
    with _due_at(now + share * (_end() - now)):
        yield


@contextmanager
def _due_at(end: float) -> Iterator[None]:
    deadline = _Deadline(end)
    token = _deadlines.set((*_deadlines.get(), deadline))
    try:
        yield
    finally:
        deadline.end = -math.inf
        _deadlines.reset(token)


def _end() -> float:
    return min((deadline.end for deadline in _deadlines.get()), default=math.inf)


def is_overdue() -> bool:
    """Whether the time of what is being done, or of the whole answer, is over; never where none was set."""
    return time.monotonic() > _end()


def check_time() -> None:
    """Go on while there is time.

    Raises:
        OverdueError: the question's time is over.
    """
    if is_overdue():
        raise OverdueError("the answer takes too long")


def in_time(items: Iterable[T]) -> Iterator[T]:
    """Items one by one, while there is time.

    Raises:
        OverdueError: the question's time is over.
    """
    for place, item in enumerate(items):
        if place % 64 == 0:
            check_time()
        yield item
