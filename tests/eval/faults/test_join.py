"""Results of single kinds become that of all, if they are of the same code, tried in the same way."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from eval.errors import MeasureError
from eval.faults.command import KINDS, faults
from eval.faults.trials import Fact, Failure, FaultReport, KindResult, join_reports, read_report
from eval.machine import Machine
from eval.records import Unmeasured

KIND = KindResult(
    "kills",
    3,
    2,
    1.5,
    (Fact("requests", 20.0),),
    (Failure("index", ("it hangs",)),),
    (Unmeasured("a disk", "no mount"),),
)
REPORT = FaultReport(1, Machine("Linux", "cpu", 2, "3.12", 0.5), "0123abcd", True, 7, 2, False, (KIND,))


def write(path: Path, report: FaultReport) -> Path:
    path.write_text(json.dumps(asdict(report)), encoding="utf-8")
    return path


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_report(write(tmp_path / "result.json", REPORT)) == REPORT


def test_what_holds_no_result_is_told(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    for text in (None, "{}"):
        if text is not None:
            path.write_text(text)
        with pytest.raises(MeasureError, match="holds no result"):
            read_report(path)


def test_the_kinds_of_all_are_kept() -> None:
    other = replace(REPORT, kinds=(replace(KIND, kind="disk"),), machine=replace(REPORT.machine, load=2.0))
    assert [kind.kind for kind in join_reports([REPORT, other]).kinds] == ["kills", "disk"]
    assert join_reports([REPORT]) == REPORT


@pytest.mark.parametrize(
    "change", [{"revision": "4567"}, {"seed": 8}, {"rounds": 3}, {"quick": True}, {"steady": False}]
)
def test_what_was_tried_otherwise_is_not_joined(change: dict[str, object]) -> None:
    other = replace(REPORT, kinds=(replace(KIND, kind="disk"),), **change)  # type: ignore[arg-type]
    with pytest.raises(MeasureError, match="differ"):
        join_reports([REPORT, other])


def test_a_kind_is_not_counted_twice() -> None:
    with pytest.raises(MeasureError, match="several"):
        join_reports([REPORT, REPORT])


def test_the_command_tries_no_kind_that_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kinds = tuple(replace(KIND, kind=kind, failures=()) for kind in KINDS)
    parts = [
        write(tmp_path / f"{kind.kind}.json", replace(REPORT, revision="older", kinds=(kind,)))
        for kind in kinds
    ]
    faults(join=parts, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["revision"], told["seed"]) == ("older", 7)
    assert [kind["kind"] for kind in told["kinds"]] == list(KINDS)
