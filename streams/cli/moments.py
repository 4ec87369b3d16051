"""Parses and formats times and durations for people: `2h` (ago), `2026-03-11T08:00:00Z`, `72h`."""

import re
import time
from typing import Final

from schemas.instants import EARLIEST, LATEST, MOMENTS, parse_instant
from streams.errors import SettingsError

_AGO: Final = re.compile(r"(\d{1,9})([smhdw])", re.ASCII)
_MINUTE: Final = len("2026-03-11T08:00")
_UNIT_MS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


def parse_moment(flag: str, text: str) -> int:
    """Milliseconds since the epoch of an RFC 3339 time, or of a time before now: `90s`, `10m`, `2h`, `3d`, `2w`.

    Raises:
        SettingsError: The text is neither, or no event can have that time; names the `flag`.
    """
    if ago := _AGO.fullmatch(text):
        return max(EARLIEST, time.time_ns() // 1_000_000 - int(ago[1]) * _UNIT_MS[ago[2]])
    try:
        moment = parse_instant(text)
    except ValueError as error:
        raise SettingsError(f"{flag}: {error}; or so long ago: 90s, 10m, 2h, 3d, 2w") from error
    if not EARLIEST <= moment <= LATEST:
        raise SettingsError(f"{flag}: {text!r} is no moment that events can carry; allowed: {MOMENTS}")
    return moment


def minute(instant: str | None) -> str:
    """An event's instant to the minute, for a table: `2026-03-11 08:00`; empty for None."""
    return instant[:_MINUTE].replace("T", " ") if instant else ""


def parse_length(flag: str, text: str) -> int:
    """The milliseconds of a duration: `90s`, `10m`, `72h`, `3d`, `2w`, or `0`.

    Raises:
        SettingsError: The text is not a duration; names the `flag`.
    """
    if text == "0":
        return 0
    if length := _AGO.fullmatch(text):
        return int(length[1]) * _UNIT_MS[length[2]]
    raise SettingsError(f"{flag} {text!r}: give a length of time such as 90s, 10m, 72h, 3d, 2w, or 0")
