"""The commands: parameters in, data on stdout, messages on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from indexers.errors import IndexerError
from memory_server.answer.params import (
    ContextLines,
    Depth,
    KindFilter,
    OutlinePath,
    PathFilter,
    RelationName,
    SearchQuery,
    SymbolName,
    Targets,
    TokenBudget,
)
from memory_server.errors import MemoryServerError
from memory_server.serve.greeting import open_wire, server_version

Repo = Annotated[
    Path, typer.Option("--repo", help="The repository; the one around the current folder by default.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")]
Here = Path()

app = typer.Typer(
    name="repo-memory",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="A memory of your code base for coding agents: small, fresh slices instead of whole files.",
    epilog="Start with `repo-memory init` in your repository; `repo-memory remove` undoes it.",
)


def run() -> None:
    """Run the command line; our errors become one line and a hint, with exit code 1."""
    try:
        _mount_eval()
        app(prog_name="repo-memory")
    except (MemoryServerError, IndexerError) as error:
        typer.echo(f"error: {error}\n\nhint: {error.hint}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(0)


def _mount_eval() -> None:
    """The measurements bring their own imports: only when they are asked for, or listed."""
    if len(sys.argv) < 2 or sys.argv[1] in ("eval", "--help", "-h"):
        from eval.cli import app as eval_app

        app.add_typer(eval_app, name="eval")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"repo-memory {server_version()}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A memory of your code base for coding agents."""


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[Any], None] | None]:
    """A progress bar on a terminal, a line now and then elsewhere, both on stderr."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("indexing", total=None)
            yield partial(_show_progress, bar, task)
    else:
        yield _plain_progress()


def _show_progress(bar: Any, task: Any, step: Any) -> None:  # noqa: ANN401 - rich and a Progress, imported late
    if step.notice:
        bar.console.print(step.notice, highlight=False, markup=False)
    description = ", ".join(filter(None, (step.stage, step.left)))
    bar.update(task, description=description, completed=step.done, total=step.total or None)


def _plain_progress() -> Callable[[Any], None]:
    told = 0
    stage = ""

    def tell(step: Any) -> None:  # noqa: ANN401 - a Progress, imported late
        nonlocal told, stage
        if step.notice:
            typer.echo(step.notice, err=True)
        if step.stage != stage:
            stage, told = step.stage, 0
        if step.total and step.done - told >= max(500, step.total // 5):
            told = step.done
            left = f", {step.left}" if step.left else ""
            typer.echo(f"{step.stage}: {step.done} of {step.total} {step.unit}{left}", err=True)

    return tell


def _print(data: object, text: str, as_json: bool) -> None:
    typer.echo(json.dumps(data, ensure_ascii=False) if as_json else text)


def _answers(repo: Path) -> Any:  # noqa: ANN401 - an Answers, imported late
    """Answers over an index that was just brought up to date."""
    from memory_server.answer.answers import Answers
    from memory_server.memory import Memory

    memory = Memory.open(repo)
    with _progress(quiet=False) as on_progress:
        memory.sync(on_progress)
    return Answers(memory)


@app.command()
def index(repo: Repo = Here, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Index the repository, or bring its index up to date."""
    from memory_server.memory import Memory

    if quiet and hasattr(os, "nice"):
        os.nice(10)  # started by git hooks: the user is working

    with Memory.open(repo) as memory, _progress(quiet or as_json) as on_progress:
        report = memory.sync(on_progress)
    if quiet:
        return
    data = asdict(report)
    lines = [
        f"{report.files} files, {report.symbols} symbols in {report.seconds:.2f} s: "
        f"{report.added} added, {report.changed} changed, {report.removed} removed"
    ]
    lines += [f"indexed anew: {report.rebuilt}"] if report.rebuilt else []
    left_out = ", ".join(f"{count} {reason}" for reason, count in report.skipped.items())
    lines += [f"left out: {left_out}"] if left_out else []
    lines += [f"read in windows: {path} ({problem})" for path, problem in report.problems.items()]
    _print(data, "\n".join(lines), as_json)


@app.command()
def search(
    query: SearchQuery,
    repo: Repo = Here,
    path: PathFilter = "",
    kind: KindFilter = "",
    budget: TokenBudget = 0,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100, help="Hits in the JSON.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Find code by name or meaning."""
    answers = _answers(repo)
    if as_json:
        hits = answers.memory.search(query, limit, path=path, kind=kind)
        _print(
            [{key: value for key, value in asdict(hit).items() if key != "symbol"} for hit in hits],
            "",
            as_json,
        )
    else:
        typer.echo(answers.search(query, path, kind, budget))


@app.command()
def read(
    targets: Targets,
    repo: Repo = Here,
    context: ContextLines = 2,
    budget: TokenBudget = 0,
    as_json: AsJson = False,
) -> None:
    """Show the source of symbols, or lines of files."""
    text = _answers(repo).read(targets, context, budget)
    _print({"text": text}, text, as_json)


@app.command()
def outline(
    path: OutlinePath = "", repo: Repo = Here, budget: TokenBudget = 0, as_json: AsJson = False
) -> None:
    """Map the repository, a folder or a file."""
    text = _answers(repo).outline(path, budget)
    _print({"text": text}, text, as_json)


@app.command()
def related(
    symbol: SymbolName,
    relation: RelationName,
    repo: Repo = Here,
    depth: Depth = 1,
    budget: TokenBudget = 0,
    as_json: AsJson = False,
) -> None:
    """Show a symbol's callers, callees, implementations, importers or tests."""
    text = _answers(repo).related(symbol, relation, depth, budget)
    _print({"text": text}, text, as_json)


@app.command()
def status(
    repo: Repo = Here,
    compression: Annotated[
        bool,
        typer.Option("--compression", help="Count the tokens of all source and of all summaries as well."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what is indexed, how fresh, how large, and what was left out."""
    from memory_server.cli.reports import compression_text, measure_compression, status_text
    from memory_server.memory import Memory

    with Memory.open(repo) as memory:
        state = memory.state()
        counted = measure_compression(memory) if compression and state.synced_at else None
    data = asdict(state) | ({"compression": asdict(counted)} if counted else {})
    text = status_text(state) + (f"\n{compression_text(counted)}" if counted else "")
    _print(data, text, as_json)


@app.command()
def doctor(repo: Repo = Here, as_json: AsJson = False) -> None:
    """Find a broken registration, hook, store or model, and say the fix."""
    from memory_server.cli.reports import examine

    findings = examine(repo)
    lines = [f"problem: {finding.problem}\n  fix: {finding.fix}" for finding in findings]
    _print([asdict(finding) for finding in findings], "\n".join(lines) or "all well", as_json)
    if findings:
        raise typer.Exit(1)


@app.command()
def tune(
    repo: Repo = Here,
    undo: Annotated[bool, typer.Option("--undo", help="Go back to the shipped model.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Train and judge, and keep nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train the model on the repository's own documents and commits; keep it only if it then finds more."""
    from memory_server.index.tuned import drop_tuned
    from memory_server.memory import Memory

    with Memory.open(repo) as memory:
        if not undo:
            _tune(memory, dry_run, as_json)
        elif drop_tuned(memory.tree.folder.path):
            with _progress(as_json) as on_progress:
                report = memory.sync(on_progress)
            text = f"undone: the shipped model answers; indexed anew in {report.seconds:.2f} s"
            _print({"undone": True, "indexed": asdict(report)}, text, as_json)
        else:
            _print({"undone": False, "indexed": None}, "nothing to undo: the model was not tuned", as_json)


def _tune(memory: Any, dry_run: bool, as_json: bool) -> None:  # noqa: ANN401 - a Memory, imported late
    from memory_server.errors import TuneError
    from memory_server.index.tuned import keep_tuned
    from memory_server.tuning.report import report_text
    from memory_server.tuning.run import tune as tune_model

    if memory.config.embedder.model:
        told = (
            f"the settings name another model, {memory.config.embedder.model}: only the shipped one is tuned"
        )
        raise TuneError(told, "remove `embedder.model` from .repo-memory.toml, then tune")
    if memory.tree.git is None:
        raise TuneError("there is no git history here to train on and to judge by")
    keep = None if dry_run else partial(keep_tuned, memory.tree.folder)
    tell = (lambda _: None) if as_json else partial(typer.echo, err=True)
    report = tune_model(memory.root, keep, tell)
    indexed, text = None, report_text(report)
    if report.outcome == "kept":
        with _progress(as_json) as on_progress:
            indexed = memory.sync(on_progress)
        text += f"\nindexed anew in {indexed.seconds:.2f} s\nundo: repo-memory tune --undo"
    _print({**asdict(report), "indexed": asdict(indexed) if indexed else None}, text, as_json)


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="The repository.")] = Here,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Index the repository, register it with Claude Code, and keep it current on every commit."""
    from memory_server.install import install
    from memory_server.memory import Memory

    with Memory.open(path) as memory:
        reports = install(memory.root, dry_run=dry_run)
        lines = [f"{report.outcome}: {report.description}" for report in reports]
        lines += [f"  {report.reason}\n  hint: {report.hint}" for report in reports if report.reason]
        if not dry_run:
            with _progress(as_json) as on_progress:
                report = memory.sync(on_progress)
            lines.append(f"indexed: {report.files} files, {report.symbols} symbols in {report.seconds:.2f} s")
        lines.append(f"undo: repo-memory remove {path if path != Here else ''}".rstrip())
    _print([asdict(report) for report in reports], "\n".join(lines), as_json)
    if any(report.reason for report in reports):
        raise typer.Exit(1)


@app.command()
def remove(
    path: Annotated[Path, typer.Argument(help="The repository.")] = Here,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Undo `init`: registration, hooks and index."""
    from memory_server.install import remove as remove_install
    from memory_server.memory import Memory

    with Memory.open(path) as memory:
        reports = remove_install(memory.root, dry_run=dry_run)
        folder = memory.tree.folder.path
        lines = [f"{report.outcome}: {report.description}" for report in reports]
        if folder.exists():
            lines.append(f"{'would change' if dry_run else 'changed'}: delete the index in {folder}")
            if not dry_run:
                memory.forget()
    _print([asdict(report) for report in reports], "\n".join(lines), as_json)


@app.command()
def serve(repo: Repo = Here) -> None:
    """Serve MCP on stdin and stdout; Claude Code starts this by itself."""
    wire = open_wire()
    from memory_server.serve.live import LiveMemory

    chosen = repo if repo != Here else Path(os.environ.get("CLAUDE_PROJECT_DIR") or ".")
    from memory_server.serve.server import build_server, run_server

    # What workers shared is cleaned up when the server ends before them, and that is no news for the client's log.
    os.environ.setdefault("PYTHONWARNINGS", "ignore::UserWarning:multiprocessing.resource_tracker")
    live = LiveMemory(chosen)
    live.start()
    try:
        run_server(build_server(live.answers), wire)
    finally:
        live.stop()
    sys.stderr.flush()
    # The client is gone: what is being indexed is not waited for, the next run goes on from there.
    os._exit(0)
