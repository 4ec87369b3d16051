"""Publishes what sources show: a strip that changed at once, an unchanged one every ten minutes.

A strip goes to the spool first, and only then is its visit remembered: a producer that is killed in between repeats
the visit. While Kafka is away, strips wait in the spool and the visits go on.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from streams.errors import InputError, described
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
"""The most readings that are kept with one write."""
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
    """Publish what a visitor's sources show, until `stop` is set.

    Args:
        visitor: Visits the sources.
        memory: The visitor's memory; saved every few seconds, always after the strips that it describes.
        outlet: Takes the strips to publish.
        failed: Called with each slot that is not a headline.
        observer: Gets strips that cannot be split or need not be published, for metrics.
        watching: Gets visits, for metrics.
        stop: Set when the program should end.
        judge: Sees every reading and can hold its strip back.
    """
    work = _Publishing(visitor, memory, outlet, failed=failed, observer=observer, judge=judge)
    async for reading in visitor.readings(stop):
        watching.visited(reading, work.take(reading))
        if visitor.is_idle or work.waiting >= _MOST_TOGETHER:
            await work.settle()
    await work.settle()


class _Publishing:
    """Gives strips to an outlet, and remembers their readings once the strips are on disk."""

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
        """By source, the problem that was logged last, without its numbers."""
        self._settling: list[tuple[Reading, str | None]] = []
        """Readings that are not remembered yet, each with the id of its strip if that is published."""
        self._saved_at = time.monotonic()

    @property
    def waiting(self) -> int:
        """The number of readings that are not remembered yet."""
        return len(self._settling)

    def take(self, reading: Reading) -> Fate | None:
        """Publish a reading's strip if it is due and not held back; gives its fate.

        An exception affects only this source: the reading is not remembered, so that the next visit shows it again.
        """
        fate, trouble, fault = None, reading.trouble, None
        try:
            fate = self._taken(reading, may=self._judge(reading))
        except Exception as error:  # noqa: BLE001 (all of them)
            fault, trouble = error, f"a fault of ours: {described(error)}"
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
        """Flush the outlet, then remember the readings; save the memory every few seconds."""
        dropped = await self._outlet.flush()
        for reading, published in self._settling:
            if published not in dropped:
                self._visitor.settle(reading, published=published is not None)
        self._settling.clear()
        if time.monotonic() - self._saved_at >= _SAVED_EVERY_S:
            self._memory.save()
            self._saved_at = time.monotonic()

    def _tell(self, visit: Visit, trouble: str, fault: Exception | None) -> None:
        """Log a source's problem, once until it changes or is over."""
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
    """A reading without its page: dozens of pages that wait together could take hundreds of megabytes."""
    return replace(reading, visit=replace(reading.visit, body=None))
