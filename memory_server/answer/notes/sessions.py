"""A past conversation as replies tell it: a line, or with the passage that answers."""

from __future__ import annotations

from indexers.tokens import truncate
from memory_server.answer.page import TextLine
from memory_server.answer.reply import Json
from memory_server.episodes.model import EpisodeHit, Passage, shorten_id

ASKED_WIDTH, SAID_WIDTH = 160, 600
MOST_NAMED = 6
"""Characters of what was asked and answered, and files, commands and errors that are told."""


def session_line(hit: EpisodeHit) -> TextLine:
    """The session on one line: id, date, what was asked first."""
    session = hit.session
    asked = truncate(" ".join(session.asked.split()), ASKED_WIDTH)
    return TextLine(f"session {shorten_id(session.id)}, {session.started[:10]}, asked: {asked}")


def session_lines(hit: EpisodeHit) -> list[TextLine]:
    """The session with its passage that answers, as data."""
    passage = hit.passage
    lines = [session_line(hit)]
    if passage.asked and passage.asked != hit.session.asked:
        lines.append(TextLine(f"  then asked: {truncate(' '.join(passage.asked.split()), ASKED_WIDTH)}"))
    said = truncate(passage.said, SAID_WIDTH)
    lines += [TextLine(f"  | {line}") for line in said.split("\n") if line.strip()]
    return lines + [TextLine(f"  {what}: {told}") for what, told in _name(passage)]


def _name(passage: Passage) -> list[tuple[str, str]]:
    parts = (
        ("edited", ", ", passage.files),
        ("ran", "; ", passage.commands),
        ("failed", "; ", passage.errors),
        ("committed", ", ", passage.commits),
    )
    told = []
    for what, sign, all_of in parts:
        if all_of:
            more = f"{sign}{len(all_of) - MOST_NAMED} more" if len(all_of) > MOST_NAMED else ""
            named = sign.join(" ".join(truncate(one, ASKED_WIDTH).split()) for one in all_of[:MOST_NAMED])
            told.append((what, named + more))
    return told


def session_json(hit: EpisodeHit) -> Json:
    """The session as data; ``text`` is the passage's prose."""
    passage = hit.passage
    return {
        "source": "sessions",
        "id": hit.session.id,
        "kind": "session",
        "state": "",
        "changes": [],
        "text": passage.said,
        "asked": passage.asked,
        "started": hit.session.started,
        "thread": passage.thread,
        "files": list(passage.files),
        "commands": list(passage.commands),
        "errors": list(passage.errors),
        "commits": list(passage.commits),
    }
