"""One step of following a symbol: which of a later state's symbols it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from indexers.anchors.identity import Identity, similarity

_TOKEN = re.compile(r"\w+|[^\w\s]")

DECLARED = 8
"""Tokens of a declaration beside its parameters: modifiers, type, name, parentheses, braces."""

SMALL = 16
"""Tokens under which a body says too little to be known by it alone."""

SURE, NAMED_ALIKE, SAME_NAME, ALIKE_NAME = 0.6, 0.45, 0.4, 0.5
"""Similarity from which a new symbol of a file is the one that vanished from it: of any name, of a name that is alike
from `ALIKE_NAME`, of the same name. Found on 447 moves of methods in three Java repositories."""

ELSEWHERE, ELSEWHERE_NAMED, ELSEWHERE_SMALL = 0.75, 0.5, 0.85
"""The same for a symbol of another file: of any name, of the same name, and small ones, of the same name too."""

TIE = 0.05
"""Two candidates nearer to each other than this are not told apart."""


@dataclass(frozen=True, slots=True)
class Match:
    """What became of a symbol: one, none, or several of which neither is chosen."""

    found: tuple[Identity, ...] = ()

    @property
    def one(self) -> Identity | None:
        """The symbol, where it is one."""
        return self.found[0] if len(self.found) == 1 else None


def match_in_file(old: Identity, before: Sequence[Identity], after: Sequence[Identity]) -> Match:
    """The symbol among those of its file after a change; ``before`` are those of the file as it was."""
    if not old.name:
        return Match(tuple(one for one in after if not one.name)[:1])
    known = {one.key for one in before}
    new = [one for one in after if one.name and one.key not in known]
    same = [one for one in after if one.key == old.key]
    if same:
        found = max(same, key=lambda one: similarity(old, one))
        return Match((found, *_heirs(old, found, new)))
    moved = [
        one
        for one in after
        if (one.own_name, one.parameters, one.tokens) == (old.own_name, old.parameters, old.tokens)
    ]
    if len(moved) == 1:
        return Match((moved[0],))
    scored = {one: _score(old, one) for one in new if one.name == old.name or _is_alike(old, one)}
    return _choose(scored)


def match_elsewhere(old: Identity, new: Sequence[Identity]) -> Match:
    """The symbol among those that are new in other files of the same change."""
    fitting = []
    for one in new:
        alike, same_name = similarity(old, one), one.own_name == old.own_name
        if old.size < SMALL:
            is_same = same_name and alike >= ELSEWHERE_SMALL
        else:
            is_same = alike >= (ELSEWHERE_NAMED if same_name else ELSEWHERE)
        if is_same and one.name:
            fitting.append(one)
    return _choose({one: _score(old, one) for one in fitting})


def prefer(old: Identity, here: Match, there: Match) -> Match:
    """Which of a match in a symbol's file and one elsewhere it is: who kept its name beats who is merely alike."""
    one, other = here.one, there.one
    if one is None or other is None:
        return here if here.found else there
    return there if other.own_name == old.own_name and not keeps_name(old, here) else here


def keeps_name(old: Identity, match: Match) -> bool:
    """Whether what was found bears the symbol's own name, so that nothing else has to be looked at."""
    return any(one.own_name == old.own_name for one in match.found)


def _is_alike(old: Identity, new: Identity) -> bool:
    alike, name = similarity(old, new), _name_similarity(old.own_name, new.own_name)
    if new.own_name == old.own_name:
        return alike >= SAME_NAME
    if old.size < SMALL:
        return (alike >= 0.85 and name >= 0.3) or (alike >= 0.6 and name >= 0.6)
    return alike >= SURE or (alike >= NAMED_ALIKE and name >= ALIKE_NAME)


def _score(old: Identity, new: Identity) -> float:
    return (
        similarity(old, new)
        + 0.25 * _name_similarity(old.own_name, new.own_name)
        + 0.35 * (old.name == new.name)
        + 0.10 * (old.parameters == new.parameters)
    )


def _name_similarity(one: str, other: str) -> float:
    return SequenceMatcher(None, one.lower(), other.lower(), autojunk=False).ratio()


def _heirs(old: Identity, found: Identity, new: Sequence[Identity]) -> list[Identity]:
    """What took a body over whose symbol stays as one that only hands on."""
    if old.size < SMALL or 2 * found.size > old.size or _body_size(found) >= SMALL:
        return []
    alike = {one: similarity(old, one) for one in new}
    least = max(SURE, similarity(old, found))
    return sorted((one for one in new if alike[one] >= least), key=lambda one: -alike[one])[:1]


def _body_size(one: Identity) -> int:
    """About how many tokens a body has without what declares it."""
    return one.size - len(_TOKEN.findall(one.parameters)) - DECLARED


def _choose(scored: dict[Identity, float]) -> Match:
    """The best one, or those that are as good."""
    if not scored:
        return Match()
    best = max(scored.values())
    return Match(tuple(one for one, score in scored.items() if score > best - TIE)[:3])
