"""What ``status`` and ``doctor`` say."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

from indexers.errors import EmbedderError, IndexerError
from indexers.model import SourceFile
from indexers.source.walk import read_source
from indexers.summarize import Detail
from indexers.tokens import NEWEST, estimate_tokens
from memory_server.answer.repository import summarize_symbol
from memory_server.errors import MemoryServerError
from memory_server.index.tuned import why_unused
from memory_server.install import Finding, check
from memory_server.memory import Memory
from memory_server.model import Compression, IndexState


def status_text(state: IndexState) -> str:
    """Five lines: what is indexed, how fresh, how large, what was left out."""
    if not state.synced_at:
        return f"{state.root}: not indexed yet; run `repo-memory index`"
    languages = ", ".join(f"{name} {count}" for name, count in list(state.languages.items())[:8])
    fresh = "up to date" if not state.pending else f"{_files(state.pending)} changed since"
    fresh = f"to be indexed anew, {state.rebuild}" if state.rebuild else fresh
    when = datetime.fromtimestamp(state.synced_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    skipped = ", ".join(f"{count} {reason}" for reason, count in state.skipped.items()) or "nothing"
    commit = f" at {state.commit[:10]}" if state.commit else ""
    windows = f"; {len(state.problems)} read in windows" if state.problems else ""
    tuned = ", tuned to this repository" if state.tuned else ""
    tuned = f" (a tuned one is not used: {state.untuned})" if state.untuned else tuned
    return "\n".join([
        f"indexed: {state.files} files, {state.symbols} symbols ({languages})",
        f"fresh: {fresh}, synced {when} ({_age(state.synced_at)}){commit}",
        f"size: {state.store_bytes / 1e6:.1f} MB in {state.store}",
        f"model: {state.embedder}{tuned}" + (f", reranked by {state.reranker}" if state.reranker else ""),
        f"left out: {skipped}{windows}",
    ])  # fmt: skip


def measure_compression(memory: Memory) -> Compression:
    """Estimated tokens of everything indexed: its source, and its symbols at each detail under their file's path."""
    view = memory.view
    totals = dict.fromkeys(Detail, 0)
    for path, first, last in zip(view.paths, view.first.tolist(), view.first.tolist()[1:], strict=False):
        summaries = [
            summarize_symbol(view, symbol) for symbol in range(first, last) if view.kinds[symbol] != "window"
        ]
        for detail in Detail:
            text = "\n".join([path, *(summary.text(detail) for summary in summaries)])
            totals[detail] += estimate_tokens(text)
    sources = (read_source(memory.root, path, memory.tree.rules) for path in view.paths)
    source = sum(
        estimate_tokens(s.data.decode("utf-8", "replace")) for s in sources if isinstance(s, SourceFile)
    )
    counts = (source, totals[Detail.DIGEST], totals[Detail.SIGNATURE], totals[Detail.NAMES])
    return Compression(*counts, NEWEST.error_band)


def compression_text(compression: Compression) -> str:
    """One line: what everything costs as source, and at each detail, and how surely that was counted."""
    parts = (
        (compression.digests, "digests"),
        (compression.signatures, "signatures"),
        (compression.names, "names"),
    )
    told = ", ".join(
        f"{tokens:,} as {name} ({tokens / max(compression.source, 1):.0%})" for tokens, name in parts
    )
    return f"tokens: {compression.source:,} as source, {told}; {compression.token_error}"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _age(moment: float) -> str:
    seconds = max(time.time() - moment, 0)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return "just now"


def examine(repo: Path) -> list[Finding]:
    """Everything that is wrong with a repository's set-up, each with its fix."""
    try:
        memory = Memory.open(repo)
    except MemoryServerError as error:
        return [Finding(str(error), error.hint)]
    findings = [*check(memory.root), *_examine_tuned(memory)]
    try:
        memory.try_models()
    except IndexerError as error:
        findings.append(Finding(str(error), error.hint))
        if isinstance(error, EmbedderError):
            return findings
    return findings + _examine_store(memory)


def _examine_tuned(memory: Memory) -> list[Finding]:
    configured = memory.config.embedder.model
    reason = "" if configured else why_unused(memory.tree.folder.path, configured)
    fix = "run `repo-memory tune`, or `repo-memory tune --undo`"
    return [Finding(f"the tuned model is not used: {reason}", fix)] if reason else []


def _examine_store(memory: Memory) -> list[Finding]:
    if memory.tree.info is None:
        return [Finding("there is no index of this tree yet", "run `repo-memory index`")]
    findings = []
    reason = memory.tree.why_rebuild()
    if reason:
        findings.append(Finding(f"the index is out of date: {reason}", "run `repo-memory index`"))
    else:
        try:
            memory.tree.check_store()
        except MemoryServerError as error:
            findings.append(Finding(str(error), error.hint))
    pending = memory.tree.pending().size
    if pending:
        findings.append(
            Finding(f"{_files(pending)} changed since the last index run", "run `repo-memory index`")
        )
    return findings
