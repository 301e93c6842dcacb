"""How properties are tried: with no bound of wall-clock time, which a loaded machine misses."""

from __future__ import annotations

import time
from collections.abc import Callable

from hypothesis import HealthCheck, settings

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def assert_linear(work: Callable[[int], object], size: int) -> None:
    """Four times the size takes about four times the processor time; what is quadratic takes sixteen times."""
    work(size)
    small, large = (min(_seconds(work, times * size) for _ in range(3)) for times in (1, 4))
    assert large < 9 * small + 0.01, f"{small:.4f} s at {size}, {large:.4f} s at {4 * size}"


def _seconds(work: Callable[[int], object], size: int) -> float:
    started = time.thread_time()
    work(size)
    return time.thread_time() - started
