"""Publish what sources show: every strip that says something new at once, one that says the same every ten minutes.

What was published is remembered only then, so that a producer that is killed reads it again. While Kafka is away
the readings wait, and with them the visits.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from streams.errors import InputError
from streams.observe.trace import traceparent
from streams.produce.metrics import ProducerObserver
from streams.produce.producer import Counts
from streams.produce.publish import Publisher
from streams.produce.sightings import sightings
from streams.settings import Connection
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
_WELL: Final = frozenset({"changed", "unchanged"})


async def produce_sources(
    visitor: Visitor,
    memory: Memory,
    *,
    connection: Connection,
    prefix: str,
    counts: Counts,
    failed: Callable[[InputError], None],
    observer: ProducerObserver,
    watching: SourcesObserver,
    stop: asyncio.Event,
    judge: Judge = lambda _: True,
) -> None:
    """Publish what the sources of a visitor show until a stop is asked for.

    Args:
        visitor: Visits them.
        memory: What it knows; written every few seconds, after what it says was published.
        connection: How to reach the cluster.
        prefix: The topics' prefix.
        counts: Raised as the work goes on.
        failed: Called with each strip that cannot be split, and each slot that is no headline.
        observer: Told of strips once they are on Kafka, for metrics.
        watching: Told of visits, for metrics.
        stop: Set by whoever wants an end.
        judge: Looks at every reading and can hold its strip back.

    Raises:
        TickerError: No broker was reached, or an end was wanted while none acknowledged what was read.
    """

    def refused(told: str) -> None:
        failed(InputError("published", told))
        observer.rejected("RecordError")

    async with Publisher(
        connection.aiokafka_options(),
        prefix=prefix,
        acknowledged=observer.published,
        patience=None,
        stop=stop,
        refused=refused,
    ) as publisher:
        work = _Publishing(visitor, memory, publisher, counts=counts, failed=failed, observer=observer)
        async for reading in visitor.readings(stop):
            fate = await work.take(reading, may=judge(reading))
            watching.visited(reading, fate)
            if visitor.is_idle or work.waiting >= _MOST_TOGETHER:
                await work.settle()
        await work.settle()
        counts.published = publisher.published
        counts.dead_letters += publisher.refused


class _Publishing:
    """Gives readings to a publisher, and remembers them once they are on Kafka."""

    def __init__(
        self,
        visitor: Visitor,
        memory: Memory,
        publisher: Publisher,
        *,
        counts: Counts,
        failed: Callable[[InputError], None],
        observer: ProducerObserver,
    ) -> None:
        self._visitor = visitor
        self._memory = memory
        self._publisher = publisher
        self._counts = counts
        self._failed = failed
        self._observer = observer
        self._told: dict[str, str] = {}
        """The trouble of each source that was told last, without its numbers."""
        self._settling: list[tuple[Reading, bool]] = []
        self._saved_at = time.monotonic()

    @property
    def waiting(self) -> int:
        """Readings that are not on Kafka yet."""
        return len(self._settling)

    async def take(self, reading: Reading, *, may: bool) -> Fate | None:
        """Publish a reading's strip where it must and may be; what became of it."""
        visit, strip = reading.visit, reading.strip
        self._tell(visit, reading.problem)
        if visit.outcome not in _WELL:
            return None
        if strip is None:
            if reading.problem is not None:
                self._observer.failed()
                self._counts.failed += 1
            return "missing"
        if not may:
            return "held back"
        due = self._memory.dues.get(visit.source, Due())
        if not is_due(reading, due.published_at):
            self._settling.append((reading, False))
            return "repeated"
        strip = replace(strip, traceparent=traceparent(strip.id))
        found = sightings(strip, reading.slots)
        await self._publisher.publish(strip, found)
        self._counts.strips += 1
        self._counts.slots += strip.slots
        self._counts.empty += found.empty
        self._counts.dead_letters += len(found.rejected)
        for slot, text, problem in found.rejected:
            self._failed(InputError(f"{visit.address}, slot {slot}", f"{problem}: {text[:60]}…"))
        self._settling.append((reading, True))
        return "published"

    async def settle(self) -> None:
        """Write what has come together, then remember it, and every few seconds on disk."""
        await self._publisher.flush()
        for reading, published in self._settling:
            self._visitor.settle(reading, published=published)
        self._settling.clear()
        if time.monotonic() - self._saved_at >= _SAVED_EVERY_S:
            self._memory.save()
            self._saved_at = time.monotonic()

    def _tell(self, visit: Visit, problem: InputError | None) -> None:
        """Say in the log what is wrong with a source, once until it is something else or over."""
        trouble = shown(visit.problem or (problem.problem if problem else ""))
        before = self._told.get(visit.source, "")
        kind = _NUMBER.sub("", trouble)
        if trouble and kind != before:
            logger.warning("source %s: %s: %s", visit.source, visit.address, trouble)
            self._told[visit.source] = kind
        elif not trouble and before and visit.outcome in _WELL:
            logger.info("source %s: is read again", visit.source)
            del self._told[visit.source]
