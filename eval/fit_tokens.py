"""Fit the token estimator: ``python -m eval.fit_tokens FOLDER...`` prints weights and held-out error.

It needs Python 3.12 or newer with ``ctok`` (the reference counter), numpy and scipy; estimating needs none of
them. A third of the folders' files, chosen by the hash of their path, is held out.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha1
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexers.tokens import TOKEN_WEIGHTS, count_token_features

FAMILY, FRAME = "4.8", 6
"""The newest family that ctok knows, and the tokens it adds around a message."""

SUFFIXES = frozenset({
    ".css", ".erb", ".go", ".html", ".java", ".js", ".json", ".md", ".php", ".py",
    ".rb", ".rs", ".rst", ".sql", ".toml", ".ts", ".tsx", ".txt", ".yml",
})  # fmt: skip
FILES_PER_SUFFIX = 70
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
"""Texts that teach the fit scripts and long numbers, which code hardly uses."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A text with the reference's count; ``shape`` is slice, numbered (with line numbers), whole or rare."""

    text: str
    shape: str
    suffix: str
    held_out: bool
    tokens: int


def count_reference_tokens(text: str) -> int:
    """Tokens of ``text`` by ctok, without the message frame."""
    return int(import_module("ctok").token_count(text, FAMILY)) - FRAME


def iterate_texts(folder: Path, rng: random.Random) -> Iterator[tuple[Path, str, str]]:
    """Yield (path, shape, text) for a sample of files: a slice, the same numbered, the whole."""
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix in SUFFIXES and path.is_file()]
    rng.shuffle(paths)
    taken: dict[str, int] = {}
    for path in paths:
        if taken.get(path.suffix, 0) >= FILES_PER_SUFFIX or {".git", "node_modules"} & set(path.parts):
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        if not MINIMUM_LENGTH <= len(text) <= MAXIMUM_LENGTH:
            continue
        taken[path.suffix] = taken.get(path.suffix, 0) + 1
        lines = text.splitlines(keepends=True)
        first = rng.randrange(len(lines))
        cut = "".join(lines[first:])
        cut = (cut if len(cut) >= MINIMUM_LENGTH else text)[: rng.randint(MINIMUM_LENGTH, SLICE_LENGTH)]
        yield path, "slice", cut
        yield (
            path,
            "numbered",
            "".join(f"{n}\t{line}" for n, line in enumerate(cut.splitlines(True), first + 1)),
        )
        yield path, "whole", text


def read_samples(folders: list[Path]) -> list[Sample]:
    """Sample every folder with a fixed seed and count each text with the reference."""
    rng = random.Random(0)
    samples = [
        Sample(text, "rare", "", False, count_reference_tokens(text)) for text in RARE for _ in range(3)
    ]
    for folder in folders:
        for path, shape, text in iterate_texts(folder, rng):
            held_out = (
                sha1(str(path.relative_to(folder)).encode(), usedforsecurity=False).digest()[0] % 3 == 0
            )
            samples.append(Sample(text, shape, path.suffix, held_out, count_reference_tokens(text)))
    return samples


def fit_weights(features: NDArray[np.float64], tokens: NDArray[np.float64]) -> NDArray[np.float64]:
    """Non-negative weights that minimise the squared relative error."""
    solve = import_module("scipy.optimize").nnls
    weights: NDArray[np.float64] = solve(features / tokens[:, None], np.ones(len(tokens)))[0]
    return weights


def format_error(name: str, estimates: NDArray[np.float64], tokens: NDArray[np.float64]) -> str:
    """One line: texts, bias, mean and 95th percentile of the absolute relative error."""
    error = estimates / tokens - 1
    mean, p95 = np.abs(error).mean(), np.percentile(np.abs(error), 95)
    return f"{name:10} {len(tokens):5} texts  bias {error.mean():+.1%}  mean {mean:.1%}  p95 {p95:.1%}"


def main(folders: list[str]) -> None:
    """Print the weights, then the error on held-out files by shape and by suffix."""
    samples = [sample for sample in read_samples([Path(folder) for folder in folders]) if sample.tokens > 0]
    features = np.array([count_token_features(sample.text) for sample in samples], np.float64)
    tokens = np.array([sample.tokens for sample in samples], np.float64)
    held_out = np.array([sample.held_out for sample in samples])
    weights = fit_weights(features[~held_out], tokens[~held_out]).round(3)
    for key, weight in zip(TOKEN_WEIGHTS, weights, strict=True):
        sys.stdout.write(f"    {key}: {weight},\n".replace("'", '"'))
    estimates = features @ weights
    bytes_thirds = np.array([len(sample.text.encode()) / 3 for sample in samples])
    lines = [
        format_error("fitted on", estimates[~held_out], tokens[~held_out]),
        format_error("held out", estimates[held_out], tokens[held_out]),
        format_error("bytes/3", bytes_thirds[held_out], tokens[held_out]),
    ]
    for attribute in ("shape", "suffix"):
        groups = np.array([getattr(sample, attribute) for sample in samples])
        for group in sorted(set(groups[held_out])):
            chosen = held_out & (groups == group)
            lines.append(format_error(group, estimates[chosen], tokens[chosen]))
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
