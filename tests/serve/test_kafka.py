"""`ticker serve` on a real Kafka: only what is committed, once, across its own and the broker's deaths."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from schemas.events import CategorizedHeadline, Duplicate, SeenHeadline, encode
from schemas.topics import DUPLICATES, HEADLINES, SEEN, Topic
from streams.dev.kafka import Cluster
from streams.kafka.topics import create
from streams.settings import Connection
from tests.command import TICKER
from tests.kafka_support import administer, wait_until
from tests.serve.serve_support import get, headline, listening_to

pytestmark = pytest.mark.kafka


class ServeProcess:
    """`ticker serve` in a process of its own."""

    def __init__(self, servers: str, prefix: str, *options: str) -> None:
        self._process = subprocess.Popen(
            [*TICKER, "serve", "--bootstrap-servers", servers, "--topic-prefix", prefix,
             "--listen", "127.0.0.1:0", "--rate", "none", *options],
            stderr=subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if found := re.search(rb"http://\S+:\d+", line):
                self.address = found[0].decode()
                return
        raise AssertionError("ticker serve ended before it served")

    def ask(self, path: str) -> tuple[int, str]:
        """Status and body of a page."""
        status, _, body = asyncio.run(get(self.address, path))
        return status, body

    def texts(self) -> list[str]:
        """The texts on the board."""
        return [row["headline"]["text"] for row in json.loads(self.ask("/api/headlines")[1])["headlines"]]

    def end(self, *, kill: bool = False) -> int:
        """Stop it, and read the rest of its log."""
        self._process.kill() if kill else self._process.terminate()
        self.log = self._process.communicate(timeout=60)[1].decode()
        return self._process.returncode


@contextmanager
def process(servers: str, prefix: str, *options: str) -> Iterator[ServeProcess]:
    """A running `ticker serve`; the end of the test kills it."""
    started = ServeProcess(servers, prefix, *options)
    try:
        yield started
    finally:
        started._process.kill()
        started._process.communicate()


def write(
    servers: str, prefix: str, rows: Sequence[tuple[Topic, bytes, Any]], *, abort: bool = False
) -> None:
    """Write events in one transaction, or abort it."""

    async def run() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=servers, transactional_id=f"{prefix}-test")
        await producer.start()
        try:
            await producer.begin_transaction()
            for topic, key, event in rows:
                await producer.send_and_wait(topic.on(prefix), encode(event), key, partition=0)
            await (producer.abort_transaction() if abort else producer.commit_transaction())
        finally:
            await producer.stop()

    asyncio.run(run())


def headline_rows(*headlines: CategorizedHeadline) -> list[tuple[Topic, bytes, Any]]:
    """Headlines as rows of their topic."""
    return [(HEADLINES, each.chain.encode(), each) for each in headlines]


def make_topics(servers: str, prefix: str) -> None:
    """The topics that it reads."""
    administer(Connection(bootstrap_servers=servers), create, (HEADLINES, DUPLICATES, SEEN), prefix=prefix)


def test_only_what_is_committed_is_served_with_what_was_swallowed_and_how_often(
    kafka: str, topic_prefix: str
) -> None:
    """Aborted headlines never show; duplicates and counts stand beside their headline."""
    make_topics(kafka, topic_prefix)
    shown = headline(1, "Harbour city wins the cup")
    duplicate = Duplicate(
        id=f"{9:020x}-0", source="courier", observed_at=shown.observed_at, slot=0, language="en",
        text="Harbour city wins cup", winner=shown.id, winner_text=shown.text, chain=shown.chain,
        rule="minor", score=0.9,
    )  # fmt: skip
    seen = SeenHeadline(
        id=shown.id, text=shown.text, language="en", first_seen=shown.observed_at, last_seen=shown.observed_at,
        sightings=7, sources=("gazette", "courier"),
    )  # fmt: skip
    write(kafka, topic_prefix, [*headline_rows(shown), (DUPLICATES, b"k", duplicate), (SEEN, b"k", seen)])
    write(kafka, topic_prefix, headline_rows(headline(2, "Never committed")), abort=True)
    with process(kafka, topic_prefix) as server:
        wait_until(lambda: server.ask("/readyz")[0] == 200, seconds=90)
        (row,) = wait_until(
            lambda: [
                row
                for row in json.loads(server.ask("/api/headlines")[1])["headlines"]
                if row["sightings"] == 7
            ],
            seconds=20,
        )
        assert row["headline"]["text"] == shown.text
        assert (row["sources"], row["swallowed"]) == (["gazette", "courier"], 1)
        assert server.end() == 0


def test_a_reader_goes_on_after_a_kill_without_loss_or_repetition(kafka: str, topic_prefix: str) -> None:
    """Killed in mid-flow, started again: the event's id is all that is needed."""
    make_topics(kafka, topic_prefix)
    texts = [f"Headline {number}" for number in range(12)]
    heard: list[str] = []

    async def hear(server: ServeProcess, count: int, last_id: str | None) -> str:
        async with listening_to(server.address, last_event_id=last_id) as listener:
            writing = asyncio.create_task(asyncio.to_thread(write_some, count))
            heard.extend([json.loads((await listener.next())[2])["text"] for _ in range(count)])
            await writing
            return listener.last_id

    def write_some(count: int) -> None:
        start = len(heard)
        rows = headline_rows(*(headline(start + n, texts[start + n]) for n in range(count)))
        write(kafka, topic_prefix, rows)

    last_id = None
    for count in (4, 3, 5):
        with process(kafka, topic_prefix) as server:
            wait_until(lambda: server.ask("/readyz")[0] == 200, seconds=90)
            last_id = asyncio.run(hear(server, count, last_id))
            server.end(kill=True)
    assert heard == texts


def test_the_board_outlives_a_broker_that_goes_away(
    start_cluster: Callable[..., Cluster], topic_prefix: str
) -> None:
    """Readiness follows the broker, what is known stays, what comes later is shown; the log tells it once."""
    cluster = start_cluster()
    servers = cluster.bootstrap_servers()
    make_topics(servers, topic_prefix)
    write(servers, topic_prefix, headline_rows(headline(1, "Before")))
    with process(servers, topic_prefix) as server:
        wait_until(lambda: server.ask("/readyz")[0] == 200, seconds=90)
        cluster.kill(1)
        wait_until(lambda: server.ask("/readyz")[0] == 503, seconds=90)
        assert server.texts() == ["Before"]
        cluster.restart(1)
        write(servers, topic_prefix, headline_rows(headline(2, "After")))
        wait_until(lambda: server.texts() == ["After", "Before"], seconds=60)
        wait_until(lambda: server.ask("/readyz")[0] == 200, seconds=90)
        assert server.end() == 0
        assert server.log.count("Kafka is away") == 1
        assert len(server.log.splitlines()) < 20, server.log


def test_missing_topics_stop_the_start(kafka: str, topic_prefix: str) -> None:
    """A wrong prefix is a wrong setting."""
    done = subprocess.run(
        [sys.executable, "-m", "streams.cli", "serve", "--bootstrap-servers", kafka, "--topic-prefix", topic_prefix],
        capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert b"there is no topic" in done.stderr
