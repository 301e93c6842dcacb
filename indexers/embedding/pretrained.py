"""Models that sentence-transformers loads: a folder, a name that was downloaded before, or one on the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from indexers.errors import ModelError

ModelClass = Literal["SentenceTransformer", "CrossEncoder"]

_OWNERS = {"SentenceTransformer": "sentence-transformers", "CrossEncoder": "cross-encoder"}
"""Whose models sentence-transformers means by a name without an owner."""

_INSTALL = "install torch beside repo-memory, as the README describes"
_CONNECT_SECONDS = 5.0
_MESSAGE_LIMIT = 300


def load_pretrained(
    model_class: ModelClass,
    name_or_path: str,
    device: str | None,
    failure: type[ModelError],
    *,
    may_download: bool = True,
) -> Any:  # noqa: ANN401 - an object of sentence-transformers
    """Load a model, without the network where it is on the disk, on ``device`` or the best there is.

    A name that is not on the disk is downloaded, if it may be, once the hub is seen to answer: the hub's own client
    repeats every request for half a minute.

    Raises:
        ModelError: as ``failure``: the model is missing or broken, the hub or the device is out of reach.
    """
    on_disk = _is_on_disk(model_class, name_or_path, failure, may_download)
    try:
        import sentence_transformers
        from safetensors import SafetensorError
        from transformers.utils import logging
    except (ImportError, OSError, RuntimeError) as error:  # OSError: a library of torch's is missing
        raise failure(f"the model {name_or_path} needs PyTorch: {_one_line(error)}", _INSTALL) from error
    # Reading weights takes a moment and needs no bar; downloads still show theirs.
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    make = getattr(sentence_transformers, model_class)
    try:
        if on_disk:
            return _load(make, name_or_path, device, failure, may_download)
        return make(name_or_path, device=device)
    except (
        AssertionError,  # torch without support for the device
        AttributeError,
        KeyError,
        OSError,
        RuntimeError,
        SafetensorError,
        TypeError,
        ValueError,
    ) as error:
        raise failure(f"the model {name_or_path} cannot be loaded: {_one_line(error)}") from error


def _is_on_disk(model_class: ModelClass, name: str, failure: type[ModelError], may_download: bool) -> bool:
    """Whether a model can be loaded without the network; the quick way to a refusal, before PyTorch is imported."""
    if Path(name).is_dir():
        odd = next((path for path in Path(name).rglob("*") if not path.is_file() and not path.is_dir()), None)
        if odd is not None:
            raise failure(f"there is no model in {name}: {odd} is no file")
        return True
    if name.count("/") > 1 or name.startswith((".", "~")):
        raise failure(f"there is no model in {name}: no such folder")
    if _was_downloaded(name if "/" in name else f"{_OWNERS[model_class]}/{name}"):
        return True
    _check_hub(name, failure, may_download)
    return False


def _was_downloaded(name: str) -> bool:
    """Whether the first file that sentence-transformers asks for is on the disk, or known not to exist."""
    from huggingface_hub import try_to_load_from_cache

    return try_to_load_from_cache(name, "modules.json") is not None


def _load(
    make: Any,  # noqa: ANN401 - a class of sentence-transformers
    name: str,
    device: str | None,
    failure: type[ModelError],
    may_download: bool,
) -> Any:  # noqa: ANN401
    """Load what is on the disk; a download that was broken off is completed."""
    try:
        return make(name, device=device, local_files_only=True)
    except (OSError, ValueError):
        if Path(name).is_dir():
            raise
    _check_hub(name, failure, may_download)
    return make(name, device=device)


def _check_hub(name: str, failure: type[ModelError], may_download: bool) -> None:
    """Ask the hub for anything, once, if it may be asked."""
    if not may_download:
        told = f"the model {name} is not on this machine, and is not fetched for settings that came with a repository"
        raise failure(
            told, "name it in your own settings or in the environment, as the README says, or download it"
        )
    import ssl
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    from huggingface_hub import constants

    hint = "connect to the internet once, or name a folder that holds the model"
    if constants.HF_HUB_OFFLINE:
        raise failure(f"the model {name} is not on this machine, and HF_HUB_OFFLINE is set", hint)
    try:
        with urlopen(Request(constants.ENDPOINT, method="HEAD"), timeout=_CONNECT_SECONDS):
            return
    except HTTPError:
        return
    except OSError as error:
        if isinstance(error, URLError) and isinstance(error.reason, ssl.SSLError):
            return  # it answers; the hub's client has certificates of its own
        message = f"the model {name} is not on this machine, and {constants.ENDPOINT} cannot be reached"
        raise failure(message, hint) from error


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _MESSAGE_LIMIT else f"{text[:_MESSAGE_LIMIT]}..."
