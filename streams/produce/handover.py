"""Hands strips over from the spool to Kafka, in order, exactly once.

A transaction contains some strips, their sightings and dead letters, and the spool's position: the number of its last
strip. A producer that was killed, or does not know whether its transaction was committed, starts again under the
spool's transactional id, which ends any open transaction, and reads the position back. So readers of committed records
miss nothing and see nothing twice (KIP-98).
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple, Protocol

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced

from schemas.events import UNREADABLE
from schemas.routing import partition_by_hash
from schemas.topics import POSITIONS
from streams.engine.kafka.positions import position_record, read_position
from streams.errors import RecordError, TickerError, in_words
from streams.kafka.connect import administration
from streams.kafka.hanging import end_hanging
from streams.kafka.reader import CommittedReader, committed_reader
from streams.kafka.retry import TRANSIENT, Retry
from streams.kafka.topics import require
from streams.kafka.transaction import TransactionalProducer
from streams.produce.delivery import FORBIDDEN, REFUSED
from streams.produce.outgoing import Outgoing, unpack
from streams.produce.publish import refusal_reason
from streams.produce.records import TOPICS, Home, Placed, Records
from streams.produce.spool import Kept, Spool
from streams.settings import Connection
from streams.stage import RawRecord

logger: Final = logging.getLogger(__name__)

_AT_ONCE: Final = 500
_AT_ONCE_BYTES: Final = 1 << 20
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.2, 5.0
_STOP_S: Final = 2.0
_CONNECT_S: Final = 5.0
_POSITION_S: Final = 10.0
"""Seconds after which it is told that an open transaction keeps the position from being read."""


class Refusal(NamedTuple):
    """A record that the cluster refused: the message for it, and whether it was a sighting."""

    said: str
    is_sighting: bool


class HandOverObserver(Protocol):
    """Gets what was handed over."""

    def handed_over(self, strips: Sequence[Outgoing], refused: Sequence[Refusal]) -> None:
        """Strips were committed, with their sightings; each refused record became a dead letter."""


class _Open(NamedTuple):
    """A started producer of the spool's transactional id, with what it needs to write."""

    producer: TransactionalProducer
    records: Records
    position: Home
    key: bytes


class HandOver:
    """Hands a spool over while `run` runs.

    Args:
        spool: Where strips wait.
        kept: Set when something was added to the spool.
        connection: How to reach the cluster.
        prefix: The topics' prefix.
        observer: Gets what was committed.
    """

    def __init__(
        self,
        spool: Spool,
        kept: asyncio.Event,
        *,
        connection: Connection,
        prefix: str,
        observer: HandOverObserver,
    ) -> None:
        self._spool = spool
        self._kept = kept
        self._connection = connection
        self._prefix = prefix
        self._observer = observer
        self._refused: dict[int, KafkaError] = {}
        """The next strip's records that the cluster refuses, by their place among its records."""
        self._one_by_one = False
        """Whether a transaction takes one strip only: a record of the last transaction was refused."""
        self._without_letters = False
        """Whether no dead letters are written for the next strip: they were refused too."""
        self._was_open = False
        self._said = ""
        self._is_empty = asyncio.Event()
        self.is_open = False
        """Whether a producer is started and hands strips over."""

    async def run(self) -> None:
        """Hand strips over until cancelled, with backoff while Kafka is away, however long.

        Raises:
            SettingsError: A topic is missing at the start.
            TickerError: The cluster refuses this client at the start; or another producer has fenced this one, because
                it uses a copy of the spool.
        """
        retry = Retry(first=_FIRST_WAIT_S, longest=_LONGEST_WAIT_S)
        while True:
            opened, grace = None, 0.0
            try:
                opened = await self._open()
                self._was_open = self.is_open = True
                while True:
                    await self._next(opened)
                    retry.succeeded()
                    self._said = ""
            except ProducerFenced as error:
                raise TickerError(
                    f"another producer has the spool {self._spool.id}: is its folder a copy? Give each its own"
                ) from error
            except (*TRANSIENT, TickerError) as error:
                self._failed(error)
            except asyncio.CancelledError:
                grace = _STOP_S
                raise
            finally:
                self.is_open = False
                if opened is not None:
                    await opened.producer.dispose(grace)
            await retry.wait()

    def _failed(self, error: Exception) -> None:
        """Raise an error at the start that a retry does not cure; else log a refusal once. The probe logs outages."""
        is_refusal = isinstance(error, (TickerError, *FORBIDDEN))
        if is_refusal and not self._was_open:
            raise error if isinstance(error, TickerError) else TickerError(in_words(error)) from error
        if is_refusal or isinstance(error, REFUSED):
            self._say(in_words(error))

    def _say(self, why: str) -> None:
        """Log why the spool waits, once for each reason until strips are handed over again."""
        if why != self._said:
            self._said = why
            logger.warning("the spool is not handed over: %s", why)

    async def done(self, patience: float | None) -> bool:
        """Wait until the spool is empty, for `patience` seconds or None for ever; says whether it is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self._spool.waiting:
                    self._is_empty.clear()
                    await self._is_empty.wait()
        return not self._spool.waiting

    async def _open(self) -> _Open:
        """Start a producer of the spool's transactional id, and read back how far the spool was handed over."""
        topics = [topic.on(self._prefix) for topic in (*TOPICS, POSITIONS)]
        if not self._was_open:
            async with administration(self._connection, patience=float("inf")) as client:
                await require(client, (*TOPICS, POSITIONS), prefix=self._prefix)
        options = self._connection.aiokafka_options()
        producer = TransactionalProducer(
            f"ticker-produce-{self._prefix}-{self._spool.id}", topics, options | {"compression_type": "lz4"}
        )
        try:
            async with asyncio.timeout(_CONNECT_S * 4):
                await producer.start()
                partitions = {name: await producer.partitions_of(name) for name in topics}
                name = POSITIONS.on(self._prefix)
                key = self._key()
                home = (name, partition_by_hash(self._spool.id, partitions[name]))
                written = [
                    TopicPartition(topic.on(self._prefix), number)
                    for topic in TOPICS
                    for number in range(partitions[topic.on(self._prefix)])
                ]
                async with committed_reader(options, topics) as reader:
                    await end_hanging(producer, reader, [*written, TopicPartition(*home)])
                    through = await self._position(reader, TopicPartition(*home), key)
        except BaseException:
            await producer.dispose(0)
            raise
        self._spool.reconcile(through)
        if key != self._key():
            await producer.dispose(_STOP_S)
            return await self._open()
        return _Open(producer, Records(self._prefix, partitions), home, key)

    async def _position(self, reader: CommittedReader, place: TopicPartition, key: bytes) -> int:
        """How far the spool was handed over; says so if another producer's transaction keeps that from being read."""
        try:
            async with asyncio.timeout(_POSITION_S):
                return await read_position(reader, place, key)
        except TimeoutError:
            if await reader.blocked([place]):
                self._say(
                    f"{place.topic}/{place.partition} has its position, and another producer's transaction is open"
                    " there; if it stays, `kafka-transactions.sh find-hanging` tells whose, `abort` ends it"
                )
            raise

    def _key(self) -> bytes:
        """The key of the spool's position in `ticker.positions`."""
        return f"produce|{self._spool.id}".encode()

    async def _next(self, opened: _Open) -> None:
        """Hand over the next strips in one transaction; if there are none, wait for one."""
        most = 1 if self._one_by_one else _AT_ONCE
        self._kept.clear()
        kept = await asyncio.to_thread(self._spool.read, most=most, most_bytes=_AT_ONCE_BYTES)
        if not kept:
            self._is_empty.set()
            await self._kept.wait()
            return
        outgoing = [each for each in map(self._unpacked, kept) if each is not None]
        placed = [record for each in outgoing for record in _records(opened.records, each)]
        records, refusals = self._without_refused(opened.records, placed)
        now = time.time_ns() // 1_000_000
        records[opened.position].append(position_record(opened.key, kept[-1].number, now))
        try:
            await opened.producer.write(records, singly=self._one_by_one)
        except REFUSED:
            if self._one_by_one:
                known = len(self._refused)
                await self._find_refused(placed)
                self._without_letters = len(self._refused) == known
            self._one_by_one = True
            raise
        self._spool.forget(kept[-1].number)
        self._observer.handed_over(outgoing, refusals)
        self._refused, self._one_by_one, self._without_letters = {}, False, False

    def _unpacked(self, kept: Kept) -> Outgoing | None:
        try:
            return unpack(kept.body)
        except (*UNREADABLE, ValueError) as error:
            logger.error("record %d of the spool cannot be read (%s): it is left out", kept.number, error)  # noqa: TRY400 (the message says all)
            return None

    def _without_refused(
        self, make: Records, placed: Sequence[Placed]
    ) -> tuple[defaultdict[Home, list[RawRecord]], list[Refusal]]:
        """Records by topic and partition, with dead letters in place of those that the cluster refuses."""
        by_home: defaultdict[Home, list[RawRecord]] = defaultdict(list)
        refusals = []
        for number, (home, record) in enumerate(placed):
            error = self._refused.get(number)
            if error is None:
                by_home[home].append(record)
                continue
            key = (record.key or b"").decode("utf-8", "replace")
            said = f"{home[0]}, key {key}: the cluster does not take it: {refusal_reason(error, record)}"
            if self._without_letters:
                said += "; nor its dead letter"
            else:
                letters, letter = make.letter(RecordError(refusal_reason(error, record)), home, record)
                by_home[letters].append(letter)
            refusals.append(Refusal(said, home[0] == make.sightings))
        return by_home, refusals

    async def _find_refused(self, placed: Sequence[Placed]) -> None:
        """Find out which of a strip's records the cluster refuses: each is written in a transaction that is aborted."""
        for number, (home, record) in enumerate(placed):
            if number in self._refused:
                continue
            opened = await self._open()
            try:
                await opened.producer.write_and_abort({home: [record]})
            except REFUSED as error:
                self._refused[number] = error
            finally:
                await opened.producer.dispose(0)


def _records(make: Records, outgoing: Outgoing) -> list[Placed]:
    if outgoing.problem is not None:
        return [make.rejected(outgoing.strip, outgoing.problem)]
    return list(make.of(outgoing.strip, outgoing.found))
