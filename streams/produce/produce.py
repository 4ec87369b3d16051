"""The producer: reads observations in a thread, publishes their strips and sightings as they come."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from schemas.topics import DEADLETTERS, SIGHTINGS, STRIPS
from streams.admin.connect import administration
from streams.admin.topics import require
from streams.errors import InputError
from streams.observe.producer import ProducerObserver
from streams.observe.trace import traceparent
from streams.produce.publish import Publisher
from streams.produce.read import Observation
from streams.produce.sightings import sightings
from streams.produce.strips import strip_of
from streams.settings import Connection

TOPICS: Final = (STRIPS, SIGHTINGS, DEADLETTERS)
_READ_AHEAD: Final = 64


class Counts(Struct):
    """What a producer has done: slots = empty + published + refused."""

    strips: int = 0
    slots: int = 0
    empty: int = 0
    published: int = 0
    refused: int = 0
    failed: int = 0
    outdated: int = 0
    """Published sightings that are older than what `sightings` keeps: Kafka's retention goes by event time."""


async def produce(
    observations: Iterator[Observation],
    *,
    connection: Connection,
    prefix: str,
    patience: float,
    counts: Counts,
    failed: Callable[[InputError], None],
    observer: ProducerObserver,
    separator: str | None = None,
    selector: str | None = None,
) -> None:
    """Split and publish observations until they end; whenever they pause, what there is is flushed.

    Args:
        observations: Read in a thread, a few ahead.
        connection: How to reach the cluster.
        prefix: The topics' prefix.
        patience: Seconds to try to reach a broker.
        counts: Raised as the work goes on.
        failed: Called with each strip that cannot be split, and each slot that is no headline.
        observer: Told of strips once they are on Kafka, for metrics.
        separator: What stands between slots; found in each strip when None.
        selector: A CSS selector of the strip's items in HTML pages.

    Raises:
        SettingsError: A topic is missing.
        TickerError: No broker was reached, or it did not take what was published.
    """
    assert SIGHTINGS.retention_ms is not None
    oldest_kept = time.time_ns() // 1_000_000 - SIGHTINGS.retention_ms
    async with administration(connection, patience=patience) as client:
        await require(client, TOPICS, prefix=prefix)
    options = connection.aiokafka_options()
    async with Publisher(options, prefix=prefix, acknowledged=observer.published) as publisher:
        async for observation in _in_thread(observations, publisher.flush):
            try:
                strip, slots = strip_of(observation, separator=separator, selector=selector)
            except InputError as error:
                failed(error)
                observer.failed()
                continue
            strip = replace(strip, traceparent=traceparent(strip.id))
            found = sightings(strip, slots)
            await publisher.publish(strip, found)
            if found.timestamp < oldest_kept:
                counts.outdated += len(found.messages)
            counts.strips += 1
            counts.slots += len(slots)
            counts.empty += found.empty
            counts.refused += len(found.refused)
            for slot, text, problem in found.refused:
                failed(InputError(f"{observation.place}, slot {slot}", f"{problem}: {text[:60]}…"))
        await publisher.flush()
        counts.published = publisher.published


async def _in_thread(
    observations: Iterator[Observation], pause: Callable[[], Awaitable[None]]
) -> AsyncIterator[Observation]:
    """Observations read in a thread, so that waiting for input keeps nothing back; `pause` when none waits."""
    queue: asyncio.Queue[Observation | None] = asyncio.Queue(_READ_AHEAD)
    loop = asyncio.get_running_loop()

    def read() -> None:
        try:
            for observation in observations:
                asyncio.run_coroutine_threadsafe(queue.put(observation), loop).result()
        finally:
            asyncio.run_coroutine_threadsafe(queue.put(None), loop).result()

    reading = asyncio.create_task(asyncio.to_thread(read))
    while True:
        if queue.empty():
            await pause()
        observation = await queue.get()
        if observation is None:
            break
        yield observation
    await reading
