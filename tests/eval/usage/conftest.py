"""What the tests of usage share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.eval.usage.test_usage import OPENED


@pytest.fixture(autouse=True)
def let_go() -> Iterator[None]:
    """Close every history that a test opened."""
    yield
    while OPENED:
        OPENED.pop().close()
