"""Time zones, of which the machine's own has no name that is sure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from eval.errors import MeasureError


class _Local(tzinfo):
    """The machine's own time zone, with each day's own offset."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        if moment is None:
            return timedelta(0)
        return moment.replace(tzinfo=None).astimezone().utcoffset() or timedelta(0)

    def dst(self, moment: datetime | None) -> timedelta:  # noqa: ARG002 - the offset has it in it
        return timedelta(0)

    def tzname(self, moment: datetime | None) -> str:  # noqa: ARG002
        return "local"

    def fromutc(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=UTC).astimezone().replace(tzinfo=self)


LOCAL = _Local()


def find_zone(name: str) -> tzinfo:
    """A time zone by its name; the machine's own without one.

    Raises:
        MeasureError: there is none of that name.
    """
    if not name:
        return LOCAL
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise MeasureError(f"no time zone {name}", "name one like Europe/Oslo or UTC") from error
