"""A trained model on disk, in sentence-transformers' format."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Split

from indexers.embedding.embed import Vectors
from memory_server.tuning.dataset import UNKNOWN, Vocabulary

_WORDS = r"[a-z]+|[^\W\d_a-z]+|\d+"
"""As ``indexers.terms.split_identifier`` splits, but for humps, which lowercasing has levelled."""


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
