"""What some tests need that not every machine has; they are skipped by name there."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, TypeVar

import pytest

Test = TypeVar("Test", bound=Callable[..., Any])


def needs_transformers(test: Test) -> Test:
    """A test with sentence-transformers and torch, which take seconds to import alone."""
    missing = find_spec("sentence_transformers") is None or find_spec("torch") is None
    skip = pytest.mark.skipif(missing, reason="sentence-transformers or torch is not installed")
    slow: Test = pytest.mark.slow(skip(test))
    return slow
