"""The answer to a search: sections of hits, each under what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from indexers.summarize import Detail
from memory_server.answer.page import Page, TextLine, numbered_text
from memory_server.answer.reply import Json, LeftOut, Reply, Told, lines_json, symbol_json
from memory_server.model import SearchHit
from memory_server.visible import quote_name, quote_path


@dataclass(frozen=True, slots=True)
class Section:
    """Hits that are told of together, under a ``title``; ranked hits need none."""

    hits: tuple[SearchHit, ...]
    title: str = ""
    is_brief: bool = False
    """Whether of the hits nothing is told but their names, over their lines."""

    def lines(self) -> list[TextLine]:
        """The title, then the hits under their files, best file first."""
        by_file: dict[str, list[TextLine]] = {}
        for hit in self.hits:
            by_file.setdefault(hit.path, []).extend(hit_lines(hit, is_brief=self.is_brief))
        title = [TextLine(self.title)] if self.title else []
        return title + [
            line for path, lines in by_file.items() for line in (TextLine(quote_path(path)), *lines)
        ]


class SearchReply(list[SearchHit], Reply):
    """The answer to a search; as a list, the best hits as ranked, as many as were asked for.

    ``hits`` are those told of, section by section, ``weaker`` those only named.
    """

    def __init__(
        self,
        ranked: Sequence[SearchHit],
        *,
        sections: Sequence[Section],
        weaker: Sequence[SearchHit],
        left_out: LeftOut,
        notes: tuple[str, ...],
        budget: int,
    ) -> None:
        super().__init__(ranked)
        self.sections, self.weaker = tuple(sections), tuple(weaker)
        self.left_out, self.notes, self.budget = left_out, notes, budget

    @property
    def hits(self) -> tuple[SearchHit, ...]:
        """The hits that are told of."""
        return tuple(hit for section in self.sections for hit in section.hits)

    def told(self) -> Sequence[Told]:
        """The hits that are told of."""
        return self.hits

    def lines(self) -> tuple[TextLine, ...]:
        """The lines of the text, within the budget."""
        page = Page(self.budget)
        for section in self.sections:
            page.add(*section.lines())
        if self.weaker:
            page.add(naming(self.weaker))
        return page.close(self.left_out.text(), *self.notes)

    def json(self) -> Json:
        """The reply for a script."""
        return {
            "hits": [_hit_json(hit) | {"lines": lines_json(hit.lines)} for hit in self.hits],
            "weaker": [_hit_json(hit) for hit in self.weaker],
            "left_out": self.left_out.json(),
        }


def hit_lines(hit: SearchHit, *, is_brief: bool = False) -> list[TextLine]:
    """A hit's summary, of which a signature and a doc show its file's text and a mere span does not; its lines."""
    if is_brief and hit.name:
        return [TextLine(f"  {quote_name(hit.name)}"), *numbered_text(hit.lines, hit.path, indent="    ")]
    summary = hit.summary.text(Detail.DIGEST).split("\n") if hit.summary else []
    told = [TextLine(f"  {line}", hit.path) for line in summary]
    if told and hit.kind == "file":
        told[0] = TextLine(told[0].text)
    signals = [TextLine(f"    {_signals_text(hit.signals)}")] if hit.signals else []
    return [*told, *numbered_text(hit.lines, hit.path, indent="    "), *signals]


def _signals_text(signals: Sequence[tuple[str, float]]) -> str:
    return "signals: " + ", ".join(f"{name} {value:g}" for name, value in signals)


def naming(hits: Sequence[SearchHit]) -> TextLine:
    """One line: each file with the lines and the names of what it holds."""
    files: dict[str, list[str]] = {}
    for hit in hits:
        lines = f"{hit.start_line}-{hit.end_line} {quote_name(hit.name.rpartition('.')[2])}"
        files.setdefault(hit.path, []).append(lines.rstrip())
    return TextLine(
        "weaker: " + "; ".join(f"{quote_path(path)} {', '.join(found)}" for path, found in files.items())
    )


def _hit_json(hit: SearchHit) -> dict[str, object]:
    signals = {"signals": dict(hit.signals)} if hit.signals else {}
    return {**symbol_json(hit), "score": hit.score, "exact": hit.exact, **signals}
