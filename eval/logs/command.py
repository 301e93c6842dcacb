"""The `repo-memory eval logs` command."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from eval.console import Count, exit_on_error, show_progress, tell_result
from eval.errors import MeasureError
from eval.logs.calibrate import calibrate as fit_scale
from eval.logs.page import build_page
from eval.logs.report import build_report
from eval.logs.results import collect, write_result
from eval.logs.run import find_root, is_inside, replay_all
from eval.options import AsJson, Html, Indexes, Output
from indexers.transcripts.claude_code.paths import log_folders
from indexers.transcripts.claude_code.threads import read_logs
from indexers.transcripts.model import Logs
from memory_server.cli.terminal import say
from memory_server.tuning.indexes import index_cache


def logs(
    logs: Annotated[
        Path | None, typer.Option(help="Folder of Claude Code's logs; without it, where it keeps --repo's.")
    ] = None,
    repo: Annotated[
        Path | None,
        typer.Option(
            help="Repository whose conversations count (without --logs; else the current folder), or, with --logs, "
            "the one to index where a conversation's own folder is gone."
        ),
    ] = None,
    calibrate: Annotated[
        bool,
        typer.Option("--calibrate", help="Hold the token estimate against the billed growth of prompts."),
    ] = False,
    as_json: AsJson = False,
    output: Output = None,
    html: Html = None,
    indexes: Indexes = None,
) -> None:
    """Replay your own Claude Code logs: which reads the index could have replaced, at what price."""
    with exit_on_error():
        if repo is not None and not repo.is_dir():
            raise MeasureError(f"no folder {repo}", "pass --repo PATH with an existing folder")
        with show_progress() as add:
            named = find_root((repo or Path()).resolve())
            found = _read(logs, named, add("files"))
            stands_in = logs is not None and repo is not None
            run = replay_all(
                found, named, indexes or index_cache(), add("conversations"), stands_in=stands_in
            )
        scales = fit_scale(found.conversations) if calibrate else ()
        result = collect(found, run.measured, run.unmeasured, run.overhead, run.seconds, scales)
    if html is not None:
        html.write_text(build_page(result), encoding="utf-8")
    tell_result(write_result(result), build_report(result), output, as_json=as_json)
    if as_json:
        for missing in result.unmeasured:
            say(f"not replayed: {missing.name}: {missing.reason}", err=True)


def _read(folder: Path | None, root: Path, count: Count) -> Logs:
    """The conversations below a folder, or those held in a repository."""
    if folder is not None:
        if not folder.is_dir():
            raise MeasureError(f"no folder {folder}", "pass --logs DIR with Claude Code's logs")
        found = read_logs([folder], count)
    else:
        found = read_logs(log_folders(root), count)
        found = replace(found, conversations=tuple(c for c in found.conversations if is_inside(c, root)))
    if not found.conversations:
        raise MeasureError(
            f"no conversation in {found.files} files", "pass --logs DIR with Claude Code's logs"
        )
    return found
