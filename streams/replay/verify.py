"""Reads back what a replay wrote, to find records that were lost, doubled or changed."""

from collections.abc import Mapping
from typing import Any
from zlib import crc32

from aiokafka import TopicPartition
from msgspec import Struct

from schemas.headers import REPLAY_ID_HEADER, REPLAY_SOURCE_HEADER
from schemas.marks import Progress
from streams.kafka.reader import bounds, read_windows


class Found(Struct):
    """The records of one partition of the source that were found in the target."""

    records: int = 0
    doubled: int = 0
    """Records whose source offset is not above the one before: duplicates, or out of order."""
    checksum: int = 0
    """CRC-32 of the values."""
    last: int = -1
    """The highest source offset so far."""


async def read_back(
    options: Mapping[str, Any], topic: str, replay: str, progress: Mapping[int, Progress], partitions: int
) -> dict[int, Found]:
    """Count a replay's records in its target, by partition of the source.

    Args:
        options: aiokafka's connection options of the target.
        topic: The target's topic.
        replay: The replay's id.
        progress: The progress, by partition of the source.
        partitions: The target's partition count.
    """
    bases: dict[TopicPartition, int] = {}
    for number, each in progress.items():
        place = TopicPartition(topic, target_of(number, partitions))
        bases[place] = min(bases.get(place, each.base), each.base)
    there = await bounds(options, bases, isolation="read_uncommitted")
    windows = {place: (max(first, bases[place]), end) for place, (first, end) in there.items()}
    found = {partition: Found() for partition in progress}
    mine = (REPLAY_ID_HEADER, replay.encode())
    async for _, records in read_windows(options, windows):
        for record in records:
            if mine in record.headers:
                _count(found, record)
    return found


def target_of(partition: int, partitions: int) -> int:
    """The target partition of a source partition: the same number, if the target has as many.

    With fewer, whole partitions are combined, so that records of one key stay together and in order.
    """
    return partition % partitions


def _count(found: Mapping[int, Found], record: Any) -> None:
    place = next(value for name, value in reversed(record.headers) if name == REPLAY_SOURCE_HEADER)
    _, partition, offset = place.rsplit(b"/", 2)
    row = found[int(partition)]
    row.doubled += int(offset) <= row.last
    row.last = max(row.last, int(offset))
    row.records += 1
    row.checksum = crc32(record.value or b"", row.checksum)
