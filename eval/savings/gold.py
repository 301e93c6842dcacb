"""What has to be in the context, and how much of it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from indexers.history.changes import Target


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """A line of a tool's reply; where it shows a file's source, the path and, if it is told, the line's number."""

    text: str
    path: str = ""
    start_line: int = 0

    @property
    def end_line(self) -> int:
        """The line itself: a reply's line shows one line of source."""
        return self.start_line


def each_line(targets: Sequence[Target]) -> tuple[Target, ...]:
    """Every line of the targets as a target of its own, for gold that is known to the line."""
    lines = {(place.path, line) for place in targets for line in range(place.start_line, place.end_line + 1)}
    return tuple(Target(path, line, line) for path, line in sorted(lines))


class GoldTally:
    """The gold that is not in the context yet.

    A target without lines is there once any source of the file is shown, one with lines once any of them is shown with
    its number: the benchmark's own rule for a hit.
    """

    def __init__(self, targets: Sequence[Target]) -> None:
        self._total = len(targets)
        self._open = list(targets)
        self._by_path: dict[str, list[Target]] = {}

    @property
    def share(self) -> float:
        """The part of the targets that is in the context."""
        return 1 - len(self._open) / self._total

    def see(self, line: ReplyLine) -> bool:
        """Take a line into the context; true when it holds gold that was missing."""
        if not line.path:
            return False
        near = self._by_path.get(line.path)
        if near is None:
            near = [target for target in self._open if Target(target.path).is_hit(line)]
            self._by_path[line.path] = near
        found = [target for target in near if target.is_hit(line) and target in self._open]
        for target in found:
            near.remove(target)
            self._open.remove(target)
        return bool(found)
