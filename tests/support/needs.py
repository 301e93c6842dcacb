"""What some tests need that not every machine has; they are skipped by name there."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

needs_transformers = pytest.mark.skipif(
    find_spec("sentence_transformers") is None or find_spec("torch") is None,
    reason="sentence-transformers or torch is not installed",
)
