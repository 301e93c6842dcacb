"""Lines of a Claude Code log, for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from indexers.transcripts.claude_code.threads import read_logs
from indexers.transcripts.model import Conversation, Logs

MODEL = "claude-opus-4-7"
CWD = "/home/someone/project"

Line = dict[str, Any]


def prompt(text: str, **more: object) -> Line:
    return {"type": "user", "cwd": CWD, "sessionId": "s1", "message": {"content": text}, **more}


def reply(
    message: str,
    *blocks: Mapping[str, object],
    read: int = 0,
    write: int = 0,
    plain: int = 0,
    output: int = 0,
    model: str = MODEL,
    **more: object,
) -> Line:
    """A request's line; ``output`` and the like are tokens."""
    usage = {
        "input_tokens": plain,
        "output_tokens": output,
        "cache_creation_input_tokens": write,
        "cache_read_input_tokens": read,
    }
    content = {"id": message, "model": model, "content": list(blocks), "usage": usage}
    return {"type": "assistant", "cwd": CWD, "sessionId": "s1", "message": content, **more}


def says(text: str) -> Mapping[str, object]:
    return {"type": "text", "text": text}


def uses(identity: str, tool: str, **given: object) -> Mapping[str, object]:
    return {"type": "tool_use", "id": identity, "name": tool, "input": given}


def reads(identity: str, path: str, **given: object) -> Mapping[str, object]:
    return uses(identity, "Read", file_path=f"{CWD}/{path}", **given)


def result(identity: str, text: str, **more: object) -> Line:
    block = {"type": "tool_result", "tool_use_id": identity, "content": text, **more}
    return {"type": "user", "cwd": CWD, "sessionId": "s1", "message": {"content": [block]}}


def compacted() -> Line:
    return {"type": "system", "subtype": "compact_boundary", "cwd": CWD, "sessionId": "s1"}


def numbered(*lines: str, start: int = 1) -> str:
    """Lines as Read shows them."""
    return "\n".join(f"{number:>6}→{line}" for number, line in enumerate(lines, start))


def write_log(path: Path, *lines: Line | str) -> Path:
    """A log file of these lines; a text is written as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


def read_all(folder: Path) -> Logs:
    """All conversations below a folder."""
    return read_logs([folder], lambda _done, _total: None)


def held(tmp_path: Path, *lines: Line | str) -> Conversation:
    """The one conversation of these lines."""
    write_log(tmp_path / "s1.jsonl", *lines)
    (conversation,) = read_all(tmp_path).conversations
    return conversation
