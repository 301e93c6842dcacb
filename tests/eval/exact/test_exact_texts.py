"""What is sampled stands in one line alone, and a search for it is judged by the line that it shows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from typer.testing import CliRunner

from eval.cli import app
from eval.exact.measure import ExactJob, measure_exact
from eval.exact.report import build_report
from eval.exact.results import collect_result
from eval.exact.sample import Kind, Variant, sample_items
from memory_server.cli.terminal import make_console
from tests.support.code_base import write_files

FILES = {
    "src/pool.py": """\
def start(settings):
    if settings["pool.size"] < 1:
        raise ValueError("the pool needs at least one worker to run")
    raise RuntimeError(f"no worker answered within {settings} seconds of waiting")


def warn():
    return "said twice over"
""",
    "src/again.py": "def again():\n    return 'said twice over'\n",
    "docs/run.md": "Run it with `--dry-run` first, then `--keep-going`.\n",
    "deploy.sh": 'export MODE="POOL_MODE"\n./run --dry-run\n',
}
LINES = {path: text.splitlines() for path, text in FILES.items()}


def test_a_sample_is_unique_and_the_same_for_a_seed() -> None:
    items = sample_items(LINES, 30, 1)
    assert items == sample_items(LINES, 30, 1)
    queries = {(item.kind, item.variant, item.query) for item in items}
    assert (Kind.KEY, Variant.PLAIN, "pool.size") in queries
    assert (Kind.KEY, Variant.QUOTED, '"POOL_MODE"') in queries
    assert (Kind.OPTION, Variant.PLAIN, "--keep-going") in queries
    assert not any("--dry-run" in query or "twice" in query for _, _, query in queries)
    for item in items:
        if item.variant is Variant.PLAIN:
            assert item.query in LINES[item.path][item.line - 1]


def test_parts_and_values_are_made_of_messages() -> None:
    made = {item.variant: item.query for item in sample_items(LINES, 30, 1) if item.kind is Kind.MESSAGE}
    assert made[Variant.CUT] in "the pool needs at least one worker to run"
    assert len(made[Variant.CUT].split()) == 5
    assert made[Variant.FILLED].startswith("no worker answered within ")
    assert "{" not in made[Variant.FILLED]


def test_every_text_of_a_repository_is_searched_for_and_judged(tmp_path: Path) -> None:
    write_files(tmp_path / "pooled", FILES)
    found = measure_exact(ExactJob(tmp_path / "pooled", 30, 1, tmp_path / "indexes"))
    assert {outcome.variant for outcome in found.outcomes} == set(Variant)
    assert all(outcome.shown and outcome.first for outcome in found.outcomes)
    assert all(outcome.ripgrep_shown == (outcome.variant is not Variant.FILLED) for outcome in found.outcomes)
    assert all(0 < outcome.tokens < 400 and outcome.milliseconds > 0 for outcome in found.outcomes)
    result = collect_result([found], 1)
    assert (result.groups[0].kind, result.groups[0].shown, result.missed) == ("all", 1.0, ())
    console = make_console(width=200)
    with console.capture() as captured:
        console.print(build_report(result))
    assert "100.0%" in captured.get()


def test_a_line_that_is_not_shown_is_counted_and_named(tmp_path: Path) -> None:
    write_files(tmp_path / "pooled", FILES)
    found = measure_exact(ExactJob(tmp_path / "pooled", 30, 1, tmp_path / "indexes"))
    hidden = replace(found.outcomes[0], shown=False, first=False)
    result = collect_result([replace(found, outcomes=(hidden, *found.outcomes[1:]))], 1)
    assert result.groups[0].shown < 1
    assert [(one.path, one.line, one.shown) for one in result.missed] == [(hidden.path, hidden.line, False)]


def test_the_command_prints_json_and_names_what_it_could_not_measure(tmp_path: Path) -> None:
    write_files(tmp_path / "pooled", FILES)
    output = tmp_path / "exact.json"
    arguments = ["--repo", f"{tmp_path}/pooled", "--repo", f"{tmp_path}/nowhere", "--processes", "1"]
    run = CliRunner().invoke(
        app, ["exact", *arguments, "--indexes", f"{tmp_path}/indexes", "--json", "--output", f"{output}"]
    )
    assert run.exit_code == 0, run.output
    told = json.loads(output.read_text(encoding="utf-8"))
    assert told["unmeasured"] == [{"name": "nowhere", "reason": "there is no such folder"}]
    assert told["repositories"][0]["name"] == "pooled"
