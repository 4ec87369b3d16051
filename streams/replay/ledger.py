"""What a replay writes down on the target, in `PREFIX.positions`: what it made, and how far it is.

A partition's progress is written in the transaction that writes its records, so the two never differ.
"""

from collections.abc import Mapping
from contextlib import aclosing
from typing import Any, Final

import msgspec
from aiokafka import TopicPartition

from schemas.marks import Manifest, Progress
from schemas.topics import POSITIONS
from streams.kafka.reader import CommittedReader, bounds, committed_reader, read_windows
from streams.kafka.topics import partitions_of

_KEY: Final = b"replay|"


_decode_manifest: Final = msgspec.json.Decoder(Manifest).decode
_decode_progress: Final = msgspec.json.Decoder(Progress).decode
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


async def read_ledger(
    options: Mapping[str, Any], prefix: str, partitions: int
) -> dict[tuple[int, bytes], Manifest | Progress]:
    """Everything that replays have written down under a prefix and not cleaned away, by partition and key."""
    places = [TopicPartition(POSITIONS.on(prefix), number) for number in range(partitions)]
    rows: dict[tuple[int, bytes], Manifest | Progress] = {}
    async for place, records in read_windows(options, await bounds(options, places)):
        for record in records:
            if record.key is None or not record.key.startswith(_KEY):
                continue
            row = (place.partition, record.key)
            rows.pop(row, None)
            if record.value:
                of_manifest = record.key.count(b"|") == 1
                rows[row] = (_decode_manifest if of_manifest else _decode_progress)(record.value)
    return rows


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
