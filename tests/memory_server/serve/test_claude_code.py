"""The real Claude Code client talks to the server; a scripted endpoint plays the model."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from eval.errors import ClientError
from eval.live.client import CLAUDE_VARIABLE, ClientRun, list_servers, run_claude
from eval.live.endpoint import ModelRequest, Policy, ScriptedEndpoint, ToolResult, ToolUse, Turn, play
from indexers.tokens import estimate_tokens
from memory_server.answer.tools import TOOLS
from memory_server.config import BudgetConfig
from tests.support.git_project import HANGS_AFTER
from tests.support.places import CHECKOUT

Question = tuple[str, dict[str, object]]
Conversation = tuple[ClientRun, tuple[ModelRequest, ...]]

SERVER = "repo-memory"
PREFIX = f"mcp__{SERVER}__"
COMMAND = (sys.executable, "-P", "-m", "memory_server.cli")
ENVIRONMENT = {"PYTHONPATH": str(CHECKOUT)}
BUDGETS: dict[str, int] = BudgetConfig().model_dump()
SMALL_BUDGET = 200

SAMPLE = {
    "shop/__init__.py": "",
    "shop/prices.py": '''"""Prices in cents."""


def apply_discount(price: int, percent: int) -> int:
    """Take a discount in percent off a price."""
    return price - price * percent // 100
''',
    "shop/cart.py": '''"""What a customer wants to buy."""

from shop.prices import apply_discount


class Cart:
    def __init__(self) -> None:
        self.items: dict[str, int] = {}

    def add(self, name: str, price: int) -> None:
        """Put one item into the cart."""
        self.items[name] = price

    def total(self, percent: int = 0) -> int:
        """What all items cost together."""
        full = sum(self.items.values())
        return apply_discount(full, percent)
''',
    "shop/checkout.py": '''"""From the cart to the receipt."""

from shop.cart import Cart


def print_receipt(cart: Cart) -> str:
    """The receipt as text."""
    lines = [f"{name}: {price}" for name, price in cart.items.items()]
    return "\\n".join([*lines, f"total: {cart.total()}"])
''',
    "tests/test_prices.py": """from shop.prices import apply_discount


def test_ten_percent_off():
    assert apply_discount(200, 10) == 180
""",
}
REFUNDS = '''"""Money back."""


def refund_order(number: int) -> str:
    """Give a customer the money for an order back."""
    return f"refunded {number}"
'''
ROUNDED = "return round(price * (100 - percent) / 100)"
LOYALTY = '''

def count_loyalty_points(price: int) -> int:
    """Loyalty points that a customer earns with a purchase."""
    return price // 500
'''

DISCOUNT_SEARCH: dict[str, object] = {"query": "take a discount off a price"}
UNCHANGED_QUESTIONS: tuple[Question, ...] = (
    ("search", DISCOUNT_SEARCH),
    ("read", {"targets": ["Cart.total"]}),
    ("outline", {"path": "shop"}),
    ("related", {"symbol": "apply_discount", "relation": "callers"}),
    ("related", {"symbol": "apply_discount", "relation": "tests"}),
    ("search", DISCOUNT_SEARCH),
    ("outline", {"budget": SMALL_BUDGET}),
)
CHANGING_QUESTIONS: tuple[Question, ...] = (
    ("search", DISCOUNT_SEARCH),
    ("search", {"query": "give the money for an order back"}),
    ("read", {"targets": ["apply_discount"]}),
    ("search", {"query": "loyalty points earned"}),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sample")
    program, *arguments = COMMAND
    server = {"type": "stdio", "command": program, "args": [*arguments, "serve"], "env": ENVIRONMENT}
    files = SAMPLE | {".mcp.json": json.dumps({"mcpServers": {SERVER: server}})}
    for name, text in files.items():
        _write(root / name, text)
    _git(root, "init", "--quiet")
    _commit(root)
    subprocess.run(
        [*COMMAND, "index"], cwd=root, env=os.environ | ENVIRONMENT, check=True, capture_output=True
    )
    return root


@pytest.fixture(scope="module")
def unchanged(claude: Path, home: Path, repository: Path) -> Conversation:
    """A conversation over a tree that nobody touches."""
    return _converse(claude, home, repository, play(*map(_ask, UNCHANGED_QUESTIONS)))


@pytest.fixture(scope="module")
def changing(claude: Path, home: Path, repository: Path, unchanged: Conversation) -> Conversation:
    """A later conversation: a commit comes after its first answer, an edit after its second."""
    assert unchanged

    def commit() -> None:
        _write(repository / "shop/refunds.py", REFUNDS)
        _commit(repository)

    def edit() -> None:
        prices = SAMPLE["shop/prices.py"].replace("return price - price * percent // 100", ROUNDED)
        _write(repository / "shop/prices.py", prices + LOYALTY)

    script = play(*map(_ask, CHANGING_QUESTIONS))
    return _converse(claude, home, repository, _between(script, {1: commit, 2: edit}))


def _ask(question: Question) -> Turn:
    tool, arguments = question
    return (ToolUse(PREFIX + tool, arguments),)


def _between(script: Policy, changes: dict[int, Callable[[], None]]) -> Policy:
    """The script, with a change to the tree right before the turns that ``changes`` names."""

    def choose(request: ModelRequest) -> Turn:
        changes.pop(request.turn, lambda: None)()
        return script(request)

    return choose


def _converse(claude: Path, home: Path, root: Path, policy: Policy) -> Conversation:
    with ScriptedEndpoint(policy) as endpoint:
        run = run_claude("Look into the shop.", root, home, endpoint, claude=claude)
    return run, endpoint.conversation


def _results(conversation: Conversation) -> tuple[ToolResult, ...]:
    results = conversation[1][-1].tool_results
    assert [result.text for result in results if result.is_error] == []
    return results


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _git(root: Path, *arguments: str) -> None:
    person = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *person, *arguments], cwd=root, check=True, capture_output=True)


def _commit(root: Path) -> None:
    _git(root, "add", "--all")
    _git(root, "commit", "--quiet", "--message", "Change the shop")


def test_claude_mcp_list_finds_the_server_connected(claude: Path, home: Path, repository: Path) -> None:
    listed = list_servers(repository, home, claude=claude)
    assert [line.rpartition(" ")[2] for line in listed.splitlines() if line.startswith(SERVER)] == [
        "Connected"
    ]


def test_every_question_of_a_conversation_is_answered(unchanged: Conversation) -> None:
    run, _ = unchanged
    assert (run.exit_code, run.result["is_error"], run.servers) == (0, False, {SERVER: "connected"})
    asked = [(f"{PREFIX}{tool}", arguments) for tool, arguments in UNCHANGED_QUESTIONS]
    assert [(result.use.name, result.use.arguments) for result in _results(unchanged)] == asked


def test_search_finds_the_function_that_does_it(unchanged: Conversation) -> None:
    found = _results(unchanged)[0].text
    assert "shop/prices.py" in found
    assert "def apply_discount(price: int, percent: int) -> int" in found


def test_read_shows_the_code_of_the_symbol_alone(unchanged: Conversation) -> None:
    shown = _results(unchanged)[1].text
    assert "shop/cart.py" in shown
    for line in SAMPLE["shop/cart.py"].splitlines()[-4:]:
        assert line.strip() in shown
    assert "def print_receipt" not in shown


def test_outline_names_the_symbols_of_a_folder(unchanged: Conversation) -> None:
    outline = _results(unchanged)[2].text
    for name in ("prices.py", "apply_discount", "cart.py", "Cart", "total", "checkout.py", "print_receipt"):
        assert name in outline
    assert "test_ten_percent_off" not in outline


def test_related_names_the_callers_and_the_tests(unchanged: Conversation) -> None:
    callers, tests = (result.text for result in _results(unchanged)[3:5])
    assert "shop/cart.py" in callers
    assert "total" in callers
    assert "print_receipt" not in callers
    assert "tests/test_prices.py" in tests
    assert "test_ten_percent_off" in tests


def test_no_answer_is_over_its_budget(unchanged: Conversation, changing: Conversation) -> None:
    for result in (*_results(unchanged), *_results(changing)):
        budget = result.use.arguments.get("budget", BUDGETS[result.use.name.removeprefix(PREFIX)])
        assert isinstance(budget, int)
        assert 0 < estimate_tokens(result.text) <= budget, result.use


def test_identical_questions_get_identical_bytes_across_conversations(
    unchanged: Conversation, changing: Conversation
) -> None:
    first, again, later = _results(unchanged)[0], _results(unchanged)[5], _results(changing)[0]
    assert first.use == again.use == later.use
    assert first.text == again.text == later.text


def test_the_tools_are_offered_up_front(unchanged: Conversation) -> None:
    offered = [tool for tool in unchanged[1][0].tools if tool.name.startswith(PREFIX)]
    assert {tool.name.removeprefix(PREFIX) for tool in offered} == {tool.name for tool in TOOLS}
    assert not any(tool.deferred for tool in offered)


def test_tools_and_instructions_cost_at_most_thirteen_hundred_tokens(unchanged: Conversation) -> None:
    request = unchanged[1][0]
    instructions = request.server_instructions(SERVER)
    schemas = [tool.tokens for tool in request.tools if tool.name.startswith(PREFIX)]
    assert instructions
    assert estimate_tokens(instructions) + sum(schemas) <= 1_300, (estimate_tokens(instructions), schemas)


def test_a_commit_between_two_turns_is_in_the_next_answer(changing: Conversation) -> None:
    before, after = _results(changing)[:2]
    assert "refund_order" not in before.text
    assert "shop/refunds.py" in after.text
    assert "refund_order" in after.text


def test_an_edit_without_a_commit_is_in_the_next_answer(changing: Conversation) -> None:
    shown, found = _results(changing)[2:]
    assert ROUNDED in shown.text
    assert "percent // 100" not in shown.text
    assert "count_loyalty_points" in found.text


def test_the_client_logs_the_conversation(unchanged: Conversation) -> None:
    run, _ = unchanged
    assert run.log is not None
    lines = [json.loads(line) for line in run.log.read_text(encoding="utf-8").splitlines()]
    written = [line["message"]["content"] for line in lines if line["type"] == "assistant"]
    names = [block["name"] for content in written for block in content if block["type"] == "tool_use"]
    assert names == [PREFIX + tool for tool, _ in UNCHANGED_QUESTIONS]


def test_a_client_that_does_not_finish_is_killed(tmp_path: Path) -> None:
    hanging = tmp_path / "claude"
    hanging.write_text(f"#!{sys.executable}\nimport signal\nsignal.pause()\n", encoding="utf-8")
    hanging.chmod(0o755)
    with pytest.raises(ClientError, match=r"did not finish within 0\.2 seconds"):
        run_claude("Hello", tmp_path, tmp_path / "home", claude=hanging, timeout=0.2)


def test_a_missing_client_is_named_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match="no Claude Code client") as caught:
        run_claude("Hello", tmp_path, tmp_path / "home", claude=tmp_path / "nowhere")
    assert CLAUDE_VARIABLE in caught.value.hint


def _body(*texts: str, **fields: object) -> dict[str, object]:
    roles = ("user", "assistant")
    messages = [{"role": roles[index % 2], "content": text} for index, text in enumerate(texts)]
    tool = {"name": "look", "description": "Look.", "input_schema": {"type": "object"}}
    return {"model": "claude-test", "max_tokens": 100, "tools": [tool], "messages": messages} | fields


def _post(endpoint: ScriptedEndpoint, path: str, body: Mapping[str, object]) -> tuple[int, str]:
    connection = HTTPConnection(endpoint.url.removeprefix("http://"), timeout=HANGS_AFTER)
    try:
        connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


def _assemble(stream: str) -> dict[str, Any]:
    """The message that a stream of events builds up."""
    message: dict[str, Any] = {}
    for line in stream.splitlines():
        event = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
        match event.get("type"):
            case "message_start":
                message = event["message"]
            case "content_block_start":
                message["content"].append(event["content_block"])
            case "content_block_delta" if event["delta"]["type"] == "text_delta":
                message["content"][event["index"]]["text"] += event["delta"]["text"]
            case "content_block_delta":
                message["content"][event["index"]]["input"] = json.loads(event["delta"]["partial_json"])
            case "message_delta":
                message |= event["delta"] | {"usage": event["usage"]}
    return message


def test_a_streamed_turn_says_the_same_as_a_whole_one() -> None:
    turn: Turn = ("Let me look.", ToolUse("look", {"at": "größe"}))
    with ScriptedEndpoint(play(turn)) as endpoint:
        whole = json.loads(_post(endpoint, "/v1/messages", _body("Hello"))[1])
    with ScriptedEndpoint(play(turn)) as endpoint:
        streamed = _assemble(_post(endpoint, "/v1/messages?beta=true", _body("Hello", stream=True))[1])
    assert streamed == whole
    assert whole["stop_reason"] == "tool_use"
    assert [block["type"] for block in whole["content"]] == ["text", "tool_use"]


def test_side_requests_are_answered_without_the_policy() -> None:
    form = {"format": {"type": "json_schema", "schema": {"properties": {"title": {"type": "string"}}}}}
    with ScriptedEndpoint(play()) as endpoint:
        title = json.loads(_post(endpoint, "/v1/messages", _body("Name it", output_config=form))[1])
        quota = json.loads(_post(endpoint, "/v1/messages", _body("quota", tools=[]))[1])
        main = json.loads(_post(endpoint, "/v1/messages", _body("Hello"))[1])
    assert json.loads(title["content"][0]["text"]).keys() == {"title"}
    assert quota["content"][0]["text"] == "ok"
    assert main["content"][0]["text"] == "Done."
    assert len(endpoint.requests) == 3
    assert [request.messages[0]["content"] for request in endpoint.conversation] == ["Hello"]


def test_usage_adds_up_to_the_context_and_reads_what_was_sent_before() -> None:
    with ScriptedEndpoint(play()) as endpoint:
        usages = [
            json.loads(_post(endpoint, "/v1/messages", body)[1])["usage"]
            for body in (_body("Hello " * 50), _body("Hello " * 50, "Done.", "And now? " * 50))
        ]
        counted = json.loads(_post(endpoint, "/v1/messages/count_tokens", _body("Hello " * 50))[1])
    parts = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    assert [sum(usage[part] for part in parts) for usage in usages] == [r.tokens for r in endpoint.requests]
    assert usages[0]["cache_read_input_tokens"] == 0
    assert usages[1]["cache_read_input_tokens"] == endpoint.requests[0].tokens == counted["input_tokens"]


def test_an_error_in_the_policy_ends_the_conversation_and_is_raised() -> None:
    def fail(request: ModelRequest) -> Turn:
        raise LookupError(f"no turn {request.turn}")

    with pytest.raises(LookupError, match="no turn 0"), ScriptedEndpoint(fail) as endpoint:
        status, _ = _post(endpoint, "/v1/messages", _body("Hello"))
        assert status == 400
