"""Torn: a file is replaced again and again while questions are asked; a reply is of one state of it, whole."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random

from eval.faults.ground.place import Place
from eval.faults.trials import Plan, Trial
from memory_server.answer.reply import Json, Reply
from memory_server.memory import Memory

MOVING = "moving.py"
"""The file that is replaced: the same functions each time, further down or up."""

FUNCTIONS = 8

QUESTIONS = 1_000
"""At each rate; a twentieth where it is quick."""

RATES = (1, 8)
"""Replacements a second."""

ASKED: Mapping[str, Callable[[Memory], Reply]] = {
    "read a symbol": lambda memory: memory.read(["step_3"]),
    "read several": lambda memory: memory.read(["step_1", f"{MOVING}::step_6", "step_4"]),
    "read a file": lambda memory: memory.read([MOVING]),
    "outline": lambda memory: memory.outline(MOVING),
    "callers": lambda memory: memory.related("step_2", "callers"),
    "callees": lambda memory: memory.related("step_2", "callees"),
    "search": lambda memory: memory.search("carry freight onward"),
    "search a name": lambda memory: memory.search("step_5"),
}
"""Questions that are answered from that file."""


def write_moving(root: Path, shift: int) -> None:
    """Replace the file in one move by one in which everything stands ``shift`` lines further down."""
    temporary = root / f"{MOVING}.new~"
    temporary.write_text("\n".join(["# above"] * shift + _body()) + "\n", encoding="utf-8")
    temporary.replace(root / MOVING)


def _body() -> list[str]:
    lines = []
    for number in range(FUNCTIONS):
        lines += [
            f"def step_{number}(freight_{number}):",
            f'    """Carry the freight {number} onward."""',
            f"    carried_{number} = freight_{number} + {number}",
            f"    return step_{number + 1}(carried_{number})",
            "",
        ]
    return lines


def find_shifts(reply: Json) -> set[int]:
    """How far down everything that a reply tells of the file stands; of a whole state of it, one number."""
    body = _body()
    shifts: set[int] = set()

    def walk(value: object, path: str) -> None:
        match value:
            case {"line": int(line), "text": str(text)} if path == MOVING and text in body and text:
                shifts.add(line - 1 - body.index(text))
            case {"path": str(path), "name": str(name), "start_line": int(line)} if path == MOVING and name:
                shifts.add(
                    line - 1 - next(n for n, text in enumerate(body) if text.startswith(f"def {name}("))
                )
        if isinstance(value, dict):
            for inner in value.values():
                walk(inner, value.get("path", path))
        elif isinstance(value, list):
            for inner in value:
                walk(inner, path)

    walk(dict(reply), "")
    return shifts


def judge(asked: str, reply: Reply) -> list[str]:
    """What is wrong with a reply."""
    shifts = sorted(find_shifts(reply.json()))
    if len(shifts) == 1:
        return []
    return [
        f"{asked}: {'nothing is told' if not shifts else f'of {len(shifts)} states of the file: {shifts}'}"
    ]


def trials(plan: Plan) -> Iterator[Trial]:
    """A file replaced at each rate while every tool is asked about it."""
    place = Place(plan)
    write_moving(place.root, 0)
    place.prepare()
    count = QUESTIONS // 20 if plan.quick else QUESTIONS
    for rate in RATES:
        yield Trial(
            f"{count} questions at {rate} replacements a second", partial(_try, place.root, rate, count)
        )


def _try(root: Path, rate: float, count: int) -> Sequence[str]:
    wrong: list[str] = []
    with Memory.open(root) as memory, replacing(root, rate):
        for number in range(count):
            asked, ask = list(ASKED.items())[number % len(ASKED)]
            wrong += judge(asked, ask(memory))
    return wrong


@contextmanager
def replacing(root: Path, rate: float) -> Iterator[None]:
    """Replace the file so often a second, for as long as the block lasts."""
    ended, rng = threading.Event(), Random(rate)

    def replace() -> None:
        while not ended.wait(rng.uniform(0.5, 1.5) / rate):
            write_moving(root, rng.randrange(60))

    thread = threading.Thread(target=replace, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        (root / f"{MOVING}.new~").unlink(missing_ok=True)
