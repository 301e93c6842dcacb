"""Texts into vectors: the shipped static model with numpy alone, or any sentence-transformers model."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Protocol
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from indexers.embedding.pretrained import load_pretrained
from indexers.errors import EmbedderError
from indexers.files import parse_json, read_head, read_regular

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Vectors = NDArray[np.float32]

SHIPPED_MODEL = Path(__file__).parent / "models" / "static-code-v1"

_GATHERED_TOKENS = 16_384
"""Tokens up to which a text's vectors are gathered, 16 MB at 256 dimensions; beyond, they are counted."""

_BATCH = 1_024
"""Texts split into words at once."""

_KNOWN_WORDS = 500_000
"""Words whose token ids are kept, about 150 bytes each, before starting afresh."""

_ID = np.dtype("<u4")
_FLOATS = {"F16": "<f2", "F32": "<f4"}
_PROBE = ("read", "file2")
_TRANSFORMER_BATCH = 64
_SAMPLED_BYTES = 1 << 20
_LARGEST_FILE = 4 << 30
"""Bytes of a static model's file: millions of words."""


class Embedder(Protocol):
    """Turns texts into vectors of one length; ``id`` changes whenever the vectors would."""

    @property
    def id(self) -> str:
        """Name and content hash of the model."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed texts: (texts, dimensions), rows of length 1, or 0 for a text without known tokens."""

    def embed_query(self, text: str) -> Vectors:
        """Embed a question about texts: (dimensions,). Some models want to be told which of the two it is."""


def load_embedder(model: str | None, device: str | None = None, may_download: bool = True) -> Embedder:
    """Load the shipped model (None), a folder's static model, or any sentence-transformers name or folder.

    ``device`` is where a transformer runs (``cpu``, ``cuda``, ``mps``); None: the best there is. ``may_download``:
    whether a name that is not on the disk may be fetched.

    Raises:
        EmbedderError: A folder holds a static model that cannot be read.
    """
    folder = SHIPPED_MODEL if model is None else Path(os.path.expanduser(model))  # noqa: PTH111 - there may be no home
    if model is None or _find_static_module(folder) is not None:
        return StaticEmbedder(folder)
    name = str(folder) if folder.is_dir() else model
    return SentenceTransformerEmbedder(name, device, may_download=may_download)


def static_model_id(folder: Path) -> str:
    """The ``id`` of a folder's static model, without loading it.

    Raises:
        EmbedderError: The folder does not hold such a model, or its files cannot be read.
    """
    return _name_model(folder, *_read_files(folder)[1:])


class StaticEmbedder:
    """A sentence-transformers ``StaticEmbedding``: the mean of a text's token vectors, in numpy.

    Its vectors are those of ``SentenceTransformer(folder).encode``, normalised. The tokenizer sees each
    distinct word between blanks once, and its ids are kept; one that looks across blanks gets whole texts.

    Raises:
        EmbedderError: The folder does not hold such a model, or its files cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        module, tokenizer_json, weights = _read_files(folder)
        self._tokenizer = _read_tokenizer(tokenizer_json, module)
        truncation: dict[str, int] = self._tokenizer.truncation or {}
        self._limit = truncation.get("max_length")
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._vectors = _read_token_vectors(weights, module)
        if self._tokenizer.get_vocab_size() > len(self._vectors):
            raise EmbedderError(f"{module} has fewer vectors than its tokenizer has tokens")
        self._ids: dict[str, bytes] = {}
        self._by_word = self._tokenizes_by_word()
        self._id = _name_model(folder, tokenizer_json, weights)

    @property
    def id(self) -> str:
        """Folder name, and a checksum of tokenizer and weights, at a tenth of a hash's cost."""
        return self._id

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self._vectors.shape[1])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed texts; rows of length 1, or 0 for a text without known tokens."""
        sums = np.zeros((len(texts), self.dimensions), np.float32)
        for row, packed in enumerate(self._tokenize(texts)):
            ids = np.frombuffer(packed, _ID)
            if len(ids) > _GATHERED_TOKENS:
                counts = np.bincount(ids, minlength=len(self._vectors))
                sums[row] = counts.astype(np.float32) @ self._vectors
            elif len(ids):
                sums[row] = self._vectors.take(ids, axis=0).sum(axis=0)
        return _normalize(sums)

    def embed_query(self, text: str) -> Vectors:
        """Embed a question as any other text: a static model makes no difference."""
        vector: Vectors = self.embed([text])[0]
        return vector

    def _tokenize(self, texts: Sequence[str]) -> Iterator[bytes]:
        """Yield the token ids of each text, packed."""
        if len(self._ids) > _KNOWN_WORDS:
            self._ids = {}
        ids = self._ids if self._by_word else {}
        end = None if self._limit is None else self._limit * _ID.itemsize
        for first in range(0, len(texts), _BATCH):
            split = [text.split(" ") if self._by_word else [text] for text in texts[first : first + _BATCH]]
            self._learn(ids, {word for words in split for word in words})
            for words in split:
                yield b"".join(map(ids.__getitem__, words))[:end]

    def _learn(self, ids: dict[str, bytes], words: set[str]) -> None:
        """Add the words' token ids; a lone surrogate, which UTF-8 does not have, reads as a question mark."""
        unseen = sorted(words.difference(ids))
        clean = [word.encode("utf-8", "replace").decode() for word in unseen]
        for word, encoding in zip(
            unseen, self._tokenizer.encode_batch_fast(clean, add_special_tokens=False), strict=True
        ):
            ids[word] = np.array(encoding.ids, _ID).tobytes()

    def _tokenizes_by_word(self) -> bool:
        """Whether words have the same tokens after a blank as alone; byte-level ones do not."""
        ids: dict[str, bytes] = {}
        self._learn(ids, {*_PROBE, " ".join(_PROBE)})
        return ids[" ".join(_PROBE)] == b"".join(ids[word] for word in _PROBE)


class SentenceTransformerEmbedder:
    """Any sentence-transformers model by name or folder, loaded when first used, on CPU or GPU.

    Raises:
        EmbedderError: On first use, when the model is missing, broken or cannot be downloaded.
    """

    def __init__(self, name_or_path: str, device: str | None = None, *, may_download: bool = True) -> None:
        self._name, self._device, self._may_download = name_or_path, device, may_download
        self._mutex = RLock()

    @cached_property
    def id(self) -> str:
        """The model's name; for a folder, with a hash of each file's size, first and last megabyte."""
        folder = Path(self._name)
        if not folder.is_dir():
            return self._name
        content = blake2b(digest_size=6)
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            size = path.stat().st_size
            content.update(f"{path.relative_to(folder).as_posix()} {size}\n".encode())
            content.update(read_head(path, _SAMPLED_BYTES, follow=True))
            with path.open("rb") as file:
                file.seek(max(size - _SAMPLED_BYTES, 0))
                content.update(file.read(_SAMPLED_BYTES))
        return f"{folder.resolve().name}-{content.hexdigest()}"

    @cached_property
    def dimensions(self) -> int:
        """Length of a vector; loads the model."""
        return int(self._model.get_embedding_dimension())

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed texts, behind the model's prompt for documents if it has one; rows of length 1."""
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        return self._encode("encode_document", texts)

    def embed_query(self, text: str) -> Vectors:
        """Embed a question, behind the model's prompt for questions if it has one."""
        vector: Vectors = self._encode("encode_query", [text])[0]
        return vector

    def _encode(self, method: str, texts: Sequence[str]) -> Vectors:
        with self._mutex:  # a tokenizer serves one thread at a time
            encode = getattr(self._model, method)
            vectors = encode(list(texts), batch_size=_TRANSFORMER_BATCH, show_progress_bar=False)
        return _normalize(np.asarray(vectors, np.float32))

    @cached_property
    def _model(self) -> Any:  # noqa: ANN401
        return load_pretrained(
            "SentenceTransformer", self._name, self._device, EmbedderError, may_download=self._may_download
        )


def _find_static_module(folder: Path) -> Path | None:
    """The folder of a model's StaticEmbedding; None if there is none, or the model does more than that."""
    try:
        modules: Any = parse_json(read_regular(folder / "modules.json", follow=True))
        found = [(str(module["type"]).rpartition(".")[2], str(module["path"])) for module in modules]
    except OSError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise EmbedderError(f"{folder / 'modules.json'} cannot be read: {error!r}") from error
    if not found or found[0][0] != "StaticEmbedding" or any(name != "Normalize" for name, _ in found[1:]):
        return None
    return folder / found[0][1]


def _read_files(folder: Path) -> tuple[Path, bytes, bytes]:
    """A static model's own folder, its tokenizer's bytes and its weights'."""
    module = _find_static_module(folder)
    if module is None:
        raise EmbedderError(f"{folder} does not hold a static embedding model")
    try:
        tokenizer = read_regular(module / "tokenizer.json", _LARGEST_FILE, follow=True)
        return module, tokenizer, read_regular(module / "model.safetensors", _LARGEST_FILE, follow=True)
    except OSError as error:
        raise EmbedderError(f"{module} lacks a file of the model: {error}") from error


def _name_model(folder: Path, tokenizer_json: bytes, weights: bytes) -> str:
    return f"{folder.resolve().name}-{crc32(weights, crc32(tokenizer_json)):08x}"


def _read_tokenizer(data: bytes, folder: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_buffer(data)
    except ValueError as error:
        raise EmbedderError(f"{folder / 'tokenizer.json'} cannot be read: {error}") from error


def _read_token_vectors(data: bytes, folder: Path) -> Vectors:
    """Token vectors of a safetensors file: 8 bytes of header length, a JSON header, tensors."""
    try:
        start = 8 + struct.unpack_from("<Q", data)[0]
        header: Any = parse_json(data[8:start])
        tensor = header.get("embedding.weight") or header["embeddings"]
        first, last = tensor["data_offsets"]
        stored: NDArray[np.floating] = np.frombuffer(
            data[start + first : start + last], dtype=_FLOATS[tensor["dtype"]]
        )
        return stored.reshape(tensor["shape"]).astype(np.float32)
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise EmbedderError(f"{folder / 'model.safetensors'} cannot be read: {error!r}") from error


def _normalize(vectors: Vectors) -> Vectors:
    lengths: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32, copy=False)
