"""Settings: defaults, then ``.repo-memory.toml`` in the repository, then the environment; read once."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from memory_server.errors import ConfigError

FILE_NAME = ".repo-memory.toml"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StoreConfig(_Section):
    """Where the index lives; empty means inside the git common folder."""

    uri: str = ""


class IndexConfig(_Section):
    """What is indexed and with how much of the machine."""

    exclude: tuple[str, ...] = ()
    max_bytes: int = Field(default=1_000_000, gt=0)
    workers: int = Field(default=0, ge=0)


class EmbedderConfig(_Section):
    """Which embedding model, empty for the one that ships; on which device models run, empty for the best."""

    model: str = ""
    device: str = ""


class RerankerConfig(_Section):
    """Which cross-encoder orders the first ``hits`` of a search anew; empty means none."""

    model: str = ""
    hits: int = Field(default=20, ge=2, le=100)


class BudgetConfig(_Section):
    """Default token budgets of the replies."""

    search: int = Field(default=1_200, ge=100)
    read: int = Field(default=2_500, ge=100)
    outline: int = Field(default=1_200, ge=100)
    related: int = Field(default=800, ge=100)


class Config(_Section):
    """All settings."""

    store: StoreConfig = StoreConfig()
    index: IndexConfig = IndexConfig()
    embedder: EmbedderConfig = EmbedderConfig()
    reranker: RerankerConfig = RerankerConfig()
    budget: BudgetConfig = BudgetConfig()


_ENVIRONMENT = {
    "REPO_MEMORY_STORE": ("store", "uri"),
    "REPO_MEMORY_MODEL": ("embedder", "model"),
    "REPO_MEMORY_DEVICE": ("embedder", "device"),
    "REPO_MEMORY_RERANKER": ("reranker", "model"),
    "REPO_MEMORY_WORKERS": ("index", "workers"),
}


def load_config(root: Path) -> Config:
    """The settings for a repository.

    Raises:
        ConfigError: the file is not TOML, or holds an unknown or unfitting setting.
    """
    path = root / FILE_NAME
    data: dict[str, dict[str, object]] = {}
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    for variable, (section, key) in _ENVIRONMENT.items():
        if value := os.environ.get(variable):
            data.setdefault(section, {})[key] = value
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
