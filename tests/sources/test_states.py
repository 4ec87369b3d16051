"""States of sources on a real Kafka: the newest of each, until it is gone."""

import asyncio
import time

import pytest
from aiokafka import AIOKafkaProducer

from schemas.events import SourceState
from schemas.instants import format_instant
from schemas.topics import SOURCES
from streams.kafka.topics import create
from streams.settings import Connection
from streams.sources.states import States, read_states
from tests.kafka_support import administer


def _state(source: str, state: str) -> SourceState:
    now = format_instant(time.time_ns() // 1_000_000)
    return SourceState(source=source, state=state, since=now, last_visit=now)  # type: ignore[arg-type]


@pytest.mark.kafka
def test_a_source_that_is_gone_has_no_state_any_more(kafka: str, topic_prefix: str) -> None:
    """What was told of it is removed, also where a producer before this one was to do so; rubbish is passed over."""
    connection = Connection(bootstrap_servers=kafka)
    administer(connection, create, [SOURCES], prefix=topic_prefix)

    async def names(wanted: dict[str, str]) -> None:
        """Wait until these are the sources with their states."""
        async with asyncio.timeout(120):
            while True:
                found = await read_states(connection, prefix=topic_prefix, patience=60)
                if {each.source: each.state for each in found} == wanted:
                    return
                await asyncio.sleep(0.1)

    async def main() -> None:
        producer = AIOKafkaProducer(**connection.aiokafka_options())
        await producer.start()
        for rubbish in (b"\xff", b'{"source": "\xff"}', b"[" * 100_000):
            await producer.send_and_wait(SOURCES.on(topic_prefix), rubbish, key=rubbish[:20])
        await producer.stop()
        gone: dict[str, int] = {}
        states = States(connection.aiokafka_options(), prefix=topic_prefix, gone=gone)
        writing = asyncio.create_task(states.run())
        states.tell([_state("stays", "well"), _state("goes", "missing")])
        await names({"stays": "well", "goes": "missing"})
        gone["goes"] = time.time_ns() // 1_000_000
        states.end(["goes"])
        await names({"stays": "well"})
        assert not gone, "it is told once"
        states.tell([_state("goes", "learning")])
        await names({"stays": "well", "goes": "learning"})
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

    asyncio.run(main())
