"""A topic that is deleted, another cluster, a broker that is out for good: each is said, none waited for."""

import asyncio
import logging
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from msgspec.structs import replace

from schemas.topics import CANARY, TOPICS
from streams.dev.kafka import Cluster
from streams.errors import FootingError
from streams.kafka.connect import Metadata, ask
from streams.kafka.footing import Footing
from streams.kafka.probe import Probe
from streams.kafka.reader import bounds
from streams.kafka.topics import create
from streams.settings import Connection
from tests.chaos.workers import TICKER, TickerProcess, WorkerProcess
from tests.deploy.support import free_port
from tests.kafka_support import BRIEF, administer, start, wait_until

TOLD = Metadata(
    cluster="azrou",
    servers=frozenset({"127.0.0.1:9"}),
    topics=frozenset({"ticker.sightings"}),
    leaderless=frozenset(),
    out=frozenset(),
)
AWAY = replace(TOLD, topics=frozenset())


@pytest.fixture
def footing() -> Footing:
    footing = Footing({"bootstrap_servers": "127.0.0.1:9"}, ["ticker.sightings", "ticker.seen"])
    footing.judge(TOLD, 0)
    return footing


def test_another_cluster_under_the_same_address_is_told_from_the_first(footing: Footing) -> None:
    """It was rebuilt, or the address leads elsewhere: positions of before mean nothing there."""
    with pytest.raises(
        FootingError, match=r"another cluster answers at 127\.0\.0\.1:9: sefrou, and it was azrou"
    ):
        footing.judge(replace(TOLD, cluster="sefrou"), 3)


def test_a_topic_is_gone_when_brokers_have_said_so_for_a_while(footing: Footing) -> None:
    """One that has just started may not have heard of it; one that was never there is not gone."""
    for now in (3, 6, 9):
        footing.judge(AWAY, now)
    footing.judge(TOLD, 10)
    for now in (12, 15, 18):
        footing.judge(AWAY, now)
    with pytest.raises(FootingError, match=r"deleted while it was in use: ticker\.sightings"):
        footing.judge(AWAY, 21)


def test_partitions_without_a_leader_are_said_once_and_again_when_they_have_one(
    footing: Footing, caplog: pytest.LogCaptureFixture
) -> None:
    """With the brokers that are out; a leader that moves within moments is no news."""
    caplog.set_level(logging.INFO)
    headless = replace(TOLD, leaderless=frozenset({"ticker.sightings/2"}), out=frozenset({3}))
    for now, told in (
        (3, headless),
        (6, TOLD),
        (9, headless),
        (15, headless),
        (18, headless),
        (21, headless),
    ):
        footing.judge(told, now)
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "1 partitions have no leader (ticker.sightings/2)"
    ]
    assert "brokers that are out: 3" in caplog.text
    footing.judge(TOLD, 24)
    assert "every partition has a leader again" in caplog.text


PROGRAMS = (
    ("produce", "-"),
    ("canary", "--listen", "none"),
    ("serve", "--listen", "127.0.0.1:0"),
    ("tail",),
)


@contextmanager
def running(
    connection: Connection, prefix: str, folder: Path, *names: str
) -> Iterator[dict[str, TickerProcess]]:
    """Some programs on some topics."""
    cluster = ("--bootstrap-servers", connection.bootstrap_servers, "--topic-prefix", prefix)
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(
                TickerProcess(
                    [*TICKER, name, *cluster, *options], folder / f"{name}.log", stdin=subprocess.PIPE
                )
            )
            for name, *options in PROGRAMS
            if name in names
        }


def end(programs: dict[str, TickerProcess], reason: str) -> None:
    """Each program ends by itself with status 1 and says why."""
    for name, process in programs.items():
        assert process.wait(180) == 1, (name, process.said)
        assert reason in process.said, (name, process.said)


@pytest.mark.kafka
def test_every_program_says_that_a_topic_was_deleted_and_ends(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    """Worker, producer, canary, board and tail; a process manager starts those again that should run."""
    connection = Connection(bootstrap_servers=kafka)
    administer(connection, create, TOPICS, prefix=topic_prefix)
    with (
        WorkerProcess(kafka, topic_prefix, tmp_path / "worker.log") as worker,
        running(connection, topic_prefix, tmp_path, "produce", "canary", "serve", "tail") as programs,
    ):
        wait_until(lambda: _arrived(connection, topic_prefix), seconds=120)
        wait_until(lambda: "headlines in the window" in programs["serve"].said, seconds=120)

        async def delete(client: Any) -> None:
            await client.delete_topics([topic.on(topic_prefix) for topic in TOPICS])

        administer(connection, delete)
        end(programs | {"worker": worker}, "deleted while it was in use")


def _arrived(connection: Connection, prefix: str) -> bool:
    """Whether the canary's headlines have come through: the worker works, and the canary is under way."""
    return bool(asyncio.run(_end_of(connection, CANARY.on(prefix))))


async def _end_of(connection: Connection, topic: str) -> int:
    places = [TopicPartition(topic, number) for number in range(CANARY.partitions)]
    return sum(end for _, end in (await bounds(connection.aiokafka_options(), places)).values())


@pytest.mark.kafka
def test_a_cluster_that_was_rebuilt_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    """The same address, the same topics, another cluster: whoever stood on the old one says so and ends."""
    port = free_port()
    old = Cluster(tmp_path / "old", port=port, java_options=BRIEF)
    start(old)
    connection = Connection(bootstrap_servers=old.bootstrap_servers())
    administer(connection, create, TOPICS, prefix="ticker")
    with (
        WorkerProcess(connection.bootstrap_servers, "ticker", tmp_path / "worker.log") as worker,
        running(connection, "ticker", tmp_path, "tail") as programs,
    ):
        worker.await_ready(seconds=120)
        old.stop(patience=0)
        with Cluster(tmp_path / "new", port=port, java_options=BRIEF):
            administer(connection, create, TOPICS, prefix="ticker")
            end(programs | {"worker": worker}, "another cluster answers at")


@pytest.mark.chaos
def test_a_broker_that_is_out_for_good_hides_no_other(tmp_path: Path) -> None:
    """The only one that was named: the others are asked, and what it alone had is said to stand still."""
    with Cluster(tmp_path / "kafka", nodes=3, java_options=BRIEF) as cluster:
        named = cluster.bootstrap_servers().split(",")[0]
        connection = Connection(bootstrap_servers=named)
        administer(connection, create, TOPICS, prefix="ticker", replication=1)
        names = [topic.on("ticker") for topic in TOPICS]

        async def look_before_and_after() -> Metadata:
            footing = Footing(connection.aiokafka_options(), names, are_there=True)
            await footing.look()
            await asyncio.to_thread(cluster.kill, cluster.nodes[0])
            await footing.look()
            others = ",".join(cluster.bootstrap_servers().split(",")[1:])
            return await ask({"bootstrap_servers": others}, names)

        told = asyncio.run(look_before_and_after())
        assert told.topics == set(names)


def test_a_named_broker_that_is_switched_off_hides_no_other(kafka: str) -> None:
    """Nothing refuses a connection there, nothing answers: the brokers that the cluster told are asked in time."""

    async def look_past_it(silent: str) -> bool:
        footing = Footing({"bootstrap_servers": silent}, [])
        footing.judge(await ask({"bootstrap_servers": kafka}), 0)
        probe = Probe(footing.look, meanwhile="nothing happens")
        asking = asyncio.create_task(probe.run())
        try:
            async with asyncio.timeout(60):
                while not probe.is_answered:  # noqa: ASYNC110 (a probe tells nobody)
                    await asyncio.sleep(0.05)
        finally:
            asking.cancel()
            await asyncio.wait([asking])
        return probe.is_answered

    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert asyncio.run(look_past_it(f"127.0.0.1:{listening.getsockname()[1]}"))
