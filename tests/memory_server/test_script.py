"""The public contract, used as an outside script uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.git_project import HANGS_AFTER, Project
from tests.support.places import CHECKOUT

pytestmark = pytest.mark.slow  # a script with worker processes

SCRIPT = """
import json, sys
from memory_server import Memory
from memory_server.index import workers as reading

reading.POOL_BYTES = 0  # let worker processes read even this small repository
memory = Memory.open(sys.argv[1])
report = memory.sync()
hits = memory.search("total", limit=3)
found = [[hit.path, hit.start_line, hit.end_line, hit.name, hit.kind] for hit in hits]
print(json.dumps({"files": report.files, "added": report.added, "hits": found}))
"""

HOST = """
import os, sys
before = dict(os.environ)
from memory_server import Memory
with Memory.open(sys.argv[1]) as memory:
    memory.sync()
    memory.search("total")
assert os.environ == before, os.environ.items() ^ before.items()
"""

COMMAND = """
import os, sys
from memory_server.cli import main
assert "numpy" not in sys.modules
sys.argv = ["repo-memory", "--version"]
try:
    main()
except SystemExit:
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
"""


def run_script(script: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": os.fspath(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=HANGS_AFTER,
        check=False,
    )


def test_a_host_keeps_its_environment(repository: Project) -> None:
    done = run_script(HOST, repository.root)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_command_limits_its_own_threads_before_numpy_is_loaded() -> None:
    done = run_script(COMMAND)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_script_without_a_main_guard_indexes_and_searches(repository: Project, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    checkout = os.fspath(CHECKOUT)
    done = subprocess.run(
        [sys.executable, script, repository.root],
        env=os.environ | {"REPO_MEMORY_WORKERS": "2", "PYTHONPATH": checkout},
        capture_output=True,
        text=True,
        timeout=HANGS_AFTER,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["files"] == told["added"] > 0
    assert ["web/total.ts", 1, 1, "total", "function"] in told["hits"]
