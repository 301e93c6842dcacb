"""A savings result as one page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eval.pages.document import as_sentence, build_document, note, paragraph, section, table, tiles
from eval.pages.plots import Axis, Bar, BarPart, Ink, Series, Tone, key, plot_bars, plot_lines, scale, steps
from eval.savings.bill import BASE_CONTEXT, PRICES, PRICES_DATE, REMAINING_TURNS, QuestionCost, question_cost
from eval.savings.context import BUDGETS
from eval.savings.own import LATER, OWN, WITH_RIPGREP
from eval.savings.results import ArmMeans, GroupSavings, SavingsResult
from memory_server.tuning.metrics import Estimate

TURNS_ON = REMAINING_TURNS[1]
"""Turns after the question for which the bill is split into its buckets."""

_OWN_INKS = {OWN: Ink(Tone.BLUE), LATER: Ink(Tone.BLUE, 1), WITH_RIPGREP: Ink(Tone.GREEN)}
_OTHER_INKS = (
    *(Ink(Tone.GREY, dash) for dash in (0, 1)),
    *(Ink(Tone.ORANGE, dash) for dash in (0, 1, 2)),
    Ink(Tone.PURPLE),
)
"""In the order of the other arms: whole files, windows, matches with context."""

_BUCKETS: tuple[tuple[str, Ink, Callable[[QuestionCost], float]], ...] = (
    ("cache write: what the question adds", Ink(Tone.ORANGE), lambda cost: cost.write),
    (f"cache read: the same, on {TURNS_ON} turns afterwards", Ink(Tone.BLUE), lambda cost: cost.staying),
    ("cache read: the question's own turns", Ink(Tone.BLUE, 1), lambda cost: cost.asking),
    ("output: the calls", Ink(Tone.GREEN), lambda cost: cost.output),
)


def build_page(result: SavingsResult) -> str:
    """The page: what is saved, recall by tokens, context by turns, the bill by bucket, savings by group, losses."""
    whole = result.groups[0]
    groups = [
        _group_plot(result, kind, told)
        for kind, told in (
            ("category", "by question category"),
            ("language", "by language"),
            ("repository", "by repository"),
        )
    ]
    parts = [
        paragraph(f"{whole.count} questions ({result.source}). Gold is {result.level}."),
        _headline(result),
        _arms_table(result),
        note(as_sentence(result.token_error)),
        section(
            "Recall against tokens",
            "Share of the gold that is shown within the first tokens of context, mean over questions; tokens double "
            "from mark to mark.",
            plot_lines(
                steps("tokens in the context", [f"{size:,}" for size in BUDGETS]), _shares(), _recalls(result)
            ),
        ),
        _context_plot(result),
        _bill_plot(result),
        *groups,
        _losses(result),
        section("Conditions", "", *map(note, _conditions(result))),
    ]
    return build_document("Tokens until the gold is in context", parts)


def _headline(result: SavingsResult) -> str:
    own = next(saving for saving in result.savings if saving.arm == OWN)
    later = next(saving for saving in result.savings if saving.arm == LATER)
    whole = result.groups[0]
    base = whole.arm(result.baseline)
    return tiles(
        [
            (
                f"{own.gold.mean:.0%}",
                f"fewer tokens until all gold than {result.baseline}, the best baseline {_interval(own.gold)}",
            ),
            (f"{later.gold.mean:.0%}", f"the same on a later question, schema paid {_interval(later.gold)}"),
            (
                f"{whole.arm(OWN).found:.1%}",
                f"of the questions found within the cap; baseline {base.found:.1%}",
            ),
            (f"{whole.lost} of {whole.count}", "questions need more tokens than with the baseline"),
        ]
    )


def _interval(found: Estimate) -> str:
    return f"[{found.low:.0%} to {found.high:.0%}]"


def _conditions(result: SavingsResult) -> list[str]:
    machine = result.machine
    return [
        f"A miss is charged {result.cap:,} tokens. Schema and instructions of repo-memory are {result.overhead} "
        f"tokens, counted on every question except of “{LATER}”. Intervals are 95% "
        "bootstrap intervals over questions.",
        f"repo-memory {result.revision}; {result.embedder}; {result.matcher}; {machine.cpu}, {machine.cores} cores.",
        *(f"Not measured: {found.name}: {found.reason}" for found in result.unmeasured),
    ]


def _name(result: SavingsResult, arm: str) -> str:
    return f"{arm} (baseline)" if arm == result.baseline else arm


def _ink(result: SavingsResult, arm: str) -> Ink:
    others = [name for name in result.arms if name not in _OWN_INKS]
    return _OWN_INKS.get(arm) or _OTHER_INKS[others.index(arm) % len(_OTHER_INKS)]


def _arms_table(result: SavingsResult) -> str:
    heads = ("arm", "found", "tokens to first", "to all gold", "middle question", "resident", "turns")
    rows = (
        (
            _name(result, arm.arm),
            f"{arm.found:.1%}",
            *(
                f"{value:,.0f}"
                for value in (arm.mean("first"), arm.mean("gold"), arm.median, arm.mean("resident"))
            ),
            f"{arm.mean('turns'):.1f}",
        )
        for arm in result.groups[0].arms
    )
    return table(heads, rows)


def _shares() -> Axis:
    return scale("share of the gold", [1], "{:.0%}".format)


def _recalls(result: SavingsResult) -> list[Series]:
    return [
        _series(result, arm.arm, [arm.mean(f"recall@{size}") for size in BUDGETS])
        for arm in _draw_order(result)
    ]


def _draw_order(result: SavingsResult) -> list[ArmMeans]:
    """This product last, so that no other line hides its own."""
    return sorted(result.groups[0].arms, key=lambda arm: arm.arm == OWN)


def _series(result: SavingsResult, arm: str, values: Sequence[float]) -> Series:
    return Series(_name(result, arm), _ink(result, arm), tuple(enumerate(values)))


def _context_plot(result: SavingsResult) -> str:
    heading = "Resident context over turns"
    if not result.contexts:
        return section(heading, "Not in this result, which is of an earlier format: measure it again.")
    contexts = dict(zip(result.arms, result.contexts, strict=True))
    series = [_series(result, arm.arm, contexts[arm.arm]) for arm in _draw_order(result)]
    turns = [str(turn) for turn in range(len(result.contexts[0]))]
    tokens = scale("tokens", (value for values in result.contexts for value in values), "{:,.0f}".format)
    return section(
        heading,
        "Tokens that the question has left in the context after each turn, mean over questions. A question whose gold "
        f"is in context stays at what it left, and is re-sent so on every later turn; a miss stays at {result.cap:,}.",
        plot_lines(steps("turns since the question", turns), tokens, series),
    )


def _bill_plot(result: SavingsResult) -> str:
    prices = PRICES[0]
    costs = {arm.arm: question_cost(arm.use, prices, TURNS_ON) for arm in result.groups[0].arms}
    x = scale(
        "dollars of a thousand questions", (1000 * cost.total for cost in costs.values()), "${:,.0f}".format
    )
    bars = [
        Bar(
            _name(result, arm),
            tuple(BarPart(name, ink, 1000 * amount(cost)) for name, ink, amount in _BUCKETS),
            f"${1000 * cost.total:,.2f}",
        )
        for arm, cost in costs.items()
    ]
    heads = ("dollars of a thousand questions", *(f"{turns} turns on" for turns in REMAINING_TURNS))
    rows = (
        (
            _name(result, arm),
            *(
                f"{bill.questions:,.2f}"
                for bill in result.bills
                if (bill.arm, bill.model) == (arm, prices.model)
            ),
        )
        for arm in result.arms
    )
    return section(
        "Cost by bucket",
        f"{prices.model}, prices of {PRICES_DATE}, with {TURNS_ON} turns after the question. Each turn of the question "
        f"re-reads {BASE_CONTEXT:,} tokens of other context beside its own. {as_sentence(result.token_error)}",
        key([(name, ink) for name, ink, _ in _BUCKETS], "block"),
        plot_bars(x, bars),
        table(heads, rows),
    )


def _saved(result: SavingsResult, group: GroupSavings) -> float:
    def gold(arm: ArmMeans) -> float:
        return arm.mean("gold")

    return 1 - gold(group.arm(OWN)) / (gold(group.arm(result.baseline)) or 1)


def _group_plot(result: SavingsResult, kind: str, told: str) -> str:
    """The saving against the headline baseline in each group; losses lie left of zero."""
    groups = sorted(
        (group for group in result.groups if group.kind == kind), key=lambda group: -_saved(result, group)
    )
    saved = [_saved(result, group) for group in groups]
    bars = [
        Bar(
            group.name,
            (BarPart("saving", Ink(Tone.BLUE if value >= 0 else Tone.ORANGE), value),),
            f"{value:.0%}  ({group.lost} of {group.count} lost)",
        )
        for group, value in zip(groups, saved, strict=True)
    ]
    axis = scale(f"fewer tokens until all gold than {result.baseline}", saved, "{:.0%}".format)
    return section(
        f"Saving {told}",
        "In brackets: questions that need more tokens than with the baseline.",
        plot_bars(axis, bars),
    )


def _losses(result: SavingsResult) -> str:
    rows = (
        (loss.repository, loss.key, loss.category, f"{loss.baseline:,}", f"{loss.own:,}")
        for loss in result.losses
    )
    whole = result.groups[0]
    return section(
        "Where it loses",
        f"{whole.lost} of {whole.count} questions; those that cost most over the baseline, in tokens until all gold:",
        table(("repository", "question", "category", result.baseline, OWN), rows, texts=3),
    )
