"""What a replay writes down on the target, in `PREFIX.positions`: what it made, and how far it is.

A partition's progress is written in the transaction that writes its records, so the two never differ.
"""

import time
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any, Final

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from msgspec import Struct

from schemas.marks import Control, Manifest, Progress
from schemas.topics import POSITIONS
from streams.errors import TickerError
from streams.kafka.reader import CommittedReader, bounds, committed_reader, read_windows
from streams.kafka.topics import partitions_of
from streams.kafka.transaction import TransactionalProducer, writing
from streams.stage import RawRecord

_KEY: Final = b"replay|"
_CONTROL: Final = b"control"

Row = Manifest | Progress | Control

_decode_manifest: Final = msgspec.json.Decoder(Manifest).decode
_decode_progress: Final = msgspec.json.Decoder(Progress).decode
_decode_control: Final = msgspec.json.Decoder(Control).decode
encode: Final = msgspec.json.Encoder().encode


def transactional_id(replay: str, partition: int | str) -> str:
    """Fences whoever replays the same partition of the same plan."""
    return f"ticker-replay-{replay}-{partition}"


def manifest_key(replay: str) -> bytes:
    """The key of a manifest."""
    return _KEY + replay.encode()


def progress_key(replay: str, partition: int) -> bytes:
    """The key of a partition's progress; the number is the source's."""
    return _KEY + f"{replay}|{partition}".encode()


def control_key(replay: str) -> bytes:
    """The key of what a person wants of a replay while it runs."""
    return _KEY + replay.encode() + b"|" + _CONTROL


def read_row(record: Any) -> Row | None:
    """A row of a replay; None of what is none, or was forgotten."""
    if record.key is None or not record.key.startswith(_KEY) or not record.value:
        return None
    *_, name = record.key.removeprefix(_KEY).partition(b"|")
    match name:
        case b"":
            return _decode_manifest(record.value)
        case _ if name == _CONTROL:
            return _decode_control(record.value)
        case _:
            return _decode_progress(record.value)


async def read_control(reader: CommittedReader, prefix: str, replay: str, *, end: int) -> Control | None:
    """What a person wanted last of a replay, of what is committed below an offset of partition 0."""
    place = TopicPartition(POSITIONS.on(prefix), 0)
    record = await reader.last_record(place, control_key(replay), end=end)
    return _decode_control(record.value) if record is not None and record.value else None


async def write(options: Mapping[str, Any], prefix: str, key: bytes, row: Row) -> None:
    """Write a row that stands on partition 0 down.

    Raises:
        TickerError: The cluster did not take it.
    """
    positions = POSITIONS.on(prefix)
    replay, _, name = key.removeprefix(_KEY).decode().partition("|")
    record = RawRecord(key, encode(row), time.time_ns() // 1_000_000, [])
    producer = TransactionalProducer(transactional_id(replay, name or "manifest"), (positions,), options)
    try:
        async with writing(producer):
            await producer.commit({positions: [record]}, 0)
    except (KafkaError, TimeoutError) as error:
        raise TickerError(f"the replay could not be written down on the target: {error!r}") from error


async def read_progress(
    reader: CommittedReader, prefix: str, replay: str, source: int, target: int
) -> Progress | None:
    """How far a partition is; None if it never began. `source` and `target` are partition numbers."""
    place = TopicPartition(POSITIONS.on(prefix), target)
    record = await reader.last_record(place, progress_key(replay, source))
    return _decode_progress(record.value) if record is not None and record.value else None


async def read_manifest(
    options: Mapping[str, Any], prefix: str, replay: str, *, wait: bool
) -> Manifest | None:
    """What a replay made; None if it never began, or is cleaned away.

    `wait` waits for transactions that are open now, which after kill -9 are so until someone fences them;
    without, what they or any after them wrote is not seen.
    """
    place = TopicPartition(POSITIONS.on(prefix), 0)
    async with committed_reader(options, (place.topic,)) as reader:
        end = None if wait else await reader.stable_end(place)
        record = await reader.last_record(place, manifest_key(replay), end=end)
    return _decode_manifest(record.value) if record is not None and record.value else None


class Entry(Struct, frozen=True):
    """A row, and when it was written, in ms."""

    row: Row
    at: int


Ledger = dict[tuple[int, bytes], Entry]
"""Rows by partition and key."""


async def read_ledgers(options: Mapping[str, Any], partitions: Mapping[str, int]) -> dict[str, Ledger]:
    """Everything that replays have written down and not cleaned away, by prefix.

    Args:
        options: aiokafka's connection options.
        partitions: How many partitions positions has, by prefix.
    """
    prefixes = {POSITIONS.on(prefix): prefix for prefix in partitions}
    places = [
        TopicPartition(name, number)
        for name, prefix in prefixes.items()
        for number in range(partitions[prefix])
    ]
    ledgers: dict[str, Ledger] = {prefix: {} for prefix in partitions}
    async for place, records in read_windows(options, await bounds(options, places)):
        rows = ledgers[prefixes[place.topic]]
        for record in records:
            if record.key is None or not record.key.startswith(_KEY):
                continue
            rows.pop((place.partition, record.key), None)
            if (row := read_row(record)) is not None:
                rows[place.partition, record.key] = Entry(row, record.timestamp)
    return ledgers


async def is_only_topic(client: Any, options: Mapping[str, Any], prefix: str) -> bool:
    """Whether positions is the one topic below a prefix, and nothing is in it.

    That is what is left of a replay which was killed before it could write down what it had made.
    """
    positions = POSITIONS.on(prefix)
    if {name for name in await client.list_topics() if name.startswith(f"{prefix}.")} != {positions}:
        return False
    places = await partitions_of(client, [positions])
    windows = await bounds(options, places, isolation="read_uncommitted")
    async with aclosing(read_windows(options, windows)) as slices:
        return await anext(slices, None) is None
