"""Counters of tokens: the estimate, whole texts by a reference, and Anthropic's endpoint, here one on loopback."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from eval.errors import MeasureError
from eval.tokens import count as counters
from eval.tokens.api import API_URL, ATTEMPTS, LONGEST_WAIT_S, MessageCounter, message_counter
from eval.tokens.count import (
    COUNTED_MODEL,
    CountBy,
    Counting,
    EstimateCounter,
    ReferenceCounter,
    ctok_counter,
)
from eval.tokens.fit import Sample as FittedText
from eval.tokens.fit import cross_validate, fit_weights, format_errors
from indexers.tokens import NEWEST, OLDER, estimate_tokens

LINES = ("def post(self, entry):", "    self.entries.append(entry)", "total = 0")


@dataclass
class CountingEndpoint:
    """Counts a token a word and seven around a message; says first what ``refusals`` say, status by status."""

    refusals: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    base: str = ""

    def answer(self, body: dict[str, Any], headers: dict[str, str]) -> tuple[int, dict[str, str], object]:
        self.asked.append(body)
        self.headers.append(headers)
        if self.refusals:
            status, more = self.refusals.pop(0)
            return status, more, {"type": "error", "error": {"type": "some_error", "message": "not now"}}
        return 200, {}, {"input_tokens": len(body["messages"][0]["content"].split()) + 7}


@pytest.fixture
def endpoint() -> Iterator[CountingEndpoint]:
    told = CountingEndpoint()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            headers = {name.lower(): value for name, value in self.headers.items()} | {"path": self.path}
            status, more, reply = told.answer(body, headers)
            data = json.dumps(reply).encode()
            self.send_response(status)
            for name, value in {**more, "content-length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    told.base = f"http://127.0.0.1:{server.server_address[1]}"
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Waits:
    """Notes how long it was asked to sleep."""

    seconds: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def counter_at(endpoint: CountingEndpoint, sleep: Callable[[float], None] = Waits()) -> MessageCounter:  # noqa: B008
    return MessageCounter("claude-opus-5-5", "key-of-a-test", endpoint.base, sleep)


def test_an_estimate_of_lines_adds_up_to_that_of_the_text() -> None:
    counter = EstimateCounter(OLDER)
    assert sum(counter.count_lines(LINES)) == pytest.approx(counter.count("\n".join(LINES) + "\n"), abs=1)
    assert counter.count(LINES[0]) == estimate_tokens(LINES[0], OLDER)
    assert counter.error_band == OLDER.error_band


def test_a_reference_counts_each_text_once_and_without_the_frame_of_a_message() -> None:
    asked: list[str] = []

    def count(text: str) -> int:
        asked.append(text)
        return len(text) + 6

    counter = ReferenceCounter("exact", count)
    assert [counter.count(text) for text in ("parcel", "a", "parcel")] == [6, 1, 6]
    assert sorted(asked) == ["a", "parcel"]


def test_lines_share_the_count_of_their_text_in_proportion_to_their_estimates() -> None:
    counter = ReferenceCounter("exact", lambda text: 1000 if "post" in text else 1)
    shares = list(counter.count_lines(LINES))
    assert sum(shares) == pytest.approx(1000)
    estimates = list(EstimateCounter().count_lines(LINES))
    assert shares[0] / shares[2] == pytest.approx(estimates[0] / estimates[2])


def test_text_without_a_visible_character_is_not_put_to_a_reference() -> None:
    def refuse(text: str) -> int:
        raise AssertionError(text)

    counter = ReferenceCounter("exact", refuse)
    assert (counter.count(""), counter.count(" \n")) == (0, estimate_tokens(" \n"))
    assert list(counter.count_lines([])) == []


def test_the_endpoint_is_asked_for_the_model_with_the_users_key(endpoint: CountingEndpoint) -> None:
    assert counter_at(endpoint).count("three words here") == 10
    assert endpoint.asked == [
        {"model": "claude-opus-5-5", "messages": [{"role": "user", "content": "three words here"}]}
    ]
    (headers,) = endpoint.headers
    assert headers["path"] == "/v1/messages/count_tokens"
    assert headers["x-api-key"] == "key-of-a-test"
    assert headers["anthropic-version"] == "2023-06-01"


def test_a_text_that_is_no_unicode_is_counted_all_the_same(endpoint: CountingEndpoint) -> None:
    assert counter_at(endpoint).count("one \ud800") == 9


def test_a_busy_endpoint_is_asked_again_after_the_time_that_it_names(endpoint: CountingEndpoint) -> None:
    endpoint.refusals += [(429, {"retry-after": "17"}), (529, {}), (503, {"retry-after": "soon"})]
    waits = Waits()
    assert counter_at(endpoint, waits).count("word") == 8
    assert waits.seconds == [17, 2, 4]
    assert len(endpoint.asked) == 4


def test_an_endpoint_that_stays_busy_ends_the_run_with_a_hint(endpoint: CountingEndpoint) -> None:
    endpoint.refusals += [(429, {"retry-after": "1"})] * (ATTEMPTS + 1)
    waits = Waits()
    with pytest.raises(MeasureError, match="status 429: not now") as error:
        counter_at(endpoint, waits).count("word")
    assert error.value.hint == "run again later, or with fewer questions"
    assert (len(endpoint.asked), len(waits.seconds)) == (ATTEMPTS, ATTEMPTS - 1)


@pytest.mark.parametrize("asked", [str(LONGEST_WAIT_S + 1), "-1", "nan", "inf"])
def test_no_unreasonable_time_is_waited(endpoint: CountingEndpoint, asked: str) -> None:
    endpoint.refusals.append((429, {"retry-after": asked}))
    waits = Waits()
    with pytest.raises(MeasureError, match=f"asks to wait {asked} seconds"):
        counter_at(endpoint, waits).count("word")
    assert waits.seconds == []


@pytest.mark.parametrize(
    ("status", "hint"),
    [(401, "ANTHROPIC_API_KEY"), (404, "--model and ANTHROPIC_BASE_URL"), (400, "--model")],
)
def test_a_refusal_is_told_with_what_the_endpoint_said_and_not_tried_again(
    endpoint: CountingEndpoint, status: int, hint: str
) -> None:
    endpoint.refusals.append((status, {}))
    with pytest.raises(MeasureError, match=f"status {status}: not now") as error:
        counter_at(endpoint).count("word")
    assert error.value.hint == f"check {hint}"
    assert len(endpoint.asked) == 1


def test_the_key_follows_no_redirect(endpoint: CountingEndpoint) -> None:
    endpoint.refusals.append((302, {"location": f"{endpoint.base}/elsewhere"}))
    with pytest.raises(MeasureError, match="status 302"):
        counter_at(endpoint).count("word")
    assert len(endpoint.asked) == 1


def test_an_endpoint_that_is_not_there_is_an_error_with_a_hint(endpoint: CountingEndpoint) -> None:
    gone = replace(counter_at(endpoint), base="http://127.0.0.1:1")
    with pytest.raises(MeasureError, match=r"cannot reach 127\.0\.0\.1:1") as error:
        gone.count("word")
    assert "ANTHROPIC_BASE_URL" in error.value.hint


def test_the_address_is_the_users_or_anthropics() -> None:
    assert message_counter("m", {"ANTHROPIC_API_KEY": "k"}).base == API_URL
    local = {"ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": "http://127.0.0.1:9/"}
    assert message_counter("m", local).base == "http://127.0.0.1:9/"
    assert message_counter("m", local).host == "127.0.0.1:9"


def test_the_key_is_not_shown() -> None:
    assert "secret" not in repr(message_counter("m", {"ANTHROPIC_API_KEY": "secret"}))


def test_without_a_key_nothing_is_counted_by_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(MeasureError) as error:
        Counting(CountBy.API).open()
    assert "set ANTHROPIC_API_KEY" in error.value.hint


def test_only_the_endpoint_sends_anything_and_says_so(
    endpoint: CountingEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key-of-a-test")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", endpoint.base)
    assert [Counting(by).notice for by in (CountBy.ESTIMATE, CountBy.CTOK)] == ["", ""]
    counting = Counting(CountBy.API)
    assert f"sent to {endpoint.base.removeprefix('http://')} to be counted" in counting.notice
    assert counting.open().count("three words here") == 3
    assert counting.open().error_band == f"token counts by Anthropic's own count of {COUNTED_MODEL}"
    assert [message["messages"][0]["content"] for message in endpoint.asked] == ["three words here", "a"]


def test_ctok_counts_by_the_familys_version(monkeypatch: pytest.MonkeyPatch) -> None:
    ctok = ModuleType("ctok")
    frames = {"4.8": 6, "3.0": 7}
    vars(ctok)["token_count"] = lambda text, version: len(text.split()) * 10 + frames[version] - 9
    monkeypatch.setitem(sys.modules, "ctok", ctok)
    monkeypatch.setattr(counters, "version", lambda _: "1.3.0")
    assert [ctok_counter(family).count("two words") for family in (NEWEST, OLDER)] == [11, 11]
    told = "token counts by ctok 1.3.0, models 4.7 and later"
    assert Counting(CountBy.CTOK).open().error_band == told


def test_ctok_that_is_not_installed_is_an_error_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctok", None)
    with pytest.raises(MeasureError, match="ctok is not installed") as error:
        Counting(CountBy.CTOK).open()
    assert error.value.hint.startswith("pip install")


def test_the_estimate_is_what_counts_unless_told_otherwise() -> None:
    assert Counting().open() == EstimateCounter(NEWEST)


def test_a_choice_is_named_by_what_counts_in_characters_that_suit_a_file() -> None:
    choices = [Counting(), Counting(CountBy.CTOK), Counting(CountBy.API, "../my model")]
    assert [choice.key for choice in choices] == ["estimate", "ctok", "api-..-my-model"]


def test_errors_are_those_of_weights_that_never_saw_the_repository() -> None:
    pytest.importorskip("scipy")
    features = np.array([[1.0, 0], [2, 0], [0, 1], [0, 3], [1, 0], [0, 2]])
    repositories = np.array(["one", "one", "two", "two", "odd", "odd"])
    tokens = features @ np.array([2.0, 5.0])
    assert fit_weights(features, tokens) == pytest.approx([2, 5])
    tokens[4:] *= 2
    errors = cross_validate(features, tokens, repositories)
    assert errors[4:] == pytest.approx([-0.5, -0.5])
    assert (errors[:4] > 0).all()


def test_rare_texts_teach_but_are_told_for_no_error() -> None:
    samples = [FittedText("", "", "rare", "x"), FittedText("shop", "python", "whole", "y")]
    lines = format_errors(samples, np.array([9.0, 0.1]))
    assert [line.split()[0] for line in lines] == ["all", "whole", "python", "shop"]
    assert all("mean 10.0%" in line for line in lines)
