"""The sliced transport leaves the rest of Faust as it is."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from schemas.topics import HEADLINES, LANGUAGE_PARTITIONS, SIGHTINGS
from streams.engine.kafka.slices import SlicingApp
from streams.kafka.connect import administration
from streams.kafka.topics import create
from streams.settings import Connection
from tests.chaos.topics import LASTING
from tests.kafka_support import produce

pytestmark = pytest.mark.kafka

_VALUES = [b"storm", b"port", b"storm"]


async def _make_topics(connection: Connection, prefix: str) -> None:
    async with administration(connection, patience=30) as client:
        await create(client, LASTING, prefix=prefix)


def test_ordinary_agents_and_tables_work_beside_slices(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    """One topic comes in slices, another one record by record, counted in a Table that a restart brings back."""
    connection = Connection(bootstrap_servers=kafka)
    asyncio.run(_make_topics(connection, topic_prefix))
    sliced, plain = SIGHTINGS.on(topic_prefix), HEADLINES.on(topic_prefix)
    for topic in (sliced, plain):
        produce(connection, topic, _VALUES, key=b"k")

    async def run(expected: int) -> tuple[Sequence[Any], dict[bytes, int]]:
        app = SlicingApp(
            topic_prefix,
            broker=f"kafka://{kafka}",
            store="memory://",
            datadir=str(tmp_path),
            key_serializer="raw",
            value_serializer="raw",
            web_enabled=False,
            topic_partitions=LANGUAGE_PARTITIONS,
            topic_replication_factor=1,
            consumer_auto_offset_reset="earliest",
        )
        app.sliced_topics = frozenset([sliced])
        counts = app.Table("counts", key_type=bytes, value_type=int, default=int)
        slices: list[Any] = []
        taken, counted = asyncio.Event(), asyncio.Event()

        @app.agent(app.topic(sliced, value_type=bytes, acks=False))  # type: ignore[untyped-decorator]
        async def take(stream: Any) -> None:
            async for records in stream:
                slices.append(records)
                taken.set()

        @app.agent(app.topic(plain, value_type=bytes))  # type: ignore[untyped-decorator]
        async def count(stream: Any) -> None:
            async for word in stream:
                counts[word] += 1
                if sum(counts.values()) == expected:
                    counted.set()

        await app.start()
        try:
            async with asyncio.timeout(60):
                await taken.wait()
                await counted.wait()
        finally:
            await app.stop()
        return slices, dict(counts)

    slices, counts = asyncio.run(run(3))
    assert [record.value for record in slices[0].pop(0)] == _VALUES
    assert counts == {b"storm": 2, b"port": 1}
    produce(connection, plain, [b"port"], key=b"k")
    assert asyncio.run(run(4))[1] == {b"storm": 2, b"port": 2}
