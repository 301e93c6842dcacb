"""YAML that is read and written again says the same, and what is made to harm is refused."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from memory_server.knowledge.yaml_text import Plain, format_yaml, parse_yaml

TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
VALUES = st.recursive(
    TEXT, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8
)


@given(VALUES)
def test_what_is_written_is_read_again(value: object) -> None:
    text = format_yaml(value)
    assert parse_yaml(text.encode()) == value
    assert format_yaml(parse_yaml(text.encode())) == text


@pytest.mark.parametrize(
    "text", ["5", "1.50", "0x1F", "2026-01-02", "yes", "null", "~", "1e3", "=", "<<", "word"]
)
def test_what_stood_without_quotes_stands_so_again_and_what_had_them_keeps_its_type(text: str) -> None:
    plain = format_yaml(parse_yaml(f"key: {text}\n".encode()))
    assert plain == f"key: {text}\n"
    quoted = format_yaml(parse_yaml(f"key: '{text}'\n".encode()))
    if text != "<<":
        assert yaml.load(quoted, yaml.SafeLoader) == {"key": text}


def test_an_empty_value_stays_one() -> None:
    assert parse_yaml(b"key:\n") == {"key": ""}
    assert format_yaml(parse_yaml(b"key:\nother: ''\n")) == "key:\nother: ''\n"
    assert isinstance(parse_yaml(b"key: 5"), dict)
    assert Plain("5") == "5"


BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + step)}: &{chr(98 + step)} [{','.join(['*' + chr(97 + step)] * 10)}]\n" for step in range(7)
)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe",
        b"a: [",
        b"a: 1\n---\nb: 2\n",
        b"a: !!python/object/apply:os.system ['echo']\n",
        b"a: !own x\n",
        b"a: 1\na: 2\n",
        b"? [a]\n: 1\n",
        b"a: &a [*a]\n",
        BOMB.encode(),
        f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 1_000)}]\n".encode(),
        b"[" * 100_000,
        b"- " * 100_000,
        b"a: \x00\n",
        b"a: *nothing\n",
    ],
    ids=range(14),
)
def test_what_harms_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(ValueError) as failed:
        parse_yaml(data)
    assert "\n" not in str(failed.value)
    assert len(str(failed.value)) < 300
