"""The speed measurement: its arithmetic, its workload, and whole runs over a small tool."""

import importlib
import json
import re
import subprocess
import sys
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from eval.cli import app
from eval.errors import MeasureError
from eval.speed.command import ROWS, build_table, read_measure
from eval.speed.measure import measure_speed
from eval.speed.peers import OWN, PEERS, PLACES, CallTemplate, Tool, fill, find_peer, install_commands
from eval.speed.processes import ProgramContext, ServerSession, run_command
from eval.speed.replicate import replicate
from eval.speed.results import Measurement, SpeedReport
from eval.speed.stages import REQUESTS, SAMPLED, find_count, percentile
from eval.speed.workload import Definition, draw_workload, rename_definitions, spread
from indexers.model import SourceFile
from indexers.parsing.parse import parse_file
from tests.support.git_project import HANGS_AFTER

INDEXER = """
import json, pathlib, sys
store = pathlib.Path(sys.argv[1], "store")
store.mkdir(exist_ok=True)
names = [path.name for path in pathlib.Path(sys.argv[2]).glob("*.py")]
(store / "index.json").write_text(json.dumps(names) + " " * 200_000)
print(f"Indexed 1,{len(names):03} files")
"""

SERVER = """
import json, subprocess, sys
CHILD = "import threading; ballast = bytearray(48 << 20); print('', flush=True); threading.Event().wait()"
for line in sys.stdin:
    request = json.loads(line)
    if "id" not in request:
        continue
    print(json.dumps({"jsonrpc": "2.0", "method": "notifications/progress", "params": {}}))
    parameters = request["params"]
    result = {"serverInfo": {}, "tools": [{"name": "search"}]}
    if request["method"] == "tools/call":
        arguments, text = parameters["arguments"], "an answer"
        if parameters["name"] == "grow":
            child = subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True)
            child.stdout.readline()
            text = str(child.pid)
        if parameters["name"] == "leave":
            print("out of memory", file=sys.stderr)
            sys.exit(3)
        result = {"content": [{"type": "text", "text": text}], "isError": parameters["name"] == "fail"}
    print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
"""


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, encoding="utf-8"
    ).stdout


def make_repository(root: Path) -> Path:
    root.mkdir()
    for number in range(12):
        code = f"def compute_{number}(value):\n    return compute_{number}(value)\n"
        (root / f"part_{number:02}.py").write_text(code, encoding="utf-8")
    (root / "README.md").write_text("# Title\n\nThis adds some numbers together.\n", encoding="utf-8")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "one")
    return root


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "project")


@pytest.fixture
def context(tmp_path: Path) -> ProgramContext:
    return ProgramContext(tmp_path, {"PATH": ""}, limit=HANGS_AFTER)


def small_tool(**changes: object) -> Tool:
    command = ("{python}", "-c", INDEXER.replace("{", "{{").replace("}", "}}"), "{repo}", "{repo}")
    tool = Tool(
        name="small",
        version="1",
        registry="",
        package="",
        index=command,
        sync=command,
        serve=("{python}", "-c", SERVER.replace("{", "{{").replace("}", "}}")),
        search=CallTemplate("search", {"query": "{query}"}),
        store=("{repo}/store",),
        warm_sync=CallTemplate("sync"),
        files=r"Indexed ([\d,]+) files",
    )
    return replace(tool, **changes)  # type: ignore[arg-type]


def measure(root: Path, tmp_path: Path, *tools: Tool, runs: int = 2) -> SpeedReport:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return measure_speed(root, tools, runs, scratch, lambda _tool, _stage: None)


@dataclass(frozen=True)
class Measured:
    """One run over three tools, and the repository before and after it."""

    report: SpeedReport
    before: dict[Path, int]
    after: dict[Path, int]

    def tool(self, name: str) -> Measurement:
        return next(tool for tool in self.report.tools if tool.tool == name)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    folder = tmp_path_factory.mktemp("measured")
    root = make_repository(folder / "project")
    broken = small_tool(name="broken", search=CallTemplate("fail", {"query": "{query}"}))
    lost = small_tool(name="lost", store=("{data}/elsewhere",))
    before = modification_times(root)
    report = measure(root, folder, broken, lost, small_tool())
    return Measured(report, before, modification_times(root))


def modification_times(root: Path) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in root.rglob("*")}


@pytest.fixture
def server(context: ProgramContext) -> ServerSession:
    return ServerSession([sys.executable, "-c", SERVER], context)


def test_a_percentile_is_the_smallest_value_that_covers_the_share() -> None:
    waits = [float(value) for value in range(20, 0, -1)]
    assert (percentile(waits, 0.5), percentile(waits, 0.95), percentile(waits, 1.0)) == (10, 19, 20)
    assert percentile([7.0], 0.5) == 7


@pytest.mark.parametrize(
    ("name", "output", "files", "symbols"),
    [
        ("codegraph", "◆  Indexed 1,091 files\n●  2,710 nodes, 5,324 edges in 1.1s", 1091, 2710),
        ("jcodemunch", '{"file_count": 123, "symbol_count": 2252}', 123, 2252),
        ("code-index", "Project re-indexed. Found 112 files.", 112, None),
        ("token-savior", "Project 'a' re-indexed successfully.", None, None),
    ],
)
def test_counts_are_read_off_what_a_peer_prints(
    name: str, output: str, files: int | None, symbols: int | None
) -> None:
    peer = find_peer(name)
    assert (find_count(peer.files, output), find_count(peer.symbols, output)) == (files, symbols)


@pytest.mark.parametrize("tool", [OWN, *PEERS], ids=lambda tool: tool.name)
def test_every_tool_is_described_by_known_places_alone(tool: Tool) -> None:
    places = {name: f"<{name}>" for name in PLACES}
    assert "<repo>" in json.dumps(fill(asdict(tool), {**places, "query": "<query>", "path": "<path>"}))
    assert "{query}" in json.dumps(tool.search.arguments)
    assert all(
        path.startswith(("{repo}/", "{git}/", "{data}", "{home}/", "{temporary}/")) for path in tool.store
    )


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer_installs_its_pinned_version_into_one_folder(peer: Tool, tmp_path: Path) -> None:
    commands = install_commands(peer, tmp_path)
    assert re.search(rf"{re.escape(peer.package)}(==|@){re.escape(peer.version)}$", commands[-1][-1])
    assert all(any(str(tmp_path) in word for word in command) for command in commands)


def test_an_unknown_peer_is_refused_with_the_known_ones() -> None:
    with pytest.raises(MeasureError, match="nobody") as caught:
        find_peer("nobody")
    assert all(peer.name in caught.value.hint for peer in PEERS)


def test_items_are_drawn_at_even_distances() -> None:
    assert spread(range(10), 5) == [0, 2, 4, 6, 8]
    assert spread("ab", 5) == ["a", "b"]


def test_the_same_tree_gives_the_same_workload(repository: Path) -> None:
    workload = draw_workload(repository)
    assert workload == draw_workload(repository)
    assert {"compute_0", "This adds some numbers together"} <= set(workload.queries)
    assert len({edit.path for edit in workload.edits}) == 10


def test_a_repository_without_code_cannot_be_measured(repository: Path) -> None:
    git(repository, "rm", "--quiet", "*.py")
    with pytest.raises(MeasureError, match="defines no names"):
        draw_workload(repository)


def test_an_edit_renames_a_definition_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"def run(): rerun(); run()\r\n")
    rename_definitions(tmp_path, [Definition("a.py", "run")], "_x")
    assert file.read_bytes() == b"def run_x(): rerun(); run_x()\r\n"


def test_a_failed_command_is_told_in_its_own_words(context: ProgramContext) -> None:
    with pytest.raises(MeasureError, match="exit status 3: no such index"):
        run_command(
            [sys.executable, "-c", "import sys; print('no such index', file=sys.stderr); sys.exit(3)"],
            context,
        )


def test_a_command_that_never_ends_is_stopped(tmp_path: Path) -> None:
    waiting = "import threading; threading.Event().wait()"
    with pytest.raises(MeasureError, match="ran over its limit"):
        run_command([sys.executable, "-c", waiting], ProgramContext(tmp_path, {}, limit=0.2))


def test_a_missing_program_is_an_error_with_a_hint(context: ProgramContext) -> None:
    with pytest.raises(MeasureError, match="cannot start absent") as caught:
        run_command(["absent"], context)
    assert caught.value.hint


def test_processor_time_and_memory_of_a_command_are_counted(context: ProgramContext) -> None:
    busy = "import time\nballast = bytearray(48 << 20)\nwhile time.process_time() < 0.3: pass"
    cost, output = run_command([sys.executable, "-c", f"{busy}\nprint('done')"], context)
    assert output == "done\n"
    assert cost.cpu_s >= 0.25
    assert cost.peak_tree_mib > 48 and cost.peak_process_mib > 48


@pytest.mark.slow
def test_a_servers_memory_includes_its_children_and_they_end_with_it(server: ServerSession) -> None:
    with server as session:
        session.initialize()
        before = session.resident()
        child = importlib.import_module("psutil").Process(int(session.call("grow", {})))
        assert session.resident() > before + 48
    child.wait(timeout=HANGS_AFTER)
    assert session.cost.peak_tree_mib > before + 48


def test_an_answer_that_reports_an_error_is_no_answer(server: ServerSession) -> None:
    with server as session, pytest.raises(MeasureError, match="answered fail with an answer"):
        session.call("fail", {})


def test_a_server_that_goes_away_is_told_in_its_own_words(server: ServerSession) -> None:
    with server as session, pytest.raises(MeasureError, match="went away during tools/call: out of memory"):
        session.call("leave", {})


@pytest.mark.slow
def test_a_tool_is_measured_from_index_to_sync(measured: Measured) -> None:
    small = measured.tool("small")
    assert (small.problem, small.files, small.symbols, len(small.index_runs)) == ("", 1012, None, 2)
    assert small.index in small.index_runs
    assert small.store_mib == pytest.approx(0.19, abs=0.01)
    assert small.initialize_s and small.tools_s and small.first_answer_s
    assert small.initialize_s <= small.tools_s <= small.first_answer_s
    assert small.tools_characters == len('[{"name":"search"}]')
    assert small.query and small.query.p50_ms <= small.query.p95_ms
    assert small.answer_characters == len("an answer")
    assert small.sync_command.one_file_s and small.sync_server.ten_files_s is not None
    assert small.sync_in_process.one_file_s is None


@pytest.mark.slow
def test_measuring_leaves_the_repository_as_it_was(measured: Measured) -> None:
    assert measured.after == measured.before


@pytest.mark.slow
def test_a_tool_that_fails_is_named_with_the_reason_and_what_was_measured(measured: Measured) -> None:
    broken, lost = measured.tool("broken"), measured.tool("lost")
    assert broken.problem == "server: answered fail with an answer"
    assert broken.index is not None and broken.query is None
    assert lost.problem == "index: indexing left no index in {data}/elsewhere"


@pytest.mark.slow
def test_the_table_has_a_line_per_measure_and_names_problems(measured: Measured) -> None:
    uninstalled = Measurement("uninstalled", "2", problem="install: no [network]")
    console = Console(width=150)
    with console.capture() as captured:
        console.print(build_table(replace(measured.report, tools=(measured.tool("small"), uninstalled))))
    text = captured.get()
    assert "uninstalled: install: no [network]" in text
    assert re.search(r"index, s +│ +[\d.]+ │ +- │", text)
    assert "in process" not in text


@pytest.mark.slow
def test_a_folder_without_git_is_measured_too(tmp_path: Path) -> None:
    root = tmp_path / "plain"
    root.mkdir()
    (root / "a.py").write_text("def compute(value):\n    return value\n", encoding="utf-8")
    report = measure(root, tmp_path, small_tool(), runs=1)
    assert (report.repository, report.repository_files, report.tools[0].problem) == ("plain", 1, "")
    assert not (root / ".git").exists()


def test_a_peer_that_cannot_be_installed_is_named_with_the_reason(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("eval.speed.peers.install_commands", lambda _peer, _folder: [["absent-installer"]])
    (result,) = measure(repository, tmp_path, PEERS[0], runs=1).tools
    assert result.problem.startswith("install: codegraph cannot be installed: ")
    assert result.index is None


@pytest.mark.slow
def test_code_that_changed_under_the_measurement_is_told(
    repository: Path, tmp_path: Path, measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = iter([frozenset({("a.py", 1)}), frozenset({("a.py", 2)})])
    monkeypatch.setattr("eval.speed.measure.code_state", lambda: next(states))
    report = measure(repository, tmp_path, runs=1)
    assert not report.steady
    assert "code changed during the run" in str(build_table(report).caption)
    steady = replace(measured.report, steady=True)
    assert "code changed during the run" not in str(build_table(steady).caption)


def test_every_line_of_the_table_reads_a_measure_that_exists() -> None:
    known = {field.name for field in fields(Measurement)}
    assert {path.split(".")[0] for _, path in ROWS} <= known
    assert all(read_measure(Measurement("a", "1"), path) is None for _, path in ROWS)


def test_the_command_refuses_an_unknown_peer_with_a_hint(repository: Path) -> None:
    result = CliRunner().invoke(app, ["speed", "--repo", str(repository), "--peer", "nobody"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "error: no peer is called nobody\n\nhint: choose from codegraph, " in result.stderr


def test_without_psutil_the_command_says_how_to_get_it(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    result = CliRunner().invoke(app, ["speed", "--repo", str(repository)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "needs psutil\n\nhint: pip install 'repo-memory[eval]'" in result.stderr


@pytest.mark.slow
def test_the_command_prints_json_and_writes_it_to_a_file(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eval.speed.command.OWN", small_tool())
    file = tmp_path / "speed.json"
    result = CliRunner().invoke(
        app, ["speed", "--repo", str(repository), "--runs", "1", "--json", "--output", str(file)]
    )
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report == json.loads(file.read_text(encoding="utf-8"))
    assert list(report) == [field.name for field in fields(SpeedReport)]
    assert report["repository_revision"] == git(repository, "rev-parse", "HEAD").strip()
    assert report["machine"]["cores"] >= 1
    assert report["tools"][0]["tool"] == "small"


def test_a_repository_is_replicated_under_changed_names(repository: Path) -> None:
    before = {path: path.read_text("utf-8") for path in repository.glob("*.py")}
    symbols = sum(len(parse_file(SourceFile(path.name, path.read_bytes())).symbols) for path in before)
    made = replicate(repository, 3 * symbols)
    assert made == 3 * symbols
    assert git(repository, "status", "--short") == ""
    assert {path: path.read_text("utf-8") for path in before} == before
    copies = [(repository / f"copy_{number}" / "part_03.py").read_text("utf-8") for number in (1, 2)]
    names = [copy.split()[1].split("(")[0] for copy in copies]
    assert len({"compute_3", *names}) == 3
    assert all(copy.count(name) == 2 for copy, name in zip(copies, names, strict=True))
    with pytest.raises(MeasureError, match="has 72 symbols"):
        replicate(repository, 10)


def test_the_growth_of_a_server_is_told(measured: Measured) -> None:
    tool = measured.tool("small")
    for growth in (tool.growth, tool.growth_with_edits):
        assert growth is not None
        assert len(growth.mib) == 1 + REQUESTS // SAMPLED
        assert growth.most_mib == max(growth.mib) > 0
    assert tool.first_answer_cpu_s is not None
    assert tool.first_answer_mib is not None
