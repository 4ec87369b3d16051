"""Instants: milliseconds since the epoch in code, RFC 3339 UTC with milliseconds in events."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Final

from msgspec import Meta

PATTERN = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$"

Instant = Annotated[
    str,
    Meta(
        pattern=PATTERN,
        description="RFC 3339, UTC, with milliseconds.",
        examples=["2025-12-23T08:30:00.000Z"],
        extra_json_schema={"format": "date-time"},
    ),
]

EARLIEST: Final = 0
LATEST: Final = 253_402_214_399_999
"""The times (ms since the epoch) that an event may have, inclusive: 1970 to the last day but one of the year 9999.

The last day is left for times that are computed from it, such as the end of a headline's bucket.
"""
MOMENTS: Final = "1970-01-01T00:00:00Z to 9999-12-30T23:59:59.999Z"
"""The same limits for people."""
_DATE_ALONE: Final = len("2026-03-11")
_LEAP: Final = re.compile(r"([T ]\d\d:\d\d:)60(?!\d)", re.ASCII | re.IGNORECASE)
_SECOND_MS: Final = 1000
_DAY_MS: Final = 24 * 60 * 60 * _SECOND_MS


@lru_cache(maxsize=1 << 14)
def format_instant(millis: int) -> str:
    """Format milliseconds since the epoch as an `Instant`. Cached, because all headlines of a strip have the same time.

    Raises:
        ValueError: The year is outside 1 to 9999.
    """
    minutes, rest = divmod(millis, 60_000)
    seconds, rest = divmod(rest, 1000)
    return f"{_format_minute(minutes)}:{seconds:02}.{rest:03}Z"


@lru_cache(maxsize=1 << 14)
def _format_minute(minutes: int) -> str:
    """The text of a minute. Cached, because live headlines share some thousand minutes."""
    try:
        moment = datetime.fromtimestamp(minutes * 60, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError(f"{minutes} minutes since the epoch is not a date") from error
    return moment.replace(tzinfo=None).isoformat(timespec="minutes")


@lru_cache(maxsize=4096)
def parse_instant(text: str) -> int:
    """Parse RFC 3339 text, in any time zone and precision, to milliseconds since the epoch.

    A leap second (`2016-12-31T23:59:60Z`) has the milliseconds of the second after it, as in POSIX.

    Raises:
        ValueError: The text is not a date and time, or has no time zone.
    """
    if leap := _LEAP.search(text):
        millis = parse_instant(f"{text[: leap.start()]}{leap[1]}59{text[leap.end() :]}") + _SECOND_MS
        if millis % _DAY_MS < _SECOND_MS:
            return millis
        raise ValueError(f"{text!r} has a 60th second, which only the last minute of a day (UTC) can have")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no RFC 3339 time, such as 2026-03-11T08:00:00Z") from None
    if len(text) <= _DATE_ALONE:
        raise ValueError(
            f"{text!r} is a date without a time: write {moment.date()}T00:00:00Z, or its zone for the Z"
        )
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone: end it with Z or an offset such as +01:00")
    return round(moment.timestamp() * 1000)
