"""The logs of an outage: every program says that Kafka is away and that it is back, and little besides."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from schemas.topics import TOPICS
from streams.dev.kafka import Cluster
from streams.kafka.topics import create
from streams.settings import Connection
from tests.deploy.watched import lines
from tests.kafka_support import administer, wait_until

PROGRAMS = {
    "worker": ["worker"],
    "canary": ["canary", "--every", "1"],
    "serve": ["serve"],
    "producer": ["produce", "-"],
}


class Program:
    """A program of the pipeline and its log."""

    def __init__(self, process: "subprocess.Popen[str]", log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def said(self) -> str:
        return self._log.read_text(encoding="utf-8")

    @property
    def rows(self) -> list[dict[str, str]]:
        """The lines of the log, but for what is said to a person who starts it by hand."""
        return [json.loads(line) for line in self.said.splitlines() if line.startswith("{")]

    def says(self, pattern: str) -> bool:
        """Whether its log has something like this."""
        return re.search(pattern, self.said) is not None

    def is_ready(self) -> bool:
        """Whether it says that it is."""
        address = re.search(r"http://127\.0\.0\.1:\d+", self.said)
        if address is None:
            return False
        try:
            with urllib.request.urlopen(f"{address[0]}/readyz", timeout=10):
                return True
        except OSError:
            return False

    def feed(self, number: int) -> None:
        """Give it a round of strips to publish."""
        assert self._process.stdin is not None
        self._process.stdin.write(lines(number))
        self._process.stdin.flush()


@contextmanager
def running(command: list[str], log: Path, environment: dict[str, str]) -> Iterator[Program]:
    """A program while the context lasts."""
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "streams.cli", *command, "--listen", "127.0.0.1:0"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            text=True,
            env=environment,
        ) as process,
    ):
        try:
            yield Program(process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.mark.kafka
def test_an_outage_is_told_once_by_every_program(
    start_cluster: Callable[..., Cluster], tmp_path: Path
) -> None:
    """At most 20 lines a minute each, no error among them, no traceback, and nothing that asyncio alone says."""
    cluster = start_cluster()
    connection = Connection(bootstrap_servers=cluster.bootstrap_servers())
    administer(connection, create, TOPICS, prefix="outage")
    environment = os.environ | {
        "TICKER_BOOTSTRAP_SERVERS": connection.bootstrap_servers,
        "TICKER_TOPIC_PREFIX": "outage",
        "TICKER_LOG_FORMAT": "json",
    }
    (node,) = cluster.nodes
    with ExitStack() as stack:
        programs = {
            name: stack.enter_context(running(command, tmp_path / name, environment))
            for name, command in PROGRAMS.items()
        }

        def all_say(pattern: str) -> None:
            for program in programs.values():
                wait_until(partial(program.says, pattern), seconds=90)

        for program in programs.values():
            wait_until(program.is_ready, seconds=120)
        programs["producer"].feed(1)
        cluster.kill(node)
        programs["producer"].feed(2)
        all_say("Kafka is away")
        cluster.restart(node)
        all_say("Kafka is back")
    for name, program in programs.items():
        rows = program.rows
        minutes = Counter(row["time"][:16] for row in rows)
        assert max(minutes.values()) <= 20, name
        assert {row["level"] for row in rows} <= {"info", "warning"}, (name, rows)
        assert not [row for row in rows if "error" in row], name
        assert "never retrieved" not in program.said, name
        assert "Traceback" not in program.said, name
