"""A note's file: what is written is read again, what is broken is told, what others added stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_server.notes.model import KINDS, Anchor, Note
from memory_server.notes.text import format_note, parse_note

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=40)
TEXT = st.lists(WORDS, min_size=1, max_size=4).map("\n".join).map(str.strip)
NOTES = st.builds(
    Note,
    id=st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=8, max_size=8),
    kind=st.sampled_from(KINDS),
    about=st.lists(WORDS, max_size=3).map(tuple),
    anchors=st.lists(st.builds(Anchor, target=WORDS, tokens=WORDS, size=st.integers(0, 9)), max_size=2).map(
        tuple
    ),
    origin=WORDS,
    created=WORDS,
    branch=WORDS,
    text=TEXT,
)


@given(NOTES)
def test_what_is_written_is_read_again(note: Note) -> None:
    text = format_note(note)
    assert parse_note(text) == note
    assert format_note(parse_note(text)) == text


def test_keys_stand_one_a_line_in_a_fixed_order() -> None:
    note = Note(id="abcdefgh", kind="howto", about=("a.py",), created="2026", branch="main", text="Do it.")
    lines = format_note(note).split("\n")
    assert [line.split(":")[0] for line in lines[:8]] == [
        "---", "id", "kind", "about", "- a.py", "created", "branch", "---",
    ]  # fmt: skip
    assert lines[-2:] == ["Do it.", ""]


def test_what_somebody_else_added_stays() -> None:
    text = "---\nid: abcdefgh\nkind: pitfall\nreviewed_by: Ada\n---\n\nMind the gap.\n"
    assert format_note(parse_note(text)) == text


def test_hashes_of_digits_stay_text() -> None:
    note = parse_note("---\nid: abcdefgh\ncommit: 12345678\ncreated: 2026-01-02\n---\nText\n")
    assert (note.commit, note.created) == ("12345678", "2026-01-02")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Text alone", "no front matter"),
        ("---\nid: abcdefgh\nno end", "no front matter"),
        ("---\nid: [\n---\n", "not YAML"),
        ("---\n- a\n---\n", "no keys"),
        ("---\nid: ABC\n---\n", "id: "),
        ("---\nid: abcdefgh\nkind: rumour\n---\n", "kind: "),
        ("---\n" + "[" * 5_000 + "\n---\n", "not YAML"),
    ],
)
def test_what_is_broken_is_told_in_one_line(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as failed:
        parse_note(text)
    assert "\n" not in str(failed.value)
