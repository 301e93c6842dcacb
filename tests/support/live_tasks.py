"""Two tasks of a live measurement, the files that answer them, and the file that they are read from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from eval.live.tasks import Task

ANSWERS = {
    "shop/prices.py": '''def take_discount(price: int, percent: int) -> int:
    """Take a discount in percent off a price."""
    return price - price * percent // 100
''',
    "shop/refunds.py": '''def refund_order(number: int) -> str:
    """Give a customer the money for an order back."""
    return f"refunded {number}"
''',
}
TASKS = (
    Task(
        name="discount",
        question="Where is a discount in percent taken off a price?",
        patterns=("take_discount",),
        paths=("shop/prices.py",),
        evidence=(r"price \* percent // 100",),
    ),
    Task(
        name="refund",
        question="What gives a customer the money for an order back?",
        patterns=("refund_order",),
        paths=("shop/refunds.py",),
        evidence=(r'f"refunded \{number\}"',),
    ),
)


def write_tasks(path: Path, tasks: Sequence[Task]) -> Path:
    """Write a task file."""
    path.write_text(json.dumps({"tasks": [task.model_dump() for task in tasks]}), encoding="utf-8")
    return path
