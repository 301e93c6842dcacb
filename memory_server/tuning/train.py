"""Contrastive training of token vectors: symmetric in-batch negatives at several lengths of the vector."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers.sentence_transformer.modules import StaticEmbedding

from memory_server.tuning.dataset import Dataset, Texts, Vocabulary, iterate_batches
from memory_server.tuning.model import build_tokenizer

Floats = NDArray[np.float32]

_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that training depends on besides the pairs.

    ``words`` is the vocabulary's size, ``nested`` the lengths of the vector that are trained together. ``grouped`` of
    a batch's pairs are of one repository; dropouts are shares of tokens; the path's vector is added with
    ``path_weight`` for ``path_share`` of the documents. At the end, vectors' lengths are raised to ``length_power``.
    """

    words: int = 36_000
    dimensions: int = 256
    nested: tuple[int, ...] = (256, 128, 64)
    batch: int = 1_024
    grouped: int = 256
    epochs: int = 2
    learning_rate: float = 0.005
    warm_up: float = 0.1
    scale: float = 20.0
    document_dropout: float = 0.3
    query_dropout: float = 0.1
    path_weight: float = 1.0
    path_share: float = 0.5
    length_power: float = 0.6
    seed: int = 0


RECIPE = Recipe()
"""What the shipped model was trained with."""


class PathedEmbedding(StaticEmbedding):
    """A static embedding of content, to which the unit vector of a path's words is added where there is one."""

    def forward(self, features: dict[str, torch.Tensor], **_: object) -> dict[str, torch.Tensor]:
        """Fill ``sentence_embedding``: (texts, dimensions), not normalised."""
        vectors = self._mean(features["input_ids"], features["offsets"])
        if "path_ids" in features:
            paths = self._mean(features["path_ids"], features["path_offsets"])
            vectors = vectors + features["path_weights"][:, None] * paths
        features["sentence_embedding"] = vectors
        return features

    def _mean(self, ids: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.normalize(self.embedding(ids, offsets), dim=1)


def train(
    data: Dataset,
    vocabulary: Vocabulary,
    start: Floats,
    recipe: Recipe,
    report: Callable[[int, int, float], None] = lambda _step, _steps, _loss: None,
) -> Floats:
    """Train from ``start``: (words, dimensions); the unknown word's vector stays zero.

    The loop is the project's own because a trainer would tokenize every text again in each epoch, and has no
    place for paths, for batches by repository and for dropping tokens; the module is the library's.
    """
    torch.manual_seed(recipe.seed)
    generator = np.random.default_rng(recipe.seed)
    module = PathedEmbedding(build_tokenizer(vocabulary), embedding_weights=start)
    optimizer = torch.optim.Adam(module.parameters(), lr=recipe.learning_rate, fused=True)
    steps = recipe.epochs * (len(data) // recipe.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, steps, recipe.warm_up))
    step = 0
    for _ in range(recipe.epochs):
        for rows in iterate_batches(data, recipe.batch, recipe.grouped, generator):
            features = _features(data, _distinct(data, rows), recipe, generator)
            queries, documents = (module(each)["sentence_embedding"] for each in features)
            value = nested_loss(queries, documents, recipe.nested, recipe.scale)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(value)
            assert module.embedding.weight.grad is not None
            module.embedding.weight.grad[0] = 0
            optimizer.step()
            schedule.step()
            step += 1
            report(step, steps, float(value.detach()))
    return level_lengths(module.embedding.weight.detach().numpy(), recipe.length_power)


def nested_loss(
    queries: torch.Tensor, documents: torch.Tensor, lengths: Sequence[int], scale: float
) -> torch.Tensor:
    """The cross-entropy of picking each one's own among the batch's, both ways, summed over lengths of the vector.

    As sentence-transformers' ``MultipleNegativesRankingLoss`` in ``MatryoshkaLoss`` counts it, on two cores in a
    fraction of its time: that normalises and weighs the scores again and again.
    """
    total = torch.zeros(())
    for length in lengths:
        query = torch.nn.functional.normalize(queries[:, :length], dim=1)
        document = torch.nn.functional.normalize(documents[:, :length], dim=1)
        scores = scale * query @ document.T
        ways = (scores.logsumexp(dim=1) + scores.logsumexp(dim=0)) / 2
        total = total + (ways - scores.diagonal()).mean()
    return total


def level_lengths(vectors: Floats, power: float) -> Floats:
    """The same directions with lengths raised to a power: below 1, rare words weigh less beside the others."""
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _TINY)
    return np.asarray(vectors * lengths ** (power - 1), np.float32)


def _rate(step: int, steps: int, warm_up: float) -> float:
    rise = max(1, int(steps * warm_up))
    return (step + 1) / rise if step < rise else max(0.0, (steps - step) / max(1, steps - rise))


def _distinct(data: Dataset, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows whose query and document are not in the batch yet: an equal one would count as a wrong answer."""
    for texts in (data.queries, data.documents):
        seen: dict[bytes, int] = {}
        for row in rows.tolist():
            seen.setdefault(texts.ids[texts.starts[row] : texts.starts[row + 1]].tobytes(), row)
        seen.pop(b"", None)
        rows = np.fromiter(seen.values(), np.int64, len(seen))
    return rows


def _features(
    data: Dataset, rows: NDArray[np.int64], recipe: Recipe, generator: np.random.Generator
) -> list[dict[str, torch.Tensor]]:
    ids, offsets = _drop(data.queries, rows, recipe.query_dropout, generator)
    query = {"input_ids": ids, "offsets": offsets}
    ids, offsets = _drop(data.documents, rows, recipe.document_dropout, generator)
    path_ids, path_offsets = _drop(data.paths, rows, recipe.query_dropout, generator)
    weights = recipe.path_weight * (generator.random(len(rows)) < recipe.path_share)
    document = {
        "input_ids": ids,
        "offsets": offsets,
        "path_ids": path_ids,
        "path_offsets": path_offsets,
        "path_weights": torch.from_numpy(weights.astype(np.float32)),
    }
    return [query, document]


def _drop(
    texts: Texts, rows: NDArray[np.int64], share: float, generator: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and offsets of some texts; a share of the tokens becomes the unknown one, but never a text's first."""
    ids, starts = texts.take(rows)
    kept = np.flatnonzero(generator.random(len(ids), np.float32) >= share)
    firsts = starts[np.flatnonzero(starts < len(ids))]
    thinned = np.zeros_like(ids)
    thinned[kept], thinned[firsts] = ids[kept], ids[firsts]
    return torch.from_numpy(thinned), torch.from_numpy(starts.astype(np.int32))


def start_vectors(
    vocabulary: Vocabulary, recipe: Recipe, known: Callable[[Sequence[str]], Floats] | None = None
) -> Floats:
    """Vectors to start from: of ``known`` direction, else random; the rarer the word, the longer, up to 1."""
    generator = np.random.default_rng(recipe.seed)
    random = generator.standard_normal((len(vocabulary.words), recipe.dimensions), np.float32)
    random /= np.linalg.norm(random, axis=1, keepdims=True)
    if known is not None:
        given = known(vocabulary.words)
        random = np.where(given.any(axis=1, keepdims=True), given, random)
    rarity = -np.log(vocabulary.shares) / -math.log(vocabulary.shares.min())
    rarity[0] = 0
    return (random * rarity[:, None]).astype(np.float32)
