"""The savings measurement: its bill by hand, whole runs over a small benchmark, its report and its command."""

from __future__ import annotations

import io
import json
from dataclasses import astuple, replace
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from eval.cli import app
from eval.journal import Journal, measure_all
from eval.live.endpoint import ScriptedEndpoint, play
from eval.retrieval.benchmark import BenchmarkJob, Root
from eval.retrieval.labels import LabelledQuestion, LabelledRepository
from eval.savings import arms
from eval.savings.bill import PRICES, Use, conversation_cost, question_cost
from eval.savings.context import CAP, MEASURES
from eval.savings.own import LATER, OWN, WITH_RIPGREP
from eval.savings.report import build_report
from eval.savings.results import SavingsResult, collect
from eval.savings.run import ARM_NAMES, TURNS, SavingsJobResult, measure_labelled
from eval.tokens.count import Counting
from indexers.history.changes import Target, draw_changes
from indexers.tokens import NEWEST
from tests.support.code_base import CODE_BASE, write_files
from tests.support.git_project import Project


def test_a_question_costs_its_tokens_once_written_and_then_on_every_turn() -> None:
    prices = replace(PRICES[0], output=20, write=5, read=0.2)
    use = Use(resident=1_000_000, turns=2, calls=100_000, reread=500_000)
    # 0.1 M out, 1 M written; read: 0.5 M between its turns, 2 turns on a base of 1 M, 10 turns on its 1 M.
    cost = question_cost(use, prices, 10, base=1_000_000)
    assert astuple(cost) == pytest.approx((5, 0.2 * (0.5 + 2), 0.2 * 10, 2))  # in the order of its fields
    assert cost.total == pytest.approx(9.5)
    assert conversation_cost(use, prices, 10, base=1_000_000) == pytest.approx(9.5 + 5 + 0.2 * 10)


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    """A benchmark of one repository that is checked out and one that is not."""
    folder = tmp_path / "bench"
    labels = [
        {"query": "what is remaining to pay", "relevant": ["src/app/billing.py"], "category": "semantic"},
        {"query": "Ledger", "relevant": ["src/app/store.py"], "category": "symbol"},
        {"query": "zeppelins", "relevant": ["src/web/total.ts"], "category": "semantic"},
    ]
    listed = [
        {"name": name, "language": "python", "revision": "1" * 40, "benchmark_root": "src"}
        for name in ("shop", "gone")
    ]
    write_files(folder, {"repos.json": json.dumps(listed)})
    for name in ("shop", "gone"):
        write_files(folder, {f"annotations/{name}.json": json.dumps(labels)})
    write_files(tmp_path / "checkouts" / "shop", {f"src/{path}": text for path, text in CODE_BASE.items()})
    return folder


def run_savings(bench: Path, *more: str) -> Result:
    places = ["--checkouts", str(bench.parent / "checkouts"), "--indexes", str(bench.parent / "indexes")]
    return CliRunner().invoke(app, ["savings", "--bench", str(bench), *places, "--processes", "1", *more])


def test_a_run_gives_every_arm_a_row_and_names_what_is_missing(bench: Path) -> None:
    done = run_savings(bench, "--json")
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result["arms"] == list(ARM_NAMES)
    (shop,) = result["rows"]
    assert [len(question) for question in shop["rows"]] == [len(ARM_NAMES)] * 3
    own, later = (
        dict(zip(MEASURES, shop["rows"][0][ARM_NAMES.index(arm)], strict=True)) for arm in (OWN, LATER)
    )
    assert own["gold"] - later["gold"] == pytest.approx(result["overhead"], abs=1)
    windows = dict(zip(MEASURES, shop["rows"][2][ARM_NAMES.index("rg, windows of 50")], strict=True))
    assert windows["gold"] == CAP
    assert "not measured: gone: no folder" in done.stderr


def test_contexts_grow_from_the_schemas_to_what_stays(bench: Path) -> None:
    result = json.loads(run_savings(bench, "--json").stdout)
    whole = result["groups"][0]["arms"]
    for arm, means, contexts in zip(result["arms"], whole, result["contexts"], strict=True):
        assert len(contexts) == TURNS + 1
        assert contexts == sorted(contexts)
        assert contexts[0] == (result["overhead"] if arm in {OWN, WITH_RIPGREP} else 0)
        assert contexts[-1] == pytest.approx(means["means"][MEASURES.index("resident")], abs=0.1)


@pytest.mark.slow
def test_two_runs_give_the_same_figures(bench: Path) -> None:
    one, two = (json.loads(run_savings(bench, "--json").stdout) for _ in range(2))
    assert {**one, "machine": None} == {**two, "machine": None}


def test_savings_are_ratios_of_the_totals(bench: Path) -> None:
    result = json.loads(run_savings(bench, "--json").stdout)
    gold = MEASURES.index("gold")
    totals = {
        arm: sum(question[place][gold] for question in result["rows"][0]["rows"])
        for place, arm in enumerate(ARM_NAMES)
    }
    assert result["baseline"] == min(arms.BASELINES, key=lambda arm: totals[arm])
    saved = {saving["arm"]: saving["gold"]["mean"] for saving in result["savings"]}
    for arm in (OWN, LATER):
        assert saved[arm] == pytest.approx(1 - totals[arm] / totals[result["baseline"]], abs=1e-4)


def test_an_interrupted_run_resumes_with_what_it_has(bench: Path) -> None:
    root, indexes = bench.parent / "checkouts" / "shop" / "src", bench.parent / "indexes"
    asked = (LabelledQuestion("Ledger", "symbol", (Target("app/store.py"),)),)
    jobs = [
        BenchmarkJob(LabelledRepository(name, "python", "1", "", asked), Root.BENCHMARK, root, indexes, ())
        for name in "ab"
    ]
    measured: list[str] = []

    def measure(job: BenchmarkJob) -> SavingsJobResult:
        if "a" in measured and job.repository.name == "b" and len(measured) == 1:
            measured.append("interrupted")
            raise KeyboardInterrupt
        measured.append(job.repository.name)
        return measure_labelled(job, Counting())

    journal = Journal(indexes / "unfinished", SavingsJobResult)
    with pytest.raises(KeyboardInterrupt):
        measure_all(measure, jobs, 1, journal, "repositories")
    outcomes = measure_all(measure, jobs, 1, journal, "repositories")
    assert measured == ["a", "interrupted", "b"]
    assert [found.asked.name for found in outcomes] == ["a", "b"]
    assert outcomes[0].rows == outcomes[1].rows
    assert journal.find(jobs[0]) is None


def test_the_report_shows_arms_savings_bill_and_losses(bench: Path) -> None:
    result = collected(bench)
    console = Console(width=220, record=True, file=io.StringIO())
    console.print(build_report(result, {result.repositories[0].questions[1].key: "Ledger"}))
    text = console.export_text()
    assert "(headline baseline)" in text
    tables = 4  # arms, bill, groups, losses
    assert " ".join(text.split()).count(NEWEST.error_band) == tables
    assert "Sonnet 5.5" in text
    assert [loss.own > loss.baseline for loss in result.losses] == [True] * len(result.losses)
    assert len(result.losses) == result.groups[0].lost > 0
    assert "not measured: gone: no folder" in text


@pytest.mark.slow
def test_a_history_is_judged_by_the_lines_that_changed(repository: Project) -> None:
    fixed = CODE_BASE["app/billing.py"].replace("max(0, amount - 10)", "max(0, amount - 12)")
    write_files(repository.root, {"app/billing.py": fixed})
    repository.git("commit", "--quiet", "--all", "--message", "Lower what is remaining after an amount")
    (change,) = draw_changes(repository.root, 1)
    output = repository.root.parent / "result.json"
    arguments = ["--from-git", str(repository.root), "--indexes", str(repository.root.parent / "indexes")]
    done = CliRunner().invoke(app, ["savings", *arguments, "--processes", "1", "--output", str(output)])
    assert done.exit_code == 0, done.output
    result = json.loads(output.read_text(encoding="utf-8"))
    assert result["level"].startswith("lines: ")
    assert result["repositories"][0]["questions"][0]["key"] == change.commit[:12]
    (question,) = result["rows"][0]["rows"]
    assert all(row[MEASURES.index("gold")] < CAP for row in question)


def test_nothing_to_measure_on_is_an_error_with_a_hint() -> None:
    done = CliRunner().invoke(app, ["savings"])
    assert done.exit_code == 1
    assert "hint: pass --bench DIR with --checkouts DIR, or --from-git PATH" in done.stderr


def collected(bench: Path) -> SavingsResult:
    root = bench.parent / "checkouts" / "shop" / "src"
    asked = (
        LabelledQuestion("what is remaining to pay", "semantic", (Target("app/billing.py"),)),
        LabelledQuestion("Ledger", "symbol", (Target("app/store.py"),)),
    )
    repository = LabelledRepository("shop", "python", "1", "", asked)
    outcome = measure_labelled(
        BenchmarkJob(repository, Root.BENCHMARK, root, bench.parent / "indexes", ()), Counting()
    )
    missing = SavingsJobResult(replace(outcome.asked, name="gone"), problem="no folder")
    return collect("benchmark", [outcome, missing], [], NEWEST.error_band)


@pytest.mark.slow
def test_the_endpoint_counts_where_the_user_asks_and_the_report_says_so(
    bench: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key-of-a-test")
    with ScriptedEndpoint(play()) as endpoint:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", endpoint.url)
        done = run_savings(bench, "--count", "api", "--model", "claude-opus-4-7", "--json")
    assert done.exit_code == 0, done.output
    assert f"are sent to {endpoint.url.removeprefix('http://')} to be counted" in done.stderr
    result = json.loads(done.stdout)
    assert result["token_error"] == "token counts by Anthropic's own count of claude-opus-4-7"
    estimated = json.loads(run_savings(bench, "--json").stdout)
    # That endpoint counts by the same estimator: what differs is rounding.
    gold = MEASURES.index("gold")
    for one, other in zip(result["rows"][0]["rows"], estimated["rows"][0]["rows"], strict=True):
        assert [row[gold] for row in one] == pytest.approx([row[gold] for row in other], rel=0.03)


def test_counting_by_the_endpoint_needs_a_key(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    done = run_savings(bench, "--count", "api")
    assert done.exit_code == 1
    assert "error: no key to count with" in done.stderr
    assert "hint: set ANTHROPIC_API_KEY" in done.stderr
