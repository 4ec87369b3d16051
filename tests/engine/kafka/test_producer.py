"""How a producer ends: what it has read is published, and it says what it did."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from schemas.topics import SIGHTINGS
from tests.chaos.workers import TickerProcess
from tests.engine.kafka.conftest import Pipeline
from tests.kafka_support import wait_until

pytestmark = pytest.mark.kafka

_STRIP = (
    b'{"source": "akhbar", "observed_at": "%s", "separator": "|", "text": "Port reopens | Orchards bloom"}\n'
)
_FIRST, _SECOND = _STRIP % b"2026-03-11T08:00:00Z", _STRIP % b"2026-03-11T09:00:00Z"


def _await_sightings(pipeline: Pipeline, count: int) -> None:
    wait_until(lambda: len(pipeline.read(SIGHTINGS)[SIGHTINGS.name].all) == count, seconds=20)


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


def test_a_feed_on_standard_input_ends_with_a_signal(pipeline: Pipeline) -> None:
    """Although whoever feeds it has not ended."""
    producer = pipeline.producer("-", stdin=subprocess.PIPE)
    producer.feed(_FIRST)
    _await_sightings(pipeline, 2)
    assert _end(producer, signal.SIGTERM) == 0
    assert "1 strips, 2 slots" in producer.said
    assert "Traceback" not in producer.said


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
