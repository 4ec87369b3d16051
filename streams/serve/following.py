"""Fills the window from Kafka: the newest committed headlines first, then new ones; survives outages."""

import asyncio
import heapq
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec
from aiokafka import TopicPartition
from msgspec import Struct

from schemas.events import UNREADABLE, CategorizedHeadline, Correction, Duplicate, EventTime, SeenHeadline
from schemas.topics import DUPLICATES, HEADLINES, SEEN
from streams.kafka.connect import administration
from streams.kafka.footing import Footing
from streams.kafka.probe import Probe
from streams.kafka.reader import consuming
from streams.kafka.topics import partitions_of
from streams.serve.position import log_identity
from streams.serve.window import Entry, Sightings, Window
from streams.settings import Connection

logger: Final = logging.getLogger(__name__)

_POLL_MS: Final = 200
_AT_ONCE: Final = 2_000

T = TypeVar("T")
_decode_headline: Final = msgspec.json.Decoder(CategorizedHeadline)
_decode_duplicate: Final = msgspec.json.Decoder(Duplicate)
_decode_seen: Final = msgspec.json.Decoder(SeenHeadline | Correction | EventTime)


class Log(Struct, frozen=True):
    """The partitions of the topics on a cluster, and the log's identity in positions."""

    identity: str
    headlines: Sequence[TopicPartition]
    duplicates: Sequence[TopicPartition]
    seen: Sequence[TopicPartition]


async def find_log(connection: Connection, *, prefix: str, patience: float) -> Log:
    """Find the topics on a cluster.

    Raises:
        TickerError: No broker answers, or a topic is missing.
    """
    async with administration(connection, patience=patience) as client:
        found = [await partitions_of(client, [topic.on(prefix)]) for topic in (HEADLINES, DUPLICATES, SEEN)]
        cluster = (await client.describe_cluster())["cluster_id"]
    return Log(log_identity(cluster, HEADLINES.on(prefix)), *found)


class Follower:
    """Reads headlines, their near duplicates and their sightings into a window.

    Args:
        options: aiokafka's connection options.
        log: The topics.
        window: The window to fill.
    """

    def __init__(self, options: dict[str, Any], log: Log, window: Window) -> None:
        self._options = options
        self._log = log
        self._window = window
        self.filled = asyncio.Event()
        """Set once the window has the headlines that were on the topics at the start."""
        self._probe: Probe | None = None
        self.changed: dict[str, Sightings] = {}
        """The sightings of headlines that have changed since the consumer of this dict last emptied it."""
        self.ended: list[str] = []
        """Chains that a correction has ended since the consumer of this list last emptied it."""

    @property
    def is_answered(self) -> bool:
        """Whether the brokers answer."""
        return self._probe is not None and self._probe.is_answered

    @property
    def is_ready(self) -> bool:
        """Whether the window is filled and the brokers answer."""
        return self.filled.is_set() and self.is_answered

    async def run(self, size: int, came: Callable[[Entry], None]) -> None:
        """Fill the window with the newest `size` headlines, then follow until cancelled; `came` gets each new one.

        Raises:
            FootingError: The cluster is another one, or a topic was deleted.
        """
        async with (
            consuming(self._options, reset="earliest") as news,
            consuming(self._options, reset="earliest") as state,
        ):
            await self._fill(news, size)
            topics = {tp.topic for tp in (*self._log.headlines, *self._log.duplicates, *self._log.seen)}
            footing = Footing(self._options, topics, are_there=True)

            async def question() -> None:
                await footing.look()
                await news.end_offsets(list(self._log.headlines))

            self._probe = Probe(question, meanwhile="the window stays as it is")
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._follow(news, came))
                    tasks.create_task(self._follow_state(state))
                    tasks.create_task(self._probe.run())
            except ExceptionGroup as failed:
                raise failed.exceptions[0] from None

    async def _fill(self, consumer: Any, size: int) -> None:
        partitions = [*self._log.headlines, *self._log.duplicates]
        consumer.assign(partitions)
        beginnings = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        starts = {tp: max(beginnings[tp], ends[tp] - size) for tp in partitions}
        for partition, start in starts.items():
            consumer.seek(partition, start)
        self._window.begin(tuple([starts[tp] for tp in self._log.headlines]))
        fetched: dict[TopicPartition, list[Any]] = {tp: [] for tp in partitions}
        waiting = {tp for tp in partitions if starts[tp] < ends[tp]}
        while waiting:
            for partition, records in (
                await consumer.getmany(timeout_ms=_POLL_MS, max_records=_AT_ONCE)
            ).items():
                fetched[partition].extend(records)
            waiting = {tp for tp in waiting if await consumer.position(tp) < ends[tp]}
        headlines = (fetched[tp] for tp in self._log.headlines)
        for record in heapq.merge(*headlines, key=lambda record: record.timestamp):
            self._take(record)
        for partition in self._log.duplicates:
            for record in fetched[partition]:
                self._swallow(record)
        self.filled.set()
        logger.info("%d headlines in the window", len(self._window))

    async def _follow(self, consumer: Any, came: Callable[[Entry], None]) -> None:
        headlines = {tp.topic for tp in self._log.headlines}
        while True:
            fetched = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_AT_ONCE)
            for partition, records in fetched.items():
                for record in records:
                    if partition.topic not in headlines:
                        self._swallow(record)
                    elif (entry := self._take(record)) is not None:
                        came(entry)
                await asyncio.sleep(0)

    async def _follow_state(self, consumer: Any) -> None:
        """Read the state topic from its beginning and follow it: the sightings of each headline in the window."""
        consumer.assign(self._log.seen)
        await consumer.seek_to_beginning(*self._log.seen)
        while True:
            fetched = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_AT_ONCE)
            for records in fetched.values():
                for record in records:
                    self._see(record)
                await asyncio.sleep(0)

    def _take(self, record: Any) -> Entry | None:
        headline = _decoded(_decode_headline, record)
        if headline is None:
            return None
        return self._window.add(headline, record.partition, record.offset)

    def _swallow(self, record: Any) -> None:
        duplicate = _decoded(_decode_duplicate, record)
        if duplicate is not None:
            self._window.swallow(duplicate)

    def _see(self, record: Any) -> None:
        row = _decoded(_decode_seen, record)
        if isinstance(row, Correction):
            self.ended += self._window.correct(row.chains)
            return
        if row is None or isinstance(row, EventTime) or row.alias_of is not None:
            return
        sightings = Sightings(row.sightings, row.last_shown, row.sources)
        if self._window.see(row.id, sightings):
            self.changed[row.id] = sightings


def _decoded(decoder: "msgspec.json.Decoder[T]", record: Any) -> T | None:
    """The event in a record; None for a tombstone, or for a value that is not such an event, which is logged."""
    if record.value is None:
        return None
    try:
        return decoder.decode(record.value)
    except UNREADABLE as error:
        logger.warning("%s/%s/%s is passed over: %s", record.topic, record.partition, record.offset, error)
        return None
