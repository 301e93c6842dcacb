"""Imports lancedb without what local tables never use.

``import lancedb`` loads some 800 generated pydantic models of a client for Lance's REST catalogues: two thirds of its
import time (2.0 of 3.1 s of CPU where this was measured). Before Python 3.12 it also lets the package ``overrides``
disassemble every class to check its methods, a third of what remains. While lancedb is imported, the client is replaced
by modules whose names are placeholders, and ``overrides`` by what lancedb takes in its stead from Python 3.12 on;
afterwards both are importable as ever.
"""

from __future__ import annotations

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

SKIPPED = "lance_namespace_urllib3_client"
_CHECKER = "overrides"


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
    checker = sys.modules.get(_CHECKER)
    sys.meta_path.insert(0, finder)
    sys.modules[_CHECKER] = _unchecked()
    try:
        return importlib.import_module("lancedb")
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.partition(".")[0] in (SKIPPED, _CHECKER)]:
            del sys.modules[name]
        if checker is not None:
            sys.modules[_CHECKER] = checker


def _unchecked() -> ModuleType:
    """``overrides`` without its checks."""
    module = ModuleType(_CHECKER)
    module.__dict__.update(override=lambda method: method, EnforceOverrides=type("EnforceOverrides", (), {}))
    return module
