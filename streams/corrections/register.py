"""Read the corrections on a cluster, and submit a new one to the stage that applies it."""

import asyncio
from contextlib import aclosing

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.events import UNREADABLE, Correction, encode
from schemas.headers import CORRECTION_KEY
from schemas.instants import parse_instant
from schemas.routing import partition_of
from schemas.topics import CORRECTIONS, SIGHTINGS
from streams.errors import InputError, TickerError, in_words
from streams.kafka.connect import administration
from streams.kafka.subscribe import subscribe
from streams.kafka.topics import partitions_of
from streams.settings import Connection


async def read(connection: Connection, *, prefix: str, patience: float) -> list[Correction]:
    """The corrections in force, in the order of `corrected_at`.

    Raises:
        InputError: A record is not a correction.
    """
    async with administration(connection, patience=patience) as client:
        partitions = await partitions_of(client, [CORRECTIONS.on(prefix)])
    held: dict[bytes, Correction] = {}
    async for record in subscribe(connection.aiokafka_options(), partitions, since=None, follow=False):
        held.pop(record.key, None)
        if record.value is not None:
            held[record.key] = _correction(record.value, f"{record.topic}/{record.partition}/{record.offset}")
    return sorted(held.values(), key=lambda each: each.corrected_at)


async def submit(
    correction: Correction, connection: Connection, *, prefix: str, patience: float, wait: float
) -> Correction | None:
    """Write a correction to the sightings' partition of its language and wait until a worker has applied it.

    Returns the correction as it was applied, with the chains that it ended; None if no worker applied it within `wait`
    seconds.

    Raises:
        TickerError: The cluster did not acknowledge the correction.
    """
    async with administration(connection, patience=patience) as client:
        partitions = await partitions_of(client, [CORRECTIONS.on(prefix)])
        sightings = await partitions_of(client, [SIGHTINGS.on(prefix)])
    options = connection.aiokafka_options()
    listening = asyncio.Event()
    key = CORRECTION_KEY + correction.id.encode()

    async def applied() -> Correction:
        records = subscribe(options, partitions, since=None, follow=True, ready=listening.set)
        async with aclosing(records):
            async for record in records:
                if record.key == key:
                    return correction if record.value is None else _correction(record.value, record.topic)
        raise AssertionError("a subscription that follows does not end")

    waiting = asyncio.create_task(applied())
    await asyncio.wait([waiting, asyncio.create_task(listening.wait())], return_when=asyncio.FIRST_COMPLETED)
    producer = AIOKafkaProducer(enable_idempotence=True, acks="all", **options)
    await producer.start()
    try:
        await producer.send_and_wait(
            SIGHTINGS.on(prefix),
            encode(correction),
            key=key,
            partition=partition_of(correction.language, len(sightings)),
            timestamp_ms=parse_instant(correction.corrected_at),
        )
    except KafkaError as error:
        raise TickerError(f"the correction could not be written: {in_words(error)}; say it again") from error
    finally:
        await producer.stop()
    done, _ = await asyncio.wait([waiting], timeout=wait)
    if done:
        return waiting.result()
    waiting.cancel()
    await asyncio.wait([waiting])
    return None


def _correction(value: bytes, place: str) -> Correction:
    try:
        return msgspec.json.decode(value, type=Correction)
    except UNREADABLE as error:
        raise InputError(place, f"this is no correction: {error}") from error
