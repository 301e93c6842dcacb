"""When two indexes are equal: an index after a fault and one that is made of the files alone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from unittest.mock import patch

from memory_server.errors import MemoryServerError
from memory_server.index.view import View
from memory_server.index.view.arrays import pack_view
from memory_server.memory import Memory


def find_differences(root: Path) -> list[str]:
    """How a tree's index differs from one that is made of its files alone; nothing where they are equal."""
    try:
        with tempfile.TemporaryDirectory() as elsewhere, Memory.open(root) as kept:
            if kept.tree.info is None:
                return [f"{root.name} has no index"]
            with patch.dict(os.environ, REPO_MEMORY_STORE=elsewhere), Memory.open(root) as fresh:
                fresh.tree.overlay()
                found = compare_views(kept.view, fresh.view)
                return [f"{root.name} is not indexed as a fresh index has it: {told}" for told in found]
    except MemoryServerError as error:
        return [f"the index of {root.name} cannot be read: {error}"]


def compare_views(view: View, other: View) -> list[str]:
    """What differs of their files, symbols, terms, references, and all that is derived from them."""
    mine, others = _parts(view), _parts(other)
    return [told for name in {**mine, **others} if (told := _compare(name, mine.get(name), others.get(name)))]


def _parts(view: View) -> Mapping[str, object]:
    names = [name for name in view.all_files.column_names if name != "mtime_ns"]
    derived: Mapping[str, object] = pack_view(view).to_pylist()[0]
    return {
        "paths": list(view.paths),
        "files": view.all_files.select(names).to_pylist(),
        "columns of symbols": [str(column) for column in view.symbols.schema],
        "symbols": view.symbols.to_pylist(),
        "terms": view.read_terms().to_pylist(),
        "references": view.references.to_pylist(),
        **derived,
    }


def _compare(name: str, mine: object, others: object) -> str:
    if mine == others:
        return ""
    if not (isinstance(mine, list) and isinstance(others, list)):
        return f"{name}: {str(mine)[:200]} for {str(others)[:200]}"
    for place, (one, other) in enumerate(zip(mine, others, strict=False)):
        if one != other:
            return f"{name} differ at {place}: {str(one)[:200]} for {str(other)[:200]}"
    return f"{len(mine)} {name} for {len(others)}"
