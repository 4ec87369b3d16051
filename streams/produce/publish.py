"""Publish strips and their sightings to Kafka: idempotent, acknowledged by all replicas, compressed."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas import deadletters
from schemas.events import Sighting, Strip, encode
from schemas.headers import SOURCE_HEADER
from schemas.routing import partition_by_hash, partition_of
from schemas.topics import DEADLETTERS, SIGHTINGS, STRIPS
from streams.errors import TickerError
from streams.kafka.batches import send
from streams.produce.sightings import RejectedSlot, StripSightings
from streams.stage import RawRecord

_BATCH_BYTES: Final = 1 << 18
MAX_REQUEST_BYTES: Final = 8 << 20
"""The largest request: a strip and its envelope."""
_FLUSH_RECORDS: Final = 8_192
_DELIVERY_TIMEOUT_S: Final = 60.0

Published = Callable[[Sequence[tuple[Strip, StripSightings]]], None]


class Publisher:
    """Collects strips and writes them in batches; use it as a context, `flush` when input pauses.

    Args:
        options: aiokafka's connection options.
        prefix: The topics' prefix.
        compression: The client's codec (`lz4`, `zstd`, `snappy`, `gzip`) or None.
        acknowledged: Called with the strips that all replicas have, with all that came of them.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        *,
        prefix: str,
        compression: str | None = "lz4",
        acknowledged: Published = lambda _: None,
    ) -> None:
        self._producer = AIOKafkaProducer(
            enable_idempotence=True,
            acks="all",
            compression_type=compression,
            max_batch_size=_BATCH_BYTES,
            max_request_size=MAX_REQUEST_BYTES,
            **options,
        )
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

    async def __aenter__(self) -> Self:
        await self._producer.start()
        for topic in (self._strips, self._sightings, self._deadletters):
            self._partitions[topic] = len(await self._producer.partitions_for(topic))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._producer.stop()

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

    async def flush(self) -> None:
        """Write what has come together and wait until all replicas have it.

        Raises:
            TickerError: The cluster did not take it in time.
        """
        try:
            async with asyncio.timeout(_DELIVERY_TIMEOUT_S):
                await send(self._producer, self._records)
        except (KafkaError, TimeoutError) as error:
            problem = str(error) or f"no acknowledgement within {_DELIVERY_TIMEOUT_S:.0f} s"
            raise TickerError(
                f"{self._waiting:,} sightings could not be published: {problem};"
                " publish the same input again, ids stay the same"
            ) from error
        self.published += self._waiting
        self._waiting = 0
        self._records.clear()
        if self._strips_waiting:
            self._acknowledged(self._strips_waiting)
            self._strips_waiting = []

    def _reject(self, strip: Strip, slot: RejectedSlot, partition: int) -> None:
        """Keep a slot that is no headline in the dead letters."""
        now = time.time_ns() // 1_000_000
        why = deadletters.reason(
            slot.error,
            stage="produce",
            topic=self._strips,
            partition=partition,
            offset=slot.slot,
            now=now,
        )
        key = f"{strip.id}-{slot.slot}".encode()
        home = partition % self._partitions[self._deadletters]
        raw = RawRecord(key, slot.text.encode(), now, deadletters.to_headers(why))
        self._records[self._deadletters, home].append(raw)
