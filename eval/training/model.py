"""The trained model on disk: sentence-transformers' format, and a model card beside it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Split

from eval.training.dataset import UNKNOWN, Vocabulary
from indexers.embedding.embed import Vectors

_WORDS = r"[a-z]+|[^\W\d_a-z]+|\d+"
"""As ``indexers.terms.split_identifier`` splits, but for humps, which lowercasing has levelled."""

_CARD = Path(__file__).parent / "card.md"
_VARIANTS = Path(__file__).parent / "variants.md"
"""Figures of the variants that were tried when the recipe was chosen."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training run used: repositories, pairs by kind, and the recipe's values."""

    repositories: int
    kinds: Mapping[str, int]
    recipe: Mapping[str, object]


def build_tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """Runs of letters or of digits, lowercased; a word outside the vocabulary is the unknown one."""
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(vocabulary.words)}, UNKNOWN))
    tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = Split(Regex(_WORDS), "removed", invert=True)
    return tokenizer


def save_model(out: Path, vocabulary: Vocabulary, vectors: Vectors) -> None:
    """Save as sentence-transformers does, in float16."""
    save_static(out, build_tokenizer(vocabulary), vectors)


def save_static(out: Path, tokenizer: Tokenizer, vectors: Vectors) -> None:
    """Save token vectors (tokens, dimensions) and their tokenizer in place of what ``out`` holds."""
    if out.exists():
        shutil.rmtree(out)
    module = StaticEmbedding(tokenizer, embedding_weights=vectors.astype(np.float16))
    SentenceTransformer(modules=[module], device="cpu").save(str(out), create_model_card=False)
    (out / "model.safetensors").chmod(0o644)


def write_card(out: Path, outcome: Outcome, scores: Mapping[str, Mapping[str, float]]) -> None:
    """Fill the card's template with what was trained on and what was measured."""
    names = list(next(iter(scores.values()), {}))
    rows = [["vectors", *names], ["---", *("---:" for _ in names)]]
    rows += [[title, *(f"{values[name]:.3f}" for name in names)] for title, values in scores.items()]
    card = _CARD.read_text(encoding="utf-8").format(
        name=out.name,
        repositories=outcome.repositories,
        pairs=sum(outcome.kinds.values()),
        kinds="\n".join(f"| {kind} | {count:,} |" for kind, count in outcome.kinds.items()),
        variants=_VARIANTS.read_text(encoding="utf-8"),
        measured="\n".join(f"| {' | '.join(row)} |" for row in rows) if scores else "Not measured.",
        **outcome.recipe,
    )
    (out / "README.md").write_text(card, encoding="utf-8")
