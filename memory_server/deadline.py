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
    """The moment by which a question is to be answered, on the clock of `time.monotonic`."""

    end: float


_FOREVER = _Deadline(math.inf)
_deadline: ContextVar[_Deadline] = ContextVar("deadline", default=_FOREVER)


@contextmanager
def due_in(seconds: float) -> Iterator[None]:
    """Give what runs inside, in other threads too, so many seconds; none once it is left, for those that still run."""
    deadline = _Deadline(time.monotonic() + seconds)
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        deadline.end = -math.inf
        _deadline.reset(token)


def is_overdue() -> bool:
    """Whether the time of the question that is being answered is over; never where none was set."""
    return time.monotonic() > _deadline.get().end


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
