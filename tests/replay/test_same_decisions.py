"""A replay decides as the original did: same strips, same build, same ids and categories, in either engine."""

import asyncio
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import pytest

from schemas.topics import DEADLETTERS, POSITIONS, SIGHTINGS, STRIPS
from streams.replay.diff import Collector, Result, compare
from streams.replay.results import from_file, from_topics
from streams.settings import Connection
from tests.command import TICKER, ticker
from tests.replay.replay_support import applied, between, drafted, make_topics

pytestmark = pytest.mark.kafka

SAMPLES = Path(str(files("streams"))) / "samples" / "strips.jsonl"
_DEADLINE_S = 90


@contextmanager
def workers(connection: Connection, prefixes: Sequence[str]) -> Iterator[None]:
    """A worker for each prefix, ended with SIGTERM."""
    here = ("--bootstrap-servers", connection.bootstrap_servers, "--listen", "none")
    started = [
        subprocess.Popen([*TICKER, "worker", *here, "--topic-prefix", prefix], stderr=subprocess.DEVNULL)
        for prefix in prefixes
    ]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)


def result_of(connection: Connection, prefix: str, wanted: Result) -> Result:
    """The result below a prefix, once it has as many headlines and merges as are wanted."""
    deadline = time.monotonic() + _DEADLINE_S
    while True:
        found = asyncio.run(from_topics(connection, prefix, Collector(), patience=30))
        complete = len(found.headlines) >= len(wanted.headlines) and len(found.merges) >= len(wanted.merges)
        if complete or time.monotonic() > deadline:
            return found


def test_a_replay_decides_as_the_original_did(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    """The local engine on the strips, and workers on replays of their sightings at two speeds, agree."""
    connection = Connection(bootstrap_servers=kafka)
    output = tmp_path / "run.jsonl"
    output.write_bytes(ticker("run", SAMPLES, "--dropped").stdout)
    local = from_file(str(output), Collector())
    assert len(local.headlines) > 10
    assert local.merges
    make_topics(connection, topic_prefix, [STRIPS, SIGHTINGS, POSITIONS, DEADLETTERS])
    here = ("--bootstrap-servers", kafka, "--topic-prefix", topic_prefix)
    assert ticker("produce", SAMPLES, *here).returncode == 0
    speeds = {f"{topic_prefix}-max": "max", f"{topic_prefix}-fast": "20000x"}
    for prefix, speed in speeds.items():
        plan, _ = drafted(between(connection), topic_prefix, prefix, create=True, speed=speed)
        assert applied(plan, between(connection)).whole
    with workers(connection, list(speeds)):
        for prefix in speeds:
            found = compare(local, result_of(connection, prefix, local))
            assert (found.gained, found.lost, found.flips) == ((), (), ())
            assert (found.merges_gained, found.merges_lost) == ((), ())
