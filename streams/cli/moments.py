"""Moments and lengths of time as people type them: so long ago, a date and time, so long."""

import re
import time
from typing import Final

from schemas.instants import parse_instant
from streams.errors import SettingsError

_AGO: Final = re.compile(r"(\d+)([smhd])", re.ASCII)
_UNIT_MS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def parse_moment(flag: str, text: str) -> int:
    """Milliseconds since the epoch of an RFC 3339 time, or of so long ago: `90s`, `10m`, `2h`, `3d`.

    Raises:
        SettingsError: It is neither; `flag` says where it was given.
    """
    if ago := _AGO.fullmatch(text):
        return time.time_ns() // 1_000_000 - int(ago[1]) * _UNIT_MS[ago[2]]
    try:
        return parse_instant(text)
    except ValueError as error:
        raise SettingsError(f"{flag}: {error}; or so long ago: 90s, 10m, 2h, 3d") from error


def parse_length(flag: str, text: str) -> int:
    """Milliseconds of a length of time: `90s`, `10m`, `72h`, `3d`, or `0`.

    Raises:
        SettingsError: It is none; `flag` says where it was given.
    """
    if text == "0":
        return 0
    if length := _AGO.fullmatch(text):
        return int(length[1]) * _UNIT_MS[length[2]]
    raise SettingsError(f"{flag} {text!r}: give a length of time such as 90s, 10m, 72h, 3d, or 0")
