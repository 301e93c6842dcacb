"""A knowledge.yaml: notes told to others and taken from them, checked, and asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memory_server.answer.tools import UNLISTED, ask
from memory_server.errors import KnowledgeError
from memory_server.knowledge.export import export_notes
from memory_server.knowledge.imports import ImportReport, import_units
from memory_server.knowledge.manifest import FILE, Manifest, parse_manifest, read_manifest
from memory_server.knowledge.validate import check_manifest
from memory_server.knowledge.yaml_text import parse_yaml
from memory_server.memory import Memory
from tests.memory_server.knowledge.manifests import unit, with_units
from tests.support.answering import WordEmbedder
from tests.support.code_base import CODE_BASE, write_files
from tests.support.git_project import Project

SECRET = "AKIA" + "IOSFODNN7" + "QRSTUVW"

FOREIGN = """\
kcp_version: "0.14"
project: shop
version: 2.1.0
x-team: [one, 2]
units:
  - id: guide
    path: README.md
    intent: "How is the shop set up?"
    scope: global
    audience: [human, agent]
    triggers: [setup, "the shop"]
    hints: {token_estimate: 40, density: dense}
    x-owner: {name: Ada, since: 2026-01-02}
  - id: billing.rules
    path: app/billing.py
    kind: policy
    intent: Which rules does billing follow?
    scope: module
    audience: [agent]
    depends_on: [guide]
relationships:
  - {from: guide, to: billing.rules, type: context}
"""


@pytest.fixture
def memory(repository: Project) -> Iterator[Memory]:
    with Memory.open(repository.root, embedder=WordEmbedder()) as opened:
        opened.sync()
        yield opened


def write(memory: Memory, text: str) -> Manifest:
    (memory.root / FILE).write_text(text, "utf-8")
    return read(memory)


def read(memory: Memory) -> Manifest:
    return read_manifest(memory.root, memory.root / FILE)


def text_of(memory: Memory) -> str:
    return (memory.root / FILE).read_text("utf-8")


def take(memory: Memory) -> dict[str, ImportReport]:
    return {report.unit: report for report in import_units(memory.repository, read(memory))}


def test_a_note_becomes_a_unit_that_nothing_is_wrong_with(memory: Memory) -> None:
    kept = memory.remember("Settle before shipping\n\nOr the ledger drifts", ["Invoice.pay"], "pitfall")
    summary = memory.remember("Turns carts into paid invoices", ["app"], "summary")
    wide = memory.remember("Amounts are cents everywhere")
    assert export_notes(memory.repository) == (True, 3, [])
    manifest = read(memory)
    assert check_manifest(manifest, memory.root) == []
    units = {unit.id: unit for unit in manifest.units}
    found = units[f"note-{kept.id}"]
    assert (found.path, found.text("intent"), found.text("scope")) == (
        "app/billing.py",
        "Settle before shipping",
        "module",
    )
    assert found.texts("triggers") == ("Invoice.pay", "billing.py")
    assert found.text("hints", "priority") == "critical"
    assert found.text("discovery", "verification_status") == "verified"
    assert units[f"note-{summary.id}"].path == "app"
    assert units[f"note-{wide.id}"].text("hints", "load_strategy") == "eager"
    assert {
        "from": f"note-{summary.id}",
        "to": f"note-{kept.id}",
        "type": "context",
    } in manifest.relationships
    assert manifest.root.text("updated")
    assert manifest.root.number("hints", "unit_count") == 3


def test_an_export_without_news_writes_nothing(memory: Memory, repository: Project) -> None:
    memory.remember("Settle before shipping", ["Invoice.pay"])
    export_notes(memory.repository)
    (memory.root / FILE).write_text(before := text_of(memory) + "# a comment\n", "utf-8")
    repository.git(
        "commit", "--quiet", "--allow-empty", "--message", "Later", "--date", "2030-01-01T00:00:00Z"
    )
    assert export_notes(memory.repository)[0] is False
    assert text_of(memory) == before


@pytest.mark.slow
def test_units_and_fields_of_others_stay_as_they_are(memory: Memory) -> None:
    foreign = write(memory, FOREIGN)
    kept = memory.remember("Settle before shipping", ["Invoice.pay"])
    export_notes(memory.repository)
    merged = read(memory)
    assert merged.entries[:2] == foreign.entries
    assert merged.relationships == foreign.relationships
    assert merged.fields["x-team"] == ["one", "2"]
    assert (merged.root.text("kcp_version"), merged.root.text("version")) == ("0.14", "2.1.0")
    assert "since: 2026-01-02" in text_of(memory)
    assert merged.root.number("hints", "total_token_estimate") > 40
    changed = text_of(memory).replace(f"- id: note-{kept.id}\n", f"- id: note-{kept.id}\n  x-seen: [by, 1]\n")
    write(memory, changed.replace("priority: supplementary", "priority: supplementary\n    density: dense"))
    newer = memory.remember("Settle after shipping", ["open_ledger"])
    export_notes(memory.repository)
    after = {unit.id: unit for unit in read(memory).units}
    assert after[f"note-{kept.id}"].texts("x-seen") == ("by", "1")
    assert after[f"note-{kept.id}"].text("hints", "density") == "dense"
    memory.remember("", replaces=newer.id)
    export_notes(memory.repository)
    assert f"note-{newer.id}" not in text_of(memory)


def test_there_has_to_be_something_to_tell_and_a_manifest_to_tell_it_in(memory: Memory) -> None:
    with pytest.raises(KnowledgeError, match="no note"):
        export_notes(memory.repository)
    memory.remember("Settle before shipping", ["Invoice.pay"])
    (memory.root / FILE).write_text("units: [", "utf-8")
    with pytest.raises(KnowledgeError, match="V001"):
        export_notes(memory.repository)
    assert text_of(memory) == "units: ["


def test_a_unit_becomes_a_note_that_is_told_with_its_origin_and_pushed_on_nobody(memory: Memory) -> None:
    write(memory, FOREIGN)
    assert {name: report.outcome for name, report in take(memory).items()} == {
        "guide": "imported",
        "billing.rules": "imported",
    }
    assert {report.outcome for report in take(memory).values()} == {"known"}
    [found] = memory.recall("Which rules does billing follow?").found[:1]
    assert found.note.kind == "decision"
    assert [place.target for place in found.places] == ["app/billing.py"]
    assert "by shop, imported, not accepted" in memory.recall(found.note.id).text()
    hook = {"event": "PreToolUse", "path": "app/billing.py", "session": "one"}
    assert memory.brief() == ""
    assert ask(UNLISTED[0], memory.repository, hook).json() == {}
    memory.repository.notes.write(found.note.model_copy(update={"trust": ""}))
    assert found.note.id in memory.brief()
    assert found.note.id in ask(UNLISTED[0], memory.repository, hook).text()
    assert take(memory)["billing.rules"].outcome == "known"
    write(memory, FOREIGN.replace("Which rules does", "Which laws does"))
    assert take(memory)["billing.rules"].outcome == "changed"
    assert memory.brief() == ""


def test_a_foreign_note_keeps_nobody_from_noting_the_same(memory: Memory) -> None:
    write(memory, with_units(unit(intent="Amounts are cents everywhere", path=".")))
    brought = take(memory)["one"].note
    kept = memory.remember("Amounts are cents everywhere")
    assert kept.done == "kept"
    assert [note.id for note in kept.similar] == [brought]


def test_what_nobody_accepted_is_not_told_on_and_what_was_told_on_is_known(memory: Memory) -> None:
    memory.remember("Settle before shipping", ["Invoice.pay"])
    write(memory, FOREIGN.replace("project: shop", "project: other"))
    first = take(memory)
    (memory.root / FILE).unlink()
    export_notes(memory.repository)
    assert "guide" not in text_of(memory)
    guide = memory.repository.notes.read().find(first["guide"].note)
    assert guide is not None
    memory.repository.notes.write(guide.model_copy(update={"trust": ""}))
    export_notes(memory.repository)
    assert take(memory)["guide"].outcome == "known"
    assert "billing.rules" not in text_of(memory)


def test_a_dropped_note_stays_dropped(memory: Memory) -> None:
    write(memory, FOREIGN)
    note = take(memory)["guide"].note
    memory.remember("", replaces=note)
    write(memory, FOREIGN.replace("How is", "How was"))
    take(memory)
    assert note not in {one.id for one in memory.repository.notes.read().live}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("told", "why"),
    [
        (unit(path="../other.md"), "V004"),
        (unit(path="/etc/passwd"), "V004"),
        (unit(path="'a\\b'"), "V004"),
        (unit(path="'C:/x'"), "V004"),
        (unit(path="'https://example.org/x'"), "V004"),
        (unit(path="app/../../x"), "V004"),
        (unit(path="out/x"), "V004"),
        (unit(intent="The key is " + SECRET), "V013"),
        (unit(**{"x-more": SECRET}), "V013"),
        (unit(intent="word " * 600), "400 tokens"),
        ("{id: one, path: README.md}", "V003"),
    ],
)
def test_what_is_no_unit_is_refused_and_the_rest_is_taken(
    memory: Memory, tmp_path: Path, told: str, why: str
) -> None:
    (memory.root / "out").symlink_to(tmp_path)
    write(memory, with_units(told, unit(id="two")))
    reports = take(memory)
    assert reports["one"].outcome == "refused"
    assert why in reports["one"].reason
    assert reports["two"].outcome == "imported"
    assert len(memory.repository.notes.read().all) == 1


def test_what_a_unit_says_to_be_about_cannot_lead_out(memory: Memory) -> None:
    own = "{kind: pitfall, about: [../x, '/etc/passwd', 'app/store.py::Ledger', 'gone.py::No'], text: Mind the gap}"
    write(memory, with_units(unit(**{"x-repo-memory": own})))
    take(memory)
    [note] = memory.repository.notes.read().all
    assert (note.kind, note.about, note.text) == (
        "pitfall",
        ("app/store.py::Ledger", "gone.py::No"),
        "Mind the gap",
    )


def test_a_secret_is_not_told(memory: Memory) -> None:
    kept = memory.remember("Settle before shipping", ["Invoice.pay"])
    other = memory.remember("Amounts are cents")
    note = memory.repository.notes.read().find(kept.id)
    assert note is not None
    memory.repository.notes.write(note.model_copy(update={"text": f"The key is {SECRET}"}))
    assert export_notes(memory.repository) == (True, 1, [kept.id])
    assert SECRET not in text_of(memory)
    assert other.id in text_of(memory)


NOTES = st.lists(
    st.tuples(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=60).filter(
            str.strip
        ),
        st.sampled_from(
            [[], ["app"], ["Invoice.pay"], ["app/store.py"], ["cmd:make"], ["open_ledger", "web"]]
        ),
        st.sampled_from(["decision", "pitfall", "howto", "summary"]),
    ),
    min_size=1,
    max_size=5,
)


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(notes=NOTES, is_foreign=st.booleans())
def test_an_export_that_was_imported_is_exported_the_same(
    tmp_path_factory: pytest.TempPathFactory, notes: list[tuple[str, list[str], str]], is_foreign: bool
) -> None:
    texts: list[bytes] = []
    roots = [tmp_path_factory.mktemp("tree") / "shop" for _ in range(2)]
    for root in roots:
        write_files(root, {**CODE_BASE, **({FILE: FOREIGN} if is_foreign else {})})
        if texts:
            (root / FILE).write_bytes(texts[0])
        with Memory.open(root, embedder=WordEmbedder()) as memory:
            memory.sync()
            if not texts:
                for text, about, kind in notes:
                    memory.remember(text, about, kind)  # type: ignore[arg-type]
            else:
                assert {report.outcome for report in take(memory).values()} == {"imported"}
            export_notes(memory.repository)
            texts.append((root / FILE).read_bytes())
            take(memory)
            export_notes(memory.repository)
            assert (root / FILE).read_bytes() == texts[-1]
            if len(texts) == 2 and not is_foreign:
                (root / FILE).unlink()
                for note in memory.repository.notes.read().live:
                    memory.repository.notes.write(note.model_copy(update={"trust": ""}))
                export_notes(memory.repository)
                alone = parse_yaml((root / FILE).read_bytes())
                assert isinstance(alone, dict)
                assert alone["units"] == parse_manifest(texts[0]).entries
    assert texts[0] == texts[1]
