"""A small code base in several languages, and how it is written."""

from __future__ import annotations

from pathlib import Path

CODE_BASE = {
    "app/__init__.py": "",
    "app/billing.py": '''"""Invoices."""

from app.store import Ledger


class Invoice:
    """What a customer owes."""

    def __init__(self, total: int) -> None:
        self.total = total

    def pay(self, ledger: Ledger) -> int:
        """Settle the invoice."""
        ledger.record(self.total)
        return remaining_after(self.total)


def remaining_after(amount: int) -> int:
    """What is left to pay."""
    return max(0, amount - 10)
''',
    "app/store.py": '''class Ledger:
    """A list of payments."""

    def record(self, amount: int) -> None:
        """Append a payment."""
        self.rows.append(amount)


def open_ledger() -> Ledger:
    return Ledger()
''',
    "web/cart.ts": """import { total } from "./total";

export interface Item { price: number }

export class Cart {
  items: Item[] = [];
  /** Sums what is in the cart. */
  sum(): number { return total(this.items); }
}
""",
    "web/total.ts": "export function total(items) { return items.reduce((a, b) => a + b.price, 0); }\n",
    "server/main.go": """package main

// Serve answers requests.
func Serve(port int) error { return listen(port) }

func listen(port int) error { return nil }
""",
    "README.md": "# Shop\n\nSells things.\n\n## Billing\n\nInvoices are paid into a ledger.\n",
    "settings.json": '{"port": 8080, "retries": {"count": 3}}\n',
    "notes.txt": "remember the milk\n",
}


def write_files(root: Path, files: dict[str, str]) -> None:
    """Write text files below a folder."""
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="")
