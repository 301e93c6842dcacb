"""A note as a Markdown file: front matter with a key a line in a fixed order, then the text."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import ValidationError

from memory_server.notes.model import Anchor, Note, hide_secrets

_FENCE = "---\n"
_ORDER = (
    "id", "kind", "about", "anchors", "origin", "created", "checked", "replaces", "branch", "commit", "dropped",
    "trust", "unit",
)  # fmt: skip


class _Loader(getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]
    """Reads every scalar as the text it is: a hash of digits alone is no number."""


def format_note(note: Note) -> str:
    """The file's text."""
    data = note.model_dump(exclude={"text", "anchors"}, exclude_defaults=True)
    data["kind"] = note.kind
    keys = [*(key for key in _ORDER if key in data or (key == "anchors" and note.anchors))]
    keys += sorted(data.keys() - set(_ORDER))
    lines = []
    for key in keys:
        if key == "anchors":
            lines += ["anchors:", *(f"- {_flow(_anchor_data(anchor))}" for anchor in note.anchors)]
        elif key == "about":
            lines += ["about:", *(f"- {_flow(target)}" for target in note.about)]
        else:
            lines.append(f"{key}: {_flow(data[key])}")
    return f"{_FENCE}{chr(10).join(lines)}\n{_FENCE}\n{note.text.strip()}\n"


def _anchor_data(anchor: Anchor) -> dict[str, Any]:
    return anchor.model_dump(exclude_defaults=True)


def _flow(value: object) -> str:
    """A value as YAML on one line."""
    data = list(value) if isinstance(value, tuple) else value
    text = yaml.safe_dump(data, default_flow_style=True, width=1_000_000, allow_unicode=True, sort_keys=False)
    return str(text).removesuffix("\n").removesuffix("\n...")


def parse_note(text: str) -> Note:
    """The note that a file holds; line ends of any system. What its front matter says of secrets is masked.

    Raises:
        ValueError: it is none; the message says why, in one line.
    """
    text = text.replace("\r\n", "\n").removeprefix("\ufeff")
    if not text.startswith(_FENCE) or f"\n{_FENCE}" not in text[len(_FENCE) - 1 :]:
        raise ValueError("no front matter between two lines of ---")
    head, _, body = text[len(_FENCE) :].partition(f"\n{_FENCE}")
    try:
        data = yaml.load(head, Loader=_Loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"the front matter is not YAML: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(data, dict):
        raise ValueError("the front matter holds no keys")
    about = data.get("about")
    if isinstance(about, str):
        data["about"] = [about] if about else []
    told = {key: value if key == "anchors" else _hide(value) for key, value in data.items()}
    try:
        return Note.model_validate({**told, "text": body.strip()})
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _hide(value: object) -> object:
    """A value of the front matter as it may be told."""
    if isinstance(value, str):
        return hide_secrets(value)
    return [_hide(one) for one in value] if isinstance(value, list) else value
