"""The spool on a real Kafka: whatever happens to the producer and the broker, each strip is there once, in order."""

import asyncio
import http.client
import json
import random
import re
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from schemas.deadletters import from_headers
from schemas.instants import format_instant
from schemas.topics import DEADLETTERS, POSITIONS, SIGHTINGS, STRIPS
from streams.dev.kafka import Cluster
from streams.produce.handover import HandOver, Refusal
from streams.produce.outgoing import Outgoing
from streams.produce.spool import Spool
from streams.settings import Connection
from tests.chaos.topics import LASTING
from tests.chaos.workers import TickerProcess
from tests.command import rows, ticker
from tests.engine.kafka.conftest import Pipeline
from tests.kafka_support import wait_until

pytestmark = pytest.mark.kafka

_PAGES: Final = re.compile(r"http://(\S+)/readyz")
_TOKEN: Final = "correct-horse"


def _strip(number: int, at: int) -> dict[str, str]:
    """A strip of its own; `at` is in ms."""
    return {
        "source": f"akhbar-{number % 3}",
        "observed_at": format_instant(at + number),
        "text": f"Port {number} reopens | Orchard {number} blooms",
        "separator": "|",
    }


def _pushed(address: str, strip: dict[str, str]) -> str | None:
    """The id that a strip is taken with; None where nobody takes it now."""
    host, port = address.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    headers = {"Authorization": f"Bearer {_TOKEN}", "Content-Type": "application/json"}
    try:
        connection.request("POST", "/strips", json.dumps(strip), headers)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    assert answer.status == 202, body
    return str(json.loads(body)["id"])


class Pushing:
    """A producer that takes pushes into one spool, killed and started again."""

    def __init__(self, pipeline: Pipeline, folder: Path) -> None:
        self._pipeline = pipeline
        self._folder = folder
        self.ids: list[str] = []
        self._at = time.time_ns() // 1_000_000
        self.process = self._start()

    def _start(self) -> TickerProcess:
        return self._pipeline.producer(
            *("--listen", "127.0.0.1:0", "--rate", "none", "--spool", str(self._folder)),
            TICKER_PRODUCE_TOKEN=_TOKEN,
        )

    def push(self, count: int) -> None:
        """Push strips one after another, each until it is taken."""
        for _ in range(count):
            strip = _strip(len(self.ids), self._at)
            taken = wait_until(partial(self._take, strip), seconds=60)
            assert taken
            self.ids.append(taken)

    def _take(self, strip: dict[str, str]) -> str | None:
        found = _PAGES.search(self.process.said)
        return _pushed(found[1], strip) if found else None

    def kill(self) -> None:
        """Kill it as nobody can handle, and start another one."""
        self.process.signal(signal.SIGKILL)
        self.process.wait()
        self.process = self._start()


def _ids(records: Sequence[Any]) -> list[str]:
    return [json.loads(record.value)["id"] for record in records]


def _has_strips(pipeline: Pipeline, count: int) -> bool:
    return len(pipeline.read(STRIPS)[STRIPS.name].all) >= count


def _check(pipeline: Pipeline, ids: Sequence[str]) -> None:
    """Every strip and every sighting is there once, those of a partition in the order in which they were taken."""
    found = pipeline.read(STRIPS, SIGHTINGS, DEADLETTERS)
    order = {id_: number for number, id_ in enumerate(ids)}
    assert sorted(_ids(found[STRIPS.name].all)) == sorted(ids)
    assert sorted(_ids(found[SIGHTINGS.name].all)) == sorted(f"{i}-{slot}" for i in ids for slot in (0, 1))
    for content in (found[STRIPS.name], found[SIGHTINGS.name]):
        for records in content.records.values():
            numbers = [order[id_.split("-")[0]] for id_ in _ids(records)]
            assert numbers == sorted(numbers)
    assert not found[DEADLETTERS.name].all


def _push_through(
    cluster: Cluster, pipeline: Pipeline, folder: Path, *, rounds: int, away: int, back: int
) -> None:
    """Push, and kill the producer after each round; Kafka is killed in one round and is back in another."""
    (node,) = cluster.nodes
    pushing = Pushing(pipeline, folder)
    chance = random.Random(7)
    for number in range(rounds):
        pushing.push(chance.randrange(1, 12))
        if number == away:
            cluster.kill(node)
        if number == back:
            cluster.restart(node)
        pushing.kill()
    pushing.push(3)
    wait_until(partial(_has_strips, pipeline, len(pushing.ids)), seconds=90)
    pushing.process.signal(signal.SIGTERM)
    assert pushing.process.wait() == 0
    _check(pipeline, pushing.ids)


def test_what_was_taken_while_kafka_is_away_is_handed_over_once(
    start_cluster: Callable[..., Cluster], make_pipeline: Callable[[Connection], Pipeline], tmp_path: Path
) -> None:
    """Although the producer is killed in between."""
    cluster = start_cluster()
    pipeline = make_pipeline(Connection(bootstrap_servers=cluster.bootstrap_servers())).create()
    _push_through(cluster, pipeline, tmp_path / "spool", rounds=2, away=0, back=1)


@pytest.mark.chaos
def test_what_was_taken_is_handed_over_once_through_kills_and_outages(
    start_cluster: Callable[..., Cluster], make_pipeline: Callable[[Connection], Pipeline], tmp_path: Path
) -> None:
    """The producer is killed while Kafka is there, while it is away, and while it comes back."""
    cluster = start_cluster()
    pipeline = make_pipeline(Connection(bootstrap_servers=cluster.bootstrap_servers())).create()
    _push_through(cluster, pipeline, tmp_path / "spool", rounds=12, away=3, back=7)


def test_a_followed_file_is_published_once_through_kills(pipeline: Pipeline, tmp_path: Path) -> None:
    """With a spool: what was kept is known again, although the position in the file is older."""
    file = tmp_path / "strips.jsonl"
    at = time.time_ns() // 1_000_000
    strips = [_strip(number, at) for number in range(100)]
    file.write_text("".join(json.dumps(strip) + "\n" for strip in strips))
    position = file.with_name("strips.jsonl.position")
    options = ("--follow", str(file), "--spool", str(tmp_path / "spool"))
    killed = pipeline.producer(*options)
    wait_until(partial(_has_strips, pipeline, 1), seconds=60)
    killed.signal(signal.SIGKILL)
    killed.wait()
    position.unlink(missing_ok=True)
    again = pipeline.producer(*options)
    wait_until(position.exists, seconds=60)
    wait_until(partial(_has_strips, pipeline, 100), seconds=60)
    again.signal(signal.SIGTERM)
    assert again.wait() == 0
    records = [record for content in pipeline.read(STRIPS).values() for record in content.all]
    times = sorted(json.loads(record.value)["observed_at"] for record in records)
    assert times == [strip["observed_at"] for strip in strips]


def test_a_record_that_the_cluster_refuses_takes_no_other_with_it(
    kafka: str, make_pipeline: Callable[[Connection], Pipeline], tmp_path: Path
) -> None:
    """The record is found, kept in the dead letters with the broker's reason, and the rest is published."""
    topics = [replace(t, max_message_bytes=1000) if t.name == SIGHTINGS.name else t for t in LASTING]
    pipeline = make_pipeline(Connection(bootstrap_servers=kafka)).create(topics)
    file = tmp_path / "strips.jsonl"
    chance = random.Random(7)
    long = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz ", k=1900))
    strips = [_strip(number, time.time_ns() // 1_000_000) for number in range(4)]
    strips[2]["text"] = f"Port 2 reopens | {long} | Orchard 2 blooms"
    file.write_text("".join(json.dumps(strip) + "\n" for strip in strips))
    producer = pipeline.producer("--spool", str(tmp_path / "spool"), str(file))
    assert producer.wait() == 1
    assert "4 strips, 9 slots = 0 empty + 8 sightings published + 1 dead letter" in producer.said
    found = pipeline.read(STRIPS, SIGHTINGS, DEADLETTERS)
    assert [len(found[topic.name].all) for topic in (STRIPS, SIGHTINGS, DEADLETTERS)] == [4, 8, 1]
    why = from_headers(found[DEADLETTERS.name].all[0].headers)
    assert why
    assert "MessageSizeTooLargeError" in why.message


def test_what_sources_show_goes_through_the_spool(pipeline: Pipeline, tmp_path: Path) -> None:
    """What is visited cannot be read again: it is kept before anything else, wherever no spool is named."""
    page = tmp_path / "page.txt"
    page.write_text("Port reopens | Orchard blooms | Ferry sails again | School opens its doors")
    registry = tmp_path / "sources.toml"
    registry.write_text(f'[[source]]\nid = "akhbar"\npath = "{page}"\nseparator = "|"\n')
    options = (
        *("--sources", str(registry), "--contact", "desk@example.org", "--state", str(tmp_path / "state")),
        *("--spool", str(tmp_path / "spool")),
    )
    producer = pipeline.producer(*options)
    wait_until(lambda: len(pipeline.read(SIGHTINGS)[SIGHTINGS.name].all) >= 4, seconds=60)
    producer.signal(signal.SIGTERM)
    assert producer.wait() == 0
    assert "1 strip, 4 slots = 0 empty + 4 sightings published" in producer.said
    assert list((tmp_path / "spool").glob("*.spool"))
    cluster = (
        "--bootstrap-servers",
        pipeline.connection.bootstrap_servers,
        "--topic-prefix",
        pipeline.prefix,
    )
    (state,) = rows(ticker("sources", "list", "--json", *cluster))
    assert (state["source"], state["state"]) == ("akhbar", "learning")


def test_an_open_transaction_of_another_that_hides_the_position_is_told(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the partition and Kafka's tool, once; the spool is handed over as soon as the transaction ends."""
    monkeypatch.setattr("streams.produce.handover._POSITION_S", 0.2)
    place = POSITIONS.on(pipeline.prefix), 3

    async def work() -> None:
        with Spool(tmp_path / "spool", limit=1 << 20) as spool:
            monkeypatch.setattr("streams.produce.handover.partition_by_hash", lambda *_: place[1])
            handover = HandOver(
                spool,
                asyncio.Event(),
                connection=pipeline.connection,
                prefix=pipeline.prefix,
                observer=_Unobserved(),
            )
            other = AIOKafkaProducer(
                transactional_id=f"other-{pipeline.prefix}", **pipeline.connection.aiokafka_options()
            )
            await other.start()
            await other.begin_transaction()
            await other.send_and_wait(place[0], b"{}", key=b"other", partition=place[1])
            running = asyncio.create_task(handover.run())
            await asyncio.to_thread(wait_until, lambda: "find-hanging" in caplog.text, seconds=60)
            await other.commit_transaction()
            await other.stop()
            await asyncio.to_thread(wait_until, lambda: handover.is_open, seconds=60)
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    asyncio.run(work())
    (said,) = [record.message for record in caplog.records if "find-hanging" in record.message]
    assert f"{place[0]}/{place[1]} has its position" in said


class _Unobserved:
    def handed_over(self, strips: Sequence[Outgoing], refused: Sequence[Refusal]) -> None:
        """Nothing is handed over here."""
