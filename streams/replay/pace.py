"""Decides when each record of a replay is due: by its event time, or by a rate, on a clock that can be held.

Distances between event times are reproduced on the monotonic clock; the wall clock plays no part.
"""

import asyncio
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Final

from streams.replay.speed import Speed

_RATE_TICK_S: Final = 0.02
_LEAD_LIMIT_S: Final = 0.04
_SMOOTHING: Final = 0.2


class Pacer:
    """The pace of one replay, shared by its partitions; nothing is due before `begin`.

    Args:
        speed: The speed; `change` changes it.
        clock: Seconds of a monotonic clock.
    """

    def __init__(self, speed: Speed, clock: Callable[[], float]) -> None:
        self._speed = speed
        self._clock = clock
        self._origin = 0.0
        self._base = 0
        self._reached = 0
        """The latest event time (ms) that was taken."""
        self._free_at = 0.0
        """When the next slot of a rate begins, in seconds of the clock."""
        self._holds: set[str] = set()
        self._held_at = 0.0
        self._begun = asyncio.Event()
        self._going = asyncio.Event()
        self._going.set()
        self._changed = asyncio.Event()
        self.held_s = 0.0
        """Seconds for which the replay was held, because it was paused or waited for consumers."""

    @property
    def speed(self) -> Speed:
        """The current speed."""
        return self._speed

    @property
    def by_times(self) -> bool:
        """Whether event times decide when records are due."""
        return self._speed.kind == "times"

    @property
    def begun(self) -> bool:
        """Whether the warm-up is over."""
        return self._begun.is_set()

    def begin(self, base: int) -> None:
        """Start: the event time `base` (ms) is due now."""
        self._origin, self._base, self._reached = self._clock(), base, base
        self._free_at = self._origin
        if self.held:
            # It was held before anything was due: only the time from now on postpones records.
            self._held_at = self._origin
        self._begun.set()

    def change(self, speed: Speed) -> None:
        """Change the speed from now on; what is due now stays due now."""
        now = self._held_at if self.held else self._clock()
        if self.begun:
            due_now = self._base + (now - self._origin) * 1000 * self._speed.value
            self._base = round(due_now) if self.by_times else self._reached
            self._origin = self._free_at = now
        self._speed = speed
        self._wake()

    def due(self, event_time: int) -> float:
        """When a record of this event time (ms) is due, in seconds of the clock; now, if event times do not decide."""
        if not self.by_times:
            return self._clock()
        return self._origin + (event_time - self._base) / 1000 / self._speed.value

    @property
    def held(self) -> bool:
        """Whether it is held."""
        return bool(self._holds)

    @property
    def holds(self) -> Collection[str]:
        """The reasons for which it is held."""
        return frozenset(self._holds)

    def hold(self, why: str) -> None:
        """Hold the replay for a reason; records are due later by as long as this lasts."""
        if not self._holds:
            self._held_at = self._clock()
            self._going.clear()
        self._holds.add(why)

    def release(self, why: str) -> None:
        """End a reason to hold; the replay goes on if there is no other."""
        if why not in self._holds:
            return
        self._holds.remove(why)
        if not self._holds:
            held = self._clock() - self._held_at
            self.held_s += held
            self._origin += held
            self._free_at += held
            self._going.set()

    async def unheld(self) -> None:
        """Wait while it is held; for records that have no pace, such as the warm-up."""
        await self._going.wait()

    async def take(self, event_times: Sequence[int], taken: int, lead: float) -> int:
        """Wait until at least one more of these records is due; gives how many are.

        Args:
            event_times: The records' event times in ms, not decreasing; if they do not decide, only their number does.
            taken: How many of the records were taken before.
            lead: How early a record may be taken, in seconds, because writing it takes time.
        """
        await self._begun.wait()
        more = 0
        while not more:
            await self._going.wait()
            more = await self._take(event_times, taken, lead)
        self._reached = max(self._reached, event_times[taken + more - 1])
        return more

    async def _take(self, event_times: Sequence[int], taken: int, lead: float) -> int:
        """How many are due; 0 after waiting, to be called again."""
        if self._speed.kind == "max":
            return len(event_times) - taken
        if self._speed.kind == "rate":
            return await self._take_by_rate(len(event_times) - taken)
        if (wait := self.due(event_times[taken]) - lead - self._clock()) > 0:
            await self._sleep(wait)
            return 0
        horizon = self._base + (self._clock() + lead - self._origin) * 1000 * self._speed.value
        return max(1, bisect_right(event_times, horizon, taken) - taken)

    async def _take_by_rate(self, waiting: int) -> int:
        """Reserve the records of one tick of the rate, which all partitions share, and wait for their slot."""
        taken = min(waiting, max(1, round(self._speed.value * _RATE_TICK_S)))
        start = max(self._free_at, self._clock() - _RATE_TICK_S)
        self._free_at = start + taken / self._speed.value
        if (wait := start - self._clock()) > 0:
            await self._sleep(wait)
        return taken

    async def _sleep(self, seconds: float) -> None:
        """Sleep until the time is over or the speed changes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class Lead:
    """How early one partition takes records, so that they become visible when they are due.

    A transaction takes a latency L, and a record is taken up to 1.5 L early. So a record that fell due during the
    transaction before is at most L/2 late, and one that is taken together with it at most L/2 early.
    """

    def __init__(self) -> None:
        self._latency = 0.008

    @property
    def seconds(self) -> float:
        """How early, in seconds."""
        return min(1.5 * self._latency, _LEAD_LIMIT_S)

    def measured(self, latency: float) -> None:
        """Learn how long a transaction took, in seconds (moving average)."""
        self._latency += _SMOOTHING * (latency - self._latency)


class Errors:
    """The distances between due time and visibility of records, in whole milliseconds."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def add(self, error_s: float, records: int = 1) -> None:
        """Count records that were `error_s` seconds late, or early if negative."""
        self._counts[round(error_s * 1000)] += records

    def within(self, limit_ms: int) -> float | None:
        """The share of records within `limit_ms` of their due time; None if none was timed."""
        total = sum(self._counts.values())
        near = sum(count for error, count in self._counts.items() if abs(error) <= limit_ms)
        return near / total if total else None

    def quantile(self, share: float) -> int | None:
        """A quantile of the distance from the due time, in ms; None if no record was timed."""
        left = share * sum(self._counts.values())
        for error, count in sorted(self._counts.items(), key=lambda row: abs(row[0])):
            left -= count
            if left <= 0:
                return abs(error)
        return None
