"""What a tuning says of itself."""

from __future__ import annotations

from memory_server.tuning.judge import Comparison
from memory_server.tuning.run import Decision, TuneReport

_DECISIONS = {
    Decision.KEPT: "kept: the tuned model answers from now on",
    Decision.WOULD_KEEP: "would be kept; a dry run leaves everything as it was",
    Decision.NOT_KEPT: "not kept; everything is as it was: a model is kept if the ranking gains more than the gain's "
    "interval reaches below zero",
}


def report_text(report: TuneReport) -> str:
    """Four lines: what was trained on and asked, both figures, the decision."""
    verdict = report.verdict
    return "\n".join([
        f"trained on {report.pairs:,} pairs of the code at {report.past[:10]} and its commits; asked what "
        f"{verdict.questions} of the {report.held_back_commits:,} commits since changed ({report.seconds:.0f} s)",
        f"ranking, NDCG@10 of files: {_compare(verdict.ranking)}",
        f"vectors alone:             {_compare(verdict.vectors)}",
        _DECISIONS[report.outcome],
    ])  # fmt: skip


def _compare(found: Comparison) -> str:
    return (
        f"{found.shipped:.3f} shipped, {found.tuned:.3f} tuned, "
        f"gain {found.gain:+.3f} (95%: {found.low:+.3f} to {found.high:+.3f})"
    )
