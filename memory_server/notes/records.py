"""What is kept of an anchor beside its note: what its code said then, and how far it was followed.

None of it is the note's own: a record that is lost is made anew from the note's front matter and the history.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from indexers.anchors.follow import Trace
from indexers.anchors.identity import Facts, Identity
from indexers.files import parse_json, read_regular
from memory_server.files import leads_through_link, replace_file
from memory_server.notes.model import Anchor

FOLDER = "records"
FORMAT = 1

_SETS = ("calls", "literals", "raises", "words")


@dataclass(frozen=True, slots=True)
class Record:
    """An anchor's ``facts``, the keys of the symbols of its file, and its trace at each commit it was asked at."""

    anchor: Anchor
    facts: Facts | None = None
    siblings: tuple[tuple[str, str], ...] = ()
    traces: tuple[tuple[str, Trace], ...] = ()

    def with_trace(self, commit: str, trace: Trace) -> Record:
        """The same with where it is at a commit; the last of several branches are kept."""
        others = tuple(known for known in self.traces if known[0] != commit)
        return replace(self, traces=(*others, (commit, trace))[-8:])


@dataclass(slots=True)
class Records:
    """The records of one private folder, each read once."""

    folder: Path
    _known: dict[str, dict[str, Record]] = field(default_factory=dict)

    def of(self, note: str) -> dict[str, Record]:
        """A note's records by target."""
        if note not in self._known:
            self._known[note] = self._read(note)
        return self._known[note]

    def keep(self, note: str, records: dict[str, Record]) -> None:
        """Keep a note's records, on the disk too where it can be written."""
        self._known[note] = records
        data = {"format": FORMAT, "records": [_to_json(record) for record in records.values()]}
        if leads_through_link(self.folder.parent.parent, self.folder):
            return
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_file(self._path(note), json.dumps(data).encode(), private=True)

    def _path(self, note: str) -> Path:
        return self.folder / f"{note}.json"

    def _read(self, note: str) -> dict[str, Record]:
        if leads_through_link(self.folder.parent.parent, self.folder):
            return {}
        try:
            data: Any = parse_json(read_regular(self._path(note), 4_000_000))
            if data["format"] != FORMAT:
                return {}
            records = [_from_json(one) for one in data["records"]]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}
        return {record.anchor.target: record for record in records}


def _to_json(record: Record) -> dict[str, Any]:
    facts = asdict(record.facts) if record.facts else {}
    facts |= {name: sorted(facts[name]) for name in _SETS if facts}
    return {
        "anchor": record.anchor.model_dump(),
        "facts": facts,
        "siblings": record.siblings,
        "traces": [
            {
                "at": at,
                "found": [_identity_json(one) for one in trace.found],
                "commit": trace.commit,
                "moves": trace.moves,
                "edits": trace.edits,
            }
            for at, trace in record.traces
        ],
    }


def _identity_json(one: Identity) -> dict[str, Any]:
    names = ("path", "name", "kind", "parameters", "tokens", "signature", "size", "start_line", "end_line")
    return {name: getattr(one, name) for name in names}


def _from_json(data: dict[str, Any]) -> Record:
    """A record, each value of the type that it has to be.

    Raises:
        ValueError: one is not.
    """
    traces = [(one["at"], one) for one in data["traces"]]
    return _RECORD.validate_python({**data, "facts": data["facts"] or None, "traces": traces})


_RECORD = TypeAdapter(Record)
