"""The token estimate: calibrated, never zero, never falling as text grows, cheap."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexers import tokens
from indexers.tokens import TOKEN_WEIGHTS, count_token_features, estimate_tokens

PYTHON = '''def parse_header(line: str) -> tuple[str, dict[str, str]]:
    """Split a header into its value and its parameters."""
    value, _, rest = line.partition(";")
    parameters = {}
    for part in rest.split(";"):
        name, _, text = part.strip().partition("=")
        parameters[name.lower()] = text.strip('"')
    return value.strip(), parameters
'''
RUST = """impl<T: Clone> RingBuffer<T> {
    pub fn push(&mut self, item: T) -> Option<T> {
        let slot = self.head % self.items.len();
        self.head += 1;
        std::mem::replace(&mut self.items[slot], Some(item))
    }
}
"""
JSON = '{"name": "example", "version": "1.20.3", "private": true, "sizes": [16, 32, 64, 128]}\n'
PROSE = (
    "The scheduler keeps a queue of pending jobs and wakes up whenever the earliest of them is due; a job "
    "that fails is tried again with growing delays until its limit is reached.\n"
)


@pytest.mark.parametrize(
    ("text", "counted"),
    [(PYTHON, 131), (RUST, 99), (JSON, 40), (PROSE, 56)],
    ids=["python", "rust", "json", "prose"],
)
def test_the_estimate_is_near_what_ctok_counts(text: str, counted: int) -> None:
    assert estimate_tokens(text) == pytest.approx(counted, rel=0.2)


def test_no_text_has_no_tokens() -> None:
    assert estimate_tokens("") == 0


@pytest.mark.parametrize("text", [" ", "\n", "\0", "a", "\ud800", "é"])
def test_any_text_has_at_least_one_token(text: str) -> None:
    assert estimate_tokens(text) >= 1


@given(st.text(), st.text())
def test_appending_text_never_lowers_the_estimate(text: str, more: str) -> None:
    assert estimate_tokens(text) <= estimate_tokens(text + more)


def test_no_weight_is_negative() -> None:
    assert min(TOKEN_WEIGHTS.values()) >= 0


def test_a_feature_counts_runs_and_stretches_of_its_class() -> None:
    counted = dict(zip(TOKEN_WEIGHTS, count_token_features("abcdefghij ABC_9\n\n    é"), strict=True))
    assert counted["letters", " x"] == 2
    assert counted["letters", "xxxxx"] == 2
    assert counted["letters", "xxxxxxxxxx"] == 1
    assert counted["uppercase", " x"] == 1
    assert counted["uppercase", "x"] == 3
    assert counted["digits", " x"] == 1
    assert counted["newlines", " x"] == 1
    assert counted["blanks", " xx"] == 1
    assert counted["underscores", "x"] == 1
    assert counted["two-byte characters", "x"] == 1


def test_a_chinese_character_is_about_one_token() -> None:
    assert estimate_tokens("这个函数返回自上次运行以来更改的文件列表") == pytest.approx(20, abs=2)


def test_the_estimate_is_far_above_a_quarter_of_the_characters_on_code() -> None:
    source = Path(tokens.__file__).read_text(encoding="utf-8")
    assert estimate_tokens(source) > len(source) / 4 * 1.3
