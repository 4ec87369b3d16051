"""When each record of a replay is due: by its event time, or so many a second, on a clock that can be held.

Only distances of event times count, measured on the monotonic clock: no wall clock takes part.
"""

import asyncio
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from streams.replay.speed import Speed

_RATE_TICK_S: Final = 0.02
_LEAD_LIMIT_S: Final = 0.04
_SMOOTHING: Final = 0.2


class Pacer:
    """The clock of one replay, shared by its partitions; nothing is due before `begin`.

    Args:
        speed: How fast.
        clock: Seconds, monotonic.
    """

    def __init__(self, speed: Speed, clock: Callable[[], float]) -> None:
        self._speed = speed
        self._clock = clock
        self._origin = 0.0
        self._base = 0
        self._free_at = 0.0
        self._held_at: float | None = None
        self._going = asyncio.Event()
        self.held_s = 0.0
        """Seconds that the replay has waited for consumers."""
        self.begun = False
        """Whether the warm-up is over and times count."""

    @property
    def by_times(self) -> bool:
        """Whether event times decide."""
        return self._speed.kind == "times"

    def begin(self, base: int) -> None:
        """Start: the event time `base` (ms) is due now."""
        self._origin, self._base = self._clock(), base
        self._free_at = self._origin
        if self.held:
            # Held since before anything was due: only what is waited for from now on makes records due later.
            self._held_at = self._origin
        else:
            self._going.set()
        self.begun = True

    def due(self, event_time: int) -> float:
        """When a record of this event time (ms) is due, on the clock; any time at other speeds."""
        if not self.by_times:
            return self._clock()
        return self._origin + (event_time - self._base) / 1000 / self._speed.value

    @property
    def held(self) -> bool:
        """Whether it stands still."""
        return self._held_at is not None

    def hold(self) -> None:
        """Stop; records due from now on are due later by as long as this lasts."""
        if self._held_at is None:
            self._held_at = self._clock()
            self._going.clear()

    def release(self) -> None:
        """Go on."""
        if self._held_at is not None:
            held = self._clock() - self._held_at
            self.held_s += held
            self._origin += held
            self._free_at += held
            self._held_at = None
            self._going.set()

    async def take(self, event_times: Sequence[int], taken: int, lead: float) -> int:
        """Wait until something is due, and say how many more of these records are.

        Args:
            event_times: Of the records, in ms, never falling; only their number counts at other speeds.
            taken: How many of them have been taken before.
            lead: Seconds that a record may be taken early, since writing it takes time.
        """
        await self._going.wait()
        if self._speed.kind == "max":
            return len(event_times) - taken
        if self._speed.kind == "rate":
            return await self._take_by_rate(len(event_times) - taken)
        while (wait := self.due(event_times[taken]) - lead - self._clock()) > 0:
            await asyncio.sleep(wait)
            await self._going.wait()
        horizon = self._base + (self._clock() + lead - self._origin) * 1000 * self._speed.value
        return max(1, bisect_right(event_times, horizon, taken) - taken)

    async def _take_by_rate(self, waiting: int) -> int:
        """Reserve a tick's worth of the rate; partitions share it."""
        taken = min(waiting, max(1, round(self._speed.value * _RATE_TICK_S)))
        start = max(self._free_at, self._clock() - _RATE_TICK_S)
        self._free_at = start + taken / self._speed.value
        if (wait := start - self._clock()) > 0:
            await asyncio.sleep(wait)
        return taken


class Lead:
    """How early one partition takes records, so that they are visible when due.

    Writing takes a latency L. A record is taken up to 1.5 L early: those due while a transaction ran are late
    by at most half of it, those taken with them early by as much.
    """

    def __init__(self) -> None:
        self._latency = 0.008

    @property
    def seconds(self) -> float:
        """How early."""
        return min(1.5 * self._latency, _LEAD_LIMIT_S)

    def measured(self, latency: float) -> None:
        """Learn how long a transaction took."""
        self._latency += _SMOOTHING * (latency - self._latency)


class Errors:
    """How far from their due time records became visible, in whole milliseconds."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def add(self, error_s: float, records: int = 1) -> None:
        """Count records that were so late, or early where negative."""
        self._counts[round(error_s * 1000)] += records

    def within(self, limit_ms: int) -> float | None:
        """The share of records at most so far from their due time; None where none was timed."""
        total = sum(self._counts.values())
        near = sum(count for error, count in self._counts.items() if abs(error) <= limit_ms)
        return near / total if total else None

    def quantile(self, share: float) -> int | None:
        """The distance from due, in ms, that this share of the records keeps; None where none was timed."""
        left = share * sum(self._counts.values())
        for error, count in sorted(self._counts.items(), key=lambda row: abs(row[0])):
            left -= count
            if left <= 0:
                return abs(error)
        return None
