"""Which file of a tree an import names, in any language."""

from __future__ import annotations

from collections.abc import Sequence

from indexers.languages.registry import package_stems


class ModulePaths:
    """Files by the end of their path without suffix: how every language's imports name them."""

    def __init__(self, paths: Sequence[str], languages: Sequence[str]) -> None:
        """Lay out a tree's ``paths``, with one language each."""
        stems = package_stems()
        self.parts: list[tuple[str, ...]] = []
        self.by_last: dict[str, list[int]] = {}
        for index, path in enumerate(paths):
            *folders, name = path.split("/")
            parts = (*folders, name.split(".", 1)[0])
            if parts[-1] in stems and len(parts) > 1:
                parts = parts[:-1]
            self.parts.append(parts)
            self.by_last.setdefault(parts[-1].lower(), []).append(index)
        self.languages = languages
        self.cache: dict[tuple[str, str, str], int | None] = {}

    def find(self, text: str, source: int) -> int | None:
        """The file an import's text names, seen from file ``source``; None when none or several fit."""
        folder = "/".join(self.parts[source][:-1])
        key = (text, folder, self.languages[source])
        if key not in self.cache:
            self.cache[key] = self._find(text, source)
        return self.cache[key]

    def _find(self, text: str, source: int) -> int | None:
        words = [
            part for part in _split_module(text) if part not in ("", ".", "..", "*", "crate", "self", "super")
        ]
        for end in (len(words), len(words) - 1):
            if end < 1:
                break
            wanted = [word.lower() for word in words[:end]]
            candidates = [
                index for index in self.by_last.get(wanted[-1], ())
                if self.languages[index] == self.languages[source] and self._fits(index, wanted)
            ]  # fmt: skip
            if candidates:
                return self._nearest(candidates, source)
            if text.startswith((".", "/")) or end == len(words) == 1:
                break
        return None

    def _fits(self, index: int, wanted: list[str]) -> bool:
        parts = [part.lower() for part in self.parts[index]]
        length = min(len(wanted), len(parts))
        return parts[len(parts) - length :] == wanted[len(wanted) - length :]

    def _nearest(self, candidates: list[int], source: int) -> int | None:
        """The candidate that shares the longest path with the importing file."""

        def shared(index: int) -> int:
            pairs = zip(self.parts[index], self.parts[source], strict=False)
            return next((place for place, (a, b) in enumerate(pairs) if a != b), len(self.parts[source]))

        best = max(shared(index) for index in candidates)
        nearest = [index for index in candidates if shared(index) == best]
        return min(nearest, key=lambda index: (len(self.parts[index]), index)) if nearest else None


def _split_module(text: str) -> list[str]:
    """The parts of a module's name, without the suffix of a file's."""
    head, _, tail = text.rpartition("/")
    last = tail.rsplit(".", 1)[0] if head and "." in tail.strip(".") else tail
    joined = f"{head}/{last}" if head else text
    for mark in ("::", "\\", "."):
        joined = joined.replace(mark, "/")
    return joined.split("/")
