"""`ticker consume-check` on a real group."""

import asyncio
import json
import os
import subprocess
import sys
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from schemas.topics import CATEGORIES, TOPICS
from streams.kafka.topics import create
from streams.settings import Connection
from tests.kafka_support import administer, produce

pytestmark = pytest.mark.kafka


def _check(kafka: str, prefix: str, group: str) -> tuple[int, list[dict[str, Any]]]:
    environment = os.environ | {"TICKER_BOOTSTRAP_SERVERS": kafka, "TICKER_TOPIC_PREFIX": prefix}
    command = [
        sys.executable,
        "-m",
        "streams.cli",
        "consume-check",
        "--group",
        group,
        "--seconds",
        "0.5",
        "--json",
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout, done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_a_group_is_seen_as_it_is(kafka: str, topic_prefix: str) -> None:
    """While it runs: its members, what it has read, the categories that it misses; then that it is gone."""
    connection = Connection(bootstrap_servers=kafka)
    administer(connection, create, TOPICS, prefix=topic_prefix)
    topic, group = CATEGORIES["sport"].on(topic_prefix), f"{topic_prefix}-group"
    produce(connection, topic, [b"{}"] * 3)

    async def read_and_check() -> tuple[int, list[dict[str, Any]]]:
        consumer = AIOKafkaConsumer(
            topic,
            bootstrap_servers=kafka,
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            for _ in range(3):
                await consumer.getone()
            await consumer.commit()
            return await asyncio.to_thread(_check, kafka, topic_prefix, group)
        finally:
            await consumer.stop()

    code, rows = asyncio.run(read_and_check())
    told = {row["what"]: row["level"] for row in rows}
    assert code == 0, rows
    assert told["members: 1, each with partitions, no rebalance in 0.5 s"] == "fine"
    assert any(what.startswith("it does not read arts, conflict") for what in told)
    code, rows = _check(kafka, topic_prefix, group)
    assert code == 1
    assert rows[0]["what"] == "no member is running; its offsets are kept"
