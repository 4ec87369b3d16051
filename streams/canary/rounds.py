"""The canary's rounds: publish a headline per language, wait until each arrives, and report how long it took.

Canary headlines pass through the same stages and partitions as all others. Only the last step differs: the categorize
stage publishes them to a topic of their own, in the same transactions, so that consumers never see them.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Any, Final, Never, Protocol

from aiokafka.errors import KafkaError
from msgspec import Struct
from msgspec.structs import replace

from schemas.events import Sighting
from schemas.topics import CANARY
from streams.canary.headlines import observation
from streams.errors import TickerError, in_words
from streams.kafka.connect import administration
from streams.kafka.subscribe import subscribe
from streams.kafka.topics import partitions_of, require
from streams.observe.trace import traceparent
from streams.produce.publish import Publisher
from streams.produce.records import TOPICS
from streams.produce.sightings import sightings
from streams.produce.strips import strip_of
from streams.settings import Connection

logger: Final = logging.getLogger(__name__)

GIVEN_UP_S: Final = 900.0
_TICK_S: Final = 1.0


class Arrival(Struct, frozen=True):
    """A canary headline that arrived, or was given up: then `seconds` is None."""

    id: str
    language: str
    seconds: float | None


class CanaryObserver(Protocol):
    """Observes the canary's headlines, for metrics and output."""

    def published(self, language: str) -> None:
        """A headline was published and acknowledged by all in-sync replicas."""

    def arrived(self, arrival: Arrival) -> None:
        """A headline came out of the pipeline, or was given up."""

    def ages(self, ages: Mapping[str, float]) -> None:
        """Called every second with the age in seconds of the oldest headline in flight, by language."""


class _InFlight(Struct, frozen=True):
    language: str
    since: float


class Canary:
    """The canary headlines in flight.

    Args:
        observer: Called for every publication, arrival and loss.
        clock: Seconds since the epoch.
    """

    def __init__(self, observer: CanaryObserver, clock: Callable[[], float] = time.time) -> None:
        self._observer = observer
        self._clock = clock
        self._in_flight: dict[str, _InFlight] = {}
        self._last: dict[str, float] = {}
        self.nothing_in_flight = asyncio.Event()

    def sent(self, sighting: Sighting, at: float) -> None:
        """Expect a headline that is about to be published; `at` is its event time in seconds."""
        self._in_flight[sighting.id] = _InFlight(sighting.language, at)
        self.nothing_in_flight.clear()

    def take(self, record: Any) -> None:
        """Match a record of the canary's topic by its key. The key is the chain's id, here the headline's own id."""
        identity = (record.key or b"").decode("ascii", "replace")
        arrived = self._in_flight.get(identity)
        if arrived is None:
            return  # sent before a restart, by another canary, or given up
        # Headlines of a language share partitions all the way, so they arrive in order: an earlier one is lost.
        for earlier, sent in list(self._in_flight.items()):
            if earlier == identity:
                break
            if sent.language == arrived.language:
                self._end(earlier, arrived=False)
        self._end(identity, arrived=True)

    def tick(self) -> None:
        """Report the age of the oldest headlines, and give up those older than `GIVEN_UP_S`."""
        now = self._clock()
        for identity, sent in list(self._in_flight.items()):
            if now - sent.since > GIVEN_UP_S:
                self._end(identity, arrived=False)
        ages = dict(self._last)
        for sent in reversed(self._in_flight.values()):
            ages[sent.language] = now - sent.since
        self._observer.ages(ages)

    def _end(self, identity: str, *, arrived: bool) -> None:
        sent = self._in_flight.pop(identity)
        seconds = self._last[sent.language] = self._clock() - sent.since
        arrival = Arrival(identity, sent.language, round(seconds, 3) if arrived else None)
        self._observer.arrived(arrival)
        if not self._in_flight:
            self.nothing_in_flight.set()


def topics(prefix: str) -> list[str]:
    """The topics that a canary writes and reads, as named on the cluster."""
    return [topic.on(prefix) for topic in (*TOPICS, CANARY)]


async def watch(
    *,
    connection: Connection,
    prefix: str,
    patience: float,
    observer: CanaryObserver,
    every: float,
    rounds: int | None = None,
    started: Callable[[], None] = lambda: None,
) -> None:
    """Publish a headline per language every `every` seconds and observe their arrival.

    With `rounds`, end after that many rounds, each of which waits up to `every` seconds for its headlines.

    Raises:
        SettingsError: A topic is missing.
        TickerError: No broker was reached, or it did not acknowledge a headline.
    """
    async with administration(connection, patience=patience) as client:
        await require(client, (*TOPICS, CANARY), prefix=prefix)
        partitions = await partitions_of(client, [CANARY.on(prefix)])
    canary = Canary(observer)
    options = connection.aiokafka_options()
    try:
        async with Publisher(options, prefix=prefix) as publisher, asyncio.TaskGroup() as group:
            listening = asyncio.Event()
            reading = group.create_task(_read(canary, options, partitions, listening.set))
            await listening.wait()
            ticking = group.create_task(_tick(canary))
            started()
            if rounds is None:
                await _publish_forever(canary, publisher, observer, every)
            else:
                await _publish_and_wait(canary, publisher, observer, every, rounds)
            ticking.cancel()
            reading.cancel()
    except ExceptionGroup as failures:
        error = failures.exceptions[0]
        if isinstance(error, KafkaError):
            raise TickerError(f"Kafka at {connection.bootstrap_servers}: {in_words(error)}") from error
        raise error from None


async def _publish_forever(
    canary: Canary, publisher: Publisher, observer: CanaryObserver, every: float
) -> Never:
    while True:
        try:
            await _publish(canary, publisher, observer)
        except TickerError as error:
            # Its headlines stay in flight, so that their age raises the alert.
            logger.warning("%s", error)
        await asyncio.sleep(every)


async def _publish_and_wait(
    canary: Canary, publisher: Publisher, observer: CanaryObserver, patience: float, rounds: int
) -> None:
    for _ in range(rounds):
        await _publish(canary, publisher, observer)
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await canary.nothing_in_flight.wait()


async def _publish(canary: Canary, publisher: Publisher, observer: CanaryObserver) -> None:
    at = time.time_ns() // 1_000_000
    strip, slots = strip_of(observation(at))
    strip = replace(strip, traceparent=traceparent(strip.id))
    found = sightings(strip, slots)
    expected = [record.value for record in found.records if isinstance(record.value, Sighting)]
    for sighting in expected:
        canary.sent(sighting, at / 1000)
    await publisher.publish(strip, found)
    await publisher.flush()
    for sighting in expected:
        observer.published(sighting.language)


async def _tick(canary: Canary) -> None:
    while True:
        canary.tick()
        await asyncio.sleep(_TICK_S)


async def _read(
    canary: Canary, options: Mapping[str, Any], partitions: Sequence[Any], ready: Callable[[], None]
) -> None:
    records = subscribe(options, partitions, since=None, follow=True, ready=ready)
    async with aclosing(records):
        async for record in records:
            canary.take(record)
