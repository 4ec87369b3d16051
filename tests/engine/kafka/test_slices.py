"""The sliced transport leaves the rest of Faust as it is."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition

from schemas.topics import HEADLINES, LANGUAGE_PARTITIONS, SIGHTINGS
from streams.engine.kafka.slices import SlicingApp
from streams.kafka.connect import administration
from streams.kafka.fetched import Slice
from streams.kafka.topics import create
from streams.settings import Connection
from tests.chaos.corpus import plain
from tests.chaos.topics import LASTING, write
from tests.kafka_support import produce
from tests.support import sighting

pytestmark = pytest.mark.kafka

_VALUES = [b"storm", b"port", b"storm"]


async def _make_topics(connection: Connection, prefix: str) -> None:
    async with administration(connection, patience=30) as client:
        await create(client, LASTING, prefix=prefix)


def _app(kafka: str, prefix: str, folder: Path) -> SlicingApp:
    app = SlicingApp(
        prefix,
        broker=f"kafka://{kafka}",
        store="memory://",
        datadir=str(folder),
        key_serializer="raw",
        value_serializer="raw",
        web_enabled=False,
        topic_partitions=LANGUAGE_PARTITIONS,
        topic_replication_factor=1,
        topic_disable_leader=True,  # as workers have it: its partition would join the assignment at any moment
        consumer_auto_offset_reset="earliest",
    )
    app.sliced_topics = frozenset([SIGHTINGS.on(prefix)])
    return app


def test_ordinary_agents_and_tables_work_beside_slices(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    """One topic comes in slices, another one record by record, counted in a Table that a restart brings back."""
    connection = Connection(bootstrap_servers=kafka)
    asyncio.run(_make_topics(connection, topic_prefix))
    sliced, ordinary = SIGHTINGS.on(topic_prefix), HEADLINES.on(topic_prefix)
    for topic in (sliced, ordinary):
        produce(connection, topic, _VALUES, key=b"k")

    async def run(expected: int) -> tuple[Sequence[Any], dict[bytes, int]]:
        app = _app(kafka, topic_prefix, tmp_path)
        counts = app.Table("counts", key_type=bytes, value_type=int, default=int)
        slices: list[Any] = []
        taken, counted = asyncio.Event(), asyncio.Event()

        @app.agent(app.topic(sliced, value_type=bytes, acks=False))  # type: ignore[untyped-decorator]
        async def take(stream: Any) -> None:
            async for records in stream:
                slices.append(records)
                taken.set()

        @app.agent(app.topic(ordinary, value_type=bytes))  # type: ignore[untyped-decorator]
        async def count(stream: Any) -> None:
            async for word in stream:
                counts[word] += 1
                if sum(counts.values()) == expected:
                    counted.set()

        await app.start()
        try:
            async with asyncio.timeout(60):
                await _seek(app, sliced)
                await taken.wait()
                await counted.wait()
        finally:
            await app.stop()
        return slices, dict(counts)

    slices, counts = asyncio.run(run(3))
    assert [record.value for record in slices[0].pop(0, 10)] == _VALUES
    assert counts == {b"storm": 2, b"port": 1}
    produce(connection, ordinary, [b"port"], key=b"k")
    assert asyncio.run(run(4))[1] == {b"storm": 2, b"port": 2}


def test_a_released_partition_is_not_waited_for(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    """What was fetched of a held partition comes at its release, however long others are waited for."""
    connection = Connection(bootstrap_servers=kafka)
    asyncio.run(_make_topics(connection, topic_prefix))
    sliced = SIGHTINGS.on(topic_prefix)

    async def run() -> list[Any]:
        app = _app(kafka, topic_prefix, tmp_path)
        slices: asyncio.Queue[Slice] = asyncio.Queue()

        @app.agent(app.topic(sliced, value_type=bytes, acks=False))  # type: ignore[untyped-decorator]
        async def take(stream: Any) -> None:
            async for fetched in stream:
                slices.put_nowait(fetched)

        await app.start()
        try:
            async with asyncio.timeout(240):
                return await _release_in_a_long_wait(app, slices)
        finally:
            await app.stop()

    async def _release_in_a_long_wait(app: SlicingApp, slices: "asyncio.Queue[Slice]") -> list[Any]:
        await _seek(app, sliced)
        thread = app.consumer._thread
        for number in range(LANGUAGE_PARTITIONS):
            thread.hold(TopicPartition(sliced, number))
        waiting = asyncio.Event()
        wait = thread.getmany

        def wait_long(partitions: Any, timeout: float) -> Any:
            del timeout
            waiting.set()
            return wait(partitions, timeout=3600)

        thread.getmany = wait_long
        await asyncio.to_thread(produce, connection, sliced, _VALUES, key=b"k")
        fetched = thread._consumer._fetcher._records
        await _until(lambda: bool(fetched))
        await waiting.wait()
        assert slices.empty()
        thread.release(next(iter(fetched)))
        return (await slices.get()).pop(0, 10)

    assert [record.value for record in asyncio.run(run())] == _VALUES


def test_a_sliced_partition_is_read_from_where_its_runner_seeks(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    """Neither the group's offset nor Faust's own seek after a rebalance moves it."""
    connection = Connection(bootstrap_servers=kafka)
    asyncio.run(_make_topics(connection, topic_prefix))
    place = TopicPartition(SIGHTINGS.on(topic_prefix), 2)
    inputs = [plain(sighting(f"Headline number {number}"), 2) for number in range(3)]
    asyncio.run(write(connection, topic_prefix, inputs))

    async def run() -> tuple[Slice, int]:
        app = _app(kafka, topic_prefix, tmp_path)
        slices: asyncio.Queue[Slice] = asyncio.Queue()

        @app.agent(app.topic(place.topic, value_type=bytes, acks=False))  # type: ignore[untyped-decorator]
        async def take(stream: Any) -> None:
            async for fetched in stream:
                slices.put_nowait(fetched)

        await app.start()
        try:
            async with asyncio.timeout(60):
                await _until(lambda: len(app.consumer.assignment()) == LANGUAGE_PARTITIONS)
                await app.consumer.commit_offset(place, 1)
                await app.consumer.seek_epoch(place, 2, 7)
                first = await slices.get()
                await app.consumer.perform_seek()
                return first, await app.consumer.fetch_position(place)
        finally:
            await app.stop()

    first, position = asyncio.run(run())
    assert (first.epoch, [record.offset for record in first.pop(2, 10)], position) == (7, [2], 3)


async def _seek(app: SlicingApp, topic: str) -> None:
    """Begin to read all partitions of a sliced topic, as their runners do."""
    partitions = [TopicPartition(topic, number) for number in range(LANGUAGE_PARTITIONS)]
    await _until(lambda: set(partitions) <= set(app.consumer.assignment()))
    for partition in partitions:
        await app.consumer.seek_epoch(partition, 0, 1)


async def _until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 (the client tells nobody)
        await asyncio.sleep(0.01)
