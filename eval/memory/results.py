"""What following the oracle's notes found, as it is written to a file and told on a terminal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from eval.errors import MeasureError
from eval.machine import Machine, describe_machine, own_revision
from eval.memory.anchors import NONE, RIGHT, SPLIT, WRONG, Case, Measured
from eval.records import fold_json

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FORMAT = 1
"""Version of the result's layout."""


@dataclass(frozen=True, slots=True)
class Share:
    """Cases of a repository, or of all: how many of each outcome, and the middle case's seconds, nothing kept before.

    ``relocated`` are those whose path or name differs between the note and the end, ``relocated_right`` those of them
    that were found.
    """

    repository: str
    cases: int
    right: int
    wrong: int
    split: int
    none: int
    relocated: int
    relocated_right: int
    seconds_median: float


@dataclass(frozen=True, slots=True)
class AnchorResult:
    """One run; ``shares`` begins with all cases. ``missed`` are the cases that were not right.

    ``changes`` counts commits by what the oracle says and what the hash of tokens says; ``unread`` counts elements of
    the oracle that are no one symbol of ours.
    """

    format: int
    machine: Machine
    revision: str
    shares: tuple[Share, ...]
    changes: Mapping[str, int]
    unread: int
    missed: tuple[Case, ...]


def collect_result(measured: Measured) -> AnchorResult:
    """The result of a run.

    Raises:
        MeasureError: nothing was measured.
    """
    cases = measured.cases
    if not cases:
        raise MeasureError(
            "nothing was measured", "clone repositories of the oracle under the names it gives them"
        )
    names = sorted({case.repository for case in cases})
    shares = [
        _share("all", cases),
        *(_share(name, [c for c in cases if c.repository == name]) for name in names),
    ]
    changes = {
        f"{wanted}, told {told}": count for (wanted, told), count in sorted((measured.changes or {}).items())
    }
    missed = tuple(case for case in cases if case.outcome != RIGHT)
    return AnchorResult(
        FORMAT, describe_machine(), own_revision(), tuple(shares), changes, measured.unread, missed
    )


def _share(name: str, cases: Sequence[Case]) -> Share:
    counts = Counter(case.outcome for case in cases)
    relocated = [case for case in cases if case.is_relocated]
    return Share(
        repository=name,
        cases=len(cases),
        right=counts[RIGHT],
        wrong=counts[WRONG],
        split=counts[SPLIT],
        none=counts[NONE],
        relocated=len(relocated),
        relocated_right=sum(case.outcome == RIGHT for case in relocated),
        seconds_median=median(case.seconds for case in cases),
    )


def write_result(result: DataclassInstance) -> str:
    """The result as JSON."""
    return fold_json(json.dumps(asdict(result), indent=2)) + "\n"


def build_report(result: AnchorResult) -> Table:
    """A line for each repository."""
    told = "; ".join(f"{name}: {count}" for name, count in result.changes.items())
    caption = Text(f"repo-memory {result.revision}; changes: {told}; no symbol of ours: {result.unread}")
    table = Table(title="Notes on methods, followed to the end of their histories", caption=caption)
    for column in ("", "cases", "right", "wrong", "split", "none", "precise", "relocated right", "s"):
        table.add_column(column, justify="right" if column else "left")
    for share in result.shares:
        said = share.right + share.wrong
        table.add_row(
            share.repository,
            str(share.cases),
            f"{share.right / share.cases:.1%}",
            str(share.wrong),
            str(share.split),
            str(share.none),
            f"{share.right / said:.1%}" if said else "-",
            f"{share.relocated_right} of {share.relocated}",
            f"{share.seconds_median:.2f}",
        )
    return table
