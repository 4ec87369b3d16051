"""The canary on a real Kafka: through every stage, with its trace, and past every consumer."""

import asyncio
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from schemas.cloudevents import CANARY_SOURCE
from schemas.topics import CANARY, TOPICS
from streams.canary.headlines import LANGUAGES
from streams.kafka.topics import create
from streams.observe.trace import traceparent
from streams.settings import Connection
from tests.chaos.topics import contents
from tests.kafka_support import administer, wait_until

pytestmark = pytest.mark.kafka


@pytest.fixture
def environment(kafka: str, topic_prefix: str) -> dict[str, str]:
    """The settings of a pipeline of the test's own, its topics made."""
    administer(Connection(bootstrap_servers=kafka), create, TOPICS, prefix=topic_prefix)
    return os.environ | {"TICKER_BOOTSTRAP_SERVERS": kafka, "TICKER_TOPIC_PREFIX": topic_prefix}


@pytest.fixture
def worker(environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """A worker of all stages; gives the address of its pages."""
    log = tmp_path / "worker.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            _ticker("worker", "--listen", "127.0.0.1:0"), stderr=errors, env=environment
        )
        try:
            yield str(wait_until(lambda: _address(log), seconds=90))
        finally:
            process.terminate()
            process.wait(30)


def _ticker(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "streams.cli", *arguments]


def _address(log: Path) -> str | None:
    """Where a worker's JSON log says that its pages are."""
    match = re.search(r"http://[\d.:]+", log.read_text(encoding="utf-8"))
    return match[0] if match else None


def _once(environment: dict[str, str], every: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _ticker("canary", "--once", "--every", str(every), "--json"),
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def _values(environment: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """The values of every record of the canary's topic and of the public ones, by topic."""
    connection = Connection(bootstrap_servers=environment["TICKER_BOOTSTRAP_SERVERS"])
    topics = [CANARY, *(topic for topic in TOPICS if topic.public)]
    found = asyncio.run(contents(connection, environment["TICKER_TOPIC_PREFIX"], topics))
    return {name: [json.loads(record.value) for record in content.all] for name, content in found.items()}


def test_it_goes_the_whole_way(environment: dict[str, str], worker: str) -> None:
    """Each language arrives and is timed, with the trace that its strip began; no consumer sees any of it."""
    done = _once(environment, 60)
    assert done.returncode == 0, done.stderr
    arrivals = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(arrival["language"] for arrival in arrivals) == sorted(LANGUAGES)
    values = _values(environment)
    events = values.pop(CANARY.name)
    assert {event["source"] for event in events} == {CANARY_SOURCE}
    for event in events:
        assert event["traceparent"] == traceparent(event["id"].partition("-")[0])
    assert not any(values.values()), "no topic that consumers read has anything of it"
    # Transaction markers lie behind the last records: they are no lag.
    assert wait_until(lambda: _lags(worker) == {0.0}, seconds=90)


def _lags(address: str) -> set[float]:
    with urllib.request.urlopen(f"{address}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {float(line.split()[1]) for line in text.splitlines() if line.startswith("ticker_lag_records{")}


def test_it_fails_where_nobody_works(environment: dict[str, str]) -> None:
    """Without workers nothing arrives: exit code 1, with what to look at."""
    done = _once(environment, 2)
    assert done.returncode == 1
    assert "3 of 3 headlines did not arrive within 2 s" in done.stderr
