"""The offset up to which a stage has processed a partition, as it is kept in `ticker.positions`."""

from typing import Any, Final

import msgspec
from aiokafka import TopicPartition

from schemas.events import UNREADABLE, Position, encode
from streams.errors import RecordError
from streams.kafka.reader import CommittedReader, Window
from streams.stage import RawRecord

_decode: Final = msgspec.json.Decoder(Position).decode


def position_key(stage: str, partition: TopicPartition) -> bytes:
    """The key of a stage's position on a partition of its source: `deduplicate|ticker.sightings|0`."""
    return f"{stage}|{partition.topic}|{partition.partition}".encode()


def position_record(key: bytes, offset: int, timestamp: int) -> RawRecord:
    """The record which says that everything below an offset is processed."""
    return RawRecord(key, encode(Position(offset=offset)), timestamp, [])


async def read_position(
    reader: CommittedReader, partition: TopicPartition, key: bytes, within: Window | None = None
) -> int:
    """The last position committed under `key`, within all offsets that there are or these; 0 when there is none.

    Raises:
        RecordError: The record is not a position.
    """
    beginning, end = within or (None, None)
    found = await reader.last_record(partition, key, beginning=beginning, end=end)
    if found is None:
        return 0
    return offset_of(found, f"{partition.topic}/{partition.partition}/{found.offset}")


def offset_of(record: Any, place: str) -> int:
    """The offset that a record of the positions topic holds; `place` names the record in the error.

    Raises:
        RecordError: The record is not a position.
    """
    try:
        return _decode(record.value or b"").offset
    except UNREADABLE as error:
        raise RecordError(f"{place}: not a position: {error}") from error
