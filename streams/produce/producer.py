"""The producer without a spool: reads observations in a thread and publishes their strips and sightings."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from schemas.topics import SIGHTINGS
from streams.errors import InputError
from streams.kafka.connect import administration
from streams.kafka.topics import require
from streams.produce.metrics import ProducerObserver
from streams.produce.observation import Observation
from streams.produce.outgoing import Outgoing, prepare
from streams.produce.positions import ReadTo
from streams.produce.publish import Publisher
from streams.produce.reading import in_thread
from streams.produce.records import TOPICS
from streams.settings import Connection

_REMEMBERED_EVERY_S: Final = 5.0


class Counts(Struct):
    """A producer's totals: slots = empty + published + dead letters."""

    strips: int = 0
    slots: int = 0
    empty: int = 0
    published: int = 0
    dead_letters: int = 0
    failed: int = 0
    outdated: int = 0
    """Published sightings that are older than the retention of `sightings`, which goes by event time."""

    def add(self, outgoing: Outgoing) -> None:
        """Count a strip; `published` is counted elsewhere, on acknowledgement."""
        found = outgoing.found
        self.strips += 1
        self.slots += outgoing.strip.slots
        self.empty += found.empty
        self.dead_letters += outgoing.dead_letters
        assert SIGHTINGS.retention_ms is not None
        if (
            outgoing.problem is None
            and found.timestamp < time.time_ns() // 1_000_000 - SIGHTINGS.retention_ms
        ):
            self.outdated += len(found.records)


def tell(outgoing: Outgoing, place: str, failed: Callable[[InputError], None]) -> None:
    """Call `failed` for a strip, or each of its slots, that becomes a dead letter; `place` is where it was read."""
    if outgoing.problem is not None:
        failed(InputError(place, f"observed_at: {outgoing.problem}; kept in the dead letters"))
        return
    for slot, text, problem in outgoing.found.rejected:
        failed(InputError(f"{place}, slot {slot}", f"{problem}: {text[:60]}…"))


async def check_topics(connection: Connection, prefix: str, *, patience: float) -> None:
    """Check that a producer's topics exist; `patience` is how many seconds to try to reach a broker.

    Raises:
        SettingsError: A topic is missing.
        TickerError: No broker was reached.
    """
    async with administration(connection, patience=patience) as client:
        await require(client, TOPICS, prefix=prefix)


async def produce(
    observations: Iterator[Observation],
    *,
    connection: Connection,
    prefix: str,
    counts: Counts,
    failed: Callable[[InputError], None],
    observer: ProducerObserver,
    stop: asyncio.Event,
    separator: str | None = None,
    selector: str | None = None,
    remember: Callable[[ReadTo], None] = lambda _: None,
) -> None:
    """Split and publish observations until they end; whenever they pause, the publisher is flushed.

    Args:
        observations: Read in a thread, a few ahead.
        connection: How to reach the cluster.
        prefix: The topics' prefix.
        counts: Updated in place.
        failed: Called with each strip that cannot be split, and each slot that is not a headline.
        observer: Gets strips once they are on Kafka, for metrics.
        stop: Set when the program should end: observations already read are published, and no more are read.
        separator: The text between slots; None detects it in each strip.
        selector: A CSS selector of the strip's items in HTML pages.
        remember: Called with a followed file's position once everything before it is on Kafka.

    Raises:
        TickerError: No broker was reached, or after `stop` none acknowledged what was read.
    """
    options = connection.aiokafka_options()

    def refused(told: str) -> None:
        failed(InputError("published", told))
        observer.rejected("RecordError", told)

    publishing = Publisher(
        options,
        prefix=prefix,
        acknowledged=observer.published,
        patience=None,
        stop=stop,
        refused=refused,
    )
    async with publishing as publisher:
        progress = _Progress(publisher, remember)
        async for observation in in_thread(observations, progress.flush, stop):
            await progress.begin(observation)
            try:
                outgoing = prepare(observation, separator=separator, selector=selector)
            except InputError as error:
                failed(error)
                observer.failed()
                continue
            tell(outgoing, observation.place, failed)
            counts.add(outgoing)
            await _publish(outgoing, publisher, observer)
        await progress.flush()
        counts.published = publisher.published
        counts.dead_letters += publisher.refused


async def _publish(outgoing: Outgoing, publisher: Publisher, observer: ProducerObserver) -> None:
    """Publish a strip and its sightings, or its dead letter."""
    if outgoing.problem is None:
        await publisher.publish(outgoing.strip, outgoing.found)
        return
    await publisher.reject(outgoing.strip, outgoing.problem)
    observer.rejected(
        "RecordError",
        str(outgoing.problem),
        source=outgoing.strip.source,
        slots=outgoing.strip.slots,
        empty=outgoing.found.empty,
    )
    observer.heard(outgoing.strip.source, outgoing.found.timestamp)


class _Progress:
    """Flushes the publisher and saves the position in a followed file: when input pauses, and every few seconds."""

    def __init__(self, publisher: Publisher, remember: Callable[[ReadTo], None]) -> None:
        self._publisher = publisher
        self._remember = remember
        self._read_to: ReadTo | None = None
        """The end of the last observation that the publisher has."""
        self._next: ReadTo | None = None
        """The end of the current observation."""
        self._at = time.monotonic()

    async def begin(self, observation: Observation) -> None:
        """Begin another observation: the publisher has all before it."""
        self._read_to, self._next = self._next, observation.read_to
        if time.monotonic() - self._at > _REMEMBERED_EVERY_S:
            await self._flush()

    async def flush(self) -> None:
        """Flush everything: the publisher has all that was read."""
        self._read_to = self._next
        await self._flush()

    async def _flush(self) -> None:
        await self._publisher.flush()
        self._at = time.monotonic()
        if self._read_to is not None:
            self._remember(self._read_to)
            self._read_to = None
