"""What a client's log says was billed: one value a request, without its text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from indexers.transcripts.model import Usage


class Origin(IntEnum):
    """In which record a request was seen; the first is preferred to tell whose it is."""

    MAIN = 0
    SUBAGENT = 1
    PROGRESS = 2


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request belongs, as its line says; ``agent`` is empty for the main context."""

    session: str = ""
    project: str = ""
    branch: str = ""
    version: str = ""
    agent: str = ""
    origin: Origin = Origin.MAIN


@dataclass(frozen=True, slots=True)
class Billed:
    """A request that was billed, or as much of it as one file holds.

    ``time``: seconds since 1970 of its first line, None where no line has one. ``content``: characters that the reply
    shows. ``provisional``: the log's output count may be that of the stream's start.
    """

    id: str
    model: str
    time: float | None
    usage: Usage
    place: Place
    content: int = 0
    provisional: bool = False

    def merge(self, other: Billed) -> Billed:
        """The request with what another record of it says: the largest of each count, the preferred place.

        A record without the split of its writes does not make those of an hour count twice.
        """
        one, two = self.usage, other.usage
        long = max(one.write_1h, two.write_1h)
        usage = Usage(
            input=max(one.input, two.input),
            output=max(one.output, two.output),
            write_5m=max(one.write, two.write) - long,
            write_1h=long,
            read=max(one.read, two.read),
            web_searches=max(one.web_searches, two.web_searches),
            speed=one.speed or two.speed,
            tier=one.tier or two.tier,
            geography=one.geography or two.geography,
        )
        times = [time for time in (self.time, other.time) if time is not None]
        return Billed(
            self.id,
            self.model,
            min(times, default=None),
            usage,
            self.place if self.place.origin <= other.place.origin else other.place,
            max(self.content, other.content),
            self.provisional and other.provisional,
        )


@dataclass(frozen=True, slots=True)
class BilledFile:
    """The requests of a file from some place on.

    ``lines``: all that are whole; ``skips``: those with usage that do not count, the reason by place. ``offset``: where
    the next reading starts, the first line of the last request, so that a reply that is still being written is read
    whole; ``settled``: lines before it.
    """

    requests: tuple[Billed, ...]
    lines: int
    settled: int
    skips: dict[int, str]
    offset: int
