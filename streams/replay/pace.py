"""When each record of a replay is due: by its event time, or so many a second, on a clock that can be held.

Only distances of event times count, measured on the monotonic clock: no wall clock takes part.
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
    """The clock of one replay, shared by its partitions; nothing is due before `begin`.

    Args:
        speed: How fast; `change` changes it.
        clock: Seconds, monotonic.
    """

    def __init__(self, speed: Speed, clock: Callable[[], float]) -> None:
        self._speed = speed
        self._clock = clock
        self._origin = 0.0
        self._base = 0
        self._reached = 0
        """The latest event time (ms) that was taken."""
        self._free_at = 0.0
        self._holds: set[str] = set()
        self._held_at = 0.0
        self._begun = asyncio.Event()
        self._going = asyncio.Event()
        self._going.set()
        self._changed = asyncio.Event()
        self.held_s = 0.0
        """Seconds that the replay has waited, for consumers or because it was paused."""

    @property
    def speed(self) -> Speed:
        """How fast it goes now."""
        return self._speed

    @property
    def by_times(self) -> bool:
        """Whether event times decide."""
        return self._speed.kind == "times"

    @property
    def begun(self) -> bool:
        """Whether the warm-up is over and times count."""
        return self._begun.is_set()

    def begin(self, base: int) -> None:
        """Start: the event time `base` (ms) is due now."""
        self._origin, self._base, self._reached = self._clock(), base, base
        self._free_at = self._origin
        if self.held:
            # Held since before anything was due: only what is waited for from now on makes records due later.
            self._held_at = self._origin
        self._begun.set()

    def change(self, speed: Speed) -> None:
        """Go on at another speed from where it is; what is due now stays due now."""
        now = self._held_at if self.held else self._clock()
        if self.begun:
            due_now = self._base + (now - self._origin) * 1000 * self._speed.value
            self._base = round(due_now) if self.by_times else self._reached
            self._origin = self._free_at = now
        self._speed = speed
        self._wake()

    def due(self, event_time: int) -> float:
        """When a record of this event time (ms) is due, on the clock; any time at other speeds."""
        if not self.by_times:
            return self._clock()
        return self._origin + (event_time - self._base) / 1000 / self._speed.value

    @property
    def held(self) -> bool:
        """Whether it stands still."""
        return bool(self._holds)

    @property
    def holds(self) -> Collection[str]:
        """Why it stands still."""
        return frozenset(self._holds)

    def hold(self, why: str) -> None:
        """Stop; records due from now on are due later by as long as this lasts."""
        if not self._holds:
            self._held_at = self._clock()
            self._going.clear()
        self._holds.add(why)

    def release(self, why: str) -> None:
        """Go on, unless something else holds it."""
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
        """Wait while it is held; what is not paced, as a warm-up, waits for that alone."""
        await self._going.wait()

    async def take(self, event_times: Sequence[int], taken: int, lead: float) -> int:
        """Wait until something is due, and say how many more of these records are.

        Args:
            event_times: Of the records, in ms, never falling; only their number counts at other speeds.
            taken: How many of them have been taken before.
            lead: Seconds that a record may be taken early, since writing it takes time.
        """
        await self._begun.wait()
        more = 0
        while not more:
            await self._going.wait()
            more = await self._take(event_times, taken, lead)
        self._reached = max(self._reached, event_times[taken + more - 1])
        return more

    async def _take(self, event_times: Sequence[int], taken: int, lead: float) -> int:
        """How many are due, 0 for having waited."""
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
        """Reserve a tick's worth of the rate; partitions share it."""
        taken = min(waiting, max(1, round(self._speed.value * _RATE_TICK_S)))
        start = max(self._free_at, self._clock() - _RATE_TICK_S)
        self._free_at = start + taken / self._speed.value
        if (wait := start - self._clock()) > 0:
            await self._sleep(wait)
        return taken

    async def _sleep(self, seconds: float) -> None:
        """Sleep, or until the speed changes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


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
