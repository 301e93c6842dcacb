"""Corruption: every file of store and view is cut short, altered, deleted, or has a folder in its place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from random import Random

from eval.faults.ground.place import Place
from eval.faults.trials import Plan, Trial


def cut(path: Path, rng: Random) -> None:
    """Cut a file short, at times to nothing."""
    os.truncate(path, rng.choice((0, rng.randrange(max(1, path.stat().st_size)))))


def alter(path: Path, rng: Random) -> None:
    """Alter some bytes of a file."""
    data = bytearray(path.read_bytes())
    start = rng.randrange(max(1, len(data)))
    data[start : start + 40] = bytes(byte ^ 0xA5 for byte in data[start : start + 40])
    path.write_bytes(data)


def delete(path: Path, _rng: Random) -> None:
    """Take a file or folder away."""
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def put_folder(path: Path, _rng: Random) -> None:
    """Put a folder with something in it where a file was."""
    path.unlink()
    path.mkdir()
    (path / "file").write_text("somebody's", encoding="utf-8")


def put_file(path: Path, _rng: Random) -> None:
    """Put a file where a folder was."""
    shutil.rmtree(path)
    path.write_text("somebody's", encoding="utf-8")


Damage = Callable[[Path, Random], None]

DAMAGES: dict[str, Damage] = {"cut": cut, "altered": alter, "deleted": delete, "a folder": put_folder}
FOLDER_DAMAGES: dict[str, Damage] = {"deleted": delete, "a file": put_file}


def trials(plan: Plan) -> Iterator[Trial]:
    """Each part of an index damaged in each way; then a question, an edit, and what recovers from it."""
    place = Place(plan)
    place.prepare()
    if not plan.quick:  # tables of several parts
        place.change()
        place.prepare()
    place.keep()
    parts = sorted(place.state.rglob("*"))
    files = product((part for part in parts if part.is_file()), DAMAGES.items())
    folders = product((part for part in parts if part.is_dir()), FOLDER_DAMAGES.items())
    for path, (name, damage) in plan.pick([*files, *folders]):
        yield Trial(f"{path.relative_to(place.state)} {name}", partial(_try, place, path, damage))


def _try(place: Place, path: Path, damage: Damage) -> list[str]:
    place.restore()
    damage(path, place.rng)
    before = place.outside()
    wrong = place.run(*place.rng.choice((("search", "settle an invoice"), ("status",), ("outline",)))).wrong()
    wrong += place.changed_outside(before)
    if place.rng.random() < 0.5:
        place.change()
    return wrong or place.recover_twice(place.outside())
