"""Fit the token estimator: ``python -m eval.tokens.fit FOLDER...`` prints both families' weights and their errors.

It needs Python 3.12 or newer with the extra ``exact`` (ctok, which counts what is fitted to) and scipy. Each folder is
a repository. The weights are fitted on all of them; the errors are those on each repository of weights that were
fitted on the others.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from eval.console import exit_on_error
from eval.tokens.count import ctok_counter
from indexers.languages.registry import find_language
from indexers.tokens import FAMILIES, TOKEN_WEIGHTS, count_token_features
from memory_server.cli.terminal import say

TEXT_SUFFIXES = frozenset({".rst", ".txt"})
"""Of texts in no language that the indexer parses."""

FILES_PER_LANGUAGE = 20
"""Of one repository: else the largest ones, and their configuration files, would be all that is fitted."""

MINIMUM_LENGTH, SLICE_LENGTH, MAXIMUM_LENGTH = 200, 5_000, 60_000
RARE = (
    "Функция возвращает список файлов, которые изменились с последнего запуска.",  # noqa: RUF001
    "这个函数返回自上次运行以来更改的文件列表。",
    "この関数は前回の実行以降に変更されたファイルのリストを返します。",
    "이 함수는 마지막 실행 이후 변경된 파일 목록을 반환합니다.",
    "Diese Funktion gibt die geänderten Dateien zurück, für die größere Prüfungen nötig wären.",
    "Cette méthode renvoie la liste des fichiers modifiés depuis la dernière exécution à l'été.",
    "هذه الدالة تعيد قائمة الملفات التي تغيرت منذ آخر تشغيل.",
    "1718023456789 9007199254740991 3.141592653589793 20260131235959 4294967295 602214076000",
)
"""Texts that teach the fit scripts and long numbers, which code hardly uses; they count for no error."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """A text; ``shape`` is slice, numbered (with line numbers), whole or rare, ``repository`` empty where rare."""

    repository: str
    language: str
    shape: str
    text: str


def sample_files(folder: Path, rng: random.Random) -> Iterator[Sample]:
    """A slice, the same numbered, and the whole of a sample of a repository's files."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    rng.shuffle(paths)
    taken: Counter[str] = Counter()
    for path in paths:
        found = find_language(path.relative_to(folder).as_posix())
        language = found.name if found else "text" if path.suffix in TEXT_SUFFIXES else ""
        if not language or taken[language] >= FILES_PER_LANGUAGE or ".git" in path.parts:
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        if not MINIMUM_LENGTH <= len(text) <= MAXIMUM_LENGTH:
            continue
        taken[language] += 1
        lines = text.splitlines(keepends=True)
        first = rng.randrange(len(lines))
        cut = "".join(lines[first:])
        cut = (cut if len(cut) >= MINIMUM_LENGTH else text)[: rng.randint(MINIMUM_LENGTH, SLICE_LENGTH)]
        numbered = "".join(f"{n}\t{line}" for n, line in enumerate(cut.splitlines(keepends=True), first + 1))
        for shape, shown in (("slice", cut), ("numbered", numbered), ("whole", text)):
            yield Sample(folder.name, language, shape, shown)


def fit_weights(features: Floats, tokens: Floats) -> Floats:
    """Non-negative weights that minimise the squared relative error."""
    solve = import_module("scipy.optimize").nnls
    weights: Floats = solve(features / tokens[:, None], np.ones(len(tokens)))[0]
    return weights


def cross_validate(features: Floats, tokens: Floats, repositories: NDArray[np.str_]) -> Floats:
    """Relative errors of each text's estimate by weights that were fitted without its repository."""
    estimates = np.zeros(len(tokens))
    for name in np.unique(repositories):
        own = repositories == name
        estimates[own] = features[own] @ fit_weights(features[~own], tokens[~own])
    errors: Floats = estimates / tokens - 1
    return errors


def format_error(name: str, errors: Floats) -> str:
    """One line: texts, bias, mean and 95th percentile of the absolute relative error."""
    mean, high = np.abs(errors).mean(), np.percentile(np.abs(errors), 95)
    return f"{name:16} {len(errors):5} texts  bias {errors.mean():+.1%}  mean {mean:.1%}  p95 {high:.1%}"


def format_errors(samples: Iterable[Sample], errors: Floats) -> list[str]:
    """Lines of all errors, and by shape, language and repository; rare texts have none."""
    kept = [(sample, error) for sample, error in zip(samples, errors, strict=True) if sample.repository]
    lines = [format_error("all", np.array([error for _, error in kept]))]
    for attribute in ("shape", "language", "repository"):
        groups: dict[str, list[float]] = {}
        for sample, error in kept:
            groups.setdefault(getattr(sample, attribute), []).append(error)
        lines += [format_error(name, np.array(found)) for name, found in sorted(groups.items())]
    return lines


def main(
    folders: Annotated[list[Path], typer.Argument(help="Folders, each of which is a repository.")],
) -> None:
    """Print each pattern's weights in the newest and in the older family, then each family's errors."""
    with exit_on_error():
        say(fit_report(folders))


def fit_report(folders: Iterable[Path]) -> str:
    """The weights as rows of the estimator's table, and the errors of each family.

    Raises:
        MeasureError: ctok is not installed.
    """
    rng = random.Random(0)
    samples = [Sample("", "", "rare", text) for text in RARE for _ in range(3)]
    for folder in folders:
        samples += sample_files(folder, rng)
    features = np.array([count_token_features(sample.text) for sample in samples], np.float64)
    repositories = np.array([sample.repository for sample in samples])
    weights, lines, totals = [], [], []
    for family in FAMILIES:
        counter = ctok_counter(family)
        tokens = np.array([counter.count(sample.text) for sample in samples], np.float64)
        weights.append(fit_weights(features, tokens).round(3))
        totals.append(tokens.sum())
        errors = cross_validate(features, tokens, repositories)
        lines += ["", f"models {family.name}: {counter.error_band}", *format_errors(samples, errors)]
    table = [
        f"    {key}: ({newest}, {older}),".replace("'", '"')
        for key, newest, older in zip(TOKEN_WEIGHTS, *weights, strict=True)
    ]
    lines.append(f"\nthe newest family's tokens for one of the older: {totals[0] / totals[1]:.3f}")
    return "\n".join([*table, *lines])


if __name__ == "__main__":
    typer.run(main)
