"""The pages that people read, and what stands in them."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.places import CHECKOUT

README = CHECKOUT / "README.md"
SERVER, INDEXERS = CHECKOUT / "memory_server/README.md", CHECKOUT / "indexers/README.md"
PAGES = (README, SERVER, INDEXERS, CHECKOUT / "eval/README.md", *sorted((CHECKOUT / ".github").glob("*.md")))
PAGE_IDS = [page.relative_to(CHECKOUT).as_posix() for page in PAGES]

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`]+)`")


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in a language."""
    return [text for kind, text in FENCE.findall(page.read_text("utf-8")) if kind == language]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return FENCE.sub("", page.read_text("utf-8"))


def section(page: Path, heading: str) -> str:
    """What stands under a heading, up to the next of its level or a higher one."""
    text = page.read_text("utf-8")
    found = re.search(rf"^(#+) {re.escape(heading)}\n(.*?)(?=^#{{1,2}} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found[2]
