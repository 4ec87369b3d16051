"""When a program that is told to end does so: when it is scraped again, for nobody sees what it counts after that.

Told by SIGTERM it works on until whoever scrapes it comes, so that nothing stands still meanwhile, wherever it is
started again. Then it ends its work while that scrape waits for its answer, which so has the last of its counts.
Nobody is waited for who has not come for two minutes, nor for longer than their interval. A second signal, or Ctrl-C,
ends the work at once; a failure does too.
"""

import asyncio
import logging
import math
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from msgspec import Struct

logger: Final = logging.getLogger(__name__)

_RECENT_S: Final = 120.0
"""Who has not scraped for so long does not come any more."""
MOST_S: Final = 30.0
"""The longest that a scrape is waited for."""
_LATE_S: Final = 1.0
"""How late a scrape may come, beside a quarter of its interval."""
_ANSWER_SHARE: Final = 0.8
"""How much of the time that a scraper gives it the last scrape may wait for its answer."""
_MAX_SCRAPERS: Final = 16


class _Scraper(Struct):
    """Somebody who scrapes: seconds of the clock, and of their interval where they came twice."""

    last: float
    interval: float = math.inf
    is_told: bool = False
    """Whether they came since the program was told to end."""


class Ending:
    """When a program ends its work, and when its last scrape is answered.

    Args:
        then: Called once when the work is to end, as `stop` is set.
        clock: Seconds that never go back.
        later: Calls something in so many seconds; the running loop does, where left out.
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
        """Set when the work is to end."""

    @property
    def is_told(self) -> bool:
        """Whether the program was told to end, or ends: it is not ready any more."""
        return self._told_at is not None or self.stop.is_set()

    def obey_signals(self) -> None:
        """Let SIGTERM tell of the end, and Ctrl-C end the work at once."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.tell)
        loop.add_signal_handler(signal.SIGINT, self.end)

    def tell(self) -> None:
        """Ask for an end: after the next scrape, where one is to come; told again, at once."""
        if self.is_told:
            self.end()
        else:
            self._wait("told to end: the work goes on until")

    def end(self) -> None:
        """End the work now, or what still waits after it."""
        self._is_scraped.set()
        if not self.stop.is_set() and not self._is_done.is_set():
            self.stop.set()
            self._then()

    def done(self) -> None:
        """Say that nothing is counted any more: a scrape that waits for it is answered."""
        self._is_done.set()

    async def last_scrape(self) -> None:
        """Wait until what is true now was scraped, where somebody scrapes: the work has ended by itself."""
        self.done()
        if not self.is_told:
            self._wait("the work is done; its counts wait for")
        await self._is_scraped.wait()

    async def unless_told(self, work: Awaitable[None]) -> None:
        """Do work until it ends, or is to end: then it is cancelled."""
        working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(self.stop.wait())
        try:
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
        finally:
            working.cancel()
            stopping.cancel()
            await asyncio.gather(working, stopping, return_exceptions=True)

    async def scraped(self, scraper: str, *, is_shown_all: Callable[[], bool], patience: float) -> None:
        """Note a scrape before it is answered; the last one waits here until the work has ended.

        Args:
            scraper: Who scrapes.
            is_shown_all: Whether the answer shows every count as it is: else they are to come once more.
            patience: How many seconds they wait for the answer.
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
        """Begin to wait for whoever is to come; `what` begins the line that the log has of it."""
        self._told_at = self._clock()
        left = self._look()
        if left > 0:
            logger.info("%s the next scrape, %.0f s at most; another signal ends it at once", what, left)

    def _look(self) -> float:
        """End where nobody is to come any more; else look again when they are late, in so many seconds."""
        now = self._clock()
        due = [self._due(each) for each in self._scrapers.values() if not each.is_told]
        left = max(due, default=now) - now
        if left <= 0:
            self.end()
        elif not self._is_scraped.is_set():
            (self._later or asyncio.get_running_loop().call_later)(left, self._look)
        return left

    def _due(self, scraper: _Scraper) -> float:
        """When somebody is not waited for any more."""
        assert self._told_at is not None
        if self._told_at - scraper.last > _RECENT_S:
            return scraper.last
        return min(self._told_at + MOST_S, scraper.last + scraper.interval * 1.25 + _LATE_S)
