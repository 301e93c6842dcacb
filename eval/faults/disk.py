"""Disk: it gets full at any byte or file of a run, no file may grow, or what is written to can only be read."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path

from eval.errors import MeasureError
from eval.faults.ground import commands
from eval.faults.ground.place import Fingerprints, Place
from eval.faults.trials import Plan, Trial

_PAGE = 4096
_NO_DISK = 99
"""Exit code of the scripts where the system refuses what they need."""

_ON_SMALL_DISK = """
state=$1 options=$2 held=$3; shift 3
mount -t tmpfs -o "$options" none "$state" && cp -a "$held/." "$state/" || exit 99
"$@"; code=$?
mount -o remount,size=1g,nr_inodes=0 "$state" && mkdir "$held.after" && cp -a "$state/." "$held.after/" || exit 99
exit $code
"""
"""The index lies on a disk of its own while the command runs; what is left there is copied once there is room again."""

_WITH_SMALL_FILES = 'ulimit -f "$1" && shift && exec "$@"'
_BLOCK = 512
"""Bytes that a shell's limit counts in."""

_ON_READ_ONLY_DISK = """
place=$1; shift
mount --bind "$place" "$place" && mount -o remount,bind,ro "$place" || exit 99
exec "$@"
"""

_QUESTIONS = (("search", "settle an invoice"), ("outline",), ("status",))
_RUNS = (("index",), ("doctor",), ("tune", "--undo"), *_QUESTIONS)


def trials(plan: Plan) -> Iterator[Trial]:
    """Runs on disks of random sizes and numbers of files, with a limit to each file's size, and on read-only ones."""
    place = Place(plan)
    place.prepare()
    place.change()
    place.keep()
    room, files = _room(place.state)
    draw = plan.rng.randrange
    found = []
    for first in [True, False] * plan.rounds:
        run = f"a {'first' if first else 'later'} run"
        size, inodes, limit = draw(room), draw(files), draw(1, 64) * 1024
        begun = (0, 0) if first else (room, files)
        disk = f"size={(begun[0] + size + _PAGE) // 1024}k"
        found += [
            Trial(f"{run} with {size // 1024} KiB of room", partial(fill, place, disk, first=first)),
            Trial(
                f"{run} with room for {inodes} files",
                partial(fill, place, f"nr_inodes={begun[1] + inodes + 2}", first=first),
            ),
            Trial(
                f"{run} with files of {limit // 1024} KiB at most",
                partial(limit_files, place, limit, first=first),
            ),
        ]
    for words in _RUNS:
        found.append(
            Trial(f"{words[0]} with a read-only index", partial(write_protect, place, place.state, words))
        )
        found.append(
            Trial(f"{words[0]} in a read-only tree", partial(write_protect, place, place.root, words))
        )
    yield from plan.pick(found)


def fill(place: Place, options: str, *, first: bool) -> list[str]:
    """Run on a disk that gets full; then there is room again."""
    before = _set_up(place, first=first)
    held = place.scratch / "temporary/held"
    after = held.with_name("held.after")
    shutil.move(place.state, held)
    place.state.mkdir()
    try:
        wrong = _run_mounted(place, _ON_SMALL_DISK, (str(place.state), options, str(held)), ("index",))
        shutil.rmtree(place.state)
        shutil.move(after, place.state)
    finally:
        shutil.rmtree(held)
    return wrong + place.recover_twice(before)


def limit_files(place: Place, size: int, *, first: bool) -> list[str]:
    """Run where no file may have more bytes, which needs no disk of its own."""
    before = _set_up(place, first=first)
    ended = place.run("index", program=in_shell(_WITH_SMALL_FILES, str(size // _BLOCK)))
    return ended.wrong() + place.recover_twice(before)


def write_protect(place: Place, folder: Path, words: Sequence[str]) -> list[str]:
    """Run where index or tree cannot be written; questions are answered all the same."""
    before = _set_up(place, first=False)
    wrong = _run_mounted(
        place, _ON_READ_ONLY_DISK, (str(folder),), words, *((0,) if words in _QUESTIONS else ())
    )
    return wrong + place.changed_outside(before) + place.recover_twice(before)


def _set_up(place: Place, *, first: bool) -> Fingerprints:
    place.restore()
    if first:
        shutil.rmtree(place.state)
        place.state.mkdir()
    return place.outside()


def _run_mounted(
    place: Place, script: str, given: Sequence[str], words: Sequence[str], *codes: int
) -> list[str]:
    ended = place.run(*words, program=(*mounting(), *in_shell(script, *given)))
    if ended.code == _NO_DISK:
        raise MeasureError(
            f"no disk of its own: {ended.err.strip()[-200:]}", "try it where mounting is allowed"
        )
    return ended.wrong(*codes)


def in_shell(script: str, *given: str) -> tuple[str, ...]:
    """How the command line is started by a script that gets it after what else it is ``given``."""
    return ("sh", "-c", script, "sh", *given, *commands.COMMAND)


def _room(folder: Path) -> tuple[int, int]:
    """Bytes in pages, and entries, of all in a folder."""
    sizes = [path.lstat().st_size for path in folder.rglob("*")]
    return sum(-(-size // _PAGE) * _PAGE for size in sizes), len(sizes)


@cache
def mounting() -> tuple[str, ...]:
    """The command prefix under which a script may mount.

    Raises:
        MeasureError: the system has none, or allows it to nobody.
    """
    prefix = ("unshare", "--map-root-user", "--mount")
    hint = "try it where a user may have namespaces"
    if shutil.which(prefix[0]) is None:
        raise MeasureError("no disk of its own: there is no unshare", hint)
    tried = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    if tried.returncode:
        raise MeasureError(f"no disk of its own: {tried.stderr.decode('utf-8', 'replace').strip()}", hint)
    return prefix
