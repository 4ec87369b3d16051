"""Instants: milliseconds since the epoch in code, RFC 3339 UTC with milliseconds in events."""

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

_DATE_ALONE: Final = len("2026-03-11")


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

    Raises:
        ValueError: The text is not a date and time, or has no time zone.
    """
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
