"""Counts on the dashboards are what was counted, asked of a real Prometheus: the first one, and after a restart."""

import asyncio
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest
from prometheus_client import CollectorRegistry

from deploy.grafana.boards import BOARDS
from deploy.grafana.panels import counted
from schemas.topics import DECISIONS, SIGHTINGS, STRIPS, TOPICS
from streams.kafka.topics import create
from streams.observe.health import pages
from streams.observe.instruments import Instruments
from streams.observe.metric import Metric
from streams.settings import Connection
from tests.chaos.topics import contents
from tests.chaos.watch import drained
from tests.deploy.counting import COUNTED_IN, Counts, differences, in_topics
from tests.deploy.support import free_port
from tests.deploy.watched import Prometheus, lines, service, ticker, watching
from tests.kafka_support import administer, produce, wait_until

LETTERS = Metric(
    name="ticker_letters_total", kind="counter", unit="letters", labels=("reason",), help="Letters."
)
COUNTED = counted("ticker_letters_total", "1h", "reason")


class Program:
    """What a process measures and shows on an address while it is entered."""

    def __init__(self, listen: str) -> None:
        self._listen = listen
        self._registry = CollectorRegistry()
        self._make = Instruments("worker", [LETTERS], self._registry)

    def count(self, reason: str, letters: int) -> None:
        self._make.counter(LETTERS, reason).inc(letters)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Its pages are there; raises what they raise."""
        loop, ended, started = asyncio.new_event_loop(), asyncio.Event(), threading.Event()

        async def serve() -> None:
            async with pages(self._listen, registry=self._registry, is_ready=lambda: True):
                started.set()
                await ended.wait()

        thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
        thread.start()
        try:
            assert started.wait(60)
            yield
        finally:
            loop.call_soon_threadsafe(ended.set)
            thread.join()
            loop.close()


@pytest.fixture
def listen() -> str:
    """An address for a program."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture
def prometheus(listen: str, tmp_path: Path) -> Iterator[Prometheus]:
    """One that scrapes the address five times a second."""
    with watching({"worker": int(listen.rpartition(":")[2])}, tmp_path, scrape=0.2) as prometheus:
        yield prometheus


def test_the_first_letters_are_seen_and_those_of_a_process_started_anew(
    prometheus: Prometheus, listen: str
) -> None:
    """Bursts before the first scrape, of a reason that is new, and of the next process under the same address."""

    def tells(expr: str, expected: dict[str, float]) -> None:
        told = {(reason,): value for reason, value in expected.items()}
        wait_until(lambda: prometheus.series(expr, "reason") == told, seconds=60)

    first = Program(listen)
    first.count("early", 10)
    with first.running():
        tells(COUNTED, {"early": 10})
        first.count("late", 1)
        first.count("early", 13)
        tells(COUNTED, {"early": 23, "late": 1})
    second = Program(listen)
    second.count("early", 400)
    with second.running():
        tells("ticker_letters_total", {"early": 400})
        tells(COUNTED, {"early": 423, "late": 1})


_RAW: Final = r"max_over_time\((.+?)\[\w+\]\) - min_over_time\(\1\[\w+\]\)"
COUNTING: Final = [
    query.selected
    for board in BOARDS
    for panel in board.panels
    for query in panel.asked
    if re.search(_RAW, query.selected)
]
"""The queries of all panels that count in a window."""


class Pipeline:
    """A worker and a producer with topics of their own, and the Prometheus that watches both."""

    def __init__(self, kafka: str, folder: Path, stack: ExitStack) -> None:
        self._ports = {name: free_port() for name in ("worker", "producer")}
        self._connection = Connection(bootstrap_servers=kafka)
        self._prefix = f"counted-{self._ports['worker']}"
        administer(self._connection, create, TOPICS, prefix=self._prefix)
        self._environment = os.environ | {
            "TICKER_BOOTSTRAP_SERVERS": kafka,
            "TICKER_TOPIC_PREFIX": self._prefix,
        }
        self._folder = folder
        self._producer = stack.enter_context(self._service("producer", "produce", "-"))
        self.prometheus = stack.enter_context(watching(self._ports, folder, scrape=0.5))
        self._fed = 0

    def _service(self, name: str, *command: str) -> AbstractContextManager[subprocess.Popen[str]]:
        listen = f"127.0.0.1:{self._ports[name]}"
        return service(ticker(*command, "--listen", listen), self._folder, self._environment)

    def worker(self) -> AbstractContextManager[subprocess.Popen[str]]:
        """A worker while the context lasts, always under the same address."""
        return self._service("worker", "worker")

    def feed(self, rounds: int) -> None:
        """Give the producer strips, with a line that is none in each round, and each stage a record that it rejects."""
        assert self._producer.stdin is not None
        for number in range(self._fed + 1, self._fed + rounds + 1):
            self._producer.stdin.write(lines(number))
        self._producer.stdin.flush()
        self._fed += rounds
        for topic in (SIGHTINGS, DECISIONS):
            produce(self._connection, topic.on(self._prefix), [b"rubbish"])

    def counts(self) -> Counts:
        """What there is to count, once all of it is in the topics and has been worked on."""

        async def run() -> Counts:
            async with asyncio.timeout(60):
                while True:
                    found = await contents(self._connection, self._prefix, COUNTED_IN)
                    if len(found[STRIPS.name].all) == self._fed * 3:
                        break
                await drained(self._connection, self._prefix)
                return in_topics(await contents(self._connection, self._prefix, COUNTED_IN), self._fed)

        return asyncio.run(run())


@pytest.mark.kafka
def test_every_count_on_a_dashboard_is_what_is_in_the_topics(kafka: str, tmp_path: Path) -> None:
    """After a start with a burst, and after a restart: nothing is missing, doubled or estimated."""
    with ExitStack() as stack:
        pipeline = Pipeline(kafka, tmp_path, stack)
        prometheus = pipeline.prometheus
        pipeline.feed(30)
        with pipeline.worker():
            expected = pipeline.counts()
            assert differences(prometheus, expected) == {}
            for query in COUNTING:
                assert prometheus.series(query) == prometheus.series(re.sub(_RAW, r"\1", query)), query
        pipeline.feed(30)
        with pipeline.worker():
            assert differences(prometheus, pipeline.counts()) == {}
