"""Settings, read once: defaults, then what the repository says, then what the user says, in a file and the environment.

A repository is whoever wrote it: what it says stays inside it.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from indexers.files import read_regular
from memory_server.errors import ConfigError
from memory_server.places import user_settings

FILE_NAME = ".repo-memory.toml"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StoreConfig(_Section):
    """Where the index lives; empty means inside the git common folder."""

    uri: str = ""


class IndexConfig(_Section):
    """What is indexed and with how much of the machine."""

    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    max_bytes: int = Field(default=1_000_000, gt=0)
    workers: int = Field(default=0, ge=0)


class _ModelConfig(_Section):
    model: str = ""
    _may_download: bool = PrivateAttr(default=True)

    @property
    def may_download(self) -> bool:
        """Whether the model may be fetched: the user named it, not the repository."""
        return self._may_download


class EmbedderConfig(_ModelConfig):
    """Which embedding model, empty for the one that ships; on which device models run, empty for the best."""

    device: str = ""


class RerankerConfig(_ModelConfig):
    """Which cross-encoder orders the first ``hits`` of a search anew; empty means none."""

    hits: int = Field(default=20, ge=2, le=100)


class NotesConfig(_Section):
    """Where notes lie that are committed with the code: a folder in the repository; empty: none are."""

    dir: str = ""


class BudgetConfig(_Section):
    """Default token budgets of the replies."""

    search: int = Field(default=1_200, ge=100)
    read: int = Field(default=2_500, ge=100)
    outline: int = Field(default=1_500, ge=100)
    related: int = Field(default=800, ge=100)
    recall: int = Field(default=1_000, ge=100)


class Config(_Section):
    """All settings."""

    store: StoreConfig = StoreConfig()
    index: IndexConfig = IndexConfig()
    embedder: EmbedderConfig = EmbedderConfig()
    reranker: RerankerConfig = RerankerConfig()
    budget: BudgetConfig = BudgetConfig()
    notes: NotesConfig = NotesConfig()


_ENVIRONMENT = {
    "REPO_MEMORY_STORE": ("store", "uri"),
    "REPO_MEMORY_MODEL": ("embedder", "model"),
    "REPO_MEMORY_DEVICE": ("embedder", "device"),
    "REPO_MEMORY_RERANKER": ("reranker", "model"),
    "REPO_MEMORY_WORKERS": ("index", "workers"),
}


_LARGEST = 100_000
"""Bytes of a file with settings."""

_MODELS = ("embedder", "reranker")
"""The sections that name a model."""

_Settings = dict[str, dict[str, Any]]
"""Values by section and name."""


def load_config(root: Path) -> Config:
    """The settings for the repository at ``root``; where the user says something, that holds.

    Raises:
        ConfigError: a file is not TOML, or holds an unknown or unfitting setting; the repository names a place outside.
    """
    root = Path(os.path.realpath(root))
    path = Path(os.path.realpath(root / FILE_NAME))
    if not path.is_relative_to(root):
        raise ConfigError(f"{root / FILE_NAME} is a link to the outside: {path}", "put a file in its place")
    given, own = _read_settings(path), _read_own_settings()
    if uri := given.get("store", {}).get("uri"):
        given["store"]["uri"] = _place_inside(root, uri, path)
    models = [
        name for name in _MODELS if given.get(name, {}).get("model") and "model" not in own.get(name, {})
    ]
    for name in models:
        given[name]["model"] = _model_inside(root, given[name]["model"], f"{path}: {name}.model")
    for settings, where in ((given, os.fspath(path)), (own, "your own settings")):
        if folder := settings.get("notes", {}).get("dir"):
            _check_notes(root, folder, where)
    merged = {name: {**given.get(name, {}), **own.get(name, {})} for name in {*given, *own}}
    config = Config.model_validate(merged)
    for name in models:
        getattr(config, name)._may_download = False
    return config


def _read_own_settings() -> _Settings:
    """What the user says, for all repositories, and in the environment."""
    settings = _read_settings(user_settings(), follow=True)
    for variable, (section, key) in _ENVIRONMENT.items():
        if value := os.environ.get(variable):
            _check({section: {key: value}}, variable)
            settings.setdefault(section, {})[key] = value
    return settings


def _read_settings(path: Path | None, *, follow: bool = False) -> _Settings:
    if path is None:
        return {}
    try:
        data = tomllib.loads(read_regular(path, _LARGEST, follow=follow).decode())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, RecursionError) as error:
        told = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{path}: {told}", f"fix {path}; the README lists every setting") from error
    _check(data, os.fspath(path))
    return data


def _check(data: _Settings, where: str) -> None:
    try:
        Config.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        told = f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise ConfigError(told, f"fix {where}; the README lists every setting") from error


def find_place(root: Path, name: str, setting: str) -> str:
    """A folder that a setting names, absolute, without links; a relative one is the repository's.

    Raises:
        ConfigError: it is no folder of this machine.
    """
    if "\0" in name or "://" in name:
        raise ConfigError(f"{setting} is no folder: {name[:80]!r}", "name a folder of this machine")
    try:
        return os.path.realpath(root / Path(name).expanduser())
    except RuntimeError as error:
        raise ConfigError(f"{setting} {name[:80]!r}: {error}", "name the folder by its whole path") from error


def _place_inside(root: Path, name: str, path: Path) -> str:
    """The folder for the index that the repository's settings name.

    Raises:
        ConfigError: it lies outside the repository.
    """
    place = find_place(root, name, f"{path}: store.uri")
    if not Path(place).is_relative_to(root):
        raise ConfigError(
            f"{path}: store.uri leads outside the repository: {place}", _name_it("REPO_MEMORY_STORE")
        )
    return place


def _check_notes(root: Path, name: str, where: str) -> None:
    """Refuse a folder for notes that is not a part of the repository.

    Raises:
        ConfigError: it lies outside, or is the repository itself.
    """
    place = Path(find_place(root, name, f"{where}: notes.dir"))
    if place == root or not place.is_relative_to(root) or ".git" in place.relative_to(root).parts:
        raise ConfigError(
            f"{where}: notes.dir is no folder in the repository: {place}", "name one, as in docs/notes"
        )


def _model_inside(root: Path, name: str, setting: str) -> str:
    """A model that the repository's settings name: the folder of one in it, or a name on the hub.

    Raises:
        ConfigError: it is a folder outside the repository.
    """
    place = Path(find_place(root, name, setting))
    is_path = name.startswith((".", "~")) or name.count("/") > 1 or Path(name).is_absolute()
    if not is_path and not os.path.lexists(root / name):
        return name
    if not place.is_relative_to(root):
        hint = _name_it("REPO_MEMORY_MODEL or REPO_MEMORY_RERANKER")
        raise ConfigError(f"{setting} leads outside the repository: {place}", hint)
    return os.fspath(place)


def _name_it(variable: str) -> str:
    return f"name it in your own settings, {user_settings() or 'config.toml'}, or in {variable}"
