"""Where the tests' data lies, and the checkout that they test."""

from pathlib import Path

TESTS = Path(__file__).parents[1]
CHECKOUT = TESTS.parent
