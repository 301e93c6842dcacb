"""Commands: exit code, stdout and stderr as reviewable text.

After a wanted change run ``UPDATE_GOLDEN=1 pytest tests/memory_server/cli/test_cli.py`` and read the diff.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from indexers.tokens import NEWEST, estimate_tokens
from memory_server.cli.app import run as run_app
from memory_server.query.signals import SIGNALS
from tests.support.answering import WordEmbedder, make_sample
from tests.support.code_base import write_files
from tests.support.git_project import Project, make_project
from tests.support.places import CHECKOUT, TESTS

GOLDEN = TESTS / "golden" / "cli"
DATA_COMMANDS = (
    "index",
    "search",
    "read",
    "outline",
    "related",
    "scope",
    "status",
    "doctor",
    "tune",
    "init",
    "remove",
)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The sample as a repository, with a model that needs no loading."""
    project = make_project(tmp_path, monkeypatch)
    make_sample(project.root)
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message", "Add the shop")
    monkeypatch.setattr("memory_server.index.tuned.load_embedder", lambda *_: WordEmbedder())
    for name, value in (("COLUMNS", "100"), ("TERMINAL_WIDTH", "100"), ("NO_COLOR", "1"), ("TERM", "dumb")):
        monkeypatch.setenv(name, value)
    for name in ("GITHUB_ACTIONS", "FORCE_COLOR", "PY_COLORS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(project.root)
    return project


@pytest.fixture
def run(project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process."""
    assert project.root.is_dir()

    def run_command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["repo-memory", *arguments])
        with pytest.raises(SystemExit) as ended:
            run_app()
            raise SystemExit(0)
        done = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else int(bool(code))), done.out, done.err

    return run_command


def neutral(text: str, project: Project) -> str:
    """A command's output without what differs between machines and moments."""
    for path, name in ((project.root, "ROOT"), (project.tool, "TOOL"), (project.root.parent, "ABOVE")):
        for written in (json.dumps(str(path))[1:-1], shlex.quote(str(path)), str(path)):
            text = text.replace(written, name)
    text = re.sub(r"in \d+\.\d+ s\b", "in N s", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "DATE", text)
    text = re.sub(r"\bat [0-9a-f]{10}\b", "at COMMIT", text)
    return re.sub(r"size: \d+\.\d MB", "size: N MB", text)


def check(name: str, project: Project, run: Run, *calls: str) -> None:
    """Compare what commands print, one after the other, with a golden text."""
    parts = []
    for call in calls:
        code, out, err = run(*shlex.split(call))
        told = f"--- stderr\n{err}" if err else ""
        parts.append(f"$ repo-memory {call}\n{out}{told}--- exit {code}\n")
    text = re.sub(r" +$", "", neutral("\n".join(parts), project), flags=re.MULTILINE)
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


CASES = {
    "help": ["--help"],
    **{f"help_{name}": [f"{name} --help"] for name in (*DATA_COMMANDS, "serve")},
    "version": ["--version"],
    "usage_errors": [
        "unknown",
        "search",
        "related Cart",
        "read Cart --context 99",
        "search cart --budget=-1",
    ],
    "index": ["index", "index", "index --quiet"],
    "search": ["search apply_discount --budget 300", "search 'no such thing' --path docs/none"],
    "search_errors": ["search ' '", "search cart --kind klass", "search cart --path ../other"],
    "read": ["read Cart.add shop/checkout.py:4-5 --context 0"],
    "read_errors": ["read Crat", "read ../other.py", "read shop/cart.py:900"],
    "outline": ["outline store", "outline nowhere"],
    "related": ["related add_tax callers --depth 2", "related Cart friends", "related total callers"],
    "scope": [
        "scope",
        "scope store --check",
        "scope store",
        "scope --check",
        "scope --remove",
        "scope --target x",
        "scope nowhere",
        "scope --check --remove",
    ],
    "knowledge": [
        "knowledge check",
        "knowledge export",
        "knowledge import docs/knowledge.yaml",
        "knowledge import docs/knowledge.yaml",
        "notes brief",
        "notes accept bbqnbnae",
        "notes brief",
        "knowledge export",
        "knowledge export",
        "knowledge check --json",
        "knowledge query cart tax",
        "knowledge query cart --json",
        "knowledge query cart --sensitivity-max x",
        "knowledge check docs/broken.yaml",
    ],
    "help_knowledge": [f"knowledge {name} --help".replace("  ", " ") for name in ("", "query")],
    "status": ["status", "index --quiet", "status"],
    "doctor": ["doctor", "index --quiet", "doctor"],
    "init": ["init --dry-run", "init", "init", "doctor"],
    "remove": ["init", "remove --dry-run", "remove", "remove"],
    "unsafe": ["index --repo /", "status --repo ~", "init /", "doctor --repo /", "search x --repo /nowhere"],
}


FILES = {
    "knowledge": {
        "docs/knowledge.yaml": """\
kcp_version: "0.14"
project: guides
units:
- {id: buying, path: guide.md, intent: What is a cart?, scope: global, audience: [human], triggers: [cart]}
- {id: outside, path: ../../other.md, intent: What lies outside?, scope: global, audience: [human]}
""",
        "docs/broken.yaml": "units: [",
    }
}
"""What lies in the sample beside it, by case."""


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_command_prints_its_golden_text(name: str, project: Project, run: Run) -> None:
    write_files(project.root, FILES.get(name, {}))
    calls = [call.replace("~", os.environ["HOME"]) for call in CASES[name]]
    check(name, project, run, *calls)


def test_every_golden_text_has_its_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == CASES.keys()


@pytest.mark.slow
@pytest.mark.parametrize("budget", [10, 20, 40, 100])
def test_an_error_is_within_the_budget_that_was_asked_for(run: Run, budget: int) -> None:
    for call in (["read", "x" * 900], ["related", "discoun", "tests"], ["outline", "shop/" * 150]):
        code, out, told = run(*call, "--budget", str(budget))
        assert (code, out) == (1, "")
        assert told.startswith("error: ")
        assert 0 < estimate_tokens(told.strip("\n")) <= budget


def read_json(run: Run, *arguments: str) -> Any:
    code, out, _ = run(*arguments, "--json")
    assert code in (0, 1)
    assert out.count("\n") == 1
    return json.loads(out)


@pytest.mark.slow
def test_every_command_that_prints_data_prints_json(project: Project, run: Run) -> None:
    report = read_json(run, "index")
    assert (report["files"], report["added"], report["changed"]) == (19, 19, 0)
    assert read_json(run, "status")["pending"] == 0
    assert {finding["fix"] for finding in read_json(run, "doctor")} == {"run `repo-memory init`"}
    assert {step["outcome"] for step in read_json(run, "init", "--dry-run")} == {"would change"}
    assert read_json(run, "remove")
    assert project.root.is_dir()


PLACE = {"path", "start_line", "end_line", "name", "kind"}


def test_a_search_as_json_has_hits_with_their_lines_and_weaker_ones(run: Run) -> None:
    found = read_json(run, "search", "how is the total computed", "--limit", "3")
    assert found.keys() == {"hits", "weaker", "left_out"}
    assert 0 < len(found["hits"]) <= 3
    assert all(hit.keys() == PLACE | {"score", "exact", "lines"} for hit in found["hits"])
    assert all(hit.keys() == PLACE | {"score", "exact"} for hit in found["weaker"])
    assert any(hit["lines"] for hit in found["hits"])
    assert all(line.keys() == {"line", "text"} for hit in found["hits"] for line in hit["lines"])
    named = read_json(run, "search", "apply_discount")["hits"]
    assert (named[0]["path"], named[0]["name"], named[0]["exact"]) == (
        "shop/prices.py",
        "apply_discount",
        True,
    )
    assert not any(hit["exact"] for hit in found["hits"])


def test_a_search_says_what_it_left_out(run: Run) -> None:
    left_out = read_json(run, "search", "how is the total computed", "--budget", "100")["left_out"]
    assert left_out["count"] > 0
    assert left_out["what"] == "weaker hits"


@pytest.mark.slow
def test_an_explained_search_tells_the_signals(run: Run) -> None:
    hit = read_json(run, "search", "apply_discount", "--explain")["hits"][0]
    assert hit["signals"]["named"] > 0
    assert hit["signals"].keys() <= {signal.name for signal in SIGNALS}
    assert "    signals: lexical " in run("search", "apply_discount", "--explain")[1]


def test_a_read_as_json_has_slices_with_their_lines(run: Run) -> None:
    found = read_json(run, "read", "Cart.add", "shop/checkout.py:4-5", "missing", "total", "--context", "0")
    method, lines = found["slices"]
    assert method.keys() >= PLACE | {"lines", "enclosing"}
    assert (method["name"], method["kind"]) == ("Cart.add", "method")
    assert method["lines"][0] == {
        "line": method["start_line"],
        "text": "    def add(self, name: str, price: int) -> None:",
    }
    assert method["enclosing"] == [{"line": 8, "text": "class Cart:"}]
    assert (lines["name"], lines["kind"], len(lines["lines"])) == ("pay", "lines", 2)
    assert [candidate["target"] for candidate in found["ambiguous"][0]["candidates"]] == [
        "shop/cart.py::Cart.total",
        "shop/cart.py::GiftCart.total",
    ]
    assert [(unread["target"], unread["problem"]) for unread in found["unread"]] == [
        ("missing", "no symbol or file missing")
    ]
    assert found["left_out"] == {}


def test_a_slice_that_was_cut_says_where_to_go_on(run: Run) -> None:
    found = read_json(run, "read", "shop/cart.py::Cart.add", "--budget", "100")
    (piece,) = found["slices"]
    assert piece["rest"] == f"shop/cart.py:{piece['lines'][-1]['line'] + 1}-{piece['end_line']}"
    assert found["left_out"]["count"] == piece["end_line"] - piece["lines"][-1]["line"]


def test_a_class_that_is_told_by_its_members_says_how_much_source_is_left_out(run: Run) -> None:
    found = read_json(run, "read", "shop/cart.py::Cart", "--budget", "130")
    (piece,) = found["slices"]
    assert [member["name"] for member in piece["members"]] == ["__init__", "add", "total"]
    shown = len(piece["lines"])
    assert found["left_out"]["count"] == piece["end_line"] - piece["start_line"] + 1 - shown > 0


def test_an_outline_as_json_nests_symbols(run: Run) -> None:
    found = read_json(run, "outline", "shop/cart.py")
    names = {symbol["name"]: symbol for symbol in found["symbols"]}
    assert all(symbol.keys() == PLACE | {"children"} for symbol in found["symbols"])
    assert [child["name"] for child in names["Cart"]["children"]] == ["__init__", "add", "total"]
    assert (found["files"], found["languages"], found["left_out"]) == (1, {"python": 1}, {})


@pytest.mark.slow
def test_related_as_json_has_the_lines_that_refer(run: Run) -> None:
    found = read_json(run, "related", "Cart.total", "callers")
    assert found.keys() == {"symbol", "relation", "relatives", "unresolved", "left_out"}
    assert (found["symbol"]["name"], found["relation"], found["unresolved"]) == ("Cart.total", "callers", 1)
    pay = next(relative for relative in found["relatives"] if relative["name"] == "pay")
    assert pay.keys() == PLACE | {"depth", "sure", "lines"}
    assert pay["lines"] == [{"line": 5, "text": "    amount = cart.total()"}]
    assert pay["sure"] is False
    importers = read_json(run, "related", "shop/prices.py", "importers")["relatives"]
    assert [(file["path"], file["lines"]) for file in importers] == [
        ("shop/cart.py", [{"line": 5, "text": "from shop.prices import add_tax, apply_discount"}]),
        ("tests/test_cart.py", [{"line": 2, "text": "from shop.prices import apply_discount"}]),
    ]
    short = read_json(run, "related", "add_tax", "callers", "--depth", "3", "--budget", "150")["relatives"]
    assert short[0]["lines"] == [
        {"line": 25, "text": "        return add_tax(apply_discount(total, percent))"}
    ]
    ambiguous = read_json(run, "related", "total", "callers")
    assert (ambiguous["symbol"], ambiguous["relatives"]) == (None, [])
    assert len(ambiguous["ambiguous"][0]["candidates"]) == 2


def test_status_is_five_lines(run: Run) -> None:
    run("index", "--quiet")
    code, out, err = run("status")
    assert (code, len(out.splitlines()), err) == (0, 5, "")
    assert [line.split(":")[0] for line in out.splitlines()] == [
        "indexed",
        "fresh",
        "size",
        "model",
        "left out",
    ]


@pytest.mark.slow
def test_doctor_finds_what_is_broken_and_ends_with_one(project: Project, run: Run) -> None:
    assert run("init")[0] == 0
    assert run("doctor")[:2] == (0, "all well\n")
    write_files(project.root, {"shop/new.py": "def later(): ...\n"})
    code, out, _ = run("doctor")
    assert code == 1
    assert out == "problem: 1 file changed since the last index run\n  fix: run `repo-memory index`\n"
    run("index")
    (project.root / ".mcp.json").write_text("{}", encoding="utf-8")
    code, out, _ = run("doctor")
    assert code == 1
    assert "register" in out


@pytest.mark.slow
def test_a_first_init_and_its_removal_leave_the_repository_as_it_was(project: Project, run: Run) -> None:
    before = project.git("status", "--porcelain", "--ignored")
    run("init")
    assert project.git("status", "--porcelain", "--ignored") != before
    assert (project.root / ".git/repo-memory").is_dir()
    run("remove")
    assert project.git("status", "--porcelain", "--ignored") == before
    assert not (project.root / ".git/repo-memory").exists()


def test_a_command_in_a_folder_of_the_repository_means_the_whole_of_it(
    project: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.root / "shop")
    assert read_json(run, "index")["files"] == 19


def test_a_folder_without_git_is_indexed_too(tmp_path: Path, run: Run) -> None:
    root = make_sample(tmp_path / "plain")
    assert read_json(run, "index", "--repo", str(root))["files"] == 18
    assert (root / ".repo-memory/store.json").exists()


@pytest.mark.slow
def test_a_closed_pipe_is_no_error(project: Project) -> None:
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    command = f"{shlex.quote(sys.executable)} -m memory_server.cli --help | head -1 >/dev/null"
    done = subprocess.run(
        ["sh", "-c", command], cwd=project.root, env=environment, capture_output=True, check=True
    )
    assert done.stderr == b""


@pytest.mark.slow
def test_status_counts_what_summaries_save(run: Run) -> None:
    run("index", "--quiet")
    code, out, _ = run("status", "--compression", "--json")
    counted = json.loads(out)["compression"]
    assert code == 0
    assert counted["source"] > 0
    assert 0 < counted["names"] <= counted["signatures"] <= counted["digests"]
    assert counted["token_error"] == NEWEST.error_band
    code, out, _ = run("status", "--compression")
    assert out.rstrip().endswith(NEWEST.error_band)
