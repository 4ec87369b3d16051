"""The speed of a replay: a multiple of the original speed, records a second, or as fast as possible."""

import re
from typing import Final, Literal

from msgspec import Struct

from streams.errors import SettingsError

_SPEED: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>x|/s)?", re.ASCII)
_UNIT_S: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_UNIT: Final = r"(\d*)\s*([smhdw]|seconds?|minutes?|hours?|days?|weeks?)"
_LENGTHS: Final = re.compile(rf"(?:an?\s+)?{_UNIT}(?:\s*/\s*|\s+(?:per|in|every|an?)\s+){_UNIT}", re.ASCII)
"""An amount of event time per amount of time: `a day an hour`, `7d/2h`."""


class Speed(Struct, frozen=True):
    """`times`: the original distances divided by `value`; `rate`: `value` records a second over all partitions."""

    kind: Literal["times", "rate", "max"]
    value: float = 0.0

    def duration(self, records: int, span_ms: int) -> float | None:
        """Seconds that a replay takes at its own pace; None at `max`, where the clusters' speed decides."""
        match self.kind:
            case "times":
                return span_ms / 1000 / self.value
            case "rate":
                return records / self.value
            case "max":
                return None


def parse_speed(text: str) -> Speed:
    """Parse `1x`, `10x`, `0.5x`, `a day an hour`, `7d/2h`, `max`, `500/s` or `500`.

    Raises:
        SettingsError: The text is none of these.
    """
    if text == "max":
        return Speed("max")
    if lengths := _LENGTHS.fullmatch(text):
        length, unit, time, by = lengths.groups()
        seconds = int(time or 1) * _UNIT_S[by[0]]
        value = int(length or 1) * _UNIT_S[unit[0]] / seconds if seconds else 0.0
        if value:
            return Speed("times", value)
    match = _SPEED.fullmatch(text)
    if match is None or not float(match["number"]):
        raise SettingsError(
            f"speed {text!r}: give 1x, 10x, 0.5x, a day an hour, 7d/2h, records a second such as 500/s, or max"
        )
    return Speed("times" if match["unit"] == "x" else "rate", float(match["number"]))
