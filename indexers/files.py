"""Files that a repository provides: read only where they are regular files, and up to a size."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

SMALL = 1_000_000
"""Bytes that settings, ignore files, manifests and records may have."""

_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY"))
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


@contextmanager
def open_regular(path: str | os.PathLike[str], *, follow: bool = False) -> Iterator[BinaryIO]:
    """A regular file, opened to read; waits for no pipe or device, and follows a link only if told to.

    Raises:
        OSError: it is gone, cannot be read, or is no regular file.
    """
    descriptor, _ = _open(path, follow=follow)
    with os.fdopen(descriptor, "rb") as file:
        yield file


def read_head(path: str | os.PathLike[str], limit: int = SMALL, *, follow: bool = False) -> bytes:
    """At most ``limit`` bytes of a regular file, opened as `open_regular` does.

    Raises:
        OSError: it is gone, cannot be read, or is no regular file.
    """
    descriptor, size = _open(path, follow=follow)
    try:
        data = os.read(descriptor, wanted := min(size + 1, limit))
        while len(data) < min(size, wanted) and (more := os.read(descriptor, wanted - len(data))):
            data += more
        return data
    finally:
        os.close(descriptor)


def _open(path: str | os.PathLike[str], *, follow: bool) -> tuple[int, int]:
    """A descriptor of a regular file, and its size."""
    try:
        descriptor = os.open(path, _FLAGS if follow else _FLAGS | _NO_LINK)
    except ValueError as error:  # a null character
        raise OSError(errno.EINVAL, "Not a path", os.fspath(path).replace("\0", "?")) from error
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise OSError(errno.EISDIR, "Is a directory", os.fspath(path))
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "Not a regular file", os.fspath(path))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor, status.st_size


def read_regular(path: str | os.PathLike[str], limit: int = SMALL, *, follow: bool = False) -> bytes:
    """A regular file's bytes, as `read_head` reads them.

    Raises:
        OSError: it is gone, cannot be read, is no regular file, or is larger than ``limit`` bytes.
    """
    data = read_head(path, limit + 1, follow=follow)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"Larger than {limit:,} bytes", os.fspath(path))
    return data


def parse_json(data: bytes | str) -> object:
    """The value of a JSON text.

    Raises:
        ValueError: it is not JSON, or nested too deep to be read.
    """
    try:
        value: object = json.loads(data)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    return value
