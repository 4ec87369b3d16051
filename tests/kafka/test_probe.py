"""Readiness and metrics follow the brokers: a real one that is frozen and thawed."""

import asyncio
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Never

import pytest

from schemas.topics import TOPICS
from streams.dev.kafka import Cluster
from streams.errors import FootingError
from streams.kafka.probe import Probe, asking
from streams.kafka.topics import create
from streams.settings import Connection
from tests.command import TICKER
from tests.deploy.support import free_port
from tests.kafka_support import BRIEF, administer, start, wait_until


class Program:
    """A program of ours that runs, as its health pages show it."""

    def __init__(self, *arguments: str) -> None:
        self.arguments = arguments
        self.port = free_port()

    def page(self, name: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{name}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""
        except OSError:
            return 0, ""

    def says(self, *, up: bool) -> bool:
        status, _ = self.page("readyz")
        return status == (200 if up else 503) and f"\nticker_kafka_up {up:.1f}\n" in self.page("metrics")[1]


@contextmanager
def running(program: Program, folder: Path, bootstrap: str, prefix: str) -> Iterator[None]:
    command = [*TICKER, *program.arguments, "--listen", f"127.0.0.1:{program.port}"]
    environment = os.environ | {"TICKER_BOOTSTRAP_SERVERS": bootstrap, "TICKER_TOPIC_PREFIX": prefix}
    log = folder / f"{program.arguments[0]}.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(command, stderr=errors, stdin=subprocess.PIPE, env=environment) as process,
    ):
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


@pytest.mark.kafka
def test_every_program_says_when_the_brokers_are_away(tmp_path: Path) -> None:
    """Worker, producer and canary are ready while brokers answer, and not while they hang; the log says so once."""
    programs = [Program("worker"), Program("produce", "-"), Program("canary")]
    cluster = Cluster(tmp_path / "kafka", java_options=BRIEF)
    start(cluster)
    with ExitStack() as stack:
        stack.callback(cluster.stop, patience=0)
        connection = Connection(bootstrap_servers=cluster.bootstrap_servers())
        for program in programs:
            # Each has topics of its own, so that the worker is idle: a broker that is stopped within a transaction can
            # forget to end it (Kafka 4.3), and who restores its partition waits.
            prefix = program.arguments[0]
            administer(connection, create, TOPICS, prefix=prefix)
            stack.enter_context(running(program, tmp_path, connection.bootstrap_servers, prefix))
        (node,) = cluster.nodes
        for is_up, number in ((True, signal.SIGCONT), (False, signal.SIGSTOP), (True, signal.SIGCONT)):
            os.kill(cluster.pid(node), number)
            for program in programs:
                assert wait_until(lambda: program.says(up=is_up))  # noqa: B023
    for program in programs:
        log = (tmp_path / f"{program.arguments[0]}.log").read_text()
        assert log.count("Kafka is away") == 1
        assert log.count("Kafka is back") == 1


def test_a_program_that_ends_as_the_brokers_answer_is_not_held_up() -> None:
    """The last answer and the end of the program can come at one moment: the probe hears of both."""

    async def end_with_the_answer() -> set[asyncio.Task[Never]]:
        asked, answer = asyncio.Event(), asyncio.Event()

        async def question() -> None:
            asked.set()
            await answer.wait()

        probing = asyncio.create_task(Probe(question, meanwhile="nothing happens").run())
        await asked.wait()
        answer.set()
        await asyncio.sleep(0)  # the question has its answer, and the probe has not heard of it
        probing.cancel()
        return (await asyncio.wait([probing], timeout=60))[0]

    assert [task.cancelled() for task in asyncio.run(end_with_the_answer())] == [True]


@pytest.mark.parametrize(
    "error", [FootingError("it is another cluster"), ZeroDivisionError("a fault of ours")]
)
def test_a_program_ends_when_its_probe_has_failed(error: Exception) -> None:
    """Whatever the probe failed of: nobody would hear any more that the brokers are away."""

    async def question() -> None:
        raise error

    async def run() -> None:
        async with asking(Probe(question, meanwhile="nothing is done")) as probe:
            await asyncio.Event().wait()
        assert not probe.is_answered

    with pytest.raises(type(error), match=str(error)):
        asyncio.run(asyncio.wait_for(run(), 60))
