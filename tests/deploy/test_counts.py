"""Counts on the dashboards are what was counted, asked of a real Prometheus: the first one, and after a restart."""

import asyncio
import json
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from prometheus_client import CollectorRegistry

from deploy.grafana.panels import counted
from streams.observe.health import pages
from streams.observe.instruments import Instruments
from streams.observe.metric import Metric
from tests.deploy.support import free_port, tool
from tests.kafka_support import wait_until

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


class Prometheus:
    """A running one, and its answers by reason."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}/api/v1/query"

    def ask(self, expr: str) -> dict[str, float]:
        """The values of an expression now; none while it does not answer yet."""
        try:
            with urllib.request.urlopen(
                f"{self._address}?{urlencode({'query': expr})}", timeout=10
            ) as answer:
                rows = json.load(answer)["data"]["result"]
        except OSError:
            return {}
        return {row["metric"].get("reason", ""): float(row["value"][1]) for row in rows}

    def tells(self, expr: str, expected: dict[str, float]) -> bool:
        """Wait until the values are these; fails after a minute."""
        return wait_until(lambda: self.ask(expr) == expected, seconds=60)


@pytest.fixture
def listen() -> str:
    """An address for a program."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture
def prometheus(listen: str, tmp_path: Path) -> Iterator[Prometheus]:
    """One that scrapes the address five times a second."""
    port, config = free_port(), tmp_path / "prometheus.yaml"
    scraped = [{"job_name": "ticker-worker", "static_configs": [{"targets": [listen]}]}]
    config.write_text(json.dumps({"global": {"scrape_interval": "200ms"}, "scrape_configs": scraped}))
    command = [
        tool("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={tmp_path}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (tmp_path / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield Prometheus(port)
        finally:
            process.terminate()


def test_the_first_letters_are_seen_and_those_of_a_process_started_anew(
    prometheus: Prometheus, listen: str
) -> None:
    """Bursts before the first scrape, of a reason that is new, and of the next process under the same address."""
    first = Program(listen)
    first.count("early", 10)
    with first.running():
        prometheus.tells(COUNTED, {"early": 10})
        first.count("late", 1)
        first.count("early", 13)
        prometheus.tells(COUNTED, {"early": 23, "late": 1})
    second = Program(listen)
    second.count("early", 400)
    with second.running():
        prometheus.tells("ticker_letters_total", {"early": 400})
        told = prometheus.ask(COUNTED)
    # What a process has counted that was started anew is estimated, up to a scrape: here one of a few seconds.
    assert told["late"] == 1
    assert 423 <= told["early"] < 1.5 * 423
