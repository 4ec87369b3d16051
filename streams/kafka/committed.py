"""Read a partition of a compacted topic to its end: a stage's state, and the position it had reached.

Reads committed records up to the high watermark. The caller has fenced the only other writer, so
nothing can be added behind its back.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.events import Position
from streams.errors import RecordError, TickerError

_FETCH_BYTES: Final = 8 << 20
_FETCH_WAIT_MS: Final = 100
_RECORDS_AT_ONCE: Final = 20_000
_STUCK_S: Final = 40.0
"""The transaction timeout of every worker, and the broker's interval to look for those that passed it."""
_TAIL: Final = 2_000
"""Records at the end of the positions topic that are looked at first; each transaction writes one."""

_decode_position: Final = msgspec.json.Decoder(Position).decode


class CommittedReader:
    """Reads committed records of partitions without belonging to a group."""

    def __init__(self, committed: Any, uncommitted: Any) -> None:
        self._committed = committed
        self._uncommitted = uncommitted

    async def end(self, partition: TopicPartition) -> int:
        """The high watermark: the offset after the last record, committed or not.

        It is asked from the leader (ListOffsets), which refuses to answer while it does not know (KIP-207).
        """
        ends = await self._uncommitted.end_offsets([partition])
        return int(ends[partition])

    async def stable_end(self, partition: TopicPartition) -> int:
        """The last stable offset: no transaction that is open now has written below it."""
        ends = await self._committed.end_offsets([partition])
        return int(ends[partition])

    async def beginning(self, partition: TopicPartition) -> int:
        """The offset of the first record that is still there."""
        beginnings = await self._uncommitted.beginning_offsets([partition])
        return int(beginnings[partition])

    async def read(self, partition: TopicPartition, start: int, end: int) -> AsyncIterator[Sequence[Any]]:
        """Committed records from `start` up to `end`, in batches; waits for open transactions below `end`.

        Raises:
            TickerError: A transaction stays open for longer than any may.
        """
        self._committed.assign([partition])
        self._committed.seek(partition, start)
        now = asyncio.get_running_loop().time
        reached, since = start, now()
        while (position := await self._committed.position(partition)) < end:
            if position > reached:
                reached, since = position, now()
            elif now() - since > _STUCK_S:
                raise TickerError(
                    f"{partition.topic}/{partition.partition}/{position}: a transaction has been open for"
                    f" {_STUCK_S:.0f} s; `kafka-transactions.sh find-hanging` tells whose, `abort` ends it"
                )
            fetched = await self._committed.getmany(
                partition, timeout_ms=_FETCH_WAIT_MS, max_records=_RECORDS_AT_ONCE
            )
            for records in fetched.values():
                yield records


@asynccontextmanager
async def committed_reader(
    options: Mapping[str, Any], topics: Collection[str]
) -> AsyncIterator[CommittedReader]:
    """A reader of topics that is connected while the context lasts.

    `options` are aiokafka's connection options.
    """
    committed, uncommitted = (
        AIOKafkaConsumer(
            isolation_level=isolation,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=_FETCH_WAIT_MS,
            max_partition_fetch_bytes=_FETCH_BYTES,
            **options,
        )
        for isolation in ("read_committed", "read_uncommitted")
    )
    await committed.start()
    try:
        await uncommitted.start()
        try:
            for consumer in (committed, uncommitted):
                # All at once: else the client asks for each topic when it meets it, 0.1 s apart.
                await consumer._client.set_topics(topics)  # noqa: SLF001
            yield CommittedReader(committed, uncommitted)
        finally:
            await uncommitted.stop()
    finally:
        await committed.stop()


async def read_position(reader: CommittedReader, partition: TopicPartition, key: bytes) -> int:
    """The last position that was committed under `key`; 0 when there is none.

    Raises:
        RecordError: The record is no position.
    """
    found = await last_record(reader, partition, key)
    return 0 if found is None else _position(found)


async def last_record(
    reader: CommittedReader, partition: TopicPartition, key: bytes, *, end: int | None = None
) -> Any | None:
    """The last committed record of a key of a compacted topic, below `end`; None when there is none.

    Reads from the end backwards in growing steps: compaction keeps the last record of every key, and
    only what was written since matters.
    """
    end = await reader.end(partition) if end is None else end
    beginning = await reader.beginning(partition)
    start, span = end, _TAIL
    while start > beginning:
        upper, start = start, max(beginning, start - span)
        found = None
        async for records in reader.read(partition, start, upper):
            for record in records:
                if record.key == key and record.offset < upper:
                    found = record
        if found is not None:
            return found
        span *= 4
    return None


def _position(record: Any) -> int:
    try:
        return _decode_position(record.value or b"").offset
    except msgspec.DecodeError as error:
        place = f"{record.topic}/{record.partition}/{record.offset}"
        raise RecordError(f"{place}: not a position: {error}") from error
