"""The records of a replay in `PREFIX.positions` of the target: its manifest, progress and control.

A partition's progress is written in the same transaction as its records, so the two always agree.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any, Final

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from msgspec import Struct

from schemas.events import UNREADABLE, encode
from schemas.marks import Control, Manifest, Progress
from schemas.topics import POSITIONS
from streams.errors import SettingsError, TickerError
from streams.kafka.reader import CommittedReader, bounds, committed_reader, read_windows
from streams.kafka.topics import partitions_of
from streams.kafka.transaction import TransactionalProducer, writing
from streams.replay.speed import parse_speed
from streams.stage import RawRecord

_KEY: Final = b"replay|"
_CONTROL: Final = b"control"
_SPLIT: Final = "split-"


class Unreadable(Struct, frozen=True):
    """A row that this build cannot read: written by a later version, or damaged."""

    why: str


Row = Manifest | Progress | Control
Read = Row | Unreadable

_decode_manifest: Final = msgspec.json.Decoder(Manifest).decode
_decode_progress: Final = msgspec.json.Decoder(Progress).decode
_decode_control: Final = msgspec.json.Decoder(Control).decode


def is_row(key: bytes | None) -> bool:
    """Whether a key of the positions topic belongs to a replay."""
    return key is not None and key.startswith(_KEY)


def transactional_id(replay: str, partition: int | str) -> str:
    """The transactional id for a partition of a replay: it fences other runs of the same plan."""
    return f"ticker-replay-{replay}-{partition}"


def id_of_writer(key: bytes) -> str:
    """The transactional id under which the row of a key is written."""
    replay, _, name = key.removeprefix(_KEY).decode().partition("|")
    return transactional_id(replay, name or "manifest")


def manifest_key(replay: str) -> bytes:
    """The key of a manifest."""
    return _KEY + replay.encode()


def progress_key(replay: str, partition: int) -> bytes:
    """The key of a partition's progress; the partition is the source's."""
    return _KEY + f"{replay}|{partition}".encode()


def split_key(replay: str, partition: int) -> bytes:
    """The key of the progress of a partition of sightings that are made of replayed strips."""
    return _KEY + f"{replay}|{_SPLIT}{partition}".encode()


def is_of_split(key: bytes) -> bool:
    """Whether a key is of `split_key`."""
    return key.rpartition(b"|")[2].startswith(_SPLIT.encode())


def control_key(replay: str) -> bytes:
    """The key of a replay's control record: what a person wants of it while it runs."""
    return _KEY + replay.encode() + b"|" + _CONTROL


def read_row(record: Any) -> Read | None:
    """The row in a record; None if it is not of a replay, or a tombstone."""
    if not is_row(record.key) or not record.value:
        return None
    *_, name = record.key.removeprefix(_KEY).partition(b"|")
    decode: Callable[[bytes], Row] = (
        _decode_control if name == _CONTROL else _decode_progress if name else _decode_manifest
    )
    try:
        row = decode(record.value)
        if isinstance(row, Control) and row.speed:
            parse_speed(row.speed)
    except (*UNREADABLE, SettingsError) as error:
        return Unreadable(str(error))
    return row


def _read_own(record: Any | None) -> Row | None:
    """A row that this replay needs itself.

    Raises:
        TickerError: It cannot be read.
    """
    if record is None:
        return None
    row = read_row(record)
    if isinstance(row, Unreadable):
        raise TickerError(
            f"{record.topic}/{record.partition}/{record.offset}: what a replay wrote down of itself cannot be read:"
            f" {row.why}; was it a later version? Go on with that, or choose another --id"
        )
    return row


async def read_control(reader: CommittedReader, prefix: str, replay: str, *, end: int) -> Read | None:
    """The last control record of a replay below offset `end` of partition 0; None if there is none."""
    place = TopicPartition(POSITIONS.on(prefix), 0)
    record = await reader.last_record(place, control_key(replay), end=end)
    return None if record is None else read_row(record)


async def write(options: Mapping[str, Any], prefix: str, key: bytes, row: Row) -> None:
    """Write a row to partition 0.

    Raises:
        TickerError: It could not be written.
    """
    positions = POSITIONS.on(prefix)
    record = RawRecord(key, encode(row), time.time_ns() // 1_000_000, [])
    producer = TransactionalProducer(id_of_writer(key), (positions,), options)
    try:
        async with writing(producer):
            await producer.commit({positions: [record]}, 0)
    except (KafkaError, TimeoutError) as error:
        raise TickerError(f"the replay could not be written down on the target: {error!r}") from error


async def read_progress(reader: CommittedReader, prefix: str, key: bytes, target: int) -> Progress | None:
    """The progress of a partition, by its key; None if it never began. `target` is the partition that has the row.

    Raises:
        TickerError: The row cannot be read.
    """
    row = _read_own(await reader.last_record(TopicPartition(POSITIONS.on(prefix), target), key))
    return row if isinstance(row, Progress) else None


async def read_manifest(
    options: Mapping[str, Any], prefix: str, replay: str, *, wait: bool
) -> Manifest | None:
    """The manifest of a replay; None if it never began, or was cleaned.

    With `wait` it waits until all open transactions have ended, which after a kill -9 takes until they are fenced or
    time out. Without, it reads only up to the last stable offset.

    Raises:
        TickerError: The manifest cannot be read.
    """
    place = TopicPartition(POSITIONS.on(prefix), 0)
    async with committed_reader(options, (place.topic,)) as reader:
        end = None if wait else await reader.stable_end(place)
        record = await reader.last_record(place, manifest_key(replay), end=end)
    row = _read_own(record)
    return row if isinstance(row, Manifest) else None


class Entry(Struct, frozen=True):
    """A row, and when it was written, in ms since the epoch."""

    row: Read
    at: int


Ledger = dict[tuple[int, bytes], Entry]
"""Rows by partition and key."""


async def read_ledgers(options: Mapping[str, Any], partitions: Mapping[str, int]) -> dict[str, Ledger]:
    """The rows of all replays that were not cleaned, by prefix.

    Args:
        options: aiokafka's connection options.
        partitions: The number of partitions of the positions topic, by prefix.
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
            if not is_row(record.key):
                continue
            rows.pop((place.partition, record.key), None)
            if (row := read_row(record)) is not None:
                rows[place.partition, record.key] = Entry(row, record.timestamp)
    return ledgers


async def is_only_topic(client: Any, options: Mapping[str, Any], prefix: str) -> bool:
    """Whether the positions topic is the only topic of a prefix, and empty.

    That is what a replay leaves if it is killed before it could write its manifest.
    """
    positions = POSITIONS.on(prefix)
    if {name for name in await client.list_topics() if name.startswith(f"{prefix}.")} != {positions}:
        return False
    places = await partitions_of(client, [positions])
    windows = await bounds(options, places, isolation="read_uncommitted")
    async with aclosing(read_windows(options, windows)) as slices:
        return await anext(slices, None) is None
