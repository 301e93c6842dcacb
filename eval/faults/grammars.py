"""Grammars: every language's code is broken in all ways, and still parsed in time, twice to the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random

from eval.errors import MeasureError
from eval.faults.trials import Plan, Trial
from eval.machine import CHECKOUT
from indexers.errors import IndexerError
from indexers.languages.registry import find_language
from indexers.model import SourceFile
from indexers.parsing.parse import parse_file
from indexers.source.content import to_utf8

SAMPLES = CHECKOUT / "tests" / "languages"
"""Where each language has a file of what it has to offer."""

LONGEST = 100_000
"""Bytes of what is made."""

FREE_SECONDS, SECONDS_A_BYTE = 5.0, 20e-6
"""Processor time that a parse may take, and more for each byte: five times what the slowest files of rails take."""

_BRACKETS = b"()[]{}<>\"'`"

Break = Callable[[Random, bytes, Sequence[bytes]], bytes]


def _cut(rng: Random, text: bytes, _: Sequence[bytes]) -> bytes:
    return text[: rng.randrange(len(text) + 1)]


def _drop(rng: Random, text: bytes, _: Sequence[bytes]) -> bytes:
    """Without some of its brackets and quotes."""
    return bytes(byte for byte in text if byte not in _BRACKETS or rng.random() < 0.7)


def _repeat(rng: Random, text: bytes, _: Sequence[bytes]) -> bytes:
    """A short piece again and again, where it stood."""
    start = rng.randrange(len(text) or 1)
    end = start + rng.randrange(1, 40)
    return text[:start] + text[start:end] * (LONGEST // 40) + text[end:]


def _nest(rng: Random, text: bytes, _: Sequence[bytes]) -> bytes:
    return bytes([rng.choice(b"([{<\"'`/*#-")]) * rng.randrange(1, LONGEST // 4) + text


def _splice(rng: Random, text: bytes, others: Sequence[bytes]) -> bytes:
    """With another language's code in the middle."""
    place = rng.randrange(len(text) + 1)
    return text[:place] + rng.choice(others) + text[place:]


def _disturb(rng: Random, text: bytes, _: Sequence[bytes]) -> bytes:
    data = bytearray(text)
    for _time in range(1 + len(data) // 50):
        data[rng.randrange(len(data)) : rng.randrange(len(data) + 1)] = rng.randbytes(rng.randrange(3))
        if not data:
            break
    return bytes(data)


BREAKS: Mapping[str, Break] = {
    "cut": _cut,
    "without brackets": _drop,
    "repeated": _repeat,
    "nested": _nest,
    "spliced": _splice,
    "disturbed": _disturb,
}


def trials(plan: Plan) -> Iterator[Trial]:
    """Each language's samples, broken in each way as often as there are rounds."""
    inputs = find_inputs([SAMPLES, *([plan.inputs] if plan.inputs else [])])
    others = [files[0].read_bytes() for files in inputs.values()]
    for language in plan.pick(sorted(inputs)):
        made = list(break_files(plan.rng, inputs[language], others, plan.rounds))
        yield Trial(f"{language}: {len(made)} broken files", partial(_try, made))


def find_inputs(folders: Sequence[Path]) -> dict[str, list[Path]]:
    """The files of code below some folders, by language.

    Raises:
        MeasureError: there are none.
    """
    found: dict[str, list[Path]] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            spec = find_language(path.name) if path.is_file() and not path.is_symlink() else None
            if spec is not None and 0 < path.stat().st_size <= LONGEST:
                found.setdefault(spec.name, []).append(path)
    if not found:
        raise MeasureError("there is no code to break", "run it in a check-out, or name some with --inputs")
    return found


def break_files(
    rng: Random, files: Sequence[Path], others: Sequence[bytes], rounds: int
) -> Iterator[tuple[str, str, bytes]]:
    """What was done, a name and the text of each file that is made."""
    for title, do in BREAKS.items():
        for _ in range(rounds):
            file = rng.choice(files)
            text = to_utf8(do(rng, file.read_bytes(), others)[:LONGEST])  # as every file is read
            if text is not None:
                yield title, file.name, text


def _try(made: Sequence[tuple[str, str, bytes]]) -> Sequence[str]:
    """In a process of its own, which may end."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(judge, made).result()
        except BrokenProcessPool:
            return ["the process that parsed ended"]


def judge(made: Sequence[tuple[str, str, bytes]]) -> list[str]:
    """What is wrong with the parses of some files."""
    wrong = []
    for title, name, text in made:
        told = f"{name} {title}, {len(text):,} bytes that begin with {text[:60]!r}"
        source, started = SourceFile(name, text), time.process_time()
        try:
            first = parse_file(source)
        except (IndexerError, ValueError, TypeError, LookupError, RecursionError) as error:
            wrong.append(f"{told}: {type(error).__name__}: {error}")
            continue
        seconds = time.process_time() - started
        if seconds > FREE_SECONDS + SECONDS_A_BYTE * len(text):
            wrong.append(f"{told}: {seconds:.1f} s")
        if parse_file(source) != first:
            wrong.append(f"{told}: parsed twice to something else")
    return wrong
