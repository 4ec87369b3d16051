"""Moments as people type them: so long ago, or a date and time."""

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
