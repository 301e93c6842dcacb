"""What a client's hooks are told: facts beside what an agent is doing, and nothing where there are none.

The tool is in no list: a model never sees it, and it costs no tokens. It answers in the client's own form.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from memory_server.answer.notes.commands import warn_of
from memory_server.answer.notes.lines import note_line, order
from memory_server.answer.page import Page, TextLine, join
from memory_server.answer.parameters import HookEvent, HookText
from memory_server.answer.reply import Json, Reply
from memory_server.answer.repository import Repository
from memory_server.answer.tool import Tool
from memory_server.episodes.commands import normalize
from memory_server.errors import MemoryServerError
from memory_server.index.fresh import Sight
from memory_server.notes.model import StatedNote
from memory_server.query.targets import inside_root

SUBAGENT_TOKENS, FILE_TOKENS = 150, 200
"""What a subagent is told as it begins, and what is told beside a file."""

_TOOLS = TextLine(
    "repo-memory's tools know this repository: `search` finds exact text, names and code by meaning, `read` shows "
    "symbols, `related` who uses them, `recall` what earlier sessions noted."
)


@dataclass(frozen=True, slots=True)
class HookReply(Reply):
    """What is added to the conversation; nothing where ``context`` is empty."""

    event: str
    context: str

    def lines(self) -> tuple[TextLine, ...]:
        """The client's form of it, on one line."""
        return (TextLine(json.dumps(self.json(), ensure_ascii=False)),)

    def json(self) -> Json:
        """The client's form of it."""
        if not self.context:
            return {}
        return {"hookSpecificOutput": {"hookEventName": self.event, "additionalContext": self.context}}


def hook(
    repository: Repository,
    event: HookEvent,
    path: HookText = "",
    session: HookText = "",
    command: HookText = "",
) -> HookReply:
    """What is known of a file that is read or changed, or of a command, once a session; what a subagent is to know."""
    path, command = _given(path), _given(command)
    if event == "SubagentStart":
        return HookReply(event, _brief_subagent(repository))
    if command:
        return HookReply(event, _on_command(repository, event, command, session))
    if repository.notes.is_empty() or not path:
        return HookReply(event, "")
    try:
        inside = inside_root(repository.index.root, path)
    except MemoryServerError:  # a file of somewhere else
        return HookReply(event, "")
    news = [one for one in _on_file(repository, inside) if (session, _key(one)) not in repository.said]
    told = _fit([], news, FILE_TOKENS)
    repository.said |= {(session, _key(one)) for one in news[: len(told)]}
    return HookReply(event, join(told))


def _given(text: str) -> str:
    """What the client says; nothing where it had nothing to put in the place of a name."""
    return "" if text.startswith("${tool_input.") else text


def _on_command(repository: Repository, event: str, command: str, session: str) -> str:
    """What past conversations know of a command that fails here, once a session."""
    forms, form = repository.episodes.learned().forms, normalize(command)
    known = forms.get(form)
    fix = forms.get(known.fix.command) if known and known.fix else None
    told = warn_of(known, fix, failed=event == "PostToolUseFailure")
    if not told or (session, form) in repository.said:
        return ""
    repository.said.add((session, form))
    return join([TextLine(told)])


def _on_file(repository: Repository, path: str) -> list[StatedNote]:
    """The notes on a file and what is in it, the most pressing first."""
    book = repository.notes

    def question(sight: Sight) -> tuple[list[StatedNote], set[str]]:
        at = book.states.checkout()
        near = book.states.on_paths(book.read(), {path}, sight, at)
        stated = [book.states.state(note, sight, at) for note in near]
        here = [one for one in stated if _may_push(one) and any(place.path == path for place in one.places)]
        return order(here), {path}

    return repository.index.ask(question)


def _brief_subagent(repository: Repository) -> str:
    book = repository.notes
    if book.is_empty():
        return join([_TOOLS])

    def question(sight: Sight) -> tuple[list[StatedNote], set[str]]:
        at = book.states.checkout()
        pitfalls = [note for note in book.read().live if note.kind == "pitfall"]
        stated = [book.states.state(note, sight, at) for note in pitfalls]
        return order([one for one in stated if _may_push(one)]), set()

    return join(_fit([_TOOLS], repository.index.ask(question), SUBAGENT_TOKENS))


def _may_push(one: StatedNote) -> bool:
    """Whether a note is told without being asked for: of this branch, and nobody else's."""
    return not (one.is_staged or one.note.trust)


def _fit(first: Sequence[TextLine], notes: Sequence[StatedNote], tokens: int) -> list[TextLine]:
    page = Page(tokens, reserve=0, lines=[])
    page.add(*first)
    for one in notes:
        if not page.add(note_line(one)):
            break
    return page.lines


def _key(one: StatedNote) -> str:
    return f"{one.note.id} {one.state}"


HOOK = Tool(
    name="hook",
    description="For hooks of the client.",
    help="Answer a hook of the client.",
    ask=hook,
)
