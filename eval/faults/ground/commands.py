"""The command line as others start it, and when a command has ended well."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from eval.machine import CHECKOUT

HANGS_AFTER = 300.0
"""Seconds after which a command hangs, however loaded the machine."""

MOST_WORK = 60.0
"""Seconds of processor time that no command on a small repository may take; the slowest takes three."""

COMMAND = (sys.executable, "-P", "-m", "memory_server.cli")
"""How ``repo-memory`` is started, of the code that runs here."""

_OUR_WORD = re.compile(r"error: [^\n]+\n\nhint: [^\n]+\s*")
_KEPT = re.compile(
    r"PATH|LANG|LC_ALL|LD_LIBRARY_PATH|\w*(?:_proxy|_PROXY|_CERTS|CERT_FILE|CERT_DIR)|npm_config_\w+"
)
"""Variables that say where programs and the network are."""


@contextmanager
def isolated(scratch: Path) -> Iterator[None]:
    """An environment of their own for this process and those that it starts: no settings of the user's, no home."""
    for name in ("home", "temporary"):
        (scratch / name).mkdir(exist_ok=True)
    own = {name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)} | {
        "HOME": str(scratch / "home"),
        "TMPDIR": str(scratch / "temporary"),
        "PYTHONPATH": str(CHECKOUT),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CEILING_DIRECTORIES": str(scratch),
        "GIT_EDITOR": "true",
        "NO_COLOR": "1",
    }
    for person in ("AUTHOR", "COMMITTER"):
        own |= {f"GIT_{person}_NAME": "Ada", f"GIT_{person}_EMAIL": "ada@example.com"}
    with patch.dict(os.environ, own, clear=True):
        yield


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended; ``code`` is None where it had to be stopped, ``work`` its seconds of processor time."""

    words: tuple[str, ...]
    code: int | None
    out: str
    err: str
    work: float = 0.0

    def wrong(self, *codes: int) -> list[str]:
        """What is wrong with this end. By default all is but an answer, and one line with a hint and exit code 1."""
        told = f"`{' '.join(self.words)[:80]}`"
        said = (self.err or self.out).strip()[-600:]
        if self.code is None:
            return [f"{told} did not end in {HANGS_AFTER:.0f} s: {said}"]
        found = []
        if self.code not in (codes or (0, 1)):
            found.append(f"{told} ended with {self.code}: {said}")
        elif self.code == 1 and self.err and not _OUR_WORD.fullmatch(self.err):
            found.append(f"{told} failed without one line and a hint: {said}")
        elif "Traceback" in self.err:
            found.append(f"{told} showed a traceback: {said}")
        if self.work > MOST_WORK:
            found.append(f"{told} worked for {self.work:.0f} s")
        return found


class Run:
    """A command that was started in a group of processes of its own."""

    def __init__(self, words: Sequence[str], command: Sequence[str]) -> None:
        self.words = tuple(words)
        self._work = _children_work()
        # Files, not pipes: a process left behind could hold a pipe open for ever.
        self._texts = [tempfile.TemporaryFile() for _ in range(2)]  # noqa: SIM115 - closed in end()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._texts[0],
            stderr=self._texts[1],
            start_new_session=True,
        )

    def kill(self) -> None:
        """Kill it and all that it started."""
        kill_group(self.process)

    def end(self) -> Ended:
        """Wait for its end."""
        code = wait_for(self.process)
        told = []
        for file in self._texts:
            file.seek(0)
            told.append(file.read().decode("utf-8", "replace"))
            file.close()
        return Ended(self.words, code, told[0], told[1], _children_work() - self._work)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it started, which lead a group of their own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def wait_for(process: subprocess.Popen[bytes]) -> int | None:
    """The code that a process ends with; None where it hangs, and is killed with all that it started."""
    try:
        return process.wait(HANGS_AFTER)
    except subprocess.TimeoutExpired:
        kill_group(process)
        process.wait()
        return None


def _children_work() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
