"""Publish strips and their sightings to Kafka: idempotent, acknowledged by all replicas, compressed."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

from aiokafka.errors import KafkaError

from schemas import deadletters
from schemas.events import Sighting, Strip, encode
from schemas.headers import SOURCE_HEADER
from schemas.instants import parse_instant
from schemas.routing import partition_by_hash, partition_of
from schemas.topics import DEADLETTERS, SIGHTINGS, STRIPS
from streams.errors import RecordError
from streams.produce.delivery import Delivery, Home, Refused
from streams.produce.sightings import RejectedSlot, StripSightings
from streams.stage import RawRecord

_FLUSH_RECORDS: Final = 8_192
PATIENCE_S: Final = 60.0
"""Seconds without an acknowledgement after which a publisher gives up that was told nothing else."""

Published = Callable[[Sequence[tuple[Strip, StripSightings]]], None]


class Publisher:
    """Collects strips and writes them in batches; use it as a context, `flush` when input pauses.

    Args:
        options: aiokafka's connection options.
        prefix: The topics' prefix.
        compression: The client's codec (`lz4`, `zstd`, `snappy`, `gzip`) or None.
        acknowledged: Called with the strips that all replicas have, with all that came of them.
        patience: Seconds without an acknowledgement after which it gives up; None waits for as long as it takes.
        stop: Set by whoever wants an end of waiting.
        refused: Called with what is told of each record that the cluster does not take; it is a dead letter then.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        *,
        prefix: str,
        compression: str | None = "lz4",
        acknowledged: Published = lambda _: None,
        patience: float | None = PATIENCE_S,
        stop: asyncio.Event | None = None,
        refused: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._delivery = Delivery(options, compression=compression, patience=patience, stop=stop)
        self._refused = refused
        self._strips = STRIPS.on(prefix)
        self._sightings = SIGHTINGS.on(prefix)
        self._deadletters = DEADLETTERS.on(prefix)
        self._partitions: dict[str, int] = {}
        self._records: defaultdict[tuple[str, int], list[RawRecord]] = defaultdict(list)
        self._waiting = 0
        self._strips_waiting: list[tuple[Strip, StripSightings]] = []
        self._acknowledged = acknowledged
        self.published = 0
        """Sightings that all replicas have acknowledged."""
        self.refused = 0
        """Sightings that the cluster did not take; they are dead letters."""

    async def __aenter__(self) -> Self:
        try:
            await self._delivery.start()
            for topic in (self._strips, self._sightings, self._deadletters):
                self._partitions[topic] = await self._delivery.partitions_of(topic)
        except BaseException:
            await self._delivery.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._delivery.stop()

    async def publish(self, strip: Strip, found: StripSightings) -> None:
        """Take a strip; writes when enough has come together.

        Raises:
            TickerError: The cluster did not take it in time.
        """
        source = strip.source.encode()
        timestamp = found.timestamp
        home = partition_by_hash(strip.source, self._partitions[self._strips])
        self._records[self._strips, home].append(RawRecord(source, encode(strip), timestamp, []))
        count = self._partitions[self._sightings]
        headers = [(SOURCE_HEADER, source)]
        for record in found.records:
            sighting = record.value
            assert isinstance(sighting, Sighting)
            raw = RawRecord(record.key, encode(sighting), timestamp, headers)
            self._records[self._sightings, partition_of(sighting.language, count)].append(raw)
        for slot in found.rejected:
            self._reject(strip, slot, home)
        self._strips_waiting.append((strip, found))
        self._waiting += len(found.records)
        if self._waiting >= _FLUSH_RECORDS:
            await self.flush()

    async def reject(self, strip: Strip, problem: RecordError) -> None:
        """Keep a whole strip that cannot be published in the dead letters, with the reason.

        Raises:
            TickerError: The cluster did not take it in time.
        """
        home = partition_by_hash(strip.source, self._partitions[self._strips])
        record = RawRecord(strip.source.encode(), encode(strip), parse_instant(strip.observed_at), [])
        letter = _letter(problem, (self._strips, home), 0, record)
        self._records[self._deadletters, home % self._partitions[self._deadletters]].append(letter)
        self._waiting += 1
        if self._waiting >= _FLUSH_RECORDS:
            await self.flush()

    async def flush(self) -> None:
        """Write what has come together and wait until all replicas have it.

        Raises:
            TickerError: The cluster did not take it in time.
        """
        if not self._records:
            return
        sightings = sum(len(rows) for (topic, _), rows in self._records.items() if topic == self._sightings)
        refused = await self._delivery.deliver(self._records)
        lost = sum(1 for each in refused if each.home[0] == self._sightings)
        await self._keep(refused)
        self.published += sightings - lost
        self.refused += lost
        self._waiting = 0
        self._records.clear()
        if self._strips_waiting:
            self._acknowledged(self._strips_waiting)
            self._strips_waiting = []

    async def _keep(self, refused: Sequence[Refused]) -> None:
        """Make dead letters of records that the cluster does not take, each with the broker's reason."""
        letters: defaultdict[tuple[str, int], list[RawRecord]] = defaultdict(list)
        for (topic, partition), record, error in refused:
            key = (record.key or b"").decode("utf-8", "replace")
            self._refused(f"{topic}, key {key}: the cluster does not take it: {_told(error, record)}")
            letter = _letter(RecordError(_told(error, record)), (topic, partition), 0, record)
            letters[self._deadletters, partition % self._partitions[self._deadletters]].append(letter)
        for (topic, _), record, error in await self._delivery.deliver(letters) if letters else []:
            self._refused(
                f"{topic}: not even a dead letter of {len(record.value or b''):,} bytes is taken: {error}"
            )

    def _reject(self, strip: Strip, slot: RejectedSlot, partition: int) -> None:
        """Keep a slot that is no headline in the dead letters."""
        key = f"{strip.id}-{slot.slot}".encode()
        record = RawRecord(key, slot.text.encode(), parse_instant(strip.observed_at), [])
        letter = _letter(slot.error, (self._strips, partition), slot.slot, record)
        self._records[self._deadletters, partition % self._partitions[self._deadletters]].append(letter)


def _letter(problem: RecordError, home: Home, offset: int, record: RawRecord) -> RawRecord:
    """A dead letter of something that was never a record: its offset is a slot's, or 0."""
    now = time.time_ns() // 1_000_000
    why = deadletters.reason(
        problem,
        stage="produce",
        topic=home[0],
        partition=home[1],
        offset=offset,
        now=now,
        timestamp=record.timestamp,
    )
    return RawRecord(record.key, record.value, now, [*record.headers, *deadletters.to_headers(why)])


def _told(error: KafkaError, record: RawRecord) -> str:
    """What a broker said, with what it is about."""
    size = sum(len(part) for part in (record.key, record.value) if part)
    return f"{type(error).__name__} for {size:,} bytes of the time {record.timestamp} ms"
