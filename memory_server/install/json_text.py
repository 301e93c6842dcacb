"""Edits of a JSON object's source text that leave every other byte as it is, and that can be reversed.

An insertion is shaped so that ``remove_member`` can tell what was there before it: beside other
members it copies their separator; into ``{}`` it puts white space on both sides of the new member;
in an object that held white space alone it keeps that in front and lets none follow.
"""

import json
import re
from dataclasses import dataclass

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a JSON object: where its key starts, and where its value starts and ends."""

    key: str
    start: int
    value: int
    end: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Where a new member goes, and the white space around it; a gap with ``indent`` takes several lines."""

    at: int
    before: str
    after: str

    @property
    def indent(self) -> str | None:
        """The white space that starts the member's line; None when it shares a line with others."""
        _, line_break, indent = self.before.rpartition("\n")
        return indent if line_break else None


def list_members(text: str, start: int) -> list[Member]:
    """List the members of the object whose brace is at ``start`` of a valid JSON ``text``."""
    members: list[Member] = []
    at = _skip_space(text, start + 1)
    while text[at] != "}":
        key, end = _DECODER.raw_decode(text, at)
        value = _skip_space(text, _skip_space(text, end) + 1)
        _, end = _DECODER.raw_decode(text, value)
        members.append(Member(key, at, value, end))
        at = _skip_space(text, end)
        if text[at] == ",":
            at = _skip_space(text, at + 1)
    return members


def list_elements(text: str, start: int) -> list[tuple[int, int]]:
    """List where the elements of the array whose bracket is at ``start`` of a valid JSON ``text`` begin and end."""
    elements: list[tuple[int, int]] = []
    at = _skip_space(text, start + 1)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        elements.append((at, end))
        at = _skip_space(text, end)
        if text[at] == ",":
            at = _skip_space(text, at + 1)
    return elements


def insert_element(text: str, start: int, value: str) -> str:
    """Insert an element, JSON source text, at the end of the array whose bracket is at ``start``."""
    if not (elements := list_elements(text, start)):
        return text[: start + 1] + value + text[start + 1 :]
    end = elements[-1][1]
    return text[:end] + "," + text[start + 1 : elements[0][0]] + value + text[end:]


def remove_element(text: str, start: int, place: int) -> str:
    """Remove an element that is not the only one of its array: the reverse of ``insert_element``."""
    elements = list_elements(text, start)
    if place:
        return text[: elements[place - 1][1]] + text[elements[place][1] :]
    return text[: elements[0][0]] + text[elements[1][0] :]


def find_gap(text: str, start: int) -> Gap:
    """Find the gap for one more member at the end of the object whose brace is at ``start``."""
    if members := list_members(text, start):
        return Gap(members[-1].end, "," + text[start + 1 : members[0].start], "")
    inside = _skip_space(text, start + 1)
    if inside > start + 1:
        return Gap(inside, "", "")
    if "\n" not in text:
        return Gap(inside, " ", " ")
    line = text[:start].rpartition("\n")[2]
    margin = line[: _skip_space(line, 0)]
    newline = _newline(text)
    return Gap(inside, newline + margin + _unit(text), newline + margin)


def render_object(text: str, value: dict[str, object], indent: str | None) -> str:
    """Render an object in the style of ``text``: a line per member below ``indent``, or a single line."""
    if indent is None:
        return json.dumps(value)
    newline = _newline(text) + indent
    inner = newline + _unit(text)
    lines = (f"{inner}{json.dumps(key)}: {json.dumps(item)}" for key, item in value.items())
    return "{" + ",".join(lines) + newline + "}"


def insert_member(text: str, gap: Gap, key: str, value: str) -> str:
    """Insert a member, whose value is JSON source text, into a gap of ``text``."""
    member = f"{json.dumps(key)}: {value}"
    return text[: gap.at] + gap.before + member + gap.after + text[gap.at :]


def remove_member(text: str, start: int, key: str) -> str:
    """Remove a member of the object whose brace is at ``start``: the reverse of ``insert_member``."""
    members = list_members(text, start)
    index = next(i for i, member in enumerate(members) if member.key == key)
    member = members[index]
    if index > 0:
        return text[: members[index - 1].end] + text[member.end :]
    if len(members) > 1:
        return text[: member.start] + text[members[1].start :]
    close = _skip_space(text, member.end)
    before = "" if close > member.end else text[start + 1 : member.start]
    return text[: start + 1] + before + text[close:]


def is_hugged(text: str, start: int) -> bool:
    """Tell whether the object at ``start`` has no white space inside its braces."""
    members = list_members(text, start)
    return not members or (members[0].start == start + 1 and text[members[-1].end] == "}")


def _skip_space(text: str, at: int) -> int:
    matched = _SPACE.match(text, at)
    return matched.end() if matched else at


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _unit(text: str) -> str:
    """Return the indentation step: that of the first indented line."""
    indented = re.search(r"\n([ \t]+)\S", text)
    return indented[1] if indented else "  "
