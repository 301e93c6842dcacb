"""Following the notes of an oracle: one made by hand over a small Java history."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from eval.errors import MeasureError
from eval.memory.anchors import NONE, RIGHT, Measured, measure_anchors
from eval.memory.oracle import Element, read_oracle
from eval.memory.results import build_report, collect_result, write_result
from indexers.git import head_commit
from tests.support.code_base import write_files
from tests.support.git_project import make_project

PAY = """
    public int pay(final Ledger ledger, int... parts) {
        for (int part : parts) {
            ledger.record(part, 300);
        }
        return ledger.total();
    }
"""
OTHER = "\n    public int pay(Ledger ledger) {\n        return 0;\n    }\n"
FILE, MOVED = "src/org/shop/Cart.java", "src/org/shop/Basket.java"


def java(body: str, name: str = "Cart") -> str:
    return f"package org.shop;\n\npublic class {name} {{\n{body}}}\n"


def key(method: str, name: str = "Cart") -> str:
    return f"src/org.shop.{name}#{method}(Ledger, int...)"


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Measured:
    project = make_project(tmp_path, monkeypatch)
    commits = []
    for files in (
        {FILE: java(PAY + OTHER)},
        {FILE: java(PAY.replace("300", "60") + OTHER)},
        {FILE: java("    // now\n" + PAY.replace("300", "60") + OTHER)},
        {FILE: java(PAY.replace("300", "60").replace("pay", "settle") + OTHER)},
    ):
        write_files(project.root, files)
        project.git("add", "--all")
        project.git("commit", "--quiet", "--message", "Change it")
        commits.append(head_commit(project.root))
    project.git("mv", FILE, MOVED)
    text = java(PAY.replace("300", "60").replace("pay", "settle") + OTHER, "Basket")
    write_files(project.root, {MOVED: text})
    project.git("commit", "--quiet", "--all", "--message", "Rename the class")
    commits.append(head_commit(project.root))
    rows = [
        ("introduced", "0", commits[0], "pay", "pay"),
        ("body change", commits[0], commits[1], "pay", "pay"),
        ("documentation change", commits[1], commits[2], "pay", "pay"),
        ("rename", commits[2], commits[3], "pay", "settle"),
    ]
    changes = [
        {
            "changeType": kind,
            "parentCommitId": parent,
            "commitId": commit,
            "elementFileBefore": FILE,
            "elementNameBefore": key(before),
            "elementFileAfter": FILE,
            "elementNameAfter": key(after),
        }
        for kind, parent, commit, before, after in rows
    ]
    history = {
        "repositoryName": project.root.name,
        "startCommitId": commits[-1],
        "filePath": MOVED,
        "functionKey": key("settle", "Basket"),
        "expectedChanges": changes,
    }
    oracle = tmp_path / "oracle"
    write_files(oracle, {"one.json": json.dumps(history)})
    return measure_anchors(read_oracle(oracle), project.root.parent)


def test_every_state_is_followed_to_the_end(measured: Measured) -> None:
    assert [case.outcome for case in measured.cases] == [RIGHT] * 4
    assert all(case.is_relocated for case in measured.cases)
    assert measured.unread == 0


def test_changes_are_told_from_what_only_reads_otherwise(measured: Measured) -> None:
    assert measured.changes == {("changed", "changed"): 1, ("cosmetic", "same"): 1}


def test_a_result_counts_what_was_missed(measured: Measured) -> None:
    measured.cases[0] = replace(measured.cases[0], outcome=NONE)
    result = collect_result(measured)
    assert (result.shares[0].cases, result.shares[0].right, result.shares[0].none) == (4, 3, 1)
    assert json.loads(write_result(result))["missed"][0]["outcome"] == NONE
    assert build_report(result).row_count == 2


def test_overloads_are_told_apart_by_their_types() -> None:
    element = Element.read(FILE, "src/org.shop.Cart.Inner#pay(java.util.Map<String, Integer>, int[])")
    assert (element.name, element.types) == ("Cart.Inner.pay", ("Map", "int[]"))


def test_what_is_no_oracle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasureError, match="no histories"):
        read_oracle(tmp_path)
    write_files(tmp_path, {"one.json": "{}"})
    with pytest.raises(MeasureError, match="is no history"):
        read_oracle(tmp_path)
