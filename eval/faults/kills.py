"""Kills: a first, an incremental and a rebuilding run and a server end at random moments, and at counted changes."""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product

from eval.errors import MeasureError
from eval.faults.ground.place import Place
from eval.faults.ground.server import SESSION, Server
from eval.faults.trials import Plan, Trial

_CHANGES = frozenset({
    "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.utime", "shutil.rmtree",
})  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_KILLED = """
import sys
from eval.faults.kills import kill_itself
kill_itself(int(sys.argv.pop(1)))
from memory_server.cli import main
main()
"""
"""The command line, which kills itself."""

_ALL = 1_000_000
"""More changes than a run makes."""


def trials(plan: Plan) -> Iterator[Trial]:
    """Each sort of run killed as often as there are rounds, at a moment of its length, and at one of its changes."""
    place = Place(plan)
    place.prepare()
    place.change()
    place.keep()
    sorts = [*product(SITUATIONS, ("moment", "change")), ("incremental", "server")]
    for situation, end in plan.pick(sorts):
        seconds, changes = LIKELY if plan.quick else measure(place, situation)
        for _ in range(1 if plan.quick else plan.rounds):
            if end == "change":
                number = plan.rng.randrange(1, changes + 1)
                yield Trial(
                    f"{situation} run killed before change {number} of {changes}",
                    partial(kill_at_change, place, situation, number),
                )
            else:
                moment = plan.rng.uniform(0, seconds)
                kill = kill_server if end == "server" else kill_at_moment
                name = f"{'server' if end == 'server' else f'{situation} run'} killed after {moment:.2f} s"
                yield Trial(name, partial(kill, place, situation, moment))


def remove_index(place: Place) -> None:
    """Take the index away: the next run is the first."""
    shutil.rmtree(place.state)


def keep_index(_place: Place) -> None:
    """Leave it as it is: the next run takes in what changed since."""


def age_index(place: Place) -> None:
    """Let it be of an older version: the next run makes it anew."""
    stamp = place.state / "store.json"
    stamp.write_text(
        json.dumps(json.loads(stamp.read_text("utf-8")) | {"index_version": 1}), encoding="utf-8"
    )


SITUATIONS: dict[str, Callable[[Place], None]] = {
    "first": remove_index, "incremental": keep_index, "rebuilding": age_index,
}  # fmt: skip


LIKELY = (1.5, 30)
"""Seconds and changes of a run, where there is no time to measure."""


def measure(place: Place, situation: str) -> tuple[float, int]:
    """How many seconds an index run takes, and how often it changes the disk from Python.

    Raises:
        MeasureError: it fails.
    """
    place.restore()
    SITUATIONS[situation](place)
    started = time.monotonic()
    ended = place.run("index", program=_killing(_ALL))
    found = re.search(r"^(\d+) changes$", ended.err, re.MULTILINE)
    if ended.code or not found:
        raise MeasureError(f"without any fault, index fails: {ended.err[-300:]}", "run `repo-memory index`")
    return time.monotonic() - started, int(found[1])


def kill_at_moment(place: Place, situation: str, moment: float) -> list[str]:
    """Kill a run some seconds after its start."""
    place.restore()
    SITUATIONS[situation](place)
    before = place.outside()
    run = place.start("index")
    time.sleep(moment)
    run.kill()
    run.end()
    return look_after(place) + place.recover_twice(before)


def kill_at_change(place: Place, situation: str, change: int) -> list[str]:
    """Kill a run before one of its changes of the disk."""
    place.restore()
    SITUATIONS[situation](place)
    before = place.outside()
    ended = place.run("index", program=_killing(change))
    wrong = ended.wrong(-signal.SIGKILL, 0)  # the changes of two runs differ by a few
    return wrong + look_after(place) + place.recover_twice(before)


def kill_server(place: Place, situation: str, moment: float) -> list[str]:
    """Kill a server some seconds after its start, while it takes in changes and is asked."""
    place.restore()
    SITUATIONS[situation](place)
    before = place.outside()
    with Server(place.root) as server:
        server.send(SESSION)
        time.sleep(moment)
    return look_after(place) + place.recover_twice(before)


def look_after(place: Place) -> list[str]:
    """What is wrong with a question after a kill; asked in some cases, since it may mend what it finds."""
    return place.run("search", "settle an invoice").wrong() if place.rng.random() < 0.3 else []


def _killing(change: int) -> tuple[str, ...]:
    return (sys.executable, "-P", "-c", _KILLED, str(change))


def kill_itself(number: int) -> None:
    """Have this process kill itself before its changes of the disk reach a number, or tell how many they were."""
    made = 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal made
        is_change = event in _CHANGES
        if event == "open":
            path, _, flags = arguments
            is_change = isinstance(flags, int) and bool(flags & _WRITING) and "repo-memory" in str(path)
        made += is_change
        if is_change and made == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    atexit.register(lambda: sys.stderr.write(f"{made} changes\n"))
