"""Tool calls as what they do to the context: reads, searches and edits, also through the shell."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping

from indexers.transcripts.model import CallKind, TextChange, ToolCall

_OWN = re.compile(r"mcp__(plugin_)?([\w-]*_)?repo-memory__")
_SEARCHERS = frozenset({"rg", "grep", "egrep", "fgrep", "ag", "ack"})
_WITH_VALUE = frozenset("ABCmgteT")
"""Options of ripgrep and grep, of one letter, whose value is a word of its own."""
_WHOLE, _PARTS = frozenset({"cat", "nl"}), frozenset({"head", "tail"})
_LINES = re.compile(r"\d+(,(\d+|\$))?p")


def read_call(identity: str, tool: str, given: Mapping[str, object]) -> ToolCall:
    """A call by the tool's name and input; what is not known, or lacks its fields, is ``OTHER``."""
    text = json.dumps(given, ensure_ascii=False)
    path = _text(given, "file_path") or _text(given, "notebook_path")
    if _OWN.match(tool):
        return ToolCall(identity, CallKind.OWN, input=text)
    if tool in {"Read", "NotebookRead"} and path:
        windowed = given.get("offset") is not None or given.get("limit") is not None
        return ToolCall(identity, CallKind.READ, path, windowed, input=text)
    if tool in {"Edit", "MultiEdit", "Write", "NotebookEdit"} and path:
        return ToolCall(identity, CallKind.EDIT, path, changes=_changes(given), input=text)
    if tool == "Grep":
        return ToolCall(identity, CallKind.SEARCH, pattern=_text(given, "pattern"), input=text)
    if tool in {"Glob", "LS"}:
        return ToolCall(identity, CallKind.SEARCH, input=text)
    if tool == "Bash":
        return _shell_call(identity, _text(given, "command"), text)
    return ToolCall(identity, CallKind.OTHER, input=text)


def _text(given: Mapping[str, object], key: str) -> str:
    value = given.get(key)
    return value if isinstance(value, str) else ""


def _changes(given: Mapping[str, object]) -> tuple[TextChange, ...]:
    edits = given.get("edits")
    parts = [edit for edit in edits if isinstance(edit, dict)] if isinstance(edits, list) else [given]
    new = _text(given, "content") or _text(given, "new_source")
    return tuple(TextChange(_text(part, "old_string"), _text(part, "new_string") or new) for part in parts)


def _shell_call(identity: str, command: str, text: str) -> ToolCall:
    """One plain command, after a ``cd`` and before a pipe; anything longer is not judged."""
    other = ToolCall(identity, CallKind.OTHER, input=text)
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:  # an open quote: a script in a here document, for one
        return other
    folder = ""
    if words[:1] == ["cd"] and words[2:3] == ["&&"]:
        folder, words = words[1], words[3:]
    piped = "|" in words
    words = words[: words.index("|")] if piped else words
    if not words or any(set(word) <= set("&|;<>()") for word in words):
        return other
    found = _read_words(words, piped=piped)
    if found is not None:
        path, windowed = found
        joined = path if path.startswith("/") or not folder else f"{folder}/{path}"
        return ToolCall(identity, CallKind.READ, joined, windowed, shell=True, input=text)
    if words[0] in _SEARCHERS:
        return ToolCall(identity, CallKind.SEARCH, pattern=_find_pattern(words[1:]), input=text)
    return ToolCall(identity, CallKind.SEARCH, input=text) if words[0] in {"find", "ls", "fd"} else other


def _read_words(words: list[str], *, piped: bool) -> tuple[str, bool] | None:
    """The one file that a command prints, and whether in part."""
    name, rest = words[0], words[1:]
    plain = [word for word in rest if not word.startswith("-")]
    if name in _WHOLE and len(plain) == 1:
        return plain[0], piped
    if name == "sed" and "-n" in rest and len(plain) == 2 and _LINES.fullmatch(plain[0]):
        return plain[1], True
    if name in _PARTS:
        named = [word for word in plain if not word.lstrip("+").isdigit()]
        return (named[0], True) if len(named) == 1 else None
    return None


def _find_pattern(words: list[str]) -> str:
    """The first word that is neither an option nor an option's value; of ``-e``, its value."""
    skip = False
    for place, word in enumerate(words):
        if word == "-e":
            return words[place + 1] if place + 1 < len(words) else ""
        if skip or word.startswith("-"):
            takes_next = len(word) == 2 and word[1] in _WITH_VALUE
            skip = not skip and word.startswith("-") and takes_next
            continue
        return word
    return ""
