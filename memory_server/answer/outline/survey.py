"""What the index says of a folder's architecture: parts, what is central in each, what uses what, what lies beside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np

from indexers.languages.registry import package_stems
from indexers.model import SkipReason
from indexers.summarize import first_sentence
from memory_server.answer.outline.architecture import Architecture, Beside, Part, entry_text
from memory_server.answer.outline.division import BULK, Piece, divide
from memory_server.answer.outline.links import Links, count_code, shorten
from memory_server.answer.outline.manifests import NO_MANIFEST, Manifest, first_statement, read_manifests
from memory_server.index.view import View
from memory_server.query.targets import describe_symbol
from memory_server.visible import quote_path

MAIN = "main"
"""What a function is called that starts a program."""

PROGRAM_FOLDERS = frozenset({"cmd", "bin"})
"""What a folder is called that holds programs."""

_ROLES = {
    "tests": "tests", "documents": "docs", "examples": "examples and benchmarks", "copies": "vendored or built",
    "legacy": "kept for old callers", "declarations": "declarations",
}  # fmt: skip
"""What the files of a role are called; source, and that of other systems, is told in parts."""


@dataclass(frozen=True, slots=True)
class _Sources:
    """The files that an architecture is made of, by place in the view.

    Each weighs as much as the root of how much code it has, or a long file would outweigh a folder.
    """

    places: list[int]
    weights: list[float]
    are_plain: bool
    """Whether they are plain source, and not tests or the like."""


def survey(
    view: View, inside: Sequence[int], folder: str, most: int, read: Callable[[str], str]
) -> Architecture:
    """The architecture of the files ``inside`` a folder in at most ``most`` parts; ``read`` gives a file's text.

    Files without any code have no parts.
    """
    above = f"{folder}/" if folder else ""
    own = [path for place in inside if "/" not in (path := view.paths[place]).removeprefix(above)]
    sources = _find_sources(view, inside)
    pieces = divide([view.paths[place] for place in sources.places], sources.weights, folder, most)
    manifests = read_manifests(own, view.language_counts(sources.places), read)
    docs = _find_docs(view, inside)
    about = _tell_about(manifests, own, read)
    speakers = [] if about.description else docs.get(folder, [])
    if said := next(filter(None, (_file_doc(view, place) for place in speakers)), ""):
        about = Manifest(about.path or view.paths[speakers[0]], about.name, said)
    if not sources.places:
        return Architecture(about)
    return Architecture(
        manifest=about,
        entries=_find_entries(view, sources, manifests),
        parts=_tell_parts(view, sources, pieces, docs, folder),
        beside=_count_beside(view, inside, sources, above),
    )


def _find_sources(view: View, inside: Sequence[int]) -> _Sources:
    """Plain source with code, in any language in which the tree has some; else all files, where some have code."""
    defined = count_code(view)
    languages = view.files["language"].to_pylist()
    code = {languages[place] for place in np.flatnonzero(defined).tolist()} - {""}
    plain = [place for place in inside if view.roles[place] not in _ROLES and languages[place] in code]
    places = plain or (list(inside) if defined[list(inside)].any() else [])
    return _Sources(places, np.sqrt(defined[places]).tolist(), bool(plain))


def _tell_about(manifests: Sequence[Manifest], own: Sequence[str], read: Callable[[str], str]) -> Manifest:
    """The first manifest, with the README's first sentence where no manifest describes the folder."""
    readme = next((path for path in own if _is_readme(path)), "")
    best = manifests[0] if manifests else None
    if best is not None and best.description:
        return best
    name = best.name.rpartition("/")[2] if best is not None else ""
    statement = first_statement(read(readme), name) if readme else ""
    if best is None:
        return Manifest(readme, description=statement) if statement else NO_MANIFEST
    described = next((one.description for one in manifests if one.description), "")
    return replace(best, description=statement or described)


def _is_readme(path: str) -> bool:
    return path.rpartition("/")[2].lower().startswith("readme")


def _find_entries(view: View, sources: _Sources, manifests: Sequence[Manifest]) -> tuple[str, ...]:
    """What the manifests start, then the main functions and modules, the outermost files first."""
    declared = [entry_text(name, starts) for manifest in manifests for name, starts in manifest.entries]
    files = set(sources.places)
    mains = {
        place: symbol
        for symbol in view.by_name.get(MAIN, ())
        if (place := int(view.file_of[symbol])) in files
        and view.names[symbol] in (MAIN, MAIN.capitalize())
        and (view.kinds[symbol] == "function" or "static" in view.text("signature", symbol))
        and not view.in_tests[symbol]
    }
    modules = [place for place in sources.places if _stem(view.paths[place]) == f"__{MAIN}__"]
    found = sorted({*mains, *modules}, key=lambda place: _rank_entry(view.paths[place]))
    placed = (
        quote_path(view.paths[place], f":{view.start_line[mains[place]]}" if place in mains else "")
        for place in found
    )
    return tuple(dict.fromkeys([*declared, *placed]))


def _rank_entry(path: str) -> tuple[bool, int, str]:
    """Files and folders that are called as what starts programs come first, then the outermost."""
    is_named = MAIN in _stem(path) or not PROGRAM_FOLDERS.isdisjoint(path.split("/"))
    return not is_named, path.count("/"), path


def _stem(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0]


def _tell_parts(
    view: View, sources: _Sources, pieces: Sequence[Piece], docs: Mapping[str, list[int]], told: str
) -> tuple[Part, ...]:
    """The pieces as parts; what is said of the ``told`` folder itself is told already."""
    part_of = np.full(len(view.paths), -1, np.int64)
    for number, piece in enumerate(pieces):
        part_of[[sources.places[file] for file in piece.files]] = number
    plain = np.array([role not in _ROLES for role in view.roles], bool)
    heard = plain[view.file_of] & ~view.in_tests if sources.are_plain else np.ones(len(view), bool)
    links = Links(view, part_of, heard)
    headed = {piece.path for piece in pieces if piece.is_divided}
    shown = shorten([piece.top for piece in pieces])
    found = zip(pieces, links.central(), links.important(), links.uses(), strict=True)
    return tuple(
        Part(
            path=piece.path,
            files=len(piece.files),
            weight=piece.weight,
            is_folder=piece.is_folder,
            is_divided=piece.is_divided,
            names=piece.names,
            doc="" if piece.path == told else _doc_of(view, piece, sources, docs, headed),
            central=tuple(
                replace(describe_symbol(view, symbol), name=name)
                for name, symbol in (central or important).items()
            ),
            is_used=bool(central),
            uses=tuple(shown[other] for other in used if shown[other]),
        )
        for piece, central, important, used in found
    )


def _find_docs(view: View, inside: Iterable[int]) -> dict[str, list[int]]:
    """Of each folder the files that speak for it: its package's, then its README."""
    found: dict[str, list[tuple[bool, int]]] = {}
    for place in inside:
        folder, _, name = view.paths[place].rpartition("/")
        stem = name.partition(".")[0]
        is_readme = _is_readme(name)
        if is_readme or stem in package_stems() or (stem and stem in ("doc", folder.rpartition("/")[2])):
            found.setdefault(folder, []).append((is_readme, place))
    return {folder: [place for _, place in sorted(places)] for folder, places in found.items()}


def _file_doc(view: View, place: int) -> str:
    """The first sentence of what a file says of itself."""
    return first_sentence(view.text("doc", int(view.first[place])))


def _doc_of(
    view: View, piece: Piece, sources: _Sources, docs: Mapping[str, list[int]], headed: Set[str]
) -> str:
    """What is said of a part: by a file, or of folders from that of its bulk outwards; nothing that its folder says."""
    if not piece.is_folder:
        folder, place = piece.path.rpartition("/")[0], sources.places[piece.files[0]]
        return "" if folder in headed and place in docs.get(folder, ()) else _file_doc(view, place)
    folders = [piece.path]
    while folders[-1] != piece.top:
        folders.append(folders[-1].rpartition("/")[0])
    said = (_file_doc(view, place) for folder in folders for place in docs.get(folder, ()))
    return next(filter(None, said), "")


def _count_beside(view: View, inside: Sequence[int], sources: _Sources, above: str) -> tuple[Beside, ...]:
    """The files that are no part, by what they are, and the generated ones that are not indexed."""
    told = set(sources.places)
    languages = view.files["language"].to_pylist()
    keyed = np.unique(view.file_of[view.kinds.are_in(("key",))])
    settings = {languages[place] for place in keyed.tolist()} - {""}
    groups: dict[str, list[str]] = {}
    for place in inside:
        if place not in told:
            plain = "configuration" if languages[place] in settings else "other"
            groups.setdefault(_ROLES.get(view.roles[place], plain), []).append(view.paths[place])
    generated = [
        path
        for path, entry in view.manifest.items()
        if entry.skipped == SkipReason.GENERATED and path.startswith(above)
    ]
    groups |= {"generated": generated} if generated else {}
    order = (*_ROLES.values(), "configuration", "generated", "other")
    return tuple(
        Beside(what, len(paths), _hold_most(paths, above))
        for what in order
        if (paths := groups.get(what))
    )  # fmt: skip


def _hold_most(paths: Sequence[str], above: str) -> tuple[str, ...]:
    """The innermost folder that holds the bulk of some files below one, or else the two that hold the most."""
    inner = above
    while True:
        rests = [path.removeprefix(inner) for path in paths]
        counts = Counter(rest.partition("/")[0] for rest in rests if "/" in rest)
        best = sorted(counts, key=lambda name: (-counts[name], name))[:2]
        if not best or counts[best[0]] < BULK * len(paths):
            break
        inner = f"{inner}{best[0]}/"
        paths = [path for path in paths if path.startswith(inner)]
    if inner != above:
        return (inner.rstrip("/"),)
    return tuple(f"{above}{name}" for name in best if counts[name] > 1)
