"""A replay decides as the original did: same strips, same build, same ids and categories, in either engine."""

import asyncio
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import pytest

from schemas.topics import DEADLETTERS, POSITIONS, SIGHTINGS, STRIPS, TOPICS
from streams.replay.diff import Collector, Result, compare
from streams.replay.plan import write_plan
from streams.replay.results import from_file, from_topics
from streams.settings import Connection
from tests.command import TICKER, rows, ticker
from tests.replay.replay_support import applied, between, drafted, headline, make_topics, publish
from tests.support import START, sighting

pytestmark = pytest.mark.kafka

SAMPLES = Path(str(files("streams"))) / "samples" / "strips.jsonl"
_DEADLINE_S = 90
_PAUSE_S = 0.2
"""Between two looks at all of a result, which take the processor from the workers that make it."""


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
        time.sleep(_PAUSE_S)


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


def test_a_build_differs_nowhere_from_itself_in_a_window_of_its_past(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    """The warm-up gives what was live when the window began; without it what was known before counts as new."""
    connection, hour = Connection(bootstrap_servers=kafka), 3_600_000
    make_topics(connection, topic_prefix, TOPICS)
    shown = [
        sighting(headline(number), at=START + turn * 4 * hour + number, source="canal")
        for turn in range(24)
        for number in range(turn, turn + 12)
    ]
    publish(connection, topic_prefix, shown)
    since, until = START + 80 * hour, START + 92 * hour
    warm, cold = f"{topic_prefix}-warm", f"{topic_prefix}-cold"
    plans = {}
    for prefix, warm_up in ((warm, 72 * hour), (cold, 0)):
        window = {"since": since, "until": until, "warm_up": warm_up, "speed": "1000000x"}
        plans[prefix], _ = drafted(between(connection), topic_prefix, prefix, create=True, **window)
        assert applied(plans[prefix], between(connection)).whole
        write_plan(plans[prefix], tmp_path / f"{prefix}.json")
    assert plans[warm].in_window == plans[cold].records == 36
    with workers(connection, [topic_prefix, warm, cold]):
        # Of each the headlines: those of all turns; of 72 hours before the window's end and of an hour behind it; of
        # the window.
        for prefix, count in ((topic_prefix, 35), (warm, 33), (cold, 14)):
            wanted = Result(headlines=dict.fromkeys(map(str, range(count))))  # type: ignore[arg-type]
            assert len(result_of(connection, prefix, wanted).headlines) == count
    (same,) = rows(ticker("replay", "diff", tmp_path / f"{warm}.json"))
    assert same["headlines"] == [3, 3]
    assert same["gained"] == same["lost"] == same["merges_gained"] == same["merges_lost"] == 0
    summary, *_ = rows(ticker("replay", "diff", tmp_path / f"{cold}.json"))
    assert (summary["gained"], summary["lost"]) == (11, 0)
