"""A folder's tree divided into its parts: as finely as a number of them allows, the heavy before the light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

FOLDER_ALONE, FILE_ALONE = 1 / 8, 1 / 2
"""Share of the weight from which folders are divided that a folder or a file has to have to be a part of its own.

Whoever made a folder meant a part; a file has to be as heavy as a folder to be one.
"""

BULK = 0.8
"""Share of a folder's weight from which the subfolder that holds it stands for the folder."""

HEADED = 2
"""Parts of a folder from which it has one of its own, even where nothing small is left for it."""

DEEPEST = 50
"""Folders inside each other that are divided; no code base has as many."""

_HALVINGS = 16
"""Steps of the bisection: finer ones change no division of a few thousand files."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a division: a file, a whole folder, or of a folder that is divided what is small, with its names.

    ``path`` is the folder that holds the bulk, inside or equal to ``top``; ``files`` are places among the paths.
    """

    path: str
    top: str
    files: tuple[int, ...]
    weight: float
    is_folder: bool
    is_divided: bool = False
    names: tuple[str, ...] = ()


@dataclass(slots=True)
class _Node:
    """A folder with what lies in it, or a file."""

    path: str
    weight: float = 0.0
    files: list[int] = field(default_factory=list)
    children: dict[str, _Node] = field(default_factory=dict)

    def name(self) -> str:
        name = self.path.rpartition("/")[2]
        return f"{name}/" if self.children else name


def divide(paths: Sequence[str], weights: Sequence[float], folder: str, most: int) -> list[Piece]:
    """The finest division of the files below a folder into at most ``most`` parts, in the order of the tree.

    One threshold makes a division: what is heavier is divided, what is much lighter is told of together with its
    neighbours. The threshold is found by bisection.
    """
    root = _grow(paths, weights, folder)
    low, high = 0.0, root.weight
    best = _cut(root, high)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        pieces = _cut(root, middle)
        if len(pieces) <= most:
            best, high = pieces, middle
        else:
            low = middle
    return best


def _grow(paths: Sequence[str], weights: Sequence[float], folder: str) -> _Node:
    root = _Node(folder)
    skipped = len(folder) + 1 if folder else 0
    for place, (path, weight) in enumerate(zip(paths, weights, strict=True)):
        node = root
        for name in (None, *path[skipped:].split("/")):
            if name is not None:
                above = f"{node.path}/" if node.path else ""
                node = node.children.setdefault(name, _Node(above + name))
            node.weight += weight
            node.files.append(place)
    return root


def _cut(node: _Node, limit: float, depth: int = 0) -> list[Piece]:
    """The parts of a folder that is divided: what is small in it, then the others."""
    pieces: list[Piece] = []
    small: list[_Node] = []
    for name in sorted(node.children):
        child = node.children[name]
        if child.children and child.weight > limit and depth < DEEPEST:
            pieces += _cut(child, limit, depth + 1)
        elif child.weight >= limit * (FOLDER_ALONE if child.children else FILE_ALONE):
            pieces.append(_whole(child))
        else:
            small.append(child)
    if not small and (len(pieces) < HEADED or len(node.children) == 1 or not node.path):
        return pieces
    folders_first = sorted(small, key=lambda child: (not child.children, -child.weight))
    rest = Piece(
        path=node.path,
        top=node.path,
        files=tuple(place for child in small for place in child.files),
        weight=sum(child.weight for child in small),
        is_folder=True,
        is_divided=True,
        names=tuple(child.name() for child in folders_first),
    )
    return [rest, *pieces]


def _whole(node: _Node) -> Piece:
    """A file, or a folder under the path of what holds its bulk."""
    bulk = node
    while bulk.children:
        inner = max(bulk.children.values(), key=lambda child: (bool(child.children), child.weight))
        if not inner.children or inner.weight < BULK * bulk.weight:
            break
        bulk = inner
    return Piece(bulk.path, node.path, tuple(node.files), node.weight, is_folder=bool(node.children))
