"""How a producer ends: what it has read is published, and it says what it did."""

import asyncio
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.deadletters import from_headers
from schemas.events import Strip
from schemas.topics import DEADLETTERS, SIGHTINGS
from streams.dev.kafka import Cluster
from streams.produce.observation import observe
from streams.produce.publish import Publisher
from streams.produce.sightings import StripSightings, sightings
from streams.produce.strips import strip_of
from streams.settings import Connection
from tests.chaos.workers import TickerProcess
from tests.engine.kafka.conftest import Pipeline
from tests.kafka_support import wait_until

pytestmark = pytest.mark.kafka

_STRIP = (
    b'{"source": "akhbar", "observed_at": "%s", "separator": "|", "text": "Port reopens | Orchards bloom"}\n'
)
_FIRST, _SECOND = _STRIP % b"2026-03-11T08:00:00Z", _STRIP % b"2026-03-11T09:00:00Z"


def _await_sightings(pipeline: Pipeline, count: int) -> None:
    wait_until(lambda: len(pipeline.read(SIGHTINGS)[SIGHTINGS.name].all) == count, seconds=90)


def _end(producer: TickerProcess, number: signal.Signals) -> int:
    producer.signal(number)
    return producer.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_file_is_followed_until_a_signal(
    pipeline: Pipeline, tmp_path: Path, number: signal.Signals
) -> None:
    """What is appended is published at once; the end is a normal one."""
    file = tmp_path / "strips.jsonl"
    file.write_bytes(_FIRST)
    producer = pipeline.producer("--follow", str(file))
    _await_sightings(pipeline, 2)
    with file.open("ab") as more:
        more.write(_SECOND)
    _await_sightings(pipeline, 4)
    assert _end(producer, number) == 0
    assert "2 strips, 4 slots = 0 empty + 4 sightings published" in producer.said


def test_a_file_that_is_followed_again_is_not_read_twice(pipeline: Pipeline, tmp_path: Path) -> None:
    """Not even after a kill: it goes on behind what was acknowledged."""
    file = tmp_path / "strips.jsonl"
    file.write_bytes(_FIRST)
    producer = pipeline.producer("--follow", str(file))
    _await_sightings(pipeline, 2)
    wait_until(file.with_name("strips.jsonl.position").exists, seconds=90)
    _end(producer, signal.SIGKILL)
    with file.open("ab") as more:
        more.write(_SECOND)
    again = pipeline.producer("--follow", str(file))
    _await_sightings(pipeline, 4)
    assert _end(again, signal.SIGTERM) == 0
    assert "1 strip, 2 slots = 0 empty + 2 sightings published" in again.said


def test_a_feed_on_standard_input_ends_with_a_signal(pipeline: Pipeline) -> None:
    """Although whoever feeds it has not ended."""
    producer = pipeline.producer("-", stdin=subprocess.PIPE)
    producer.feed(_FIRST)
    _await_sightings(pipeline, 2)
    assert _end(producer, signal.SIGTERM) == 0
    assert "1 strip, 2 slots" in producer.said
    assert "Traceback" not in producer.said


def test_a_feed_that_goes_on_being_wrong_is_told_of_a_few_times_a_minute(pipeline: Pipeline) -> None:
    """A hundred lines that are no strips are four lines of the log, and what is right is published."""
    producer = pipeline.producer("-", stdin=subprocess.PIPE)
    producer.feed(_FIRST + b"no strip\n" * 100 + _SECOND)
    _await_sightings(pipeline, 4)
    assert _end(producer, signal.SIGTERM) == 1
    assert 1 <= len(re.findall(r"standard input:\d+", producer.said)) <= 20
    assert "2 strips, 4 slots" in producer.said


def test_a_signal_in_the_middle_of_a_file_is_no_success(pipeline: Pipeline, tmp_path: Path) -> None:
    """Status 1, and it says that there is more: whoever waits for the whole file must know."""
    file = tmp_path / "strips.jsonl"
    os.mkfifo(file)
    producer = pipeline.producer(str(file))
    with file.open("wb") as slow:
        slow.write(_FIRST)
        slow.flush()
        _await_sightings(pipeline, 2)
        assert _end(producer, signal.SIGTERM) == 1
    assert "stopped before the end of the input" in producer.said


@pytest.mark.parametrize("places", [(), ("-",), ("strips.jsonl", "more.jsonl"), (".",)])
def test_only_one_file_can_be_followed(pipeline: Pipeline, places: tuple[str, ...]) -> None:
    """Status 2 for anything else."""
    producer = pipeline.producer("--follow", *places)
    assert producer.wait() == 2
    assert "--follow takes one file" in producer.said


def test_a_clock_that_is_ahead_costs_its_own_strip(pipeline: Pipeline, tmp_path: Path) -> None:
    """It goes to the dead letters with how far ahead it is and what the limit is; what follows is published."""
    ahead = (datetime.now(UTC) + timedelta(hours=2)).isoformat().encode()
    file = tmp_path / "strips.jsonl"
    file.write_bytes(_FIRST + _STRIP % ahead + _SECOND)
    producer = pipeline.producer(str(file))
    assert producer.wait() == 1
    _await_sightings(pipeline, 4)
    assert "strips.jsonl:2: observed_at: " in producer.said
    assert "3 strips, 6 slots = 0 empty + 4 sightings published + 2 dead letters" in producer.said
    (letter,) = pipeline.read(DEADLETTERS)[DEADLETTERS.name].all
    why = from_headers(letter.headers)
    assert why
    assert re.search(
        r"is (1:59|2:00):\d\d ahead of this clock; allowed: .* at most 1:00:00 ahead", why.message
    )


def _strip_at(at: int) -> tuple[Strip, StripSightings]:
    """A strip of two headlines, observed at a moment in ms since the epoch."""
    text = "Port reopens | Orchards bloom"
    shown = observe(place="here", source="akhbar", observed_at=at, text=text, is_page=False, separator="|")
    strip, slots = strip_of(shown)
    return strip, sightings(strip, slots)


def test_a_record_that_the_cluster_refuses_takes_no_other_with_it(pipeline: Pipeline) -> None:
    """Whatever the broker's reason: the record is found, kept with the reason, and the rest is published."""
    now = time.time_ns() // 1_000_000
    options = pipeline.connection.aiokafka_options()
    told: list[str] = []

    async def publish() -> Publisher:
        publisher = Publisher(options, prefix=pipeline.prefix, refused=told.append)
        async with publisher:
            for number in range(40):
                at = now + 3 * 60 * 60 * 1000 if number == 23 else now + number
                await publisher.publish(*_strip_at(at))
            await publisher.flush()
        return publisher

    publisher = asyncio.run(publish())
    assert (publisher.published, publisher.refused) == (78, 2)
    _await_sightings(pipeline, 78)
    letters = pipeline.read(DEADLETTERS)[DEADLETTERS.name].all
    assert len(letters) == len(told) == 3  # the strip and its two sightings
    assert all("InvalidTimestampError" in said for said in told)


@pytest.mark.chaos
def test_an_outage_is_waited_for(
    start_cluster: Callable[..., Cluster], make_pipeline: Callable[[Connection], Pipeline]
) -> None:
    """Nothing is given up while no broker answers, and all is published when one does."""
    cluster = start_cluster()
    (node,) = cluster.nodes
    pipeline = make_pipeline(Connection(bootstrap_servers=cluster.bootstrap_servers())).create()
    options = pipeline.connection.aiokafka_options()

    async def publish() -> int:
        async with Publisher(options, prefix=pipeline.prefix, patience=None) as publisher:
            await publisher.publish(*_strip_at(time.time_ns() // 1_000_000))
            await asyncio.to_thread(cluster.kill, node)
            waiting = asyncio.create_task(publisher.flush())
            await asyncio.wait([waiting], timeout=1)
            assert not waiting.done()
            await asyncio.to_thread(cluster.restart, node)
            await waiting
        return publisher.published

    assert asyncio.run(publish()) == 2
