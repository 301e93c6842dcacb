"""Where and with what a measurement was taken."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from indexers.git import run_git

CHECKOUT = Path(__file__).resolve().parent.parent
"""The folder that the running code is imported from."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the numbers were taken; ``load`` is the average of runnable processes in the minute before."""

    system: str
    cpu: str
    cores: int
    python: str
    load: float


def describe_machine() -> Machine:
    """This machine now: system, processor, the cores this process may use, Python, load."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0
    system = f"{platform.system()} {platform.machine()}"
    return Machine(system, _cpu_model(), cores, platform.python_version(), load)


def code_state() -> frozenset[tuple[str, int]]:
    """Every file of the running packages with its time of change: two equal states measured the same code."""
    folders = (CHECKOUT / name for name in ("indexers", "memory_server", "eval"))
    files = (file for folder in folders for file in folder.rglob("*") if "__pycache__" not in file.parts)
    return frozenset((str(file), file.stat().st_mtime_ns) for file in files if file.is_file())


def own_version() -> str:
    """The installed version of this product."""
    try:
        return metadata.version("repo-memory")
    except metadata.PackageNotFoundError:
        return "not installed"


def own_revision() -> str:
    """The version of this product and, in a checkout, its commit; "+" marks uncommitted changes."""
    version = own_version()
    if not (CHECKOUT / ".git").exists():
        return version
    changed = "+" if run_git(CHECKOUT, "status", "--porcelain", "--untracked-files=no") else ""
    return f"{version} {run_git(CHECKOUT, 'rev-parse', 'HEAD').strip()}{changed}"


def _cpu_model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    found = re.search(r"model name\s*: (.+)", text)
    return found[1].strip() if found else platform.processor()
