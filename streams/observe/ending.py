"""Graceful shutdown that loses no counts: a program told to end is scraped once more with its final metrics.

After SIGTERM the program works on until its next scrape, so that processing stands still no longer than necessary. When
the scrape comes, the program ends its work while the scrape waits for its answer, which then has the final counts. It
waits for no scraper that has been away for two minutes, and for none longer than its interval. A second signal, Ctrl-C
or a failure ends the work at once.
"""

import asyncio
import logging
import math
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeVar

from msgspec import Struct

T = TypeVar("T")

logger: Final = logging.getLogger(__name__)

_RECENT_S: Final = 120.0
"""A scraper that has not come for so long is not waited for."""
MOST_S: Final = 30.0
"""The longest wait for a scrape."""
_LATE_S: Final = 1.0
"""How late a scrape may be, in addition to a quarter of its interval."""
_ANSWER_SHARE: Final = 0.8
"""The share of a scraper's timeout for which the answer to its last scrape may be delayed."""
_MAX_SCRAPERS: Final = 16


class _Scraper(Struct):
    """A scraper; times are in seconds of the clock."""

    last: float
    """Its last scrape."""
    interval: float = math.inf
    """The time between its last two scrapes; infinite before the second."""
    is_told: bool = False
    """Whether it has seen every count since the program was told to end."""


class Ending:
    """Decides when a program ends its work, and when its last scrape is answered.

    Args:
        then: Called once, when the work should end and `stop` is set.
        clock: Seconds of a monotonic clock.
        later: Calls a function after some seconds; None for the running loop's `call_later`.
    """

    def __init__(
        self,
        then: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        later: Callable[[float, Callable[[], object]], object] | None = None,
    ) -> None:
        self._then = then
        self._clock = clock
        self._later = later
        self._scrapers: dict[str, _Scraper] = {}
        self._told_at: float | None = None
        self._is_done = asyncio.Event()
        self._is_scraped = asyncio.Event()
        self.stop = asyncio.Event()
        """Set when the work should end."""

    @property
    def is_told(self) -> bool:
        """Whether the program was told to end, or is ending: then it is not ready any more."""
        return self._told_at is not None or self.stop.is_set()

    def obey_signals(self) -> None:
        """Handle SIGTERM with `tell`, and SIGINT (Ctrl-C) with `end`."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.tell)
        loop.add_signal_handler(signal.SIGINT, self.end)

    def tell(self) -> None:
        """Ask the program to end after the next scrape, if one is expected; asked again, at once."""
        if self.is_told:
            self.end()
        else:
            self._wait("told to end: the work goes on until")

    def end(self) -> None:
        """End the work now, or the wait for a last scrape after it."""
        self._is_scraped.set()
        if not self.stop.is_set() and not self._is_done.is_set():
            self.stop.set()
            self._then()

    def done(self) -> None:
        """Note that the counts are final: a scrape that waits is answered."""
        self._is_done.set()

    async def last_scrape(self) -> None:
        """Wait until the final counts are scraped, if there is a scraper; called when the work has ended by itself."""
        self.done()
        if not self.is_told:
            self._wait("the work is done; its counts wait for")
        await self._is_scraped.wait()

    async def unless_told(self, work: Awaitable[T]) -> T | None:
        """Await work and give its result; cancel it if it should end, and give None."""
        working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(self.stop.wait())
        try:
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else None
        finally:
            working.cancel()
            stopping.cancel()
            await asyncio.gather(working, stopping, return_exceptions=True)

    async def scraped(self, scraper: str, *, is_shown_all: Callable[[], bool], patience: float) -> None:
        """Note a scrape before it is answered; the last one waits here until the work has ended.

        Args:
            scraper: The scraper's name.
            is_shown_all: Whether the answer shows every count at its value; else the scraper has to come once more.
            patience: The scraper's timeout, in seconds.
        """
        now = self._clock()
        found = self._scrapers.get(scraper)
        if found is not None:
            found.last, found.interval = now, now - found.last
        elif len(self._scrapers) < _MAX_SCRAPERS:
            found = self._scrapers[scraper] = _Scraper(now)
        if not self.is_told:
            return
        if found is not None and is_shown_all():
            found.is_told = True
        self._look()
        if self._is_scraped.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(patience * _ANSWER_SHARE):
                    await self._is_done.wait()

    def _wait(self, what: str) -> None:
        """Begin to wait for the scrapers; `what` is the beginning of the log message."""
        self._told_at = self._clock()
        left = self._look()
        if left > 0:
            logger.info("%s the next scrape, %.0f s at most; another signal ends it at once", what, left)

    def _look(self) -> float:
        """End if no scraper is expected; else look again when the last is overdue. Gives the seconds until then."""
        now = self._clock()
        due = [self._due(each) for each in self._scrapers.values() if not each.is_told]
        left = max(due, default=now) - now
        if left <= 0:
            self.end()
        elif not self._is_scraped.is_set():
            (self._later or asyncio.get_running_loop().call_later)(left, self._look)
        return left

    def _due(self, scraper: _Scraper) -> float:
        """When a scraper is overdue."""
        assert self._told_at is not None
        if self._told_at - scraper.last > _RECENT_S:
            return scraper.last
        return min(self._told_at + MOST_S, scraper.last + scraper.interval * 1.25 + _LATE_S)
