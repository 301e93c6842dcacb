"""A conversation of the client, read from its stream-json events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from eval.errors import MeasureError
from eval.live.client import ClientRun
from eval.savings.own import TOOL_PREFIX

LOGIN_HINT = (
    "set ANTHROPIC_API_KEY, or CLAUDE_CODE_OAUTH_TOKEN from `claude setup-token`; --scripted needs neither"
)

_INPUT = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
_MODEL_INPUT = ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")


@dataclass(frozen=True, slots=True)
class LiveConversation:
    """What one conversation was and cost; ``problem`` says why it counts for nothing, "" where it counts.

    ``cost`` is in dollars as the client tells it. ``turns`` are the main agent's replies; ``calls`` are all tool calls,
    ``own_calls`` those of this product's tools, ``whole_reads`` those of Read that ask for no part of the file.
    ``start`` and ``resident`` are the context's tokens in the main agent's first and last request, ``sent`` the sum of
    all requests, subagents' and the client's own included.
    """

    answer: str = ""
    problem: str = ""
    model: str = ""
    client: str = ""
    cost: float = 0
    turns: int = 0
    calls: int = 0
    own_calls: int = 0
    whole_reads: int = 0
    start: int = 0
    resident: int = 0
    sent: int = 0


def read_conversation(run: ClientRun) -> LiveConversation:
    """The conversation of a run of the client.

    Raises:
        MeasureError: the client is not logged in.
    """
    if any(event.get("error") == "authentication_failed" for event in run.events):
        raise MeasureError(f"Claude Code is not logged in: {run.result.get('result', '')}", LOGIN_HINT)
    problem = _find_problem(run)
    if problem:
        return LiveConversation(problem=problem)
    begin = next((event for event in run.events if event.get("subtype") == "init"), {})
    contexts = _list_contexts(run)
    calls = list({block["id"]: block for block in _tool_uses(run)}.values())
    return LiveConversation(
        answer=str(run.result.get("result", "")),
        model=str(begin.get("model", "")),
        client=str(begin.get("claude_code_version", "")),
        cost=float(run.result["total_cost_usd"]),
        turns=len(contexts),
        calls=len(calls),
        own_calls=sum(call["name"].startswith(TOOL_PREFIX) for call in calls),
        whole_reads=sum(call["name"] == "Read" and not _is_partial(call["input"]) for call in calls),
        start=contexts[0],
        resident=contexts[-1],
        sent=sum(_sum_fields(usage, _MODEL_INPUT) for usage in run.result.get("modelUsage", {}).values()),
    )


def _find_problem(run: ClientRun) -> str:
    if not run.result:
        said = run.stderr.strip().splitlines()
        return f"no result, exit status {run.exit_code}: {said[-1] if said else 'nothing said'}"
    if run.result.get("is_error") or run.result.get("subtype") != "success":
        return str(run.result.get("result") or run.result.get("subtype"))
    down = [f"server {name} is {status}" for name, status in run.servers.items() if status != "connected"]
    return "; ".join(down) if down else "" if _list_contexts(run) else "no reply of a model"


def _list_contexts(run: ClientRun) -> list[int]:
    """The input tokens of each of the main agent's requests; a reply of several blocks is told in several events."""
    contexts: dict[str, int] = {}
    for event in run.events:
        if event.get("type") == "assistant" and not event.get("parent_tool_use_id"):
            message = event["message"]
            if message.get("model") != "<synthetic>":  # which the client writes itself
                contexts.setdefault(message["id"], _sum_fields(message["usage"], _INPUT))
    return list(contexts.values())


def _tool_uses(run: ClientRun) -> Iterator[dict[str, Any]]:
    for event in run.events:
        if event.get("type") == "assistant":
            yield from (block for block in event["message"]["content"] if block.get("type") == "tool_use")


def _is_partial(arguments: Mapping[str, object]) -> bool:
    return not arguments.keys().isdisjoint({"offset", "limit", "pages"})


def _sum_fields(usage: Mapping[str, Any], fields: tuple[str, ...]) -> int:
    return sum(int(usage.get(field) or 0) for field in fields)
