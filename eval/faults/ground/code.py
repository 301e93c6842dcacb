"""Small files of code in several languages that call each other, and changes of them."""

from __future__ import annotations

from pathlib import Path
from random import Random

_WORDS = ("invoice", "ledger", "cart", "price", "order", "refund", "stock", "customer", "tax", "rebate")
_PYTHON = '''"""About {noun}s, part {number}."""


class {type}:
    """Keeps a {noun}."""

    def {verb}_{noun}(self, amount: int) -> int:
        """{verb} one {noun} of {amount}."""
        return {call}(amount) + {amount}


def {name}(amount: int) -> int:
    return amount * {amount}
'''
_TYPESCRIPT = """export class {type} {{
  /** {verb} one {noun}. */
  {verb}(amount: number): number {{ return {call}(amount) + {amount}; }}
}}

export function {name}(amount: number): number {{ return amount * {amount}; }}
"""
_GO = """package shop

// {name} answers for {noun}s.
func {name}(amount int) int {{ return {call}(amount) + {amount} }}
"""
_MARKDOWN = "# {type}\n\nHow to {verb} a {noun} of {amount}.\n\n## Notes\n\nSee `{call}`.\n"
_FORMS = (("py", _PYTHON), ("ts", _TYPESCRIPT), ("go", _GO), ("md", _MARKDOWN))


def write_code(root: Path, rng: Random, files: int) -> None:
    """Write some files of code."""
    for number in range(files):
        write_file(root, rng, number)


def write_file(root: Path, rng: Random, number: int) -> Path:
    """Write the file of a number, with other contents each time."""
    ending, form = _FORMS[number % len(_FORMS)]
    noun, verb = rng.choice(_WORDS), rng.choice(("count", "send", "check", "settle"))
    path = root / f"part_{number % 3}/{_WORDS[number % len(_WORDS)]}_{number}.{ending}"
    path.parent.mkdir(exist_ok=True)
    text = form.format(
        noun=noun, verb=verb, number=number, type=f"{noun.title()}{number}", name=f"{verb}_{noun}_{number}",
        call=f"{verb}_{rng.choice(_WORDS)}_{rng.randrange(20)}", amount=rng.randrange(1_000),
    )  # fmt: skip
    path.write_text(text, encoding="utf-8")
    return path


def change_code(root: Path, rng: Random, changes: int = 3) -> None:
    """Write, add, remove and rename files."""
    for _ in range(changes):
        number = rng.randrange(24)
        path = write_file(root, rng, number)
        match rng.randrange(5):
            case 0:
                path.unlink()
            case 1:
                path.rename(path.with_name(f"renamed_{path.name}"))
