"""The retrieval measurement: its metrics by hand, its labels, and whole runs over a small benchmark."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from eval.cli import app
from eval.errors import MeasureError
from eval.retrieval.ablations import ABLATIONS, FULL, choose_ablations
from eval.retrieval.benchmark import MEASURES, score_ranks
from eval.retrieval.labels import LabelledQuestion, first_hits, load_labels
from eval.retrieval.report import build_report
from eval.retrieval.results import RetrievalResult, read_result, write_result
from indexers.history.changes import Target
from memory_server.model import SearchHit
from memory_server.query.question import read_query
from memory_server.query.rank import RANKING
from memory_server.query.search import search_view
from memory_server.query.signals import SIGNALS
from memory_server.tuning.indexes import open_index
from memory_server.tuning.metrics import estimate_mean, ndcg
from tests.support.code_base import CODE_BASE, write_files

LABELS = {
    "shop": [
        {
            "query": "pay an invoice",
            "relevant": ["src/app/billing.py"],
            "secondary": [],
            "category": "semantic",
        },
        {
            "query": "Ledger",
            "relevant": [{"path": "src/app/store.py", "start_line": 1, "end_line": 6}],
            "secondary": ["src/app/billing.py"],
            "category": "symbol",
        },
    ],
    "gone": [{"query": "anything", "relevant": ["a.py"], "category": "semantic"}],
}


def hit(path: str, start: int = 1, end: int = 1) -> SearchHit:
    return SearchHit(path, start, end, "name", "function", 1.0)


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    """A benchmark of one repository that is checked out and one that is not."""
    folder = tmp_path / "bench"
    (folder / "annotations").mkdir(parents=True)
    repositories = [
        {"name": "shop", "language": "python", "revision": "1" * 40, "benchmark_root": "src"},
        {"name": "gone", "language": "go", "revision": "2" * 40, "benchmark_root": None},
    ]
    (folder / "repos.json").write_text(json.dumps(repositories), encoding="utf-8")
    for name, questions in LABELS.items():
        (folder / "annotations" / f"{name}.json").write_text(json.dumps(questions), encoding="utf-8")
    code = {f"src/{path}": text for path, text in CODE_BASE.items()}
    write_files(
        tmp_path / "checkouts" / "shop", {**code, "tests/pay.py": "def test_pay_an_invoice(): pass\n"}
    )
    return folder


def measure(bench: Path, *more: str) -> Result:
    places = ["--checkouts", str(bench.parent / "checkouts"), "--indexes", str(bench.parent / "indexes")]
    return CliRunner().invoke(
        app, ["retrieval", "--bench", str(bench), *places, "--processes", "1", "--json", *more]
    )


def measured(bench: Path, *more: str) -> RetrievalResult:
    output = bench.parent / "result.json"
    done = measure(bench, "--output", str(output), *more)
    assert done.exit_code == 0, done.output
    return read_result(output)


def test_ndcg_of_one_target_falls_with_its_rank() -> None:
    assert [round(ndcg([rank], 1), 4) for rank in (1, 2, 3)] == [1.0, 0.6309, 0.5]


def test_ndcg_is_zero_beyond_the_tenth_result_and_without_hits() -> None:
    assert ndcg([11], 1) == 0.0
    assert ndcg([], 3) == 0.0


def test_ndcg_weighs_each_target_against_the_best_order() -> None:
    gained, ideal = 1 + 1 / math.log2(4), 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert ndcg([1, 3], 3) == pytest.approx(gained / ideal)


def test_ndcg_counts_targets_that_share_a_result_once() -> None:
    assert ndcg([1, 1], 2) == pytest.approx(1 / (1 + 1 / math.log2(3)))


def test_ndcg_has_an_ideal_of_at_most_ten_targets() -> None:
    assert ndcg(range(1, 11), 25) == pytest.approx(1.0)


def test_recall_and_reciprocal_rank_by_hand() -> None:
    assert score_ranks([2, 7], 4)[1:] == (0.0, 0.25, 0.5, 0.5)
    assert score_ranks([11], 1) == (0.0, 0.0, 0.0, 0.0, 0.0)
    assert score_ranks([1], 1) == (1.0, 1.0, 1.0, 1.0, 1.0)


def test_an_interval_holds_the_mean_and_is_the_same_each_time() -> None:
    values = np.array([0.0, 1.0] * 50)
    found = estimate_mean(values)
    assert found == estimate_mean(values)
    assert found.mean == 0.5
    # The standard error of a fair coin's mean over 100 throws is 0.05, and 1.96 of them make the interval.
    assert found.low == pytest.approx(0.402, abs=0.02)
    assert found.high == pytest.approx(0.598, abs=0.02)


def test_an_interval_of_equal_values_has_no_width() -> None:
    found = estimate_mean(np.full(7, 0.25))
    assert (found.low, found.high) == (0.25, 0.25)


def test_a_target_without_lines_is_hit_anywhere_in_its_file() -> None:
    assert Target("a/b.py").is_hit(hit("a/b.py", 90, 95))
    assert not Target("a/b.py").is_hit(hit("a/c.py"))


def test_a_target_with_lines_is_hit_by_an_overlap() -> None:
    target = Target("b.py", 10, 20)
    spans = [(1, 9), (1, 10), (12, 13), (20, 30), (21, 30)]
    assert [target.is_hit(hit("b.py", *span)) for span in spans] == [False, True, True, True, False]


def test_a_path_may_be_the_end_of_the_other_at_a_folder() -> None:
    assert Target("src/a/b.py").is_hit(hit("a/b.py"))
    assert Target("b.py").is_hit(hit("a/b.py"))
    assert not Target("src/ab.py").is_hit(hit("b.py"))


def test_each_target_is_ranked_by_its_first_hit() -> None:
    results = [hit("x.py"), hit("a.py", 1, 5), hit("a.py", 6, 9), hit("b.py")]
    assert first_hits(results, [Target("b.py"), Target("a.py"), Target("a.py", 7, 8), Target("c.py")]) == [
        4,
        2,
        3,
    ]


def test_labels_hold_relevant_and_secondary_targets(bench: Path) -> None:
    shop, gone = load_labels(bench)
    assert (shop.name, shop.language, shop.root, gone.root) == ("shop", "python", "src", "")
    targets = (Target("src/app/store.py", 1, 6), Target("src/app/billing.py"))
    assert shop.questions[1] == LabelledQuestion("Ledger", "symbol", targets)


def test_labels_of_an_unknown_repository_are_refused_with_the_known_ones(bench: Path) -> None:
    with pytest.raises(MeasureError, match="not in the benchmark: shoq") as raised:
        load_labels(bench, ["shop", "shoq"])
    assert raised.value.hint == "choose from: shop, gone"


def test_labels_that_are_not_in_the_format_are_named(bench: Path) -> None:
    (bench / "annotations" / "shop.json").write_text('[{"query": "x"}]', encoding="utf-8")
    with pytest.raises(MeasureError, match=r"shop\.json is not in the format: 0\.category"):
        load_labels(bench)


@pytest.mark.slow
def test_a_run_scores_every_question_and_names_what_is_not_checked_out(bench: Path) -> None:
    result = measured(bench)
    (run,) = result.runs
    (shop,) = run.repositories
    assert (run.roots, run.ablation, result.measures) == ("benchmark", "full", MEASURES)
    assert shop.scores[0] == (1.0,) * len(MEASURES)
    assert 0.6 < shop.scores[1][0] <= 1.0
    assert [(found.name, "no folder" in found.reason) for found in result.unmeasured] == [("gone", True)]
    assert result.embedder.startswith("static-code")


@pytest.mark.slow
def test_a_run_writes_nothing_into_what_it_measures(bench: Path) -> None:
    root = bench.parent / "checkouts"
    before = sorted(root.rglob("*"))
    measured(bench, "--roots", "both")
    assert sorted(root.rglob("*")) == before


def test_roots_choose_what_is_indexed(bench: Path) -> None:
    within, whole = measured(bench, "--roots", "both").runs
    assert (within.roots, whole.roots) == ("benchmark", "repository")
    assert whole.repositories[0].files == within.repositories[0].files + 1


def test_groups_are_means_over_queries_repositories_and_labels(bench: Path) -> None:
    groups = {(group.kind, group.name): group for group in measured(bench).runs[0].groups}
    assert list(groups) == [
        ("all", "queries"), ("all", "repositories"), ("category", "semantic"), ("category", "symbol"),
        ("language", "python"), ("repository", "shop"),
    ]  # fmt: skip
    assert groups["category", "semantic"].values[0].mean == 1.0
    total = groups["all", "queries"]
    assert (total.count, groups["all", "repositories"].count) == (2, 1)
    assert total.values[0].mean == pytest.approx(
        (1 + groups["category", "symbol"].values[0].mean) / 2, abs=1e-4
    )


@pytest.mark.slow
def test_a_change_is_paired_by_query(bench: Path) -> None:
    result = measured(bench)
    shop = result.runs[0].repositories[0]
    lower = tuple((score[0] - 0.25,) for score in shop.scores)
    asked = replace(result.repositories[0], questions=result.repositories[0].questions[::-1])
    changed = replace(result.runs[0], repositories=(replace(shop, scores=lower[::-1]),))
    earlier = bench.parent / "earlier.json"
    earlier.write_text(
        write_result(replace(result, runs=(changed,), repositories=(asked,))), encoding="utf-8"
    )
    for group in measured(bench, "--against", str(earlier)).runs[0].groups:
        assert group.changes is not None
        assert group.changes[0].mean == group.changes[0].low == group.changes[0].high == 0.25


@pytest.mark.slow
def test_a_run_that_an_earlier_result_lacks_shows_no_change(bench: Path) -> None:
    measured(bench)
    earlier = (bench.parent / "result.json").rename(bench.parent / "earlier.json")
    (run,) = measured(bench, "--against", str(earlier), "--ablation", "bm25").runs
    assert {group.changes for group in run.groups} == {None}


def test_a_second_run_indexes_nothing_anew(bench: Path) -> None:
    measured(bench)
    folder, indexes = bench.parent / "checkouts" / "shop" / "src", bench.parent / "indexes"
    views = [path for path in indexes.rglob("views/*/*") if path.is_dir()]
    with open_index(folder, indexes) as memory:
        assert len(memory.view)
    assert [path for path in indexes.rglob("views/*/*") if path.is_dir()] == views


def test_an_index_of_other_indexers_is_made_anew(bench: Path) -> None:
    folder, indexes = bench.parent / "checkouts" / "shop" / "src", bench.parent / "indexes"
    with open_index(folder, indexes) as memory:
        stamp = memory.tree.folder.path / "indexed-by"
        made = memory.state().synced_at
    stamp.write_text("another version", encoding="utf-8")
    with open_index(folder, indexes) as memory:
        assert memory.state().synced_at > made


@pytest.mark.slow
def test_results_are_read_back_as_written(bench: Path) -> None:
    result = measured(bench, "--roots", "both", "--ablation", "full", "--ablation", "bm25")
    path = bench.parent / "copy.json"
    path.write_text(write_result(result), encoding="utf-8")
    assert read_result(path) == result


def test_nothing_measured_is_an_error_with_a_hint(bench: Path) -> None:
    done = measure(bench, "--repo", "gone")
    assert done.exit_code == 1
    assert "nothing could be measured: gone: no folder" in done.stderr
    assert "hint: check the folders" in done.stderr


def test_a_file_that_is_no_result_is_refused(bench: Path) -> None:
    done = measure(bench, "--against", str(bench / "repos.json"))
    assert done.exit_code == 1
    assert "holds no retrieval result" in done.stderr


@pytest.mark.slow
def test_several_processes_give_the_scores_of_one(bench: Path) -> None:
    one = measured(bench, "--roots", "both")
    two = measured(bench, "--roots", "both", "--processes", "2")
    assert [[found.scores for found in run.repositories] for run in one.runs] == [
        [found.scores for found in run.repositories] for run in two.runs
    ]


def test_ablations_leave_out_what_they_say(bench: Path) -> None:
    folder = bench.parent / "checkouts" / "shop" / "src"
    with open_index(folder, bench.parent / "indexes") as memory:
        view, embedder = memory.view, memory.tree.embedder

        def ask(ablation: str, query: str) -> list[int]:
            return [
                hit.symbol
                for hit in search_view(view, embedder, read_query(query), ranking=ABLATIONS[ablation])
            ]

        query = "settle what a customer owes"
        lexical = view.lexical.score(read_query(query).terms)
        assert ask("bm25", query)[0] == int(np.argmax(lexical))
        vector = embedder.embed([query])[0]
        cosine = (view.vectors.astype(np.float32) @ vector) * view.scales
        assert ask("dense", query)[0] == int(np.argmax(cosine))
        assert len({tuple(ask(ablation, query)) for ablation in (FULL, "bm25", "dense")}) == 3


def test_ripgrep_ranks_files_beside_the_product(bench: Path) -> None:
    full, ripgrep = measured(bench, "--ablation", "full", "--ablation", "ripgrep").runs
    assert ripgrep.ablation == "ripgrep"
    assert ripgrep.repositories[0].scores[1][MEASURES.index("recall@1")] == 0.5
    assert full.repositories[0].files == ripgrep.repositories[0].files


@pytest.mark.slow
def test_a_change_against_a_result_with_fewer_measures_is_told_for_those(bench: Path) -> None:
    result = measured(bench)
    run = result.runs[0]
    shop = replace(run.repositories[0], scores=tuple(score[:1] for score in run.repositories[0].scores))
    older = replace(result, measures=("ndcg@10",), runs=(replace(run, repositories=(shop,)),))
    earlier = bench.parent / "earlier.json"
    earlier.write_text(write_result(older), encoding="utf-8")
    changes = measured(bench, "--against", str(earlier)).runs[0].groups[0].changes
    assert changes is not None
    assert [change.mean for change in changes] == [0.0]


def test_without_the_graph_only_importance_is_left_out() -> None:
    left = ABLATIONS["no-graph"].weights
    assert {name for name, weight in RANKING.weights.items() if left[name] != weight} == {
        "importance",
        "file_importance",
    }


def test_bm25_alone_gives_no_other_signal_a_weight() -> None:
    weights = ABLATIONS["bm25"].weights
    assert weights.keys() == {signal.name for signal in SIGNALS}
    assert [name for name, weight in weights.items() if weight] == ["lexical"]


def test_every_signal_can_be_left_out_by_its_name() -> None:
    for signal in SIGNALS:
        (name,) = choose_ablations([f"no-{signal.name}"])
        assert ABLATIONS[name] == RANKING.reweighted({signal.name: 0.0})


def test_an_unknown_ablation_is_refused_with_the_known_ones(bench: Path) -> None:
    done = measure(bench, "--ablation", "no-such")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "error: no ablation is called no-such\n\nhint: choose from full, bm25, " in done.stderr


@pytest.mark.slow
def test_the_report_shows_means_intervals_changes_and_gaps(bench: Path) -> None:
    measured(bench)
    earlier = (bench.parent / "result.json").rename(bench.parent / "earlier.json")
    result = measured(bench, "--against", str(earlier))
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(build_report(result))
    text = console.export_text()
    assert "ndcg@10, indexed from: benchmark" in text
    assert "mean over queries" in text
    assert "+0.000 [+0.000, +0.000]" in text
    assert "not measured: gone: no folder" in text
