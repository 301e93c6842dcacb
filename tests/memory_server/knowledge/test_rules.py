"""A manifest is checked by the protocol's rules, and asked by its scores."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from memory_server.errors import KnowledgeError
from memory_server.knowledge.manifest import parse_manifest
from memory_server.knowledge.query import Query, query_manifest
from memory_server.knowledge.validate import check_manifest
from tests.memory_server.knowledge.manifests import unit, with_units


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (with_units(unit()), []),
        (with_units(unit(), unit()), ["V006"]),
        (with_units(unit(id="No_Id")), ["V005"]),
        (with_units("{id: one}", "word"), ["V003", "V003"]),
        (with_units(unit(path="nowhere.md")), ["V007"]),
        (with_units(unit(depends_on="[two]", hints="{summary_unit: no}")), ["V008", "V008"]),
        (with_units(unit(triggers=f"[{'x' * 61}, {', '.join('abcdefghijklmnopqrstu')}]")), ["V009", "V009"]),
        (with_units(unit(scope="word", audience="[x]", kind="y", format="z")), ["V010"] * 4),
        (with_units(unit(validated="2026-1-2")), ["V011"]),
        (with_units(unit(validated="2026-01-02")), []),
        (with_units(unit(discovery="{verification_status: rumored, confidence: 0.7}")), ["V012"]),
        (with_units(unit(discovery="{verification_status: observed, verified_at: 2026}")), ["V012"]),
        (with_units(unit(content_hash="{algorithm: sha256, value: " + "0123456789abcdef" * 4 + "}")), []),
        (with_units(unit()) + "relationships: [{from: one, to: two, type: likes}]\n", ["V008", "V010"]),
        (with_units(unit()) + "relationships: [5]\n", ["V008", "V008", "V010"]),
        (with_units(unit()).replace("0.20", "9.1"), ["V010"]),
    ],
)  # fmt: skip
def test_a_check_names_the_rule_and_the_unit(tmp_path: Path, text: str, codes: list[str]) -> None:
    (tmp_path / "README.md").write_text("x", "utf-8")
    found = check_manifest(parse_manifest(text.encode()), tmp_path)
    assert [one.code for one in found] == codes, found
    assert all(one.unit for one in found if one.code not in ("V008", "V010"))


@pytest.mark.parametrize(
    ("text", "why"),
    [("a: [", "V001"), ("", "V002"), ("project: x", "V002 no units"), ("units: [1]", "V002 no project")],
)
def test_what_is_no_manifest_is_rejected(text: str, why: str) -> None:
    with pytest.raises(KnowledgeError, match=why):
        parse_manifest(text.encode())


ASKED = parse_manifest(
    with_units(
        unit(
            id="a", intent="Login with tokens", triggers="[OAuth2, login]",
            hints="{token_estimate: 900, summary_unit: s}",
        ),
        unit(id="b", path="docs/login.md", intent="Other", hints="{token_estimate: 100}", audience="[human]"),
        unit(id="c", intent="Old login", deprecated="true"),
        unit(id="d", intent="Login again", sensitivity="confidential", validated="2026-01-01"),
        unit(id="s", intent="In short", hints="{token_estimate: 50}"),
        unit(
            id="e", intent="login e", requires_capabilities="[tool:kubectl]",
            freshness_policy="{max_age_days: 9}", validated="2026-01-01",
        ),
    ).encode()
)  # fmt: skip


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Query(["login"]), [("a", 8), ("d", 3), ("e", 3), ("b", 1)]),
        (Query(["LOGIN", "oauth2"]), [("a", 13), ("d", 3), ("e", 3), ("b", 1)]),
        (Query(["login"], audience="human"), [("b", 1)]),
        (Query(["login"], deprecated=True, limit=2), [("a", 8), ("c", 3)]),
        (Query(["login"], sensitivity="internal"), [("a", 8), ("e", 3), ("b", 1)]),
        (Query(["login"], capabilities=["kubectl"]), [("a", 8), ("d", 3), ("e", 3), ("b", 1)]),
        (Query(["login"], capabilities=[]), [("a", 8), ("d", 3), ("b", 1)]),
        (Query(["login"], fresh_on=date(2026, 1, 10)), [("a", 8), ("d", 3), ("e", 3), ("b", 1)]),
        (Query(["login"], fresh_on=date(2026, 1, 11)), [("a", 8), ("d", 3), ("b", 1)]),
        (Query(["login"], budget=120), [("s", 8), ("d", 3), ("e", 3)]),
        (Query(["login"], budget=120, summaries=False), [("d", 3), ("e", 3), ("b", 1)]),
        (Query(["nothing"]), []),
        (Query(), [("a", 0), ("b", 0), ("d", 0), ("s", 0), ("e", 0)]),
    ],
)
def test_a_query_scores_as_the_protocol_has_it(query: Query, found: list[tuple[str, int]]) -> None:
    assert [(one.unit.id, one.score) for one in query_manifest(ASKED, query)] == found


def test_a_match_says_why_in_the_protocols_form() -> None:
    [first, *_] = query_manifest(ASKED, Query(["login"]))
    assert first.json() == {
        "unit_id": "a",
        "score": 8,
        "path": "README.md",
        "token_estimate": 900,
        "summary_unit": "s",
        "match_reason": ["trigger", "intent"],
        "source_manifest": None,
    }
