"""Reads whole topics without a consumer group, and writes inputs."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from msgspec import Struct, structs

from schemas.topics import SIGHTINGS, TOPICS, Topic
from streams.kafka import batches
from streams.pipeline import DEDUPLICATE
from streams.settings import Connection
from streams.stage import RawRecord
from tests.chaos.corpus import PlacedRecord

_FETCH_BYTES: Final = 8 << 20
_STABLE_S: Final = 30
MAX_REQUEST_BYTES: Final = 16 << 20
LASTING: Final = tuple(
    topic if topic.retention_ms is None else structs.replace(topic, retention_ms=-1) for topic in TOPICS
)
"""The pipeline's topics with unlimited retention, because the corpus's event times are long past."""


class Content(Struct):
    """A topic's committed records by partition, in order, and the number of offsets above the last stable ones."""

    records: dict[int, list[Any]]
    unstable: int

    @property
    def all(self) -> list[Any]:
        """The records of all partitions, partition by partition."""
        return [record for number in sorted(self.records) for record in self.records[number]]


def consumer(connection: Connection, isolation: str) -> Any:
    """A consumer without a group that reads assigned partitions from their beginning."""
    return AIOKafkaConsumer(
        isolation_level=isolation,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=100,
        **connection.aiokafka_options(),
    )


async def contents(connection: Connection, prefix: str, topics: Sequence[Topic]) -> dict[str, Content]:
    """All committed records of topics up to their end offsets now, by the topic's name without prefix.

    Waits for open transactions to end, up to `_STABLE_S`.
    """
    committed, uncommitted = (consumer(connection, f"read_{kind}") for kind in ("committed", "uncommitted"))
    await committed.start()
    await uncommitted.start()
    try:
        names = [topic.on(prefix) for topic in topics]
        for each in (committed, uncommitted):
            # Otherwise the client would fetch the metadata of one topic after another, 0.1 s apart.
            await each._client.set_topics(names)
        places = {
            TopicPartition(topic.on(prefix), number): topic
            for topic in topics
            for number in range(topic.partitions)
        }
        found = {topic.name: Content(defaultdict(list), 0) for topic in places.values()}
        ends = await _ends(committed, uncommitted, list(places))
        high = await uncommitted.end_offsets(list(places))
        for place, topic in places.items():
            found[topic.name].unstable += high[place] - ends[place]
        waiting = {place for place in places if ends[place]}
        committed.assign(list(waiting))
        if waiting:
            await committed.seek_to_beginning(*waiting)
        while waiting:
            fetched = await committed.getmany(timeout_ms=200, max_records=50_000)
            for place, records in fetched.items():
                found[places[place].name].records[place.partition] += [
                    record for record in records if record.offset < ends[place]
                ]
            done = {place for place in waiting if await committed.position(place) >= ends[place]}
            committed.pause(*done)
            waiting -= done
        return found
    finally:
        await committed.stop()
        await uncommitted.stop()


async def _ends(committed: Any, uncommitted: Any, places: Sequence[TopicPartition]) -> dict[Any, int]:
    """The last stable offsets, once they are the high watermarks: a commit is acknowledged before its markers exist."""
    deadline = time.monotonic() + _STABLE_S
    while True:
        ends: dict[Any, int] = await committed.end_offsets(places)
        if ends == await uncommitted.end_offsets(places) or time.monotonic() > deadline:
            return ends
        await asyncio.sleep(0.1)


async def write(
    connection: Connection,
    prefix: str,
    inputs: Sequence[PlacedRecord],
    *,
    topic: Topic = SIGHTINGS,
    aborted: bool = False,
    **options: Any,
) -> None:
    """Write inputs, acknowledged by all in-sync replicas; `options` are further options of the producer.

    With `aborted` they are written in a transaction that is aborted.
    """
    if aborted:
        options["transactional_id"] = f"{prefix}-aborting"
    producer = AIOKafkaProducer(
        acks="all",
        enable_idempotence=True,
        max_request_size=MAX_REQUEST_BYTES,
        **connection.aiokafka_options(),
        **options,
    )
    await producer.start()
    try:
        if aborted:
            await producer.begin_transaction()
        await send(producer, topic.on(prefix), inputs)
        if aborted:
            await producer.abort_transaction()
    finally:
        await producer.stop()


async def fence(connection: Connection, prefix: str, partition: int) -> None:
    """Fence the deduplicate stage's producer of a partition."""
    producer = AIOKafkaProducer(
        transactional_id=f"{prefix}-{DEDUPLICATE.name}-{SIGHTINGS.on(prefix)}-{partition}",
        **connection.aiokafka_options(),
    )
    await producer.start()
    await producer.stop()


async def send(producer: Any, topic: str, inputs: Sequence[PlacedRecord]) -> None:
    """Send inputs and wait until they are acknowledged."""
    records: defaultdict[tuple[str, int], list[RawRecord]] = defaultdict(list)
    for record in inputs:
        records[topic, record.partition].append(
            RawRecord(record.key, record.value, record.timestamp, list(record.headers))
        )
    await batches.send(producer, records)
