"""References are resolved in order of trust, and the symbols that much code relies on are important."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexers.references.graph import CALL, CONFIDENCE, IMPORT, INHERIT, MAX_CANDIDATES, rank_symbols
from memory_server.index.view import View
from tests.support.answering import memory_over
from tests.support.code_base import write_files
from tests.support.properties import UNTIMED

Edge = tuple[str, str]


def view_of(root: Path, files: dict[str, str]) -> View:
    write_files(root / "code", files)
    return memory_over(root / "code").view


def edges_of(view: View, kind: int = CALL) -> dict[Edge, float]:
    """Confidence of each edge, between qualified names or the paths of files."""

    def name(symbol: int) -> str:
        return view.qualified_names[symbol] or view.path_of(symbol)

    graph = view.graph
    return {
        (name(source), name(target)): round(float(confidence), 3)
        for source, target, edge, confidence in zip(
            graph.source.tolist(),
            graph.target.tolist(),
            graph.kind.tolist(),
            graph.confidence.tolist(),
            strict=True,
        )
        if edge == kind
    }


def test_a_call_on_self_goes_to_the_own_type(tmp_path: Path) -> None:
    view = view_of(tmp_path, {
        "a.py": "class A:\n    def run(self):\n        self.step()\n\n    def step(self): ...\n",
        "b.py": "class B:\n    def step(self): ...\n",
    })  # fmt: skip
    assert edges_of(view) == {("A.run", "A.step"): pytest.approx(CONFIDENCE["own type"])}


def test_a_bare_call_within_a_type_goes_to_its_member(tmp_path: Path) -> None:
    view = view_of(tmp_path, {
        "A.java": "class A { void run() { step(); } void step() {} }\n",
        "B.java": "class B { void step() {} }\n",
    })  # fmt: skip
    assert edges_of(view) == {("A.run", "A.step"): pytest.approx(CONFIDENCE["own type"])}


def test_a_qualifier_that_is_a_type_names_its_member(tmp_path: Path) -> None:
    view = view_of(tmp_path, {
        "a.py": "class A:\n    def make(): ...\n\nclass B:\n    def make(): ...\n",
        "c.py": "def use():\n    B.make()\n",
    })  # fmt: skip
    assert edges_of(view)["use", "B.make"] == pytest.approx(CONFIDENCE["named type"])
    assert ("use", "A.make") not in edges_of(view)


def test_a_bare_call_goes_to_the_same_file_first(tmp_path: Path) -> None:
    view = view_of(tmp_path, {
        "a.py": "def helper(): ...\n\ndef use():\n    helper()\n",
        "b.py": "def helper(): ...\n",
    })  # fmt: skip
    assert edges_of(view) == {("use", "helper"): pytest.approx(CONFIDENCE["same file"])}
    edge = int(view.graph.outgoing(view.by_name["use"][0])[0])
    assert view.path_of(int(view.graph.target[edge])) == "a.py"


IMPORTING = {
    "python": {
        "app/tools.py": "def helper(): ...\n",
        "lib/tools2.py": "def helper(): ...\n",
        "app/main.py": "from app.tools import helper\n\ndef use():\n    helper()\n",
    },
    "python relative": {
        "app/tools.py": "def helper(): ...\n",
        "lib/other.py": "def helper(): ...\n",
        "app/main.py": "from .tools import helper\n\ndef use():\n    helper()\n",
    },
    "python module": {
        "app/tools.py": "def helper(): ...\n",
        "lib/other.py": "def helper(): ...\n",
        "app/main.py": "import app.tools as tools\n\ndef use():\n    tools.helper()\n",
    },
    "javascript": {
        "src/tools.js": "export function helper() {}\n",
        "src/other.js": "export function helper() {}\n",
        "src/main.js": 'import { helper } from "./tools";\nfunction use() { helper(); }\n',
    },
    "typescript": {
        "src/tools.ts": "export function helper(): void {}\n",
        "src/other.ts": "export function helper(): void {}\n",
        "src/main.ts": 'import { helper } from "./tools.js";\nfunction use(): void { helper(); }\n',
    },
    "rust": {
        "src/tools.rs": "pub fn helper() {}\n",
        "src/other.rs": "pub fn helper() {}\n",
        "src/main.rs": "use crate::tools::helper;\nfn run() { helper(); }\nfn use_it() { run(); }\n",
    },
    "java": {
        "com/shop/Tools.java": "package com.shop;\npublic class Tools { public static void helper() {} }\n",
        "com/other/Tools2.java": "package com.other;\npublic class Tools2 { public static void helper() {} }\n",
        "com/Main.java": (
            "package com;\nimport com.shop.Tools;\nclass Main { void use() { Tools.helper(); } }\n"
        ),
    },
}


@pytest.mark.parametrize("style", IMPORTING)
def test_a_call_goes_to_what_the_file_imports(tmp_path: Path, style: str) -> None:
    view = view_of(tmp_path, IMPORTING[style])
    helpers = [
        (view.path_of(int(target)), float(confidence))
        for target, confidence, kind in zip(
            view.graph.target, view.graph.confidence, view.graph.kind, strict=True
        )
        if kind == CALL and view.names[int(target)] == "helper"
    ]
    assert len(helpers) == 1
    assert "tools" in helpers[0][0].lower()
    assert helpers[0][1] >= CONFIDENCE["imported"] - 1e-6


@pytest.mark.parametrize("style", IMPORTING)
def test_an_import_leads_to_the_file_or_what_it_defines(tmp_path: Path, style: str) -> None:
    view = view_of(tmp_path, IMPORTING[style])
    graph = view.graph
    imported = {
        view.path_of(int(target))
        for target, kind in zip(graph.target, graph.kind, strict=True)
        if kind == IMPORT
    }
    assert imported == {next(iter(IMPORTING[style]))}


def test_a_name_that_only_one_symbol_has_is_likely_meant(tmp_path: Path) -> None:
    view = view_of(tmp_path, {"a.py": "def rare(): ...\n", "b/c.py": "def use():\n    rare()\n"})
    assert edges_of(view) == {("use", "rare"): pytest.approx(CONFIDENCE["only one"])}


def test_several_candidates_share_the_confidence(tmp_path: Path) -> None:
    files = {f"lib/m{place}.py": "def step(): ...\n" for place in range(3)}
    view = view_of(tmp_path, {**files, "app/use.py": "def use():\n    step()\n"})
    confidences = view.graph.confidence.tolist()
    assert len(confidences) == 3
    assert sum(confidences) <= CONFIDENCE["nearby"]
    assert max(confidences) < 0.25


def test_a_name_with_too_many_candidates_stays_unresolved(tmp_path: Path) -> None:
    files = {f"lib/m{place}.py": "def step(): ...\n" for place in range(MAX_CANDIDATES + 1)}
    view = view_of(tmp_path, {**files, "app/use.py": "def use():\n    step()\n"})
    assert not len(view.graph.source)


def test_a_call_across_languages_is_half_as_sure(tmp_path: Path) -> None:
    view = view_of(tmp_path, {"a.js": "function rare() {}\n", "b.py": "def use():\n    rare()\n"})
    assert edges_of(view) == {("use", "rare"): pytest.approx(CONFIDENCE["only one"] / 2)}


def test_inheriting_is_told_apart_from_calling(tmp_path: Path) -> None:
    view = view_of(tmp_path, {"a.py": "class Base: ...\n\nclass Child(Base): ...\n"})
    assert edges_of(view, INHERIT) == {("Child", "Base"): pytest.approx(CONFIDENCE["same file"])}
    assert not edges_of(view, CALL)


def test_a_recursive_call_is_no_edge(tmp_path: Path) -> None:
    view = view_of(tmp_path, {"a.py": "def again():\n    again()\n"})
    assert not len(view.graph.source)


def test_edges_are_found_from_both_ends(tmp_path: Path) -> None:
    view = view_of(
        tmp_path, {"a.py": "def one(): ...\n\ndef two():\n    one()\n\ndef three():\n    one()\n    two()\n"}
    )
    graph = view.graph
    one, two, three = (view.by_name[name][0] for name in ("one", "two", "three"))
    assert graph.source[graph.incoming(one)].tolist() == [two, three]
    assert graph.target[graph.outgoing(three)].tolist() == [one, two]
    assert not len(graph.outgoing(one))


def test_what_is_called_more_is_more_important(tmp_path: Path) -> None:
    calls = "".join(f"def user_{place}():\n    popular()\n\n" for place in range(5))
    view = view_of(tmp_path, {"a.py": f"def popular(): ...\n\ndef lonely(): ...\n\n{calls}"})
    importance = view.graph.importance
    assert importance[view.by_name["popular"][0]] > 2 * importance[view.by_name["lonely"][0]]
    assert importance.mean() == pytest.approx(1.0, abs=1e-3)


@UNTIMED
@given(st.integers(1, 30), st.data())
def test_importance_is_positive_with_mean_one(size: int, data: st.DataObject) -> None:
    places = st.integers(0, size - 1)
    edges = data.draw(st.lists(st.tuples(places, places, st.floats(0.01, 1.0)), max_size=60))
    source, target = (np.array([edge[side] for edge in edges], np.int64) for side in (0, 1))
    confidence = np.array([edge[2] for edge in edges], np.float32)
    parents = np.array([place - 1 for place in range(size)], np.int64)
    importance = rank_symbols(size, source, target, confidence, parents)
    assert importance.shape == (size,)
    assert (importance > 0).all()
    assert importance.mean() == pytest.approx(1.0, abs=1e-3)
