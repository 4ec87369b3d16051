"""Publishes strips and their sightings to Kafka: idempotent, acknowledged by all in-sync replicas, compressed."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

from aiokafka.errors import KafkaError

from schemas.events import Strip
from streams.errors import RecordError, in_words
from streams.produce.delivery import Delivery, Refused
from streams.produce.records import TOPICS, Home, Records
from streams.produce.sightings import StripSightings
from streams.stage import RawRecord

_FLUSH_RECORDS: Final = 8_192
PATIENCE_S: Final = 60.0
"""The default of a publisher's `patience`, in seconds."""

Published = Callable[[Sequence[tuple[Strip, StripSightings]]], None]


class Publisher:
    """Collects strips and writes them in batches; use it as a context, `flush` when input pauses.

    Args:
        options: aiokafka's connection options.
        prefix: The topics' prefix.
        compression: The client's codec (`lz4`, `zstd`, `snappy`, `gzip`) or None.
        acknowledged: Called with strips once they, their sightings and dead letters are acknowledged.
        patience: Seconds without an acknowledgement after which it gives up; None waits forever.
        stop: Set when the program should end (`streams.produce.delivery.Delivery`).
        refused: Called with a message for each record that the cluster refuses; the record becomes a dead letter.
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
        self._partitions: dict[str, int] = {}
        self._prefix = prefix
        self._made = Records(prefix, self._partitions)
        self._records: defaultdict[Home, list[RawRecord]] = defaultdict(list)
        self._waiting = 0
        self._strips_waiting: list[tuple[Strip, StripSightings]] = []
        self._acknowledged = acknowledged
        self.published = 0
        """Acknowledged sightings."""
        self.refused = 0
        """Sightings that the cluster refused; they became dead letters."""

    async def __aenter__(self) -> Self:
        try:
            await self._delivery.start()
            for topic in TOPICS:
                name = topic.on(self._prefix)
                self._partitions[name] = await self._delivery.partitions_of(name)
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
        """Add a strip to the buffer, and flush it when it is large enough.

        Raises:
            TickerError: As `flush`.
        """
        for home, record in self._made.of(strip, found):
            self._records[home].append(record)
        self._strips_waiting.append((strip, found))
        self._waiting += len(found.records)
        if self._waiting >= _FLUSH_RECORDS:
            await self.flush()

    async def reject(self, strip: Strip, problem: RecordError) -> None:
        """Write a strip that cannot be published to the dead letters, whole, with the reason.

        Raises:
            TickerError: As `flush`.
        """
        home, letter = self._made.rejected(strip, problem)
        self._records[home].append(letter)
        self._waiting += 1
        if self._waiting >= _FLUSH_RECORDS:
            await self.flush()

    async def flush(self) -> None:
        """Write the buffer and wait until all in-sync replicas have it.

        Raises:
            TickerError: They did not acknowledge it in time.
        """
        if not self._records:
            return
        sightings = sum(
            len(rows) for (topic, _), rows in self._records.items() if topic == self._made.sightings
        )
        refused = await self._delivery.deliver(self._records)
        lost = sum(1 for each in refused if each.home[0] == self._made.sightings)
        await self._keep(refused)
        self.published += sightings - lost
        self.refused += lost
        self._waiting = 0
        self._records.clear()
        if self._strips_waiting:
            self._acknowledged(self._strips_waiting)
            self._strips_waiting = []

    async def _keep(self, refused: Sequence[Refused]) -> None:
        """Write a dead letter for each record that the cluster refused, with the broker's reason."""
        letters: defaultdict[Home, list[RawRecord]] = defaultdict(list)
        for home, record, error in refused:
            key = (record.key or b"").decode("utf-8", "replace")
            self._refused(
                f"{home[0]}, key {key}: the cluster does not take it: {refusal_reason(error, record)}"
            )
            place, letter = self._made.letter(RecordError(refusal_reason(error, record)), home, record)
            letters[place].append(letter)
        for (topic, _), record, error in await self._delivery.deliver(letters) if letters else []:
            self._refused(
                f"{topic}: not even a dead letter of {len(record.value or b''):,} bytes is taken: {in_words(error)}"
            )


def refusal_reason(error: KafkaError, record: RawRecord) -> str:
    """A message for a refused record: the broker's error, the record's size and time."""
    size = sum(len(part) for part in (record.key, record.value) if part)
    return f"{type(error).__name__} for {size:,} bytes of the time {record.timestamp} ms"
