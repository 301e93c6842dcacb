"""The kept history and the command over it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from eval.errors import MeasureError
from eval.usage.command import app
from eval.usage.ledger import Ledger
from eval.usage.totals import By, Scope, Side, total
from tests.eval.usage.test_counting import GOLDEN, line
from tests.support.log_lines import write_log

CONTENTS = "SELECT * FROM request ORDER BY id"


def quiet(_done: int, _total: int) -> None:
    """Show nothing."""


class Countdown:
    """Tells SQLite to stop at the nth call."""

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def __call__(self) -> int:
        self.calls -= 1
        return self.calls <= 0


OPENED: list[Ledger] = []


def opened(path: Path | None) -> Ledger:
    OPENED.append(Ledger(path))
    return OPENED[-1]


def kept(path: Path | None, *folders: Path) -> Ledger:
    ledger = opened(path)
    ledger.import_logs(folders, quiet)
    return ledger


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def read_json(*arguments: str | Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json"))
    return found


def test_json_holds_the_totals_that_scripts_rely_on() -> None:
    found = read_json("--logs", GOLDEN / "early-2.jsonl", "--logs", GOLDEN / "both-lifetimes.jsonl")
    totals = found["totals"]
    # 62 + 38 requests; 114 + 6,463 in; 16,769 + 118 out; 174,552 + 1,837; 125,729; 3,754,072 + 2,524,893
    assert {
        name: totals[name] for name in ("requests", "input", "output", "write_5m", "write_1h", "read")
    } == {
        "requests": 100,
        "input": 6_577,
        "output": 16_887,
        "write_5m": 176_389,
        "write_1h": 125_729,
        "read": 6_278_965,
    }
    assert totals["cost"]["total"] == pytest.approx(2.032669 + 2.566483, abs=2e-6)
    buckets = ("input", "output", "write_5m", "write_1h", "read", "web_search")
    assert sum(totals["cost"][bucket] for bucket in buckets) == pytest.approx(
        totals["cost"]["total"], abs=1e-5
    )


@pytest.mark.parametrize("by", list(By))
def test_groups_add_up_to_the_whole(by: By) -> None:
    found = read_json("--logs", GOLDEN, "--by", by, "--top", "2")
    for name in ("requests", "input", "output", "write_5m", "write_1h", "read"):
        assert sum(group[name] for group in found["groups"]) == found["totals"][name]
    cost = sum(group["cost"]["total"] for group in found["groups"])
    assert cost == pytest.approx(found["totals"]["cost"]["total"], abs=1e-4)


def test_history_outlives_the_logs(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    shutil.copytree(GOLDEN, logs)
    before = kept(tmp_path / "usage.db", logs).database.execute(CONTENTS).fetchall()
    shutil.rmtree(logs)
    logs.mkdir()
    assert kept(tmp_path / "usage.db", logs).database.execute(CONTENTS).fetchall() == before


def test_a_second_import_reads_nothing_and_a_grown_file_only_its_end(tmp_path: Path) -> None:
    log = write_log(tmp_path / "logs/s.jsonl", line("m1", read=5), line("m2", read=7, output=1))
    ledger = kept(None, tmp_path / "logs")
    assert ledger.import_logs([tmp_path / "logs"], quiet).read == 0
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line("m2", read=7, output=30)) + "\n" + json.dumps(line("m3", read=9)) + "\n")
    assert ledger.import_logs([tmp_path / "logs"], quiet).requests == 2
    found = total(ledger, Scope(UTC), By.MODEL)
    assert (found.totals.requests, found.totals.read, found.totals.output) == (3, 21, 30)
    assert found.coverage.lines == 4


def test_a_file_that_was_written_anew_is_read_from_its_start(tmp_path: Path) -> None:
    log = write_log(tmp_path / "s.jsonl", line("m1", read=5), line("m2", read=7))
    ledger = kept(None, log)
    write_log(log, line("m8", read=50), line("m9", read=70), line("m10", read=1))
    ledger.import_logs([log], quiet)
    assert total(ledger, Scope(UTC), By.MODEL).totals.requests == 5


@pytest.mark.slow
def test_an_import_broken_off_anywhere_loses_nothing_and_counts_nothing_twice(tmp_path: Path) -> None:
    whole = kept(None, GOLDEN)
    for nth in range(1, 201):
        path = tmp_path / f"{nth}.db"
        ledger = opened(path)
        ledger.database.set_progress_handler(Countdown(nth), 40)
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            ledger.import_logs([GOLDEN], quiet)
        ledger.database.set_progress_handler(None, 0)
        ledger.close()
        again = kept(path, GOLDEN)
        assert again.database.execute(CONTENTS).fetchall() == whole.database.execute(CONTENTS).fetchall()
        again.close()


def test_two_writers_at_once_keep_each_request_once(tmp_path: Path) -> None:
    one, two = opened(tmp_path / "usage.db"), opened(tmp_path / "usage.db")
    files = sorted(GOLDEN.glob("*.jsonl"))
    for file in files:
        one.import_logs([file], quiet)
        two.import_logs([file, files[0]], quiet)
    assert (
        one.database.execute(CONTENTS).fetchall() == kept(None, GOLDEN).database.execute(CONTENTS).fetchall()
    )


def test_days_are_those_of_the_time_zone(tmp_path: Path) -> None:
    write_log(tmp_path / "s.jsonl", line(read=5, timestamp="2026-11-01T23:30:00Z"))
    days = {
        zone: read_json("--logs", tmp_path, "--by", "day", "--timezone", zone)
        for zone in ("UTC", "Asia/Kolkata")
    }
    assert [[group["key"] for group in found["groups"]] for found in days.values()] == [
        ["2026-11-01"],
        ["2026-11-02"],
    ]
    assert (
        read_json("--logs", tmp_path, "--timezone", "UTC", "--since", "2026-11-02")["totals"]["requests"] == 0
    )
    assert (
        read_json("--logs", tmp_path, "--timezone", "UTC", "--until", "2026-11-01")["totals"]["requests"] == 1
    )


def test_main_and_subagents_are_told_apart() -> None:
    ledger = kept(None, GOLDEN / "progress.jsonl")
    sides = [total(ledger, Scope(UTC, side=side), By.AGENT).totals.requests for side in Side]
    assert sides == [63, 75]


def test_placeholders_unpriced_models_and_broken_lines_are_said(tmp_path: Path) -> None:
    old = line("m1", {"type": "text", "text": "x" * 3_700}, output=1, version="2.1.7")
    write_log(
        tmp_path / "s.jsonl", old, line("m2", model="claude-unheard-9", read=40), '{"usage": "assistant"'
    )
    found = read_json("--logs", tmp_path)
    assert found["coverage"]["estimated_output"] == {"requests": 1, "logged": 1, "estimated": 1000}
    assert found["coverage"]["unpriced"] == {"claude-unheard-9": 40}
    assert found["coverage"]["skipped"] == {"not JSON": 1}
    # 1 token at $25 a million, or 1,000
    cost = found["totals"]["cost"]
    assert (cost["low"], cost["high"]) == (0.000025, 0.025)
    table = run("--logs", tmp_path)
    assert "unpriced, not in the sum: claude-unheard-9" in table
    assert max(map(len, table.splitlines())) <= 80


def test_no_text_of_a_prompt_is_kept_and_names_can_be_hidden(tmp_path: Path) -> None:
    write_log(tmp_path / "s.jsonl", line("m1", {"type": "text", "text": "a secret plan"}, version="2.1.7"))
    kept(tmp_path / "usage.db", tmp_path / "s.jsonl").close()
    assert b"secret plan" not in b"".join(file.read_bytes() for file in tmp_path.glob("usage.db*"))
    for by in ("project", "conversation"):
        assert "someone" not in run("--logs", tmp_path / "s.jsonl", "--by", by, "--redact", "--csv")


def test_what_a_later_version_wrote_is_left_alone(tmp_path: Path) -> None:
    opened(tmp_path / "usage.db").database.execute("PRAGMA user_version = 99")
    with pytest.raises(MeasureError, match="later version"):
        Ledger(tmp_path / "usage.db")


def test_tables_for_other_programs_end_with_the_total() -> None:
    csv = run("--logs", GOLDEN / "early-3.jsonl", "--csv").splitlines()
    assert csv[0] == "model,requests,input,output,write_5m,write_1h,read,cost"
    assert csv[-1] == "total,4,88,278,16000,0,44544,0.077797"
    assert "| total | 4 | 88 | 278 | 16000 | 0 | 44544 |\n" in run(
        "--logs", GOLDEN / "early-3.jsonl", "--markdown", "--no-cost"
    )
