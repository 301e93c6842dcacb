"""Small trees, what a walk lists and leaves out of them, and what reading a file gives."""

from __future__ import annotations

from pathlib import Path

from indexers.model import Skipped, SkipReason, SourceFile
from indexers.source.walk import WalkRules, list_entries


def write(root: Path, path: str, data: str | bytes = "x = 1\n") -> Path:
    """Write a file below a folder."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return file


def listed(root: Path, paths: list[str] | None = None, rules: WalkRules | None = None) -> list[str]:
    """The paths that a walk, or a look at some candidates, lists."""
    return [entry.path for entry in list_entries(root, paths, rules or WalkRules())[0]]


def skips(
    root: Path, paths: list[str] | None = None, rules: WalkRules | None = None
) -> dict[str, SkipReason]:
    """What it leaves out, and why."""
    return {item.path: item.reason for item in list_entries(root, paths, rules or WalkRules())[1]}


def text_of(source: SourceFile | Skipped) -> bytes:
    """The text of a file that must have been read."""
    assert isinstance(source, SourceFile), source
    return source.data


def reason_of(source: SourceFile | Skipped) -> SkipReason:
    """Why a file was not read, which it must not have been."""
    assert isinstance(source, Skipped), source.data[:200]
    return source.reason
