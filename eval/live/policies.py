"""What the scripted model does: looks in one of two ways, and stops by the same rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice

from eval.live.endpoint import ModelRequest, Policy, ToolResult, ToolUse, Turn
from eval.live.tasks import Task
from eval.ripgrep.ranking import SourceTree
from eval.savings.arms import Arm
from eval.savings.context import Turn as SavingsTurn
from eval.savings.own import OwnTools

CALLS = 20
"""Tool calls after which a scripted agent gives up."""

GAVE_UP = "I could not find it."

NextCall = Callable[[Sequence[ToolResult]], ToolUse | None]
"""The next call from what the calls so far returned; None when there is nothing left to look at."""


def look_until_seen(task: Task, choose_call: NextCall) -> Policy:
    """Calls tools one by one until their results hold the answer, then says it; gives up after ``CALLS``."""

    def choose(request: ModelRequest) -> Turn:
        results = request.tool_results
        answer = task.find_answer([result.text for result in results])
        if answer is not None:
            return (answer,)
        call = choose_call(results) if len(results) < CALLS else None
        return (GAVE_UP,) if call is None else (call,)

    return choose


def grep_and_read(task: Task, tree: SourceTree, arm: Arm) -> Policy:
    """Greps for the question's words and reads the best files, in the order of a reading arm of the savings."""
    calls = _list_calls(arm(tree, task.question))
    return look_until_seen(task, lambda results: _get(calls, len(results)))


def ask_memory(task: Task, own: OwnTools, tree: SourceTree, arm: Arm) -> Policy:
    """Searches for the question, reads each hit in the reply's order, then what those replies left out; then greps.

    ``own`` are the tools over the same tree as the server's: from the same replies, as values, follow the same calls.
    """
    calls = _list_calls(chain(own.ask(task.question), arm(tree, task.question)))
    return look_until_seen(task, lambda results: _get(calls, len(results)))


def _list_calls(turns: Iterable[SavingsTurn]) -> list[ToolUse]:
    return [ToolUse(turn.tool, json.loads(turn.input)) for turn in islice(turns, CALLS)]


def _get(calls: Sequence[ToolUse], place: int) -> ToolUse | None:
    return calls[place] if place < len(calls) else None
