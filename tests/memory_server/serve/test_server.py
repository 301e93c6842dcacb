"""The MCP server through the SDK's own in-memory client."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio.lowlevel
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client
from mcp_types import CallToolResult, ListToolsResult, TextContent

from indexers.tokens import estimate_tokens
from memory_server import deadline
from memory_server.errors import OverdueError, UnsafeRootError
from memory_server.memory import Memory
from memory_server.query.relations import HISTORY, RELATIONS
from memory_server.serve.greeting import INSTRUCTIONS
from memory_server.serve.live import LiveMemory
from memory_server.serve.server import MOST_AT_ONCE, Source, build_server, call_tool
from tests.support.answering import make_sample, memory_over
from tests.support.git_project import HANGS_AFTER
from tests.support.properties import UNTIMED

TOOLS = ("search", "read", "outline", "related", "remember", "recall")


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    yield memory_over(make_sample(tmp_path_factory.mktemp("server") / "shop"))


def call_tools(source: Source, *calls: tuple[str, dict[str, Any]]) -> list[CallToolResult]:
    async def run() -> list[CallToolResult]:
        async with Client(build_server(source, HANGS_AFTER)) as client:
            return [await client.call_tool(name, arguments) for name, arguments in calls]

    return anyio.run(run)


def call(memory: Memory, name: str, **arguments: object) -> tuple[str, bool]:
    """A tool's text, and whether it is an error."""
    (result,) = call_tools(lambda: memory, (name, arguments))
    (content,) = result.content
    assert isinstance(content, TextContent)
    assert result.structured_content is None
    return content.text, bool(result.is_error)


def list_tools(memory: Memory) -> ListToolsResult:
    async def run() -> ListToolsResult:
        async with Client(build_server(lambda: memory)) as client:
            return await client.list_tools()

    return anyio.run(run)


def test_the_tools_are_always_loaded_and_all_but_one_only_read(memory: Memory) -> None:
    tools = list_tools(memory).tools
    assert tuple(tool.name for tool in tools) == TOOLS
    for tool in tools:
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint == (tool.name != "remember")
        assert tool.meta == {"anthropic/alwaysLoad": True}
        assert tool.output_schema is None


def test_tools_and_instructions_cost_little(memory: Memory) -> None:
    sent = [
        {"name": tool.name, "description": tool.description, "input_schema": tool.input_schema}
        for tool in list_tools(memory).tools
    ]
    assert estimate_tokens(json.dumps(sent)) + estimate_tokens(INSTRUCTIONS) <= 1_300


def test_every_parameter_says_what_it_is(memory: Memory) -> None:
    for tool in list_tools(memory).tools:
        for name, schema in tool.input_schema["properties"].items():
            assert schema.get("description") or "enum" in schema, (tool.name, name)
    related = next(tool for tool in list_tools(memory).tools if tool.name == "related")
    assert tuple(related.input_schema["properties"]["relation"]["enum"]) == (*RELATIONS, *HISTORY)


def test_a_tool_replies_with_the_answer_as_plain_text(memory: Memory) -> None:
    assert call(memory, "search", query="add_tax", kind="function") == (
        memory.search("add_tax", kind="function").text(),
        False,
    )
    assert call(memory, "read", targets=["Cart.add", "add_tax"]) == (
        memory.read(["Cart.add", "add_tax"]).text(),
        False,
    )
    assert call(memory, "outline", path="shop", budget=300) == (memory.outline("shop", 300).text(), False)
    assert call(memory, "related", symbol="add_tax", relation="callers", depth=2) == (
        memory.related("add_tax", "callers", 2).text(),
        False,
    )


@pytest.mark.parametrize("targets", ["Cart.add", '["Cart.add"]'])
def test_one_target_may_come_without_its_list_and_a_list_as_text(memory: Memory, targets: str) -> None:
    assert call(memory, "read", targets=targets) == (memory.read(["Cart.add"]).text(), False)


@pytest.mark.parametrize(
    ("tool", "arguments", "error"),
    [
        ("search", {"query": " "}, "the query is empty\nhint: ask for a name, a phrase or an error message"),
        ("search", {}, "query: field required\nhint: Exact text, name, question, or /regex/"),
        (
            "search",
            {"query": "x", "limit": 5},
            "search takes no limit\nhint: it takes: query, path, kind, budget",
        ),
        ("search", {"query": "x", "path": "../y"}, "../y is outside the repository\nhint: use a path inside"),
        ("search", {"query": "x", "kind": "klass"}, "unknown kind 'klass'\nhint: use one of: file, window"),
        ("read", {"targets": ["Crat"]}, "no symbol or file Crat\nhint: did you mean Cart?"),
        ("read", {"targets": []}, "targets: list should have at least 1 item"),
        (
            "read",
            {"targets": ["Cart"], "budget": -1},
            "budget: input should be greater than or equal to 0\nhint: Most",
        ),
        ("outline", {"path": "nowhere"}, "nothing indexed at nowhere\nhint: outline without a path"),
        (
            "related",
            {"symbol": "Cart", "relation": "friends"},
            "relation: input should be 'callers', 'callees'",
        ),
        (
            "related",
            {"symbol": "/etc/passwd", "relation": "tests"},
            "/etc/passwd is outside the repository\nhint: ",
        ),
        ("grep", {"query": "x"}, "no tool grep\nhint: use one of: search, read, outline, related"),
    ],
)
def test_an_error_is_one_line_and_a_hint(
    memory: Memory, tool: str, arguments: dict[str, object], error: str
) -> None:
    text, is_error = call(memory, tool, **arguments)
    assert is_error
    assert text.startswith(error)
    assert len(text.splitlines()) == 2
    assert estimate_tokens(text) <= 100


def test_an_error_stays_small_whatever_was_asked(memory: Memory) -> None:
    for tool, arguments in (
        ("read", {"targets": ["👋" * 3_000]}),
        ("search", {"query": "x", "kind": "y" * 9_000}),
        ("outline", {"path": "z\n" * 400}),
        ("related", {"symbol": "a.b\n" * 400, "relation": "tests"}),
        ("search", {"query": "x", "q" * 5_000: 1}),
    ):
        text, is_error = call(memory, tool, **arguments)
        assert is_error
        assert estimate_tokens(text) <= 100


def error_text(memory: Memory, tool: str, arguments: dict[str, Any]) -> str:
    result = call_tool(lambda: memory, tool, arguments)
    (content,) = result.content
    assert isinstance(content, TextContent)
    assert result.is_error
    return content.text


@pytest.mark.slow
@UNTIMED
@given(
    budget=st.integers(1, 150),
    name=st.sampled_from(["Crat", "Cart.totl", "x" * 900, "shop/" * 150, "a b " * 90]),
)
def test_an_error_is_within_the_budget_that_was_asked_for(memory: Memory, budget: int, name: str) -> None:
    for tool, arguments in (
        ("read", {"targets": [name]}),
        ("related", {"symbol": name, "relation": "tests"}),
        ("related", {"symbol": name, "relation": name}),
        ("outline", {"path": name}),
        ("search", {"query": "x", "kind": name}),
        ("search", {"query": "x", name: 1}),
    ):
        text = error_text(memory, tool, {**arguments, "budget": budget})
        assert 0 < estimate_tokens(text) <= min(budget, 100)


def test_a_hint_is_cut_between_names(memory: Memory) -> None:
    whole = error_text(memory, "read", {"targets": ["discoun"]})
    names = whole.rpartition("did you mean ")[2].rstrip("?").split(", ")
    assert len(names) > 1
    for budget in range(1, 60):
        text = error_text(memory, "read", {"targets": ["discoun"], "budget": budget})
        told = text.rpartition("did you mean ")[2] if "did you mean" in text else ""
        assert set(filter(None, told.rstrip("?…").split(", "))) <= set(names)


@pytest.mark.parametrize("root", ["/", "~"])
def test_a_server_in_a_home_or_at_the_root_refuses_every_call(
    root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    live = LiveMemory(Path(root).expanduser())
    live.start()
    try:
        for result in call_tools(
            live.memory, ("search", {"query": "x"}), ("outline", {}), ("read", {"targets": ["x"]})
        ):
            (content,) = result.content
            assert isinstance(content, TextContent)
            assert result.is_error
            assert content.text.startswith("refusing to index ")
            assert content.text.endswith(f"\nhint: {UnsafeRootError.hint}")
    finally:
        live.stop()


def test_a_crash_tells_the_model_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Memory:
        raise RuntimeError("a password")

    (result,) = call_tools(broken, ("outline", {}))
    (content,) = result.content
    assert isinstance(content, TextContent)
    assert result.is_error
    assert content.text == "Error executing tool outline"
    assert "a password" in caplog.text


def test_a_question_that_takes_its_time_holds_up_nothing_else(memory: Memory) -> None:
    others_done = threading.Event()

    def slow() -> Memory:
        assert others_done.wait(HANGS_AFTER)
        return memory

    async def run() -> CallToolResult:
        asked: list[CallToolResult] = []
        async with Client(build_server(slow, HANGS_AFTER)) as client, anyio.create_task_group() as tasks:

            async def ask() -> None:
                asked.append(await client.call_tool("outline", {}))

            tasks.start_soon(ask)
            await anyio.lowlevel.checkpoint()
            await client.call_tool("search", {})
            others_done.set()
        return asked[0]

    assert not anyio.run(run).is_error


def test_only_tools_are_offered(memory: Memory) -> None:
    async def run() -> dict[str, Any]:
        async with Client(build_server(lambda: memory)) as client:
            return client.server_capabilities.model_dump(exclude_none=True)

    assert anyio.run(run) == {"tools": {"list_changed": False}}


def test_a_question_that_never_ends_is_replied_to_in_time(memory: Memory) -> None:
    released = threading.Event()

    def stuck() -> Memory:
        released.wait()
        return memory

    async def run() -> CallToolResult:
        async with Client(build_server(stuck, seconds=0.05)) as client:
            try:
                return await client.call_tool("outline", {})
            finally:
                released.set()

    (content,) = anyio.run(run).content
    assert isinstance(content, TextContent)
    assert content.text == f"no answer within 0.05 seconds\nhint: {OverdueError.hint}"


def test_stuck_questions_hold_up_no_other(memory: Memory) -> None:
    """More of them than the SDK's own threads, which the wire is read in as well."""
    stuck, released = MOST_AT_ONCE - 1, threading.Event()
    asked: list[threading.Thread] = []

    def source() -> Memory:
        asked.append(threading.current_thread())
        if len(asked) <= stuck:
            released.wait()
        return memory

    async def run() -> tuple[int, CallToolResult]:
        finished: list[CallToolResult] = []
        async with Client(build_server(source, HANGS_AFTER)) as client, anyio.create_task_group() as tasks:

            async def ask() -> None:
                finished.append(await client.call_tool("outline", {}))

            for _ in range(stuck):
                tasks.start_soon(ask)
            while len(asked) < stuck:
                await anyio.lowlevel.checkpoint()
            answer = await client.call_tool("outline", {"path": "shop"})
            before = len(finished)
            released.set()
        return before, answer

    finished, answer = anyio.run(run)
    assert (finished, answer.is_error) == (0, False)


def test_a_read_that_is_overdue_shows_what_it_has(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.0, *[60.0] * 100])
    monkeypatch.setattr(deadline, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with deadline.due_in(20):
        reply = memory.read(["add_tax", "Cart.add", "Cart"])
    told = f"the answer takes too long; {OverdueError.hint}"
    assert [piece.name for piece in reply.slices] == ["add_tax"]
    assert reply.text().count(told) == 2


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("search", {"query": "add", "path": "*.py"}),
        ("outline", {}),
        ("related", {"symbol": "add_tax", "relation": "callers"}),
        ("read", {"targets": ["ad_tax"]}),
    ],
)
def test_work_goes_on_no_longer_than_it_may(memory: Memory, tool: str, arguments: dict[str, object]) -> None:
    with deadline.due_in(-1):
        result = call_tool(lambda: memory, tool, arguments)
    (content,) = result.content
    assert isinstance(content, TextContent)
    assert content.text == f"the answer takes too long\nhint: {OverdueError.hint}"
