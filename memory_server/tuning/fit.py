"""The shipped vectors, trained on with the pairs of one repository: only words that stand in them move."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding

from indexers.embedding.embed import SHIPPED_MODEL, Vectors
from memory_server.tuning.dataset import Vocabulary, build_vocabulary, count_words, encode_pairs
from memory_server.tuning.model import save_model
from memory_server.tuning.pairs import CAPS, Pair, write_pairs
from memory_server.tuning.train import Recipe, train

RECIPE = Recipe(batch=256, grouped=0, epochs=4, learning_rate=0.002, length_power=1.0)
"""Gentler than the shipped model's: two fifths of its learning rate, and lengths, levelled already, stay.

Of three tried on flask, axum, sinatra, aiohttp and spdlog: at 0.001 and 3 epochs the ranking gained less on all but
aiohttp; at 0.003 and 5 epochs it gained as much or more, but the vectors alone lost on flask.
"""

NEW_WORD_TEXTS = 3
"""Texts that a word unknown to the shipped model must stand in to be learnt."""

_NEW_WORD_LENGTH = 0.01
"""Length that a new word's vector starts with: next to nothing beside the known ones', but with a direction."""


_LEAST_BATCH, _LEAST_STEPS = 16, 8
"""A batch of a small repository is smaller, so that an epoch has some steps, down to a size that has contrast."""


def fit_model(pairs: Sequence[Pair], out: Path, recipe: Recipe = RECIPE) -> None:
    """Train the shipped model on pairs and save it at ``out``; the same pairs give the same model."""
    torch.set_num_threads(1)  # beside other work, waiting for a second thread takes longer than it saves
    words, vectors = _read_shipped()
    known = {word: row for row, word in enumerate(words)}
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "pairs.parquet"
        write_pairs(file, list(pairs))
        counts, total = count_words([file])
        counts = Counter({w: n for w, n in counts.items() if w in known or n >= NEW_WORD_TEXTS})
        moving = build_vocabulary(counts, total, len(counts) + 1)
        data = encode_pairs([file], moving, tuple(CAPS))
    added = [word for word in moving.words if word not in known]
    known.update({word: len(words) + place for place, word in enumerate(added)})
    vectors = np.concatenate([vectors, _new_vectors(len(added), vectors.shape[1], recipe.seed)])
    rows = np.array([known[word] for word in moving.words])
    batch = min(recipe.batch, max(_LEAST_BATCH, len(data) // _LEAST_STEPS))
    vectors[rows] = train(data, moving, vectors[rows], replace(recipe, batch=batch))
    save_model(out, Vocabulary((*words, *added), np.zeros(0)), vectors)


def _read_shipped() -> tuple[list[str], Vectors]:
    """The shipped model's words in the order of their vectors, the unknown one first, and the vectors."""
    module = SentenceTransformer(str(SHIPPED_MODEL), device="cpu")[0]
    assert isinstance(module, StaticEmbedding)
    places = module.tokenizer.get_vocab()
    vectors = module.embedding.weight.detach().numpy().astype(np.float32)
    return sorted(places, key=places.__getitem__), vectors


def _new_vectors(count: int, dimensions: int, seed: int) -> Vectors:
    drawn = np.random.default_rng(seed).standard_normal((count, dimensions), np.float32)
    return np.asarray(_NEW_WORD_LENGTH * drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)
