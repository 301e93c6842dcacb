"""Marked lines in files of others: what is put in is taken out to the byte, and an edit between the marks is seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_server.errors import KnowledgeError
from memory_server.knowledge.marks import put_block, take_block

BYTES = st.one_of(
    st.binary(max_size=60).filter(lambda data: b"\0" not in data),
    st.lists(
        st.sampled_from([b"# Title", b"text \xc3\xa9", b"\n", b"\r\n", b"\r", b"\xef\xbb\xbf"]), max_size=8
    ).map(b"".join),
)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=60).filter(
    lambda text: "repo-memory:" not in text
)


@given(BYTES, TEXT, TEXT)
def test_what_was_put_in_is_taken_out_to_the_byte(data: bytes, text: str, newer: str) -> None:
    once = put_block(data, text)
    assert once.startswith(data)
    assert put_block(once, text) == once
    assert take_block(put_block(once, newer)) == data


@given(TEXT, st.sampled_from(["", "---\npaths: []\n---\n"]))
def test_a_file_that_was_made_for_it_goes(text: str, head: str) -> None:
    assert take_block(put_block(None, text, head), head) is None


@given(BYTES, TEXT, st.text(st.sampled_from("ab \n"), max_size=10))
def test_what_was_written_below_later_stays(data: bytes, text: str, below: str) -> None:
    assert take_block(put_block(data, text) + below.encode()) == data + below.encode()


def test_line_ends_are_those_of_the_file_and_other_ones_are_no_edit() -> None:
    data = put_block(b"# Title\r\n", "one\ntwo")
    assert b"\n" not in data.replace(b"\r\n", b"")
    checked_out = data.replace(b"\r\n", b"\n")
    assert put_block(checked_out, "one\ntwo") == checked_out
    assert take_block(checked_out) == b"# Title\n"


def test_lines_around_it_that_were_moved_stay() -> None:
    data = put_block(b"above\n", "text") + b"below\n"
    assert put_block(data, "newer") == put_block(b"above\n", "newer") + b"below\n"
    assert take_block(data) == b"above\nbelow\n"


DATA = put_block(b"mine\n", "one\ntwo")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (DATA.replace(b"two", b"2"), "edited"),
        (DATA.replace(b"two\n", b"two\nthree\n"), "edited"),
        (DATA.replace(b"<!-- repo-memory:end -->", b""), "not one pair"),
        (DATA + DATA, "not one pair"),
        (DATA[DATA.index(b"one") :], "not one pair"),
        (b"<!-- repo-memory:begin 12 -->\n" + DATA, "not one pair"),
        ("mine\n".encode("utf-16"), "UTF-8"),
    ],
)
def test_what_is_not_as_it_was_written_is_left_alone(data: bytes, why: str) -> None:
    with pytest.raises(KnowledgeError, match=why):
        put_block(data, "newer")
    with pytest.raises(KnowledgeError, match=why):
        take_block(data)
