"""A build differs nowhere from itself over a window that is cut out of the middle of everything."""

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from schemas.events import Sighting, encode
from schemas.instants import format_instant
from schemas.routing import partition_of
from schemas.topics import DUPLICATES, HEADLINES, SIGHTINGS, TOPICS
from streams.engine.local.engine import LocalEngine
from streams.pipeline import STAGES
from streams.replay.diff import KINDS, Collector, Result, compare
from streams.replay.draft import WARM_UP_MS
from streams.replay.survey import LATENESS_MS
from streams.replay.through import Backlog, wait_through
from streams.settings import Connection
from streams.stage import EventRecord, Record
from tests.command import rows, ticker
from tests.replay.corpus import recorded
from tests.replay.replay_support import applied, between, content, drafted, everything, make_topics
from tests.replay.test_same_decisions import workers
from tests.support import HOUR, START

_BATCH = 4_096


def decided(records: Iterable[Record], since: int, until: int) -> Result:
    """What the local engine makes of records, in a window of event time."""
    collector = Collector(since=since, until=until)

    def add(record: EventRecord) -> None:
        assert record.value is not None
        collector.add(encode(record.value), "the engine")

    engine = LocalEngine(
        STAGES, subscribers={HEADLINES.name: add, DUPLICATES.name: add}, dead_letters=lambda _: None
    )
    batch: list[Record] = []
    for record in records:
        batch.append(record)
        if len(batch) == _BATCH:
            engine.process(batch)
            batch = []
    engine.process(batch)
    return collector.result


def replayed(records: Iterable[Record], since: int, until: int, ids: set[str]) -> Iterator[Record]:
    """What a replay of a window takes of them: warm-up, window and run-out, as they stand."""
    begun = False
    for record in records:
        if record.timestamp >= until + LATENESS_MS:
            return
        begun = begun or record.timestamp >= since - WARM_UP_MS
        if begun:
            if isinstance(record.value, Sighting):
                ids.add(record.value.id)
            yield record


@pytest.mark.parametrize("count", [5_000, pytest.param(1_000_000, marks=pytest.mark.chaos)])
def test_a_window_out_of_the_middle_is_decided_as_it_was(count: int) -> None:
    """Updates, rubrics, near duplicates, rubbish and late records, cut anywhere: no row differs."""
    span = 20 * 24 * HOUR
    since, until = START + 12 * span // 20 + 1_234_567, START + 14 * span // 20
    ids: set[str] = set()
    new = decided(replayed(recorded(count, span=span), since, until, ids), since, until)
    old = decided(recorded(count, span=span), since, until).only(ids)
    found = compare(old, new)
    assert found.common > count // 100
    assert old.merges
    assert {kind: len(getattr(found, kind)) for kind in KINDS} == dict.fromkeys(KINDS, 0)


@pytest.fixture(scope="module")
def source(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A prefix with eight days of sightings, and then three seconds that are full of them."""
    connection, prefix = Connection(bootstrap_servers=kafka), f"test-{tmp_path_factory.mktemp('window').name}"
    make_topics(connection, prefix, TOPICS)
    days = 8 * 24 * HOUR
    records = [*recorded(1_500, span=days), *recorded(200, span=3_000, start=START + days)]
    records += recorded(100, span=3 * HOUR, start=START + days + 3_000, seed=18)

    async def run() -> None:
        producer = AIOKafkaProducer(**connection.aiokafka_options(), acks="all", enable_idempotence=True)
        await producer.start()
        try:
            for record in records:
                value, language = record.value, "ar"
                if isinstance(value, Sighting):
                    language, value = value.language, encode(value)
                assert value is None or isinstance(value, bytes)
                await producer.send(
                    SIGHTINGS.on(prefix),
                    value,
                    record.key,
                    partition=partition_of(language, SIGHTINGS.partitions),
                    timestamp_ms=record.timestamp,
                    headers=list(record.headers),
                )
        finally:
            await producer.stop()

    asyncio.run(run())
    return prefix


def window() -> tuple[int, int]:
    begin = START + 8 * 24 * HOUR
    return begin, begin + 3_000


@pytest.mark.kafka
def test_speeds_write_the_same(kafka: str, source: str, topic_prefix: str) -> None:
    """1x, 10x and max of three seconds: the same records in the same order, warm-up and run-out with them."""
    connection = Connection(bootstrap_servers=kafka)
    since, until = window()
    written = []
    for speed in ("max", "10x", "1x"):
        target = f"{topic_prefix}-{speed}"
        plan, _ = drafted(between(connection), source, target, since=since, until=until, speed=speed)
        closing = applied(plan, between(connection))
        assert closing.whole
        assert sum(span.run_out for span in plan.spans) > 10
        assert sum(span.warm_up for span in plan.spans) > 500
        written.append(content(everything(connection, SIGHTINGS.on(target))))
    assert written[0] == written[1] == written[2]


async def _read_through(connection: Connection, prefix: str) -> None:
    async with Backlog(connection, prefix, patience=60) as backlog:
        await wait_through(backlog, told=lambda _: None, check=lambda: None)


@pytest.mark.chaos
@pytest.mark.kafka
def test_a_window_on_kafka_is_decided_as_it_was(kafka: str, source: str, tmp_path: Path) -> None:
    """Workers decided all of it; workers on a replay of three seconds in the middle decide as they did."""
    connection = Connection(bootstrap_servers=kafka)
    with workers(connection, [source]):
        asyncio.run(_read_through(connection, source))
    since, until = map(format_instant, window())
    here = ("--bootstrap-servers", kafka, "--topic-prefix", source, "--folder", tmp_path / "try")
    (summary,) = rows(ticker("replay", "try", "sightings", *here, "--since", since, "--until", until))
    assert summary["common"] > 10
    assert {kind: summary[kind] for kind in KINDS} == dict.fromkeys(KINDS, 0)
