"""A conversation replayed: the index is asked before its reads, and the bill is drawn up anew, three times over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from eval.logs.reads import Epoch, LoggedFolder, Place, Read, Verdict, collect_epoch, split_epochs
from eval.usage.prices import find_rates, resident_cost
from indexers.tokens import FAMILIES, Family, find_family
from indexers.transcripts.model import MAIN, Conversation, Request


@dataclass(frozen=True, slots=True)
class IndexReply:
    """What the index replied to a question: ``tokens`` of calls and replies, of the ``calls`` alone, lines shown."""

    tokens: int
    calls: int
    turns: int
    shown: frozenset[tuple[str, int]]


class Index(Protocol):
    """The index of one tree, as it is today."""

    def overhead(self, family: Family) -> int:
        """Tokens that its tools' schemas and instructions take in every context of a model of a family."""

    def lines(self, path: str) -> tuple[str, ...]:
        """A file's lines, without the blanks at their ends; none where it is not indexed."""

    def ask(self, question: str, family: Family) -> IndexReply:
        """A search, and a read of what it found, as a model of a family counts them."""


class Fate(StrEnum):
    """What came of asking the index in place of a replaceable read."""

    COVERED = "covered: the reply shows all lines later edited or cited"
    SHOWN = "nothing of it edited or cited; the reply shows lines of it"
    MISSED = "not covered"
    CHANGED = "the lines later edited or cited are no longer in the file"
    UNASKED = "no question to ask"
    KEPT = "not replaceable"


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """A question with its reply."""

    question: str
    reply: IndexReply


@dataclass(frozen=True, slots=True)
class ReplayedRead:
    """A read, what came of it, and what was asked for it."""

    read: Read
    fate: Fate
    asked: tuple[AnsweredQuestion, ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """What is assumed.

    ``credited``: the fates whose read falls away. ``eager``: the index is also asked before reads that edits needed.
    ``vanish``: requests that only made calls which fell away are saved. ``searches``: so are the searches that led to
    a credited read. ``error``: the part by which all token estimates are off, in favour of saving.
    """

    name: str
    credited: frozenset[Fate]
    eager: bool
    vanish: bool
    searches: bool
    error: float


_ERROR = max(family.mean_error for family in FAMILIES)

BOUNDS = (
    Bound("low", frozenset({Fate.COVERED}), eager=True, vanish=False, searches=False, error=-_ERROR),
    Bound("mid", frozenset({Fate.COVERED}), eager=False, vanish=True, searches=False, error=0),
    Bound(
        "high",
        frozenset({Fate.COVERED, Fate.SHOWN}),
        eager=False,
        vanish=True,
        searches=True,
        error=_ERROR,
    ),
)
"""From the least to the most that the logs allow for; each later one credits all that an earlier one does."""

TRACED = "mid"
"""The bound under which contexts are told request by request."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Dollars saved and spent: tokens that fell away, turns saved; replies, turns added, schemas and instructions."""

    removed: float = 0
    turns_saved: float = 0
    replies: float = 0
    turns_added: float = 0
    schema: float = 0

    def __add__(self, more: Ledger) -> Ledger:
        return Ledger(
            self.removed + more.removed,
            self.turns_saved + more.turns_saved,
            self.replies + more.replies,
            self.turns_added + more.turns_added,
            self.schema + more.schema,
        )

    @property
    def net(self) -> float:
        """Dollars saved on the bill; negative where it would have been higher."""
        return self.removed + self.turns_saved - self.replies - self.turns_added - self.schema


@dataclass(frozen=True, slots=True)
class PromptSize:
    """A request's prompt in tokens: as billed, and as it would have been with the index."""

    billed: int
    indexed: int


@dataclass(frozen=True, slots=True)
class Replay:
    """A conversation's reads with their fates, what they cost as billed, and a ledger for each of ``BOUNDS``.

    ``contexts`` are those of the main context's requests, all of them, under the bound ``TRACED``.
    """

    reads: tuple[ReplayedRead, ...]
    dollars: tuple[float, ...]
    epochs: int
    ledgers: tuple[Ledger, ...]
    contexts: tuple[PromptSize, ...] = ()


def replay(conversation: Conversation, folder: LoggedFolder, index: Index) -> Replay:
    """Ask the index in place of a conversation's reads."""
    reads: list[ReplayedRead] = []
    dollars: list[float] = []
    contexts: list[PromptSize] = []
    ledgers = [Ledger() for _ in BOUNDS]
    epochs = 0
    for thread in conversation.threads:
        schemas = _schema_cost(thread.requests, index)
        ledgers = [
            ledger + Ledger(schema=schemas * (1 - bound.error))
            for ledger, bound in zip(ledgers, BOUNDS, strict=True)
        ]
        for events in split_epochs(thread.events):
            epoch = collect_epoch(events, folder)
            found = [_ask(read, index, epoch) for read in epoch.reads]
            reads += found
            dollars += [_standing(epoch, read.place) for read in epoch.reads]
            accounts = [_Account(epoch, bound) for bound in BOUNDS]
            ledgers = [
                ledger + account.draw_up(found) for ledger, account in zip(ledgers, accounts, strict=True)
            ]
            if thread.name == MAIN:
                traced = next(account for account in accounts if account.bound.name == TRACED)
                contexts += traced.trace(index)
            epochs += bool(epoch.requests)
    return Replay(tuple(reads), tuple(dollars), epochs, tuple(ledgers), tuple(contexts))


def _schema_cost(requests: Sequence[Request], index: Index) -> float:
    """Dollars of schemas and instructions: written with a context's first request, then at the head of every prompt."""
    if not requests:
        return 0
    first = find_rates(requests[0])
    size = index.overhead(find_family(requests[0].model))
    return (size * first.write if first else 0) + resident_cost(requests[1:], 0, size)


def _ask(read: Read, index: Index, epoch: Epoch) -> ReplayedRead:
    """Put the questions that led to a read, one after the other until the reply shows what was needed of it."""
    asks = {Verdict.REPLACEABLE, Verdict.BEFORE_EDIT}
    lines = index.lines(read.path) if read.verdict not in {Verdict.OUTSIDE, Verdict.NO_TEXT} else ()
    if read.verdict in asks and not lines:
        return ReplayedRead(replace(read, verdict=Verdict.NOT_INDEXED), Fate.KEPT)
    if read.verdict not in asks:
        return ReplayedRead(read, Fate.KEPT)
    family = find_family(epoch.requests[read.place.request].model)
    asked: list[AnsweredQuestion] = []
    fate = Fate.UNASKED
    shown: set[str] = set()
    for question in read.questions:
        asked.append(AnsweredQuestion(question, index.ask(question, family)))
        shown |= {lines[n - 1] for path, n in asked[-1].reply.shown if path == read.path and n <= len(lines)}
        fate = _compare(read, frozenset(lines), shown)
        if fate in {Fate.COVERED, Fate.SHOWN}:
            break
    return ReplayedRead(read, fate if read.verdict is Verdict.REPLACEABLE else Fate.KEPT, tuple(asked))


def _compare(read: Read, lines: frozenset[str], shown: set[str]) -> Fate:
    if not read.needs:
        return Fate.SHOWN if shown & set(read.lines) else Fate.MISSED
    alive = [[either for either in need.either if lines.issuperset(either)] for need in read.needs]
    if not all(alive):
        return Fate.CHANGED
    covered = all(any(shown.issuperset(either) for either in need) for need in alive)
    return Fate.COVERED if covered else Fate.MISSED


def _after(epoch: Epoch, place: int, size: float) -> float:
    """Dollars of so many tokens that a request's calls brought, from the next request to the epoch's last."""
    return resident_cost(epoch.requests[place + 1 :], epoch.requests[place].usage.prompt, size)


def _standing(epoch: Epoch, place: Place) -> float:
    return _after(epoch, place.request, place.tokens)


@dataclass(slots=True)
class _Account:
    """An epoch's ledger under one bound."""

    epoch: Epoch
    bound: Bound
    asked: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    grown: Counter[int] = field(default_factory=Counter)

    def draw_up(self, reads: Sequence[ReplayedRead]) -> Ledger:
        """What is saved and spent. A question that was put before in the epoch has its reply in the context."""
        ledger = Ledger()
        for replayed in reads:
            if replayed.fate is not Fate.KEPT or self.bound.eager:
                for asked in replayed.asked:
                    ledger += self._charge(asked, replayed.read.place.request)
            if replayed.fate in self.bound.credited:
                removed = sum(self._removals(replayed.read))
                ledger += Ledger(removed=removed * (1 + self.bound.error))
        return ledger + Ledger(turns_saved=self._turns_saved() if self.bound.vanish else 0)

    def _charge(self, asked: AnsweredQuestion, place: int) -> Ledger:
        """A question's reply stands in the context to the end; each turn that it takes re-reads all before it."""
        request = self.epoch.requests[place]
        rates = find_rates(request)
        if asked.question in self.asked or rates is None:
            return Ledger()
        self.asked.add(asked.question)
        scale = 1 - self.bound.error
        size, calls = asked.reply.tokens * scale, asked.reply.calls * scale
        self.grown[place] += round(size)
        replies = _after(self.epoch, place, size)
        turns = asked.reply.turns * (request.usage.prompt + size) * rates.read + calls * rates.output
        return Ledger(replies=replies, turns_added=turns)

    def _removals(self, read: Read) -> Iterator[float]:
        """Dollars of a credited read, and of the searches that led to it, each once."""
        self.gone.add(read.call)
        yield self._remove(read.place)
        for call, place in read.searches if self.bound.searches else ():
            if call not in self.gone and place.request >= 0:
                self.gone.add(call)
                yield self._remove(place)

    def _remove(self, place: Place) -> float:
        self.grown[place.request] -= round(place.tokens)
        return _standing(self.epoch, place)

    def trace(self, index: Index) -> Iterator[PromptSize]:
        """Each request's context, as billed and as drawn up: grown or shrunk by what earlier requests brought."""
        grown = 0
        for place, request in enumerate(self.epoch.requests):
            prompt = request.usage.prompt
            yield PromptSize(prompt, prompt + index.overhead(find_family(request.model)) + grown)
            grown += self.grown[place]

    def _turns_saved(self) -> float:
        saved = 0.0
        for request in self.epoch.requests:
            rates = find_rates(request)
            if rates is not None and request.calls and all(call.id in self.gone for call in request.calls):
                saved += request.usage.read * rates.read + request.usage.output * rates.output
        return saved
