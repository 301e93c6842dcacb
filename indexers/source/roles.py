"""What each file of a tree is other than source: by its own path, and by what else is in the tree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from indexers.languages.registry import path_role

_VERSION = re.compile(r"v(\d+)")
_COMMON = 4
"""Files that a version's folder shares with the folder around it, to count as kept beside what replaced it."""


def find_roles(paths: Sequence[str]) -> list[str]:
    """Every path's role as in ``PATH_ROLES``; what a newer version in the tree replaced is ``legacy`` too."""
    replaced = tuple(f"{folder}/" for folder in _replaced_folders(paths))
    return [path_role(path) or ("legacy" if path.startswith(replaced) else "") for path in paths]


def _replaced_folders(paths: Iterable[str]) -> frozenset[str]:
    """Folders ``vN`` beside a ``vM`` with a higher number, or most of whose files stand in the folder around too."""
    names = _names_by_folder(paths)
    highest: dict[str, int] = {}
    versions: dict[str, tuple[str, int]] = {}
    for folder in names:
        parent, _, name = folder.rpartition("/")
        if match := _VERSION.fullmatch(name):
            versions[folder] = parent, int(match[1])
            highest[parent] = max(highest.get(parent, 0), int(match[1]))
    return frozenset(
        folder
        for folder, (parent, number) in versions.items()
        if number < highest[parent]
        or (
            len(common := names[folder] & names.get(parent, set())) >= _COMMON
            and 2 * len(common) > len(names[folder])
        )
    )


def _names_by_folder(paths: Iterable[str]) -> Mapping[str, set[str]]:
    """The names of each folder's own files; a folder that holds only folders has none."""
    names: dict[str, set[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        names.setdefault(folder, set()).add(name)
        while folder and (folder := folder.rpartition("/")[0]) not in names:
            names[folder] = set()
    return names
