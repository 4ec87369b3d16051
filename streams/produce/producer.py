"""The producer: reads observations in a thread, publishes their strips and sightings as they come."""

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from schemas.instants import format_instant
from schemas.topics import DEADLETTERS, MAX_AHEAD_MS, SIGHTINGS, STRIPS
from streams.errors import InputError, RecordError
from streams.kafka.connect import administration
from streams.kafka.topics import require
from streams.observe.trace import traceparent
from streams.produce.metrics import ProducerObserver
from streams.produce.observation import Observation
from streams.produce.positions import ReadTo
from streams.produce.publish import Publisher
from streams.produce.sightings import sightings
from streams.produce.strips import strip_of
from streams.settings import Connection

TOPICS: Final = (STRIPS, SIGHTINGS, DEADLETTERS)
_READ_AHEAD: Final = 64
_REMEMBERED_EVERY_S: Final = 5.0


class Counts(Struct):
    """What a producer has done: slots = empty + published + dead letters."""

    strips: int = 0
    slots: int = 0
    empty: int = 0
    published: int = 0
    dead_letters: int = 0
    failed: int = 0
    outdated: int = 0
    """Published sightings that are older than what `sightings` keeps: Kafka's retention goes by event time."""


async def check_topics(connection: Connection, prefix: str, *, patience: float) -> None:
    """See that a producer has its topics; `patience` is how many seconds to try to reach a broker.

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
    """Split and publish observations until they end; whenever they pause, what there is is flushed.

    Args:
        observations: Read in a thread, a few ahead.
        connection: How to reach the cluster.
        prefix: The topics' prefix.
        counts: Raised as the work goes on.
        failed: Called with each strip that cannot be split, and each slot that is no headline.
        observer: Told of strips once they are on Kafka, for metrics.
        stop: Set by whoever wants an end: what was read is published, and no more is read.
        separator: What stands between slots; found in each strip when None.
        selector: A CSS selector of the strip's items in HTML pages.
        remember: Told how far a followed file was read, once all before is on Kafka.

    Raises:
        TickerError: No broker was reached, or an end was wanted while none acknowledged what was read.
    """
    assert SIGHTINGS.retention_ms is not None
    oldest_kept = time.time_ns() // 1_000_000 - SIGHTINGS.retention_ms
    options = connection.aiokafka_options()

    def refused(told: str) -> None:
        failed(InputError("published", told))
        observer.rejected("RecordError")

    publishing = Publisher(
        options,
        prefix=prefix,
        acknowledged=observer.published,
        patience=None,
        stop=stop,
        refused=refused,
    )
    async with publishing as publisher:
        progress = _Settled(publisher, remember)
        async for observation in _in_thread(observations, progress.settle, stop):
            await progress.goes_on(observation)
            try:
                strip, slots = strip_of(observation, separator=separator, selector=selector)
            except InputError as error:
                failed(error)
                observer.failed()
                continue
            strip = replace(strip, traceparent=traceparent(strip.id))
            found = sightings(strip, slots)
            if ahead := _ahead(found.timestamp):
                failed(InputError(observation.place, f"observed_at: {ahead}; kept in the dead letters"))
                await publisher.reject(strip, ahead)
                observer.rejected("RecordError", slots=len(slots), empty=found.empty)
                counts.strips += 1
                counts.slots += len(slots)
                counts.empty += found.empty
                counts.dead_letters += len(slots) - found.empty
                continue
            await publisher.publish(strip, found)
            if found.timestamp < oldest_kept:
                counts.outdated += len(found.records)
            counts.strips += 1
            counts.slots += len(slots)
            counts.empty += found.empty
            counts.dead_letters += len(found.rejected)
            for slot, text, problem in found.rejected:
                failed(InputError(f"{observation.place}, slot {slot}", f"{problem}: {text[:60]}…"))
        await progress.settle()
        counts.published = publisher.published
        counts.dead_letters += publisher.refused


class _Settled:
    """Flushes what was read and remembers how far that was: when input pauses, and every few seconds."""

    def __init__(self, publisher: Publisher, remember: Callable[[ReadTo], None]) -> None:
        self._publisher = publisher
        self._remember = remember
        self._read_to: ReadTo | None = None
        """The end of what the publisher was given."""
        self._next: ReadTo | None = None
        """The end of the observation under way."""
        self._at = time.monotonic()

    async def goes_on(self, observation: Observation) -> None:
        """Another observation: what came before it has been given to the publisher."""
        self._read_to, self._next = self._next, observation.read_to
        if time.monotonic() - self._at > _REMEMBERED_EVERY_S:
            await self._settle()

    async def settle(self) -> None:
        """All that was read has been given to the publisher."""
        self._read_to = self._next
        await self._settle()

    async def _settle(self) -> None:
        await self._publisher.flush()
        self._at = time.monotonic()
        if self._read_to is not None:
            self._remember(self._read_to)
            self._read_to = None


def _ahead(observed_at: int) -> RecordError | None:
    """Why a strip is not published whose clock is further ahead than brokers take."""
    ahead = observed_at - time.time_ns() // 1_000_000
    if ahead <= MAX_AHEAD_MS:
        return None
    return RecordError(
        f"{format_instant(observed_at)} is {timedelta(seconds=ahead // 1000)} ahead of this clock;"
        f" allowed: at most {timedelta(milliseconds=MAX_AHEAD_MS)}"
    )


def _put(
    item: Observation | Exception | None,
    queue: "asyncio.Queue[Observation | Exception | None]",
    loop: asyncio.AbstractEventLoop,
    nobody_waits: threading.Event,
) -> None:
    """Hand something over to the loop from a thread; a RuntimeError where the loop has gone on without it."""
    if nobody_waits.is_set():
        raise RuntimeError("what was read comes too late")
    asyncio.run_coroutine_threadsafe(queue.put(item), loop).result()


async def _in_thread(
    observations: Iterator[Observation], pause: Callable[[], Awaitable[None]], stop: asyncio.Event
) -> AsyncIterator[Observation]:
    """Observations read in a thread, so that waiting for input keeps nothing back; `pause` when none waits.

    After `stop` those that were read still come. The thread may wait for input that never comes, so nobody waits
    for it.
    """
    queue: asyncio.Queue[Observation | Exception | None] = asyncio.Queue(_READ_AHEAD)
    loop = asyncio.get_running_loop()

    nobody_waits = threading.Event()

    def read() -> None:
        # The loop may be gone when there is something to say at last.
        with suppress(RuntimeError, concurrent.futures.CancelledError):
            try:
                for observation in observations:
                    _put(observation, queue, loop, nobody_waits)
                _put(None, queue, loop, nobody_waits)
            except Exception as error:  # noqa: BLE001 (whatever it was is raised where observations are used)
                _put(error, queue, loop, nobody_waits)

    async def end() -> None:
        await stop.wait()
        await queue.put(None)

    threading.Thread(target=read, name="reading", daemon=True).start()
    ending = asyncio.create_task(end())
    try:
        while True:
            if queue.empty():
                await pause()
            item = await queue.get()
            if item is None:
                return
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        nobody_waits.set()
        ending.cancel()
