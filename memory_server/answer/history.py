"""What the history says of a symbol: the commits that changed it, and the files that change with its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from indexers.anchors.changes import SymbolChange, find_changes
from indexers.history.together import Companion, find_companions
from indexers.summarize import Summary
from indexers.tokens import truncate
from memory_server.answer.page import Page, TextLine
from memory_server.answer.reply import Json, LeftOut, Reply, Told, symbol_json
from memory_server.answer.repository import Repository
from memory_server.deadline import in_time
from memory_server.episodes.model import shorten_id
from memory_server.errors import QueryError
from memory_server.index.fresh import Sight
from memory_server.query.relations import CHANGES, TOGETHER
from memory_server.query.targets import describe_symbol
from memory_server.visible import quote_name, quote_path

MOST = 50
"""Commits or files that are looked for."""

SUBJECT_WIDTH = 100


@dataclass(frozen=True, slots=True)
class HistoryReply(Reply):
    """The commits that changed a symbol, newest first, or the files that change with its own, surest first.

    ``sessions`` are the conversations that commits were made in, by the commits' hashes, as far as they are known.
    """

    symbol: Summary
    relation: str
    changes: tuple[SymbolChange, ...]
    companions: tuple[Companion, ...]
    sessions: Mapping[str, str]
    left_out: LeftOut
    notes: tuple[str, ...]
    budget: int

    def told(self) -> Sequence[Told]:
        """The symbol that was asked about."""
        return (self.symbol,)

    def lines(self) -> tuple[TextLine, ...]:
        """The lines of the text, within the budget."""
        page = Page(self.budget)
        page.add(self._title())
        for line in self.rows():
            page.add(line)
        return page.close(self.left_out.text(), *self.notes)

    def rows(self) -> list[TextLine]:
        """A line a commit, or a file."""
        changes = [_change_line(one, self.sessions.get(one.commit, "")) for one in self.changes]
        return [*changes, *map(_companion_line, self.companions)]

    def _title(self) -> TextLine:
        symbol = self.symbol
        where = quote_path(symbol.path, f":{symbol.start_line}" if symbol.name else "")
        count = len(self.changes) + len(self.companions) + self.left_out.count
        if self.relation == TOGETHER:
            few = "no file changed with it in two commits or more"
            return TextLine(f"files that change with {quote_path(symbol.path)}: {count or few}")
        named = f"{quote_name(symbol.name)} ({where})" if symbol.name else where
        return TextLine(f"changes of {named}: {count or 'none is committed'}")

    def json(self) -> Json:
        """The reply for a script."""
        commits = [
            {
                "commit": one.commit,
                "date": one.date,
                "subject": one.subject,
                "added": one.added,
                "removed": one.removed,
                "was": one.was,
                "first": one.is_first,
                "session": self.sessions.get(one.commit, ""),
            }
            for one in self.changes
        ]
        files = [
            {"path": one.path, "together": one.together, "of": one.of, "confidence": round(one.confidence, 3)}
            for one in self.companions
        ]
        found = {"commits": commits} if self.relation == CHANGES else {"files": files}
        return {
            "symbol": symbol_json(self.symbol),
            "relation": self.relation,
            **found,
            "left_out": self.left_out.json(),
        }


def tell_history(
    repository: Repository, sight: Sight, symbol: int, relation: str, budget: int
) -> HistoryReply:
    """What the history says of a symbol.

    Raises:
        QueryError: there is no history.
    """
    states, view = repository.notes.states, sight.view
    head = states.checkout().head
    if not head:
        raise QueryError("there is no history here", "commit first, or ask for another relation")
    described = describe_symbol(view, symbol)
    changes: list[SymbolChange] = []
    companions: list[Companion] = []
    if relation == TOGETHER:
        companions = find_companions(repository.index.root, described.path)
    else:
        locator = states.locator
        version = locator.revisions.version(head, described.path)
        name = "" if described.kind == "file" else described.name
        one = version.find(name, described.start_line) if version else None
        for change in in_time(find_changes(locator.revisions, one, head) if one else ()):
            changes.append(change)
            if len(changes) == MOST:
                break
    learned = repository.episodes.learned()
    sessions = {one.commit: session for one in changes if (session := learned.session_of(one.commit))}
    what = "files" if relation == TOGETHER else "older commits"
    whole = HistoryReply(
        described, relation, tuple(changes), tuple(companions[:MOST]), sessions, LeftOut(0, what, "raise budget"),
        sight.notes, budget,
    )  # fmt: skip
    return _fit(whole)


def _fit(whole: HistoryReply) -> HistoryReply:
    page = Page(whole.budget)
    page.add(whole._title())
    shown = 0
    rows = whole.rows()
    while shown < len(rows) and page.add(rows[shown]):
        shown += 1
    return replace(
        whole,
        changes=whole.changes[:shown],
        companions=whole.companions[:shown],
        left_out=replace(whole.left_out, count=len(rows) - shown),
    )


def _change_line(one: SymbolChange, session: str) -> TextLine:
    was = f", was {one.was}" if one.was else ""
    first = ", its first" if one.is_first else ""
    subject = truncate(one.subject, SUBJECT_WIDTH)
    made = f", in session {shorten_id(session)}" if session else ""
    return TextLine(
        f"  {one.commit[:10]} {one.date} +{one.added} -{one.removed}{was}{first}{made}: {subject}"
    )


def _companion_line(one: Companion) -> TextLine:
    return TextLine(f"  {quote_path(one.path)} in {one.together} of {one.of} commits")
