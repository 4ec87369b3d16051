"""A reader ends while its broker is away: what is under way is given up, and nobody takes that for their own end."""

import asyncio
from collections.abc import Callable

import pytest
from aiokafka import TopicPartition

from schemas.topics import SIGHTINGS
from streams.dev.kafka import Cluster
from streams.kafka.reader import consuming
from streams.kafka.topics import create
from streams.settings import Connection
from tests.kafka_support import administer

pytestmark = pytest.mark.kafka


def test_a_fetch_that_is_given_up_does_not_cancel_whoever_reads(
    start_cluster: Callable[..., Cluster],
) -> None:
    """An error of the one who reads comes out as it is, not as a cancellation that nobody asked for."""
    cluster = start_cluster()
    connection = Connection(bootstrap_servers=cluster.bootstrap_servers())
    administer(connection, create, [SIGHTINGS], prefix="ticker")

    async def run() -> None:
        async with consuming(connection.aiokafka_options(), reset="earliest") as consumer:
            consumer.assign([TopicPartition(SIGHTINGS.on("ticker"), 0)])
            await consumer.getmany(timeout_ms=500)
            cluster.kill(1)
            # Fetches fail at once now, and each waits a moment before it is over.
            await consumer.getmany(timeout_ms=500)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(asyncio.wait_for(run(), 60))
