"""Questions to a manifest, scored as the Knowledge Context Protocol has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from memory_server.answer.reply import Json
from memory_server.knowledge.manifest import Manifest, Unit

TRIGGER, INTENT, NAME = 5, 3, 1
"""Points for each term in a trigger, in the intent, and in the id or the path (KCP, section 15.4)."""

MOST = 5

LEVELS = ("public", "internal", "confidential", "restricted")
"""How sensitive a unit may be, the least first."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of a manifest; what is empty or 0 asks for nothing.

    ``capabilities`` of None lets every unit through, ``fresh_on`` those that are not stale on a day.
    """

    terms: Sequence[str] = ()
    audience: str = ""
    scope: str = ""
    sensitivity: str = ""
    budget: int = 0
    summaries: bool = True
    deprecated: bool = False
    capabilities: Sequence[str] | None = None
    fresh_on: date | None = None
    limit: int = MOST


@dataclass(frozen=True, slots=True)
class Match:
    """A unit that answers, with its score and why."""

    unit: Unit
    score: int
    reasons: tuple[str, ...]

    def line(self) -> str:
        """The match on one line."""
        why = f" ({', '.join(self.reasons)})" if self.reasons else ""
        return f"{self.score} {self.unit.id} {self.unit.path}{why}: {self.unit.text('intent')}"

    def json(self) -> Json:
        """The match in the protocol's form."""
        return {
            "unit_id": self.unit.id,
            "score": self.score,
            "path": self.unit.path,
            "token_estimate": self.unit.number("hints", "token_estimate") or None,
            "summary_unit": self.unit.text("hints", "summary_unit") or None,
            "match_reason": list(self.reasons),
            "source_manifest": None,
        }


def query_manifest(manifest: Manifest, query: Query) -> list[Match]:
    """The units that answer, best first, those of equal score in the order of the manifest."""
    first: dict[str, Unit] = {}
    for unit in manifest.units:
        if not unit.lacking:
            first.setdefault(unit.id, unit)
    allowed = [unit for unit in first.values() if _is_allowed(manifest, unit, query)]
    scored = [_score(unit, query.terms) for unit in allowed]
    found = sorted((one for one in scored if one.score or not query.terms), key=lambda one: -one.score)
    fitting = _fit(found, query, first) if query.budget else found
    return list(fitting)[: query.limit]


def _score(unit: Unit, terms: Iterable[str]) -> Match:
    """What a unit scores: each term counts once in each of the places where it stands."""
    places = {
        "trigger": (TRIGGER, "\n".join(unit.texts("triggers")[:20])),
        "intent": (INTENT, unit.text("intent")),
    }
    texts = {name: (points, text.lower()) for name, (points, text) in places.items()}
    score, reasons = 0, []
    for term in map(str.lower, terms):
        hit = [name for name, (_, text) in texts.items() if term in text]
        score += sum(texts[name][0] for name in hit)
        named = [name for name, text in (("id", unit.id), ("path", unit.path)) if term in text.lower()]
        score += NAME * bool(named)
        reasons += [*hit, *named]
    return Match(unit, score, tuple(dict.fromkeys(reasons)))


def _is_allowed(manifest: Manifest, unit: Unit, query: Query) -> bool:
    status = unit.text("discovery", "verification_status")
    is_deprecated = unit.text("deprecated").lower() == "true" or status == "deprecated"
    level = unit.text("sensitivity")
    ceiling = LEVELS.index(query.sensitivity) if query.sensitivity else len(LEVELS)
    return (
        (not query.audience or query.audience in unit.texts("audience"))
        and (not query.scope or query.scope == unit.text("scope"))
        and (level not in LEVELS or LEVELS.index(level) <= ceiling)
        and (query.deprecated or not is_deprecated)
        and (
            query.capabilities is None
            or _bare(unit.texts("requires_capabilities")) <= _bare(query.capabilities)
        )
        and (query.fresh_on is None or not _is_stale(manifest, unit, query.fresh_on))
    )


def _bare(capabilities: Iterable[str]) -> set[str]:
    return {name.removeprefix("tool:") for name in capabilities}


def _is_stale(manifest: Manifest, unit: Unit, day: date) -> bool:
    own = unit if unit.fields.get("freshness_policy") else manifest.root
    age = own.number("freshness_policy", "max_age_days")
    try:
        validated = date.fromisoformat(unit.text("validated"))
    except ValueError:
        return False
    return bool(own.text("freshness_policy", "max_age_days")) and (day - validated).days > age


def _fit(found: Iterable[Match], query: Query, units: dict[str, Unit]) -> Iterator[Match]:
    """The matches that a budget of tokens has room for, or the summary of one that is too long."""
    room, told = query.budget, set[str]()
    for one in found:
        summary = units.get(one.unit.text("hints", "summary_unit")) if query.summaries else None
        for unit in (one.unit, *([summary] if summary else [])):
            cost = unit.number("hints", "token_estimate")
            if cost <= room and unit.id not in told:
                room -= cost
                told.add(unit.id)
                yield Match(unit, one.score, one.reasons)
                break
