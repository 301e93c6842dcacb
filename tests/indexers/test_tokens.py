"""The token estimate: calibrated, never zero, never falling as text grows, cheap."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexers import tokens
from indexers.tokens import (
    FAMILIES,
    NEWEST,
    OLDER,
    TOKEN_WEIGHTS,
    Family,
    count_token_features,
    estimate_tokens,
    weigh_tokens,
)
from tests.support.properties import UNTIMED

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
    ("text", "newest", "older"),
    [(PYTHON, 131, 102), (RUST, 99, 80), (JSON, 40, 36), (PROSE, 56, 36)],
    ids=["python", "rust", "json", "prose"],
)
def test_the_estimate_is_near_what_ctok_counts(text: str, newest: int, older: int) -> None:
    assert estimate_tokens(text) == pytest.approx(newest, rel=0.15)
    assert estimate_tokens(text, OLDER) == pytest.approx(older, rel=0.15)


def test_no_text_has_no_tokens() -> None:
    assert estimate_tokens("") == 0


@pytest.mark.parametrize("text", [" ", "\n", "\0", "a", "\ud800", "é"])
def test_any_text_has_at_least_one_token(text: str) -> None:
    assert estimate_tokens(text) >= 1


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@UNTIMED
@given(text=st.text(), more=st.text())
def test_appending_text_never_lowers_the_estimate(family: Family, text: str, more: str) -> None:
    assert estimate_tokens(text, family) <= estimate_tokens(text + more, family)


def test_estimates_of_lines_add_up_to_that_of_their_text() -> None:
    lines = PYTHON.splitlines(keepends=True)
    assert sum(map(weigh_tokens, lines)) == pytest.approx(weigh_tokens(PYTHON), rel=0.01)


@pytest.mark.parametrize("text", [PYTHON, RUST, JSON, PROSE], ids=["python", "rust", "json", "prose"])
def test_the_newest_family_which_budgets_hold_by_counts_more(text: str) -> None:
    assert estimate_tokens(text) == estimate_tokens(text, NEWEST) > estimate_tokens(text, OLDER)


def test_a_family_says_how_far_its_estimates_are_off() -> None:
    family = Family("any", NEWEST.weights, mean_error=0.0312, high_error=0.1)
    assert family.error_band == "token counts ±3.1% on average, ±10.0% on one text in twenty"


def test_no_weight_is_negative() -> None:
    assert min(map(min, TOKEN_WEIGHTS.values())) >= 0


def test_a_feature_counts_runs_and_stretches_of_its_class() -> None:
    counted = dict(zip(TOKEN_WEIGHTS, count_token_features("abcdefghij ABC_98765\n\n    é"), strict=True))
    assert counted["lowercase", " x"] == 1
    assert counted["consonants", "x"] == 9
    assert counted["uppercase", " x"] == 1
    assert counted["uppercase", "x"] == 3
    assert counted["digits", " x"] == 1
    assert counted["digits", "xxxx"] == 1
    assert counted["newlines", " x"] == 1
    assert counted["blanks", " xx"] == 1
    assert counted["underscores", "x"] == 1
    assert counted["two-byte characters", "x"] == 1


def test_a_chinese_character_is_about_one_token() -> None:
    assert estimate_tokens("这个函数返回自上次运行以来更改的文件列表") == pytest.approx(20, abs=2)


def test_the_estimate_is_far_above_a_quarter_of_the_characters_on_code() -> None:
    source = Path(tokens.__file__).read_text(encoding="utf-8")
    assert estimate_tokens(source) > len(source) / 4 * 1.3
