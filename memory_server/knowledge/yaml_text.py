"""YAML as values that are written as they were read: what stood without quotes does so again, whatever it means."""

from __future__ import annotations

import re
from typing import Any

import yaml

DEEPEST, MOST_NODES, MOST_CHARACTERS = 50, 200_000, 4_000_000
"""How deep values may lie in each other, how many and how long they may be, each counted where an alias repeats it."""

_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map")}


_ENDS = re.compile("[\x85\u2028\u2029]")
"""What YAML 1.1 takes for the end of a line."""


class Plain(str):
    """A scalar that stood without quotes: a word, or a number, a date, a truth value or nothing."""

    __slots__ = ()


class _Loader(getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]
    """Takes every scalar for the text that it is."""


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Writes every value in full."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - as the library has it
        return True


def _represent_plain(dumper: yaml.SafeDumper, value: Plain) -> yaml.ScalarNode:
    return dumper.represent_scalar(dumper.resolve(yaml.ScalarNode, str(value), (True, False)), str(value))


def _represent_text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = '"' if _ENDS.search(value) else "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(Plain, _represent_plain)
_Dumper.add_representer(str, _represent_text)


def parse_yaml(data: bytes) -> object:
    """The value of one document: mappings, lists, texts and `Plain` scalars. Nothing is made that a tag names.

    Raises:
        ValueError: it is none, or holds a tag, a key twice or more than anyone writes; says why in one line.
    """
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
        node = yaml.compose(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError) as error:
        said = " ".join(str(error).split()).replace(' in "<unicode string>",', " in")
        raise ValueError(said[:200]) from error
    return None if node is None else _Reader().value(node, 0)


def format_yaml(value: object) -> str:
    """A value as a document in blocks, keys in their order."""
    return str(
        yaml.dump(
            value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=False, width=10**9
        )
    )


class _Reader:
    """Makes values of nodes, and counts them."""

    def __init__(self) -> None:
        self.nodes = self.characters = 0

    def value(self, node: yaml.Node, depth: int) -> object:
        self.nodes += 1
        line = node.start_mark.line + 1
        self.characters += len(node.value)
        if self.nodes > MOST_NODES or self.characters > MOST_CHARACTERS or depth > DEEPEST:
            raise ValueError(f"line {line}: more than {MOST_NODES:,} values, or {DEEPEST} in each other")
        if node.tag not in _TAGS:
            raise ValueError(f"line {line}: a tag, {str(node.tag)[:60]}")
        if isinstance(node, yaml.ScalarNode):
            return str(node.value) if node.style else Plain(node.value)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(inner, depth + 1) for inner in node.value]
        found: dict[str, object] = {}
        for key_node, inner in node.value:
            key = self.value(key_node, depth + 1)
            if not isinstance(key, str) or key in found:
                said = f"{key[:60]!r} twice" if isinstance(key, str) else "a key that is no text"
                raise ValueError(f"line {key_node.start_mark.line + 1}: {said}")
            found[key] = self.value(inner, depth + 1)
        return found
