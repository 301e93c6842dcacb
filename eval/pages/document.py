"""A result as one page that opens without a network: its parts, and the style that they share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from eval.pages.text import escape

_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --text: #1c2024; --quiet: #5b6470; --grid: #e3e6ea; --zero: #8b949e;
  --blue: #0067a5; --orange: #c14a09; --green: #00795a; --purple: #9b4a86; --grey: #6b7280 }
@media (prefers-color-scheme: dark) { :root { --paper: #14171b; --text: #e6e9ec; --quiet: #a3acb6; --grid: #2b3138;
  --zero: #77818c; --blue: #62b5f4; --orange: #ff955c; --green: #3fcfa2; --purple: #dd94ca; --grey: #9aa4af } }
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; max-width: 920px; margin: 0 auto;
  padding: 24px 20px 64px; color: var(--text); background: var(--paper) }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 8px } h2 { font-size: 18px; margin: 44px 0 4px }
p { margin: 4px 0 12px; max-width: 74ch; overflow-wrap: anywhere } .note { color: var(--quiet); font-size: 13px }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 12px; margin: 20px 0 }
.tiles div { border: 1px solid var(--grid); border-radius: 8px; padding: 10px 14px; font-size: 13px;
  color: var(--quiet) }
.tiles b { display: block; font-size: 24px; line-height: 1.3; color: var(--text); font-weight: 600 }
.scroll { overflow-x: auto; margin: 12px 0 }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; min-width: 60% }
td, th { padding: 4px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--grid) }
th { color: var(--quiet); font-weight: 500 } td:first-child, th:first-child { text-align: left; padding-left: 0 }
td.text, th.text { text-align: left }
.plot { padding: 34px var(--right) 50px var(--left) } .plot.rows { padding-top: 6px }
.plot svg { width: 100%; overflow: visible; display: block }
.plot text, .key { font-size: 12px } .plot text { fill: var(--text) }
.plot text.title { fill: var(--quiet) } .end { text-anchor: end } .middle { text-anchor: middle }
.grid { stroke: var(--grid) } .zero { stroke: var(--zero) }
.blue { --ink: var(--blue) } .orange { --ink: var(--orange) } .green { --ink: var(--green) }
.purple { --ink: var(--purple) } .grey { --ink: var(--grey) }
.series line, .key line { stroke: var(--ink); stroke-width: 2.25; stroke-linecap: round }
.dash1 line { stroke-dasharray: 7 5 } .dash2 line { stroke-dasharray: 1 5 }
circle { fill: var(--ink); stroke: var(--paper); stroke-width: 1 }
circle.dash1, circle.dash2 { fill: none; stroke: var(--ink); stroke-width: 1.75 }
.range line, .interval { stroke: var(--ink); stroke-width: 2; stroke-opacity: 0.55 }
rect { fill: var(--ink); stroke: var(--paper); stroke-width: 1 } rect.dash1 { fill-opacity: 0.55 }
.ends text { fill: var(--ink) } .ends line.leader { stroke: var(--ink); stroke-opacity: 0.5; stroke-dasharray: none }
.key { margin: 8px 0 0; max-width: none } .key span { display: inline-block; margin-right: 18px; white-space: nowrap }
.key svg { vertical-align: middle } .key.block line { stroke-width: 10; stroke-linecap: butt;
  stroke-dasharray: none } .key.block .dash1 line { stroke-opacity: 0.55 } .key circle, .key.dots line { display: none }
.key.dots circle { display: inline }
.key.narrow { display: none }
@media (max-width: 700px) { body { padding: 16px 14px 48px } h1 { font-size: 22px } .plot .ends { display: none }
  .plot.lines { padding-right: 22px } .key.narrow { display: block } td, th { padding: 4px 7px } }
"""


def build_document(title: str, parts: Iterable[str]) -> str:
    """The whole page."""
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>repo-memory: {escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
    )


def paragraph(text: str) -> str:
    """A paragraph."""
    return f"<p>{escape(text)}</p>"


def as_sentence(text: str) -> str:
    """A text with a large first letter and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def note(text: str) -> str:
    """A paragraph in small letters: conditions, units, errors."""
    return f'<p class="note">{escape(text)}</p>'


def section(heading: str, told: str, *parts: str) -> str:
    """A heading, what there is to see below it, and the parts that show it."""
    return f"<section><h2>{escape(heading)}</h2>{note(told) if told else ''}{''.join(parts)}</section>"


def tiles(figures: Iterable[tuple[str, str]]) -> str:
    """Figures in large letters, each with what it is."""
    inner = "".join(f"<div><b>{escape(figure)}</b>{escape(told)}</div>" for figure, told in figures)
    return f'<div class="tiles">{inner}</div>'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> str:
    """A table; the first ``texts`` columns are words, all others numbers."""
    head = "".join(_cell("th", text, nth < texts) for nth, text in enumerate(heads))
    body = "".join(
        f"<tr>{''.join(_cell('td', text, nth < texts) for nth, text in enumerate(row))}</tr>" for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(tag: str, text: str, is_text: bool) -> str:
    kind = ' class="text"' if is_text else ""
    return f"<{tag}{kind}>{escape(text)}</{tag}>"
