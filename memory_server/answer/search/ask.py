"""``search``: what stands literally in the repository, then ranked hits as digests by file, weaker ones by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from indexers.tokens import truncate
from memory_server.answer.parameters import (
    Explained,
    HitLimit,
    KindFilter,
    PathFilter,
    SearchQuery,
    TokenBudget,
)
from memory_server.answer.reply import TARGET_WIDTH
from memory_server.answer.repository import Repository
from memory_server.answer.search.draft import Draft
from memory_server.answer.search.literal import take_defining_lines, tell_literal
from memory_server.answer.search.ranked import choose_strong, choose_weaker, rank, tell
from memory_server.answer.search.reply import SearchReply
from memory_server.answer.tool import Tool
from memory_server.deadline import due_in_part, in_time
from memory_server.index.fresh import Sight
from memory_server.model import SearchHit
from memory_server.query.exact.find import Literals, find_literals
from memory_server.query.exact.unknown import content_words, nearest_words, unknown_words
from memory_server.query.filters import path_filter
from memory_server.query.mentions import is_meant_by
from memory_server.query.question import Query, read_query
from memory_server.query.targets import MINOR_KINDS, is_beside, nearest_names
from memory_server.visible import quote, quote_name

FOUND_HITS, MAX_HITS = 60, 8
"""Hits to choose from; of them, at most so many are told of."""

LITERAL_ROOM, ASIDE_ROOM, LEAST_ROOM = 0.35, 0.15, 0.08
"""Of the budget, what lines take that hold the query; where they may not be what is meant; and what each further kind
of such lines takes at least."""

LITERAL_TIME = 0.5
"""Of the time that is left, what the search for text takes at most; what was found is then told of, with the ranked."""

MOST_DEFINITIONS = 4
"""Definitions of one name that are told of; further ones are named."""

FEW = 5
"""Lines with a text that may not be what is meant: so few are told before what is ranked, more of them after it."""

MOST_PARTLY, MOST_LIKE = 5, 3
"""Ranked hits that are told of where half of the words stand nowhere; where what was asked for does not."""


def search(
    repository: Repository,
    query: SearchQuery,
    path: PathFilter = "",
    kind: KindFilter = "",
    budget: TokenBudget = 0,
    *,
    limit: HitLimit = MAX_HITS,
    explain: Explained = False,
) -> SearchReply:
    """Lines that hold the query, and ranked hits for it, of which at most ``limit`` are told of.

    Raises:
        QueryError: the query is empty, or no regular expression, or the kind unknown.
        OutsideRepositoryError: the path leads outside the repository.
        ModelError: a configured model cannot be loaded.
    """
    tokens = budget or repository.config.budget.search
    asked = read_query(query)
    path = repository.inside(path)

    def question(sight: Sight) -> tuple[SearchReply, set[str]]:
        sight.include(path)
        found, about = rank(sight, repository, asked, max(limit, FOUND_HITS), path, kind, explained=explain)
        literals = Literals()
        if not kind:  # which kind of symbol holds a text is not what is asked with one
            allowed = _allowed_files(sight, path)
            with due_in_part(LITERAL_TIME):
                literals = find_literals(sight, repository.index.root, asked, allowed)
        draft = Draft(tokens, literals.unread)
        answer = _Answer(
            sight, asked, limit, repository.ranking.same_file, is_filtered=bool(path or kind), draft=draft
        )
        answer.tell(found, literals)
        # What is missing may stand by now in any file.
        files = set() if draft.misses else about | literals.paths
        return draft.close(found, sight.notes, limit), files

    return repository.index.ask(question, of_all=True)


def find(
    repository: Repository, query: Query, limit: int, *, path: str = "", kind: str = ""
) -> list[SearchHit]:
    """The best hits as ranked, of files as they are now, reranked where a model is configured.

    Raises:
        QueryError: the kind is unknown.
        ModelError: a configured model cannot be loaded.
    """

    def question(sight: Sight) -> tuple[list[SearchHit], set[str]]:
        sight.include(path)
        return rank(sight, repository, query, limit, path, kind)

    return repository.index.ask(question, of_all=True)


def _allowed_files(sight: Sight, path: str) -> NDArray[np.bool_] | None:
    """Which files a path lets through; None when all are."""
    if not path:
        return None
    fits = path_filter(path)
    return np.array([fits(candidate) for candidate in in_time(sight.view.paths)], bool)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is told of a query, and in which order."""

    sight: Sight
    query: Query
    limit: int
    same_file: float
    is_filtered: bool
    draft: Draft

    def tell(self, found: Sequence[SearchHit], literals: Literals) -> None:
        """A name's definitions, lines that hold the query, and where another thing may be meant, what is ranked."""
        definitions = self._choose_definitions(found)
        is_path = any(hit.kind == "file" for hit in definitions)
        is_defined = any(is_meant_by(hit, self.query) for hit in definitions)
        is_sure = literals.is_sure or is_path or (is_defined and not self.query.text.islower())
        best = found[0].score if found else 1.0
        if is_defined:
            literals = self._tell_definitions(definitions, literals)
        if is_sure or literals.count <= FEW:
            self._tell_literals(literals, best)
        if not is_defined and (is_path or literals.is_use):
            self.draft.add_hits(tell(self.sight, definitions[:MOST_DEFINITIONS], self.query, key_lines=0))
        found = [hit for hit in found if hit.symbol not in self.draft.told]
        if not is_sure:
            self._tell_ranked(found, literals)
        elif literals.is_prose or (literals.is_name and not definitions):
            self.draft.weaker += choose_weaker(found, 0, self.query.style, self.same_file)[:MOST_LIKE]
        if not is_sure and literals.count > FEW:
            self._tell_literals(literals, best)

    def _choose_definitions(self, found: Sequence[SearchHit]) -> list[SearchHit]:
        """What a name or a path means: what code defines so, or else what tests and texts do with a body of its own."""
        if self.query.text.startswith("-"):
            return []  # an option: who declares it says so in the lines that hold it
        named = [hit for hit in found if hit.exact or (hit.kind != "file" and is_meant_by(hit, self.query))]
        if files := [hit for hit in named if hit.kind == "file"]:
            return files
        code = [hit for hit in named if not is_beside(self.sight.view, hit.symbol)]
        return code or [hit for hit in named if hit.kind not in {*MINOR_KINDS, "constant"}]

    def _tell_definitions(self, definitions: Sequence[SearchHit], literals: Literals) -> Literals:
        """The definitions of a name, each with the line that says so; the uses without these lines."""
        named = [replace(hit, exact=True) for hit in definitions]
        told = tell(self.sight, named[:MOST_DEFINITIONS], self.query, key_lines=0)
        told, literals = take_defining_lines(self.sight, told, literals)
        self.draft.add_hits(told, named[MOST_DEFINITIONS:])
        return literals

    def _tell_literals(self, literals: Literals, score: float) -> None:
        """Lines that hold the query: the first kind of them in the room that there is for all, others in the rest."""
        draft, used = self.draft, 0.0
        for literal in literals.found:
            share = LITERAL_ROOM if literal.is_sure else ASIDE_ROOM
            room = max(share * draft.budget - used, LEAST_ROOM * draft.budget)
            before = draft.page.used
            section, left = tell_literal(self.sight, literal, score, min(room, draft.page.room))
            draft.add(section)
            draft.lines_left += left
            used += draft.page.used - before
            if literal.is_sure and not literals.is_use:
                draft.first += section.hits

    def _tell_ranked(self, found: Sequence[SearchHit], literals: Literals) -> None:
        """Ranked hits: few, or only by name, where what was asked for is not there."""
        if self.is_filtered and not found and not literals.is_regex:
            return  # for the filter's sake, whatever the words
        # In an index that is not whole, or not looked through, nothing is said to be absent.
        is_whole = not (self.sight.doubt or literals.unread)
        unknown = [] if literals.found or not is_whole else unknown_words(self.sight.view, self.query)
        near = nearest_words(self.sight.view, unknown)
        known = len(content_words(self.query)) - len(unknown)
        if literals.is_regex and is_whole:
            self.draft.say(f"no line matches {_said(self.query.text)}")
        elif unknown and not known:
            self.draft.say(f"nothing matches: no file has {', '.join(map(_said, unknown))}{_near(near)}")
            self.draft.weaker += choose_weaker(found, 0, self.query.style, self.same_file)[:MOST_LIKE]
        elif literals.missing and is_whole:
            names = self.query.names if self.query.style == "name" else ()
            near = nearest_names(self.sight.view, names[-1]) if names else []
            self.draft.say(f"no line has {_said(literals.missing)}{_near(near)}; by likeness:")
            self.draft.add_hits(tell(self.sight, choose_strong(found[:MOST_LIKE], "text"), self.query))
        else:
            if unknown and len(unknown) >= known:
                self.draft.say(
                    f"no file has {', '.join(map(_said, unknown))}{_near(near)}; by the other words:"
                )
                found = found[:MOST_PARTLY]
            strong = choose_strong(found[: self.limit], self.query.style)
            weaker = choose_weaker(found, len(strong), self.query.style, self.same_file)
            self.draft.add_hits(tell(self.sight, strong, self.query), weaker)


def _said(text: str) -> str:
    return quote(truncate(text, TARGET_WIDTH))


def _near(names: Sequence[str]) -> str:
    return f"; nearest: {', '.join(map(quote_name, names))}" if names else ""


SEARCH = Tool(
    name="search",
    description=(
        "Exact text first, with every line; a name's definitions and uses; code by meaning, with key lines. "
        "Says so when nothing matches."
    ),
    help="Find exact text, names, or code by meaning.",
    ask=search,
)
