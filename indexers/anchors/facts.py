"""What is different between two states of a body, and which claims about it no longer hold."""

from __future__ import annotations

import re
from collections.abc import Iterable

from indexers.anchors.identity import Facts

NAMED = 4
"""How many calls, literals or errors a change names; of more, their number."""

_CLAIM = re.compile(
    r"`([^`\n]{1,80})`|\"([^\"\n]{1,80})\"|(?<![\w.])(\d[\w.]*\w|\d)|([A-Za-z_]\w*(?:\.\w+)*)"
)
_CODE_WORD = re.compile(r"[a-z][A-Z]|_|\d|[A-Z]{2}|^[A-Z]\w*[a-z][A-Z]")
_WORD = re.compile(r"[A-Za-z_]\w*")


def describe_change(old: Facts, new: Facts) -> list[str]:
    """What changed, one thing an entry, most telling first; empty where only the order of tokens did."""
    said = []
    if old.signature != new.signature:
        said.append(f"signature was {old.signature}" if old.signature else "signature is new")
    for what, before, after in (
        ("raises", old.raises, new.raises),
        ("calls", old.calls, new.calls),
        ("literals", old.literals, new.literals),
    ):
        gone, come = _name(sorted(before - after), "-"), _name(sorted(after - before), "+")
        if gone or come:
            said.append(f"{what} {', '.join(filter(None, (gone, come)))}")
    if old.lines != new.lines:
        said.append(f"{new.lines - old.lines:+d} lines")
    return said


def find_broken_claims(text: str, old: Facts, new: Facts) -> list[str]:
    """The names, numbers and quoted strings of a text that were in the old body and are not in the new one."""
    was, now = _said_by(old), _said_by(new)
    return list(dict.fromkeys(claim for claim in _claims(text) if claim in was and claim not in now))


def _claims(text: str) -> Iterable[str]:
    for code, quoted, number, name in _CLAIM.findall(text):
        if number:
            yield number
        elif name:
            yield from (part for part in name.split(".") if _CODE_WORD.search(part))
        else:
            yield code or quoted
            yield from _WORD.findall(code)


def _said_by(facts: Facts) -> set[str]:
    bare = {literal.strip("\"'`") for literal in facts.literals}
    return {*facts.words, *facts.literals, *bare, *facts.calls, *facts.raises}


def _name(found: list[str], sign: str) -> str:
    shown = [f"{sign}{' '.join(one.split())[:60]}" for one in found[:NAMED]]
    more = [f"{sign}{len(found) - NAMED} more"] if len(found) > NAMED else []
    return ", ".join([*shown, *more])
