"""Which model embeds a repository: the configured one, or the shipped one tuned to it, or as it ships.

A tuned model is kept in the repository's index folder. ``tuned.json`` names it and is replaced last:
whoever reads sees the old model or the new one, whole.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from indexers.embedding.embed import SHIPPED_MODEL, Embedder, load_embedder, static_model_id
from indexers.errors import EmbedderError
from indexers.files import parse_json, read_regular
from memory_server.config import EmbedderConfig
from memory_server.errors import StoreError
from memory_server.files import remove_entry, replace_file
from memory_server.index.folder import IndexFolder

MODEL_NAME = f"{SHIPPED_MODEL.name}-tuned"
"""What a tuned model is called, and with a checksum its id."""

_RECORD, _MODELS = "tuned.json", "models"


@dataclass(frozen=True, slots=True)
class TunedModel:
    """A tuned model: its folder within the index folder, and the id of the shipped model that it was trained from."""

    folder: str
    base: str

    @property
    def fits(self) -> bool:
        """Whether it was trained from the model that ships now."""
        return self.base == static_model_id(SHIPPED_MODEL)


def read_tuned(index: Path) -> TunedModel | None:
    """The tuned model of an index folder, of whichever base; None when there is none."""
    try:
        record = parse_json(read_regular(index / _RECORD))
    except (OSError, ValueError):
        return None
    match record:
        case {"folder": str(folder), "base": str(base)} if _is_ours(folder):
            return TunedModel(folder, base)
    return None


def _is_ours(folder: str) -> bool:
    """Whether a recorded folder is one that `keep_tuned` makes: below the models' folder, nowhere else."""
    parts = folder.split("/")
    return len(parts) == 3 and parts[0] == _MODELS and not {"", ".", ".."} & set(parts) and "\0" not in folder


def find_tuned(index: Path) -> Path | None:
    """The folder of the tuned model to use; None when there is none, or its base no longer ships."""
    tuned = read_tuned(index)
    found = tuned is not None and tuned.fits and (index / tuned.folder).is_dir()
    return index / tuned.folder if tuned is not None and found else None


def why_unused(index: Path, configured: str) -> str:
    """Why a tuned model that is there does not answer; empty when it does, or there is none."""
    tuned = read_tuned(index)
    if tuned is None:
        return ""
    if configured:
        return f"the settings name {configured}"
    if not tuned.fits:
        return f"it was trained from {tuned.base}, another one ships now"
    return "" if find_tuned(index) else "its files are gone"


def keep_tuned(folder: IndexFolder, model: Path) -> None:
    """Take a copy of a model as the tuned one, in place of an earlier one; the next sync embeds with it.

    Raises:
        StoreError: the index folder cannot be written.
    """
    folder.create()
    index = folder.path
    models = index / _MODELS
    try:
        models.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(dir=models))
        shutil.copytree(model, place / MODEL_NAME)
        record = TunedModel(f"{_MODELS}/{place.name}/{MODEL_NAME}", static_model_id(SHIPPED_MODEL))
        replace_file(index / _RECORD, json.dumps(asdict(record)).encode())
    except OSError as error:
        raise StoreError(f"cannot write {index}: {error.strerror}") from error
    for other in models.iterdir():
        if other != place:
            shutil.rmtree(other, ignore_errors=True)


def drop_tuned(folder: IndexFolder) -> bool:
    """Forget the tuned model, if there is one; the next sync embeds with the shipped one.

    Raises:
        StoreError: the index folder is not ours, or cannot be written.
    """
    folder.check()
    record = folder.path / _RECORD
    found = record.exists()
    try:
        remove_entry(record)
        remove_entry(folder.path / _MODELS)
    except OSError as error:
        raise StoreError(f"cannot write {folder.path}: {error.strerror}") from error
    return found


class EmbedderChoice:
    """The model of one tree, loaded at first use; thread-safe."""

    def __init__(self, index: Path, config: EmbedderConfig, given: Embedder | None = None) -> None:
        """Choose for the index folder ``index``; ``given`` takes the place of every other model."""
        self._index, self._config = index, config
        self._takes_tuned = given is None and not config.model
        self._embedder = given
        self._tuned: Path | None = None
        self._mutex = threading.Lock()

    @property
    def embedder(self) -> Embedder:
        """The model to embed with.

        Raises:
            EmbedderError: it cannot be loaded.
        """
        with self._mutex:
            if self._embedder is None:
                self._tuned = find_tuned(self._index) if self._takes_tuned else None
                model = str(self._tuned or self._config.model)
                try:
                    device, may_download = self._config.device or None, self._config.may_download
                    self._embedder = load_embedder(model or None, device, may_download)
                except EmbedderError as error:
                    error.hint = "run `repo-memory tune --undo`" if self._tuned else error.hint
                    raise
            return self._embedder

    def renew(self) -> None:
        """Let go of a model in whose place another process, tuning or undoing it, put another one."""
        with self._mutex:
            if self._takes_tuned and self._embedder and find_tuned(self._index) != self._tuned:
                self._embedder = None
