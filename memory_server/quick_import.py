"""Imports lancedb without the generated client of Lance's REST catalogues.

``import lancedb`` loads some 800 generated pydantic models that only remote catalogues use: two thirds of its import
time (2.0 of 3.1 s of CPU where this was measured). While lancedb is imported, that package is replaced by modules whose
names are placeholders; afterwards it is importable as ever. Local tables never touch it.
"""

from __future__ import annotations

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

SKIPPED = "lance_namespace_urllib3_client"


class _Placeholders(MetaPathFinder, Loader):
    """Finds the skipped package's modules as empty ones that have every name."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        if fullname.partition(".")[0] != SKIPPED:
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> None:
        """Let the import system make the module."""

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__getattr__"] = _placeholder


def _placeholder(name: str) -> type:
    """A class to stand in annotations."""
    if name.startswith("__"):
        raise AttributeError(name)
    return type(name, (), {})


def import_lancedb() -> Any:  # noqa: ANN401 - lancedb is not typed
    """The lancedb module; the plain import where it, or what it skips, is loaded already."""
    if "lancedb" in sys.modules or SKIPPED in sys.modules:
        return importlib.import_module("lancedb")
    finder = _Placeholders()
    sys.meta_path.insert(0, finder)
    try:
        return importlib.import_module("lancedb")
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.partition(".")[0] == SKIPPED]:
            del sys.modules[name]
