"""Transactions that nobody will end: each program ends its own when it starts, and goes on."""

import asyncio
import json
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from schemas.instants import format_instant
from schemas.routing import partition_by_hash
from schemas.topics import CURRENT, DECISIONS, POSITIONS, SEEN, SIGHTINGS, STRIPS
from streams.dev.kafka import Cluster
from streams.kafka.reader import bounds
from streams.produce.spool import Spool
from streams.settings import Connection
from tests.engine.kafka.conftest import Pipeline

pytestmark = pytest.mark.kafka

_PARTITION: Final = 2


def test_what_hangs_of_a_program_s_own_ends_when_it_starts(
    start_cluster: Callable[..., Cluster], make_pipeline: Callable[[Connection], Pipeline], tmp_path: Path
) -> None:
    """Worker and producer go on, and so does who reads what they publish; of what hung nothing is seen."""
    # With this off a broker takes records of transactions that no coordinator knows.
    cluster = start_cluster(properties={"transaction.partition.verification.enable": "false"})
    pipeline = make_pipeline(Connection(bootstrap_servers=cluster.bootstrap_servers())).create()
    options = pipeline.connection.aiokafka_options()
    folder, spool_id = _spool_with_position_on(_PARTITION, tmp_path)
    produce = f"ticker-produce-{pipeline.prefix}-{spool_id}"
    of_stage = {
        stage: f"{pipeline.prefix}-{stage}-{source.on(pipeline.prefix)}-{_PARTITION}"
        for stage, source in (("deduplicate", SIGHTINGS), ("categorize", DECISIONS))
    }
    hanging = {
        produce: (STRIPS, SIGHTINGS),
        of_stage["deduplicate"]: (SEEN, DECISIONS, POSITIONS),
        of_stage["categorize"]: (CURRENT,),
    }
    places = {
        who: [TopicPartition(topic.on(pipeline.prefix), _PARTITION) for topic in topics]
        for who, topics in hanging.items()
    }
    asyncio.run(_hang(options, places))

    strips = tmp_path / "strips.jsonl"
    at = time.time_ns() // 1_000_000
    strips.write_text("".join(json.dumps(_strip(number, at)) + "\n" for number in range(30)))
    # Both at the same time: the producer's position is on a partition that the worker's hanging transaction blocks, so
    # the producer can read it only after the worker has ended that transaction.
    producer = pipeline.producer("--spool", str(folder), str(strips))
    worker = pipeline.worker()
    assert producer.wait() == 0
    pipeline.drain(90)
    pipeline.check()
    assert "if it was one of ours that hung, it is ended" in worker.said


def _spool_with_position_on(partition: int, parent: Path) -> tuple[Path, str]:
    """A new spool whose position is kept on this partition of `positions`: its folder and its id."""
    for number in count():
        with Spool(parent / f"spool-{number}", limit=1 << 20) as spool:
            if partition_by_hash(spool.id, POSITIONS.partitions) == partition:
                return parent / f"spool-{number}", spool.id
    raise AssertionError("every sixth spool is on this partition")


def _strip(number: int, at: int) -> dict[str, str]:
    slots = ("ميناء {} يفتح أبوابه", "Port {} reopens", "Le port {} rouvre")
    text = " | ".join(slot.format(number) for slot in slots)
    return {"source": "akhbar", "observed_at": format_instant(at + number), "text": text, "separator": "|"}


async def _hang(options: dict[str, Any], places: dict[str, list[TopicPartition]]) -> None:
    """Write to partitions in transactions that are never ended, and that no coordinator knows of."""
    for transactional_id, of_one in places.items():
        producer = AIOKafkaProducer(transactional_id=transactional_id, **options)
        await producer.start()
        await producer.begin_transaction()
        producer._txn_manager._txn_partitions.update(of_one)
        for place in of_one:
            await producer.send_and_wait(place.topic, b"{}", b"hanging", partition=place.partition)
        producer._txn_manager._txn_partitions.clear()
        await producer.stop()
    every = [place for of_one in places.values() for place in of_one]
    ends = [await bounds(options, every, isolation=each) for each in ("read_committed", "read_uncommitted")]
    assert all(ends[0][place][1] < ends[1][place][1] for place in every)
