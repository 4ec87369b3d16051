"""Publish what sources show: every strip that says something new at once, one that says the same every ten minutes.

What is published goes to the spool first. It is remembered only then, so that a producer that is killed reads it
again; while Kafka is away it waits in the spool, and the visits go on.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from streams.errors import InputError
from streams.produce.metrics import ProducerObserver
from streams.produce.outgoing import outgoing_of
from streams.produce.producer import tell
from streams.produce.spooled import Outlet
from streams.sources.answer import shown
from streams.sources.memory import Due, Memory
from streams.sources.metrics import Fate, SourcesObserver
from streams.sources.reading import is_due
from streams.sources.visit import Judge, Reading, Visit
from streams.sources.visitor import Visitor

logger: Final = logging.getLogger(__name__)

_MOST_TOGETHER: Final = 64
"""Readings that are written together at most."""
_SAVED_EVERY_S: Final = 10.0
_NUMBER: Final = re.compile(r"\d+")


async def produce_sources(
    visitor: Visitor,
    memory: Memory,
    outlet: Outlet,
    *,
    failed: Callable[[InputError], None],
    observer: ProducerObserver,
    watching: SourcesObserver,
    stop: asyncio.Event,
    judge: Judge = lambda _: True,
) -> None:
    """Publish what the sources of a visitor show until a stop is asked for.

    Args:
        visitor: Visits them.
        memory: What it knows; written every few seconds, after what it says was kept.
        outlet: Takes the strips that are to be published.
        failed: Called with each slot that is no headline.
        observer: Told of strips that cannot be split or need not be published, for metrics.
        watching: Told of visits, for metrics.
        stop: Set by whoever wants an end.
        judge: Looks at every reading and can hold its strip back.
    """
    work = _Publishing(visitor, memory, outlet, failed=failed, observer=observer, judge=judge)
    async for reading in visitor.readings(stop):
        watching.visited(reading, work.take(reading))
        if visitor.is_idle or work.waiting >= _MOST_TOGETHER:
            await work.settle()
    await work.settle()


class _Publishing:
    """Gives readings to an outlet, and remembers them once it has kept them."""

    def __init__(
        self,
        visitor: Visitor,
        memory: Memory,
        outlet: Outlet,
        *,
        failed: Callable[[InputError], None],
        observer: ProducerObserver,
        judge: Judge,
    ) -> None:
        self._visitor = visitor
        self._memory = memory
        self._outlet = outlet
        self._failed = failed
        self._observer = observer
        self._judge = judge
        self._told: dict[str, str] = {}
        """The trouble of each source that was told last, without its numbers."""
        self._settling: list[tuple[Reading, str | None]] = []
        """Readings, with the id of the strip that is published of them."""
        self._saved_at = time.monotonic()

    @property
    def waiting(self) -> int:
        """Readings that are not kept yet."""
        return len(self._settling)

    def take(self, reading: Reading) -> Fate | None:
        """Publish a reading's strip where it must and may be; what became of it.

        Whatever that raises, only this source pays for it: nothing of the reading is remembered, so that the next visit
        shows it again.
        """
        fate, trouble, fault = None, reading.trouble, None
        try:
            fate = self._taken(reading, may=self._judge(reading))
        except Exception as error:  # noqa: BLE001 (all of them)
            fault, trouble = error, f"a fault of ours: {type(error).__name__}: {error}"
        self._tell(reading.visit, trouble, fault)
        return fate

    def _taken(self, reading: Reading, *, may: bool) -> Fate | None:
        visit, strip = reading.visit, reading.strip
        if not visit.is_well:
            return None
        if strip is None:
            if reading.problem is not None:
                self._observer.failed()
            return "missing"
        due = self._memory.dues.get(visit.source, Due())
        if not may or not is_due(reading, due.published_at):
            self._observer.heard(visit.source, visit.at)
            if may:
                self._settling.append((_without_body(reading), None))
            return "repeated" if may else "held back"
        outgoing = outgoing_of(strip, reading.slots)
        self._outlet.add(outgoing)
        self._settling.append((_without_body(reading), strip.id))
        tell(outgoing, visit.address, self._failed)
        return "published"

    async def settle(self) -> None:
        """Have kept what has come together, then remember it, and every few seconds on disk."""
        dropped = await self._outlet.flush()
        for reading, published in self._settling:
            if published not in dropped:
                self._visitor.settle(reading, published=published is not None)
        self._settling.clear()
        if time.monotonic() - self._saved_at >= _SAVED_EVERY_S:
            self._memory.save()
            self._saved_at = time.monotonic()

    def _tell(self, visit: Visit, trouble: str, fault: Exception | None) -> None:
        """Say in the log what is wrong with a source, once until it is something else or over."""
        trouble = shown(trouble)
        before = self._told.get(visit.source, "")
        kind = _NUMBER.sub("", trouble)
        if trouble and kind != before:
            logger.warning("source %s: %s: %s", visit.source, visit.address, trouble, exc_info=fault)
            self._told[visit.source] = kind
        elif not trouble and before and visit.is_well:
            logger.info("source %s: is read again", visit.source)
            del self._told[visit.source]


def _without_body(reading: Reading) -> Reading:
    """A reading as it waits for others: without the page, of which sixty would be hundreds of megabytes."""
    return replace(reading, visit=replace(reading.visit, body=None))
