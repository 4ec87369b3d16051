"""Faults provoked on purpose: kill -9, clusters that go away, disks that fill; nothing is lost or doubled."""

import asyncio
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace

from schemas.topics import SIGHTINGS
from streams.dev.kafka import Cluster
from streams.errors import TickerError
from streams.replay.apply import Closing, Ends, apply
from streams.replay.plan import Plan
from streams.settings import Connection, Secret
from tests.kafka_support import USERS, Certificates
from tests.replay.replay_support import (
    Quiet,
    applied,
    between,
    content,
    drafted,
    everything,
    kill_while_applying,
    make_topics,
    publish,
    sightings,
)

pytestmark = [pytest.mark.kafka, pytest.mark.chaos]

COUNT = 6_000
StartCluster = Callable[..., Cluster]


def recorded(connection: Connection, prefix: str, count: int = COUNT) -> str:
    make_topics(connection, prefix)
    publish(connection, prefix, sightings(count))
    return prefix


def plain(cluster: Cluster) -> Connection:
    return Connection(bootstrap_servers=cluster.bootstrap_servers())


async def disturbed(plan: Plan, ends: Ends, after: int, disturb: Callable[[], None]) -> Closing:
    """Apply a plan; once so many records are written, do something to it, and wait for its end."""
    watching = Quiet()
    replaying = asyncio.create_task(apply(plan, ends, watching))
    while watching.records < after:
        assert not replaying.done(), replaying.exception()
        await asyncio.sleep(0.01)
    await asyncio.to_thread(disturb)
    return await replaying


def test_ten_kills_lose_and_double_nothing(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    """Kill -9 ten times in the middle, then to the end: every record once, in order."""
    connection = Connection(bootstrap_servers=kafka)
    source, target = recorded(connection, topic_prefix), f"{topic_prefix}-target"
    plan, _ = drafted(between(connection), source, target, speed="400/s")
    kill_while_applying(plan, connection, tmp_path, kills=10)
    closing = applied(replace(plan, speed="max"), between(connection))
    assert closing.whole
    assert (closing.written, closing.found) == (COUNT, COUNT)
    before = content(everything(connection, SIGHTINGS.on(source)))
    assert content(everything(connection, SIGHTINGS.on(target))) == before


def test_a_target_that_is_killed_and_comes_back_is_waited_for(start_cluster: StartCluster) -> None:
    """The replay tries again by itself and goes on where it was."""
    source, target = start_cluster(), start_cluster()
    recorded(plain(source), "ticker")
    ends = between(plain(source), plain(target))
    plan, _ = drafted(ends, "ticker", "ticker", speed="1500/s")

    def break_off() -> None:
        target.kill(1)
        target.restart(1)

    closing = asyncio.run(asyncio.wait_for(disturbed(plan, ends, 1_000, break_off), 120))
    assert closing.whole
    assert (closing.written, closing.found) == (COUNT, COUNT)


def test_a_target_that_stays_away_ends_the_replay_with_a_reason(start_cluster: StartCluster) -> None:
    """It gives up after its patience; when the target is back, applying again ends the work."""
    source, target = start_cluster(), start_cluster()
    recorded(plain(source), "ticker")
    ends = between(plain(source), plain(target), patience=5.0)
    plan, _ = drafted(ends, "ticker", "ticker", speed="1500/s")
    with pytest.raises(TickerError, match="`ticker replay apply` goes on"):
        asyncio.run(asyncio.wait_for(disturbed(plan, ends, 1_000, lambda: target.kill(1)), 120))
    target.restart(1)
    closing = applied(replace(plan, speed="max"), ends)
    assert closing.whole
    assert closing.found == COUNT


def test_between_clusters_with_tls_and_logins_while_each_loses_a_node(
    start_cluster: StartCluster, certificates: Certificates
) -> None:
    """Three nodes on both sides, all by SASL_SSL; one of each is killed in the middle, at one moment."""
    security = certificates.security()
    source, target = (start_cluster(nodes=3, security=security) for _ in range(2))
    user, password = next(iter(USERS.items()))

    def secured(cluster: Cluster, mechanism: str) -> Connection:
        return Connection(
            bootstrap_servers=cluster.bootstrap_servers("SASL_SSL"),
            security_protocol="SASL_SSL",
            ssl_cafile=certificates.authority,
            sasl_mechanism=mechanism,
            sasl_username=user,
            sasl_password=Secret(password),
        )

    ends = between(secured(source, "SCRAM-SHA-512"), secured(target, "PLAIN"))
    recorded(ends.source, "ticker")
    plan, checks = drafted(ends, "ticker", "ticker", speed="1000/s")
    assert {each.outcome for each in checks} == {"ok"}

    def lose_a_node_each() -> None:
        source.kill(1)
        target.kill(2)

    closing = asyncio.run(asyncio.wait_for(disturbed(plan, ends, 1_000, lose_a_node_each), 300))
    assert closing.whole
    assert (closing.written, closing.found) == (COUNT, COUNT)
    before = content(everything(ends.source, SIGHTINGS.on("ticker")))
    assert content(everything(ends.target, SIGHTINGS.on("ticker"))) == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 32 MB; only the administrator of a machine can make one."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"mounting is not allowed here: {mounted.stderr.decode()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_on_the_target_loses_nothing(start_cluster: StartCluster, small_disk: Path) -> None:
    """Kafka stops itself when its disk is full; with room and a restart, applying again ends the work."""
    source = plain(start_cluster())
    recorded(source, "ticker")
    small = {"log.index.size.max.bytes": "65536", "metadata.log.segment.bytes": "8388608"}
    target = Cluster(small_disk / "kafka", properties=small)
    with ExitStack() as stack:
        target.start()
        stack.callback(target.stop, patience=0)
        ends = between(source, plain(target), patience=5.0)
        plan, _ = drafted(ends, "ticker", "ticker", speed="1000/s")
        filler = small_disk / "filler"

        def fill() -> None:
            with filler.open("wb") as file:
                try:
                    while True:
                        file.write(bytes(65536))
                        file.flush()
                except OSError:
                    pass

        with pytest.raises(TickerError, match="`ticker replay apply` goes on"):
            asyncio.run(asyncio.wait_for(disturbed(plan, ends, 500, fill), 120))
        filler.unlink()
        target.restart(1)
        closing = applied(replace(plan, speed="max"), ends)
        assert closing.whole
        assert closing.found == COUNT
        assert content(everything(ends.target, SIGHTINGS.on("ticker"))) == content(
            everything(source, SIGHTINGS.on("ticker"))
        )
