"""What a replay found: the bill, what reads cost, what the index would have changed, conversation by conversation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from eval.logs.calibrate import Calibration
from eval.logs.reads import Verdict
from eval.logs.replay import BOUNDS, Fate, Ledger, PromptSize, Replay, ReplayedRead
from eval.machine import Machine, describe_machine, own_revision
from eval.records import Unmeasured, fold_json
from eval.usage.prices import Cost, find_rates, price_list, request_cost
from indexers.tokens import NEWEST, OLDER, model_name
from indexers.transcripts.model import Conversation, Logs, Request, Skip

FORMAT = 1
"""Version of the result's layout."""

LEVEL = (
    "own logs: what the index, as it is of today's tree, could have replaced in conversations that were held"
)

TOKEN_ERROR = (
    f"{NEWEST.error_band} (models {OLDER.name}: ±{OLDER.mean_error:.1%} and ±{OLDER.high_error:.1%})"
)


@dataclass(frozen=True, slots=True)
class ModelBill:
    """Tokens and dollars of a model by bucket, as billed; no dollars where the model has no price.

    ``estimated`` counts requests whose output the log gives as a placeholder.
    """

    model: str
    requests: int
    estimated: int
    read: int
    write: int
    input: int
    output: int
    dollars: Cost | None


@dataclass(frozen=True, slots=True)
class Reads:
    """Reads alike, or alike in what came of asking: how many, their tokens, and dollars until they left the context."""

    kind: str
    count: int
    tokens: int
    dollars: float


@dataclass(frozen=True, slots=True)
class BoundChange:
    """The bill under one bound: what is saved and spent, net dollars, and net as a share of the whole bill."""

    bound: str
    ledger: Ledger
    net: float
    share: float


@dataclass(frozen=True, slots=True)
class Replayed:
    """A conversation that was measured."""

    id: str
    started: str
    folder: str
    requests: int
    contexts: int
    epochs: int
    reads: int
    replaceable: int
    questions: int
    covered: int
    dollars: float
    read_dollars: float
    changes: tuple[BoundChange, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """The contexts of the main requests of one conversation."""

    id: str
    started: str
    contexts: tuple[PromptSize, ...]


@dataclass(frozen=True, slots=True)
class LogsResult:
    """The whole result. ``dollars`` is the bill of the measured conversations, which all shares are of.

    ``worse`` counts, for each bound, the conversations that would have cost more. ``trace`` is of the conversation with
    the largest bill.
    """

    format: int
    level: str
    revision: str
    machine: Machine
    token_error: str
    prices_of: str
    files: int
    conversations: int
    skips: tuple[Skip, ...]
    bill: tuple[ModelBill, ...]
    unpriced: tuple[str, ...]
    overhead: int
    index_seconds: float
    dollars: float
    verdicts: tuple[Reads, ...]
    fates: tuple[Reads, ...]
    changes: tuple[BoundChange, ...]
    worse: tuple[int, ...]
    replayed: tuple[Replayed, ...]
    unmeasured: tuple[Unmeasured, ...]
    calibration: tuple[Calibration, ...]
    trace: Trace | None = None


_MODEL = TypeAdapter(LogsResult)


def write_result(result: LogsResult) -> str:
    """The result as JSON."""
    return fold_json(_MODEL.dump_json(result, indent=1).decode())


@dataclass(frozen=True, slots=True)
class ConversationReplay:
    """A conversation with its replay."""

    conversation: Conversation
    replay: Replay


def total_cost(requests: Iterable[Request]) -> float:
    """Dollars of some requests; those of models without prices count nothing."""
    return sum(cost.total for request in requests if (cost := request_cost(request)) is not None)


def find_unpriced(requests: Iterable[Request]) -> tuple[str, ...]:
    """Models that have no price."""
    return tuple(sorted({request.model for request in requests if find_rates(request) is None}))


def collect(
    logs: Logs,
    measured: Sequence[ConversationReplay],
    unmeasured: Sequence[Unmeasured],
    overhead: int,
    index_seconds: float,
    calibration: tuple[Calibration, ...],
) -> LogsResult:
    """All that was found, put together."""
    requests = [request for conversation in logs.conversations for request in conversation.requests]
    reads = [found for one in measured for found in one.replay.reads]
    costs = [dollars for one in measured for dollars in one.replay.dollars]
    replayed = tuple(_tell(one) for one in measured)
    dollars = sum(one.dollars for one in replayed)
    ledgers = [sum((one.replay.ledgers[nth] for one in measured), Ledger()) for nth in range(len(BOUNDS))]
    return LogsResult(
        format=FORMAT,
        level=LEVEL,
        revision=own_revision(),
        machine=describe_machine(),
        token_error=TOKEN_ERROR,
        prices_of=price_list().checked,
        files=logs.files,
        conversations=len(logs.conversations),
        skips=logs.skips,
        bill=_bills(requests),
        unpriced=find_unpriced(requests),
        overhead=overhead,
        index_seconds=round(index_seconds, 2),
        dollars=dollars,
        verdicts=_group(tuple(Verdict), [found.read.verdict for found in reads], reads, costs),
        fates=_group(tuple(Fate), [found.fate for found in reads], reads, costs),
        changes=_changes(ledgers, dollars),
        worse=tuple(sum(one.changes[nth].net < 0 for one in replayed) for nth in range(len(BOUNDS))),
        replayed=replayed,
        unmeasured=tuple(unmeasured),
        calibration=calibration,
        trace=_trace(measured),
    )


def _trace(measured: Sequence[ConversationReplay]) -> Trace | None:
    """The contexts of the conversation with the largest bill; where nothing was replayed there is none."""
    if not measured:
        return None
    found = max(measured, key=lambda one: total_cost(one.conversation.requests))
    return Trace(found.conversation.id, found.conversation.started, found.replay.contexts)


def _bills(requests: Sequence[Request]) -> tuple[ModelBill, ...]:
    """A bill for each model, the most requests first."""
    names = Counter(model_name(request.model) for request in requests)
    return tuple(
        _bill(name, [request for request in requests if model_name(request.model) == name])
        for name, _ in names.most_common()
    )


def _bill(model: str, requests: Sequence[Request]) -> ModelBill:
    costs = [cost for request in requests if (cost := request_cost(request)) is not None]
    return ModelBill(
        model,
        requests=len(requests),
        estimated=sum(request.estimated for request in requests),
        read=sum(request.usage.read for request in requests),
        write=sum(request.usage.write for request in requests),
        input=sum(request.usage.input for request in requests),
        output=sum(request.usage.output for request in requests),
        dollars=sum(costs, Cost()) if costs else None,
    )


def _group(
    kinds: Sequence[str], found: Sequence[str], reads: Sequence[ReplayedRead], costs: Sequence[float]
) -> tuple[Reads, ...]:
    groups = []
    for kind in kinds:
        places = [place for place, name in enumerate(found) if name == kind]
        tokens = round(sum(reads[place].read.place.tokens for place in places))
        if places:
            groups.append(Reads(str(kind), len(places), tokens, sum(costs[place] for place in places)))
    return tuple(groups)


def _changes(ledgers: Sequence[Ledger], dollars: float) -> tuple[BoundChange, ...]:
    return tuple(
        BoundChange(bound.name, ledger, ledger.net, ledger.net / dollars if dollars else 0)
        for bound, ledger in zip(BOUNDS, ledgers, strict=True)
    )


def _tell(one: ConversationReplay) -> Replayed:
    conversation, reads = one.conversation, one.replay.reads
    dollars = total_cost(conversation.requests)
    return Replayed(
        id=conversation.id,
        started=conversation.started,
        folder=conversation.cwd,
        requests=len(conversation.requests),
        contexts=len(conversation.threads),
        epochs=one.replay.epochs,
        reads=len(reads),
        replaceable=sum(found.fate is not Fate.KEPT for found in reads),
        questions=sum(len(found.asked) for found in reads if found.fate is not Fate.KEPT),
        covered=sum(found.fate is Fate.COVERED for found in reads),
        dollars=dollars,
        read_dollars=sum(one.replay.dollars),
        changes=_changes(one.replay.ledgers, dollars),
    )
