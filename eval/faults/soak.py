"""Soak: thousands of requests to one server, between which files are edited; its memory is sampled all the while."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from eval.errors import MeasureError
from eval.faults.ground.place import Place
from eval.faults.ground.server import Server
from eval.faults.trials import Fact, Plan, Trial

REQUESTS, BLOCK = 20_000, 500
"""Requests in all, and those that are one trial."""

QUICK_REQUESTS, QUICK_BLOCK = 60, 30

EDIT_EVERY, SAMPLE_EVERY = 20, 25
"""Requests between two edits, and between two samples."""

MOST_GROWTH = 1.3
"""Times the memory after the first edits, which load the store's library, that a server may come to have."""

_QUERIES = (
    "settle an invoice", "who counts the stock", "refund", "tax and rebate", "Cart", "count_order",
    "part_1/ledger_4.py:3", "TypeError in send_price", "notes",
)  # fmt: skip


def trials(plan: Plan) -> Iterator[Trial]:
    """Blocks of requests, each of which has to get its reply; then what has become of memory, and of the index."""
    place = Place(plan, files=20)
    place.prepare()
    requests, block = (QUICK_REQUESTS, QUICK_BLOCK) if plan.quick else (REQUESTS, BLOCK)
    sizes: list[float] = []
    with Server(place.root) as server:
        server.greet()
        server.call("search", query=_QUERIES[0])
        sizes.append(server.resident())
        for start in range(0, requests, block):
            run = partial(ask_many, place, server, block, sizes)
            yield Trial(f"requests {start + 1} to {start + block}", run)
        yield Trial("memory", partial(judge_growth, plan, sizes))
        yield Trial("the server's end", lambda: server.end().wrong(0))
    plan.facts.append(Fact("requests", requests))
    yield Trial("the index afterwards", lambda: place.recover(place.outside()))


def ask_many(place: Place, server: Server, requests: int, sizes: list[float]) -> list[str]:
    """Ask at random, edit now and then, and note the server's memory in MiB."""
    for number in range(requests):
        if number % EDIT_EVERY == EDIT_EVERY - 1:
            place.change()
        tool, arguments = draw_call(place)
        if not server.call(tool, **arguments):
            return [f"no reply to {tool} with {arguments}"]
        if number % SAMPLE_EVERY == SAMPLE_EVERY - 1:
            sizes.append(server.resident())
    return []


def draw_call(place: Place) -> tuple[str, dict[str, object]]:
    """A tool and its arguments, of which some name nothing."""
    rng = place.rng
    files = sorted(path.relative_to(place.root).as_posix() for path in place.root.glob("part_*/*"))
    file = rng.choice(files)
    match rng.randrange(5):
        case 0 | 1:
            return "search", {"query": rng.choice(_QUERIES)}
        case 2:
            return "read", {"targets": [rng.choice((file, f"{file}:1-9", rng.choice(_QUERIES)))]}
        case 3:
            return "outline", {"path": rng.choice(("", "part_1", file))}
    return "related", {"symbol": rng.choice(("Cart4", file, "count_order_4")), "relation": "callers"}


def judge_growth(plan: Plan, sizes: list[float]) -> list[str]:
    """Compare the server's memory at its largest with that after the first edits.

    Raises:
        MeasureError: it is not known.
    """
    if not all(sizes):
        raise MeasureError(
            "the server's memory is not told: it has ended, or this system tells of none", "use Linux"
        )
    answer, first, *_ = sizes
    most = max(sizes)
    for name, size in (
        ("after an answer", answer),
        ("after edits", first),
        ("at most", most),
        ("at last", sizes[-1]),
    ):
        plan.facts.append(Fact(f"MiB {name}", round(size, 1)))
    if most <= MOST_GROWTH * first:
        return []
    return [f"it grew from {first:.0f} to {most:.0f} MiB, {most / first:.2f} times"]
