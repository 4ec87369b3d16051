"""Fixtures of the engine's tests: topics for one test, and workers on them."""

import asyncio
import subprocess
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from schemas.topics import SIGHTINGS, Topic
from streams.dev.kafka import Cluster
from streams.kafka.topics import create
from streams.settings import Connection
from tests.chaos.checker import Report, check
from tests.chaos.corpus import PlacedRecord
from tests.chaos.topics import LASTING, Content, contents, write
from tests.chaos.watch import drained
from tests.chaos.workers import TICKER, TickerProcess, WorkerProcess
from tests.kafka_support import BRIEF, Certificates, administer, start


class Pipeline(Struct):
    """The pipeline's topics on a cluster, for one test."""

    connection: Connection
    prefix: str
    folder: Path
    processes: list[TickerProcess]

    def create(self, topics: Sequence[Topic] = LASTING) -> "Pipeline":
        """Make topics."""
        administer(self.connection, create, topics, prefix=self.prefix)
        return self

    def write(self, inputs: Sequence[PlacedRecord], *, topic: Topic = SIGHTINGS, **options: Any) -> None:
        """Write records to a topic."""
        asyncio.run(write(self.connection, self.prefix, inputs, topic=topic, **options))

    def worker(
        self, *options: str, command: Sequence[str] = (*TICKER, "worker"), **settings: str
    ) -> WorkerProcess:
        """Start a worker; the end of the test kills it."""
        worker = WorkerProcess(
            self.connection.bootstrap_servers,
            self.prefix,
            self._log(),
            *("--session-timeout", "6"),
            *options,
            environment=settings,
            command=command,
        )
        self.processes.append(worker)
        return worker

    def producer(self, *arguments: str, stdin: int = subprocess.DEVNULL, **settings: str) -> TickerProcess:
        """Start a producer; the end of the test kills it."""
        cluster = ("--bootstrap-servers", self.connection.bootstrap_servers, "--topic-prefix", self.prefix)
        producer = TickerProcess(
            [*TICKER, "produce", *cluster, *arguments], self._log(), environment=settings, stdin=stdin
        )
        self.processes.append(producer)
        return producer

    def _log(self) -> Path:
        return self.folder / f"process-{len(self.processes)}.log"

    def drain(self, at_least: int) -> None:
        """Wait until both stages have processed all there is, `at_least` so many sightings."""
        asyncio.run(drained(self.connection, self.prefix, at_least=at_least))

    def read(self, *topics: Topic) -> dict[str, Content]:
        """What is in topics."""
        return asyncio.run(contents(self.connection, self.prefix, topics))

    def check(self) -> Report:
        """Compare all outputs with what the local engine makes of the inputs; fail if they differ."""
        report = check(self.connection, self.prefix)
        assert not report.problems, str(report)
        return report


def _pipelines(folder: Path) -> Iterator[Callable[[Connection], Pipeline]]:
    """Make pipelines with topics of their own; kill their processes at the end."""
    made: list[Pipeline] = []

    def make(connection: Connection) -> Pipeline:
        pipeline = Pipeline(connection, f"test-{uuid.uuid4().hex[:12]}", folder, [])
        made.append(pipeline)
        return pipeline

    yield make
    for process in (process for pipeline in made for process in pipeline.processes):
        process.kill()


@pytest.fixture
def make_pipeline(tmp_path: Path) -> Iterator[Callable[[Connection], Pipeline]]:
    """The pipeline on a cluster that the test chooses; topics are not made yet."""
    yield from _pipelines(tmp_path)


@pytest.fixture(scope="module")
def make_shared_pipeline(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[Connection], Pipeline]]:
    """As `make_pipeline`, for several tests that only look."""
    yield from _pipelines(tmp_path_factory.mktemp("pipeline"))


@pytest.fixture
def pipeline(kafka: str, make_pipeline: Callable[[Connection], Pipeline]) -> Pipeline:
    """The pipeline's topics on the shared broker."""
    return make_pipeline(Connection(bootstrap_servers=kafka)).create()


@pytest.fixture(scope="session")
def secure_kafka(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A broker that has listeners with TLS and logins beside the plain one."""
    folder, security = tmp_path_factory.mktemp("secure-kafka"), certificates.security()
    cluster = Cluster(folder, security=security, java_options=BRIEF)
    start(cluster)
    yield cluster
    cluster.stop(patience=0)
