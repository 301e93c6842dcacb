"""Train the shipped model: ``python -m eval.training CLONES WORK``; see ``--help``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from eval.training.card import TrainingRun, write_card
from eval.training.corpus import Repository, benchmark_hashes, load_corpus
from eval.training.distil import distil_teacher
from eval.training.extract import extract_corpus, pairs_file
from eval.training.measure import measure_model, read_benchmark
from indexers.embedding.embed import SHIPPED_MODEL, StaticEmbedder
from memory_server.cli.terminal import say
from memory_server.tuning.dataset import build_vocabulary, count_words, encode_pairs
from memory_server.tuning.model import save_model
from memory_server.tuning.pairs import CAPS
from memory_server.tuning.train import RECIPE, start_vectors, train


def main(
    clones: Annotated[
        Path, typer.Argument(help="Folder of git clones, <owner>+<name>.git or <owner>+<name>/<git dir>.")
    ],
    work: Annotated[
        Path, typer.Argument(help="Folder for the pairs; those that it has are not extracted again.")
    ],
    out: Annotated[Path, typer.Option(help="Folder to write the model to.")] = SHIPPED_MODEL,
    labels: Annotated[
        Path | None, typer.Option(help="The benchmark's development split: repos.json, annotations/.")
    ] = None,
    checkouts: Annotated[Path | None, typer.Option(help="Its repositories, checked out as <name>/.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that extract pairs.")] = 2,
) -> None:
    """Extract pairs from the corpus, train on them, save the model with its card, and measure it."""
    corpus = load_corpus()
    excluded = benchmark_hashes(clones, _benchmark_revisions(labels))
    absent = extract_corpus(clones, corpus, excluded, work / "pairs", workers)
    if absent:
        say(
            f"no clone of {', '.join(absent)}: git clone --bare each into {clones}/<owner>+<name>.git",
            err=True,
        )
        raise typer.Exit(1)
    if not (work / "start").exists():
        distil_teacher(work / "start")
    run = _train(corpus, work, out)
    scores = {}
    if labels is not None and checkouts is not None:
        scores = measure_model(StaticEmbedder(out).embed, read_benchmark(labels, checkouts))
        say(json.dumps(scores, indent=2))
    write_card(out, run, scores)


def _benchmark_revisions(labels: Path | None) -> dict[str, str]:
    entries = json.loads((labels / "repos.json").read_text(encoding="utf-8")) if labels else []
    return {entry["repo"]: entry["revision"] for entry in entries}


def _train(corpus: list[Repository], work: Path, out: Path) -> TrainingRun:
    files = [pairs_file(work / "pairs", repository.name) for repository in corpus]
    vocabulary = build_vocabulary(*count_words(files), RECIPE.words)
    data = encode_pairs(files, vocabulary, tuple(CAPS))
    start = start_vectors(vocabulary, RECIPE, StaticEmbedder(work / "start").embed)
    vectors = train(data, vocabulary, start, RECIPE, _report)
    save_model(out, vocabulary, vectors)
    kinds = {kind: int((data.kinds == number).sum()) for number, kind in enumerate(CAPS)}
    return TrainingRun(len(corpus), kinds, asdict(RECIPE))


def _report(step: int, steps: int, loss: float) -> None:
    if step % 100 == 0 or step == steps:
        say(f"step {step:,} of {steps:,}: loss {loss:.3f}")


if __name__ == "__main__":
    typer.run(main)
