"""A symbol in as few words as the asked detail allows."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from indexers.tokens import truncate

_SENTENCE = re.compile(r"(.+?[.!?])(?:\s|$)")
SENTENCE_LIMIT = 140
MAX_CALLS = 5


class Detail(IntEnum):
    """How much of a symbol is told, each level holding the one before."""

    NAMES = 0
    SIGNATURE = 1
    DIGEST = 2


@dataclass(frozen=True, slots=True)
class Summary:
    """What a colleague would say of a symbol: where it is, its signature, its doc, what it calls."""

    path: str
    start_line: int
    end_line: int
    kind: str
    name: str
    signature: str
    doc: str
    calls: tuple[str, ...] = ()

    @property
    def span(self) -> str:
        """The lines, ``12-40`` or ``12``."""
        one = self.end_line <= self.start_line
        return str(self.start_line) if one else f"{self.start_line}-{self.end_line}"

    def head(self, detail: Detail, width: int = 0) -> str:
        """One line: the lines with kind and name, or with the signature in their place, cut to ``width``."""
        if self.kind == "file":
            return f"{self.span} file"
        if detail is Detail.NAMES or not self.signature:
            return f"{self.span} {self.kind} {self.name}" if self.kind != "window" else self.span
        scope, _, name = self.name.rpartition(".")
        where = f" (in {scope})" if scope and f"{scope}.{name}" not in self.signature else ""
        return f"{self.span} {truncate(self.signature, width) if width else self.signature}{where}"

    def text(self, detail: Detail) -> str:
        """The summary as plain lines, without source."""
        lines = [self.head(detail)]
        if detail >= Detail.DIGEST:
            said = " ".join(part for part in (_apart(first_sentence(self.doc)), self.calls_text()) if part)
            lines += [f"  {said}"] if said else []
        return "\n".join(lines)

    def calls_text(self) -> str:
        """The calls that matter, as ``calls: a, b``."""
        return f"calls: {', '.join(self.calls)}" if self.calls else ""


_OURS = re.compile(r"(?:calls|signals): |\d+\t")


def _apart(sentence: str) -> str:
    """A doc's sentence, in quotes where it begins like what stands in its place otherwise."""
    return json.dumps(sentence, ensure_ascii=False) if _OURS.match(sentence) else sentence


def first_sentence(doc: str) -> str:
    """A doc's first sentence, cut to a readable length."""
    match = _SENTENCE.match(doc)
    return truncate(match.group(1) if match else doc, SENTENCE_LIMIT)


def choose_calls(names: Sequence[str], importance: Sequence[float]) -> tuple[str, ...]:
    """The most important distinct callees, in the order of their first call."""
    best: dict[str, float] = {}
    for name, value in zip(names, importance, strict=True):
        best[name] = max(best.get(name, 0.0), value)
    kept = set(sorted(best, key=lambda name: (-best[name], name))[:MAX_CALLS])
    return tuple(name for name in best if name in kept)
