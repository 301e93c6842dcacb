"""Fitting the ranking's constants."""

from __future__ import annotations

import numpy as np

from eval.retrieval.benchmark import Root
from eval.retrieval.fit import Case, cross_validate, fit, score_cases
from memory_server.query.question import read_query
from memory_server.query.rank import RANKING
from memory_server.query.signals import Candidates


def make_case(repository: str) -> Case:
    """A question whose wanted file is first by its name alone, among files that are first by their terms."""
    count = 12
    ones = np.ones(count, np.float32)
    first = np.zeros(count, np.float32)
    first[0] = 1
    terms = np.linspace(0.3, 1, count, dtype=np.float32)
    terms[0] = 0.1
    candidates = Candidates(
        symbols=np.arange(count), files=np.arange(count, dtype=np.int32),
        one_line=np.zeros(count, bool),
        kinds=["function"] * count, roles=[""] * count, lexical=terms, dense=0 * ones, named=0 * ones,
        importance=ones, file_lexical=0 * ones, file_dense=0 * ones, file_name=first, file_importance=ones,
    )  # fmt: skip
    return Case(repository, Root.BENCHMARK, read_query("a question"), candidates, (frozenset({0}),))


def test_fitting_raises_the_weight_of_what_tells_the_answer() -> None:
    cases = [make_case("one"), make_case("two")]
    start = RANKING.reweighted({"file_name": 0.5})
    fitted = fit(cases, start)
    assert score_cases(cases, start).mean() < score_cases(cases, fitted).mean() == 1.0
    before, after = start.weights, fitted.weights
    assert after["file_name"] / after["lexical"] > before["file_name"] / before["lexical"]
    assert after["dense_text"] == before["dense_text"]


def test_a_fold_is_scored_by_constants_that_did_not_see_it() -> None:
    cases = [make_case(name) for name in ("a", "b", "c", "d", "e")]
    assert cross_validate(cases, RANKING.reweighted({"file_name": 0.5})).tolist() == [1.0] * 5
