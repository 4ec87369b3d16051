"""What tests of replays do: write sightings, draft and apply plans, read topics."""

import asyncio
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from msgspec.structs import replace

from schemas.events import encode
from schemas.routing import partition_of
from schemas.topics import POSITIONS, SIGHTINGS, Topic
from streams.kafka.reader import bounds, read_windows
from streams.kafka.topics import create, describe, partitions_of
from streams.replay.apply import Closing, Ends, apply
from streams.replay.checks import Check
from streams.replay.draft import Request, draft
from streams.replay.pace import Pacer
from streams.replay.partition import Written
from streams.replay.plan import Plan, write_plan
from streams.settings import Connection
from streams.stage import EventRecord
from tests.command import TICKER
from tests.kafka_support import administer
from tests.support import START, sighting

ARABIC = (
    "ميناء",
    "طنجة",
    "الحكومة",
    "مشروع",
    "قانون",
    "الفلاحين",
    "المطار",
    "الجديد",
    "البرلمان",
    "الميزانية",
)
ENGLISH = (
    "harbour",
    "opens",
    "council",
    "votes",
    "bridge",
    "teachers",
    "budget",
    "airport",
    "storm",
    "match",
)


def headline(number: int) -> str:
    """A headline that no other number gives; Arabic and English in turn."""
    words = ARABIC if number % 2 == 0 else ENGLISH
    return " ".join([*(words[(number * step + step) % 10] for step in (1, 3, 7)), str(number)])


def sightings(count: int, *, spacing: int = 100, start: int = START) -> list[EventRecord]:
    """So many sightings of different headlines, `spacing` ms apart, of three sources in turn."""
    return [
        sighting(headline(number), at=start + number * spacing, source=f"akhbar-{number % 3}")
        for number in range(count)
    ]


def make_topics(
    connection: Connection, prefix: str, topics: Sequence[Topic] = (SIGHTINGS, POSITIONS)
) -> None:
    """Make topics of the contract, kept for ever: event times of tests are old."""
    kept = [topic if topic.cleanup == "compact" else replace(topic, retention_ms=-1) for topic in topics]
    administer(connection, create, kept, prefix=prefix)


def publish(connection: Connection, prefix: str, records: Sequence[EventRecord]) -> None:
    """Write sightings as the producer lays them out."""

    async def run() -> None:
        producer = AIOKafkaProducer(**connection.aiokafka_options(), acks="all", enable_idempotence=True)
        await producer.start()
        try:
            sent = [
                await producer.send(
                    SIGHTINGS.on(prefix),
                    encode(record.value),
                    record.key,
                    partition=partition_of(record.value.language, SIGHTINGS.partitions),  # type: ignore[union-attr]
                    timestamp_ms=record.timestamp,
                    headers=list(record.headers),
                )
                for record in records
                if record.value is not None
            ]
            await asyncio.gather(*sent)
        finally:
            await producer.stop()

    asyncio.run(run())


def everything(connection: Connection, topic: str) -> list[Any]:
    """All committed records of a topic, by partition and offset."""

    async def run() -> list[Any]:
        options = connection.aiokafka_options()
        places = await _places(connection, topic)
        found = [
            r async for _, records in read_windows(options, await bounds(options, places)) for r in records
        ]
        return sorted(found, key=lambda record: (record.partition, record.offset))

    return asyncio.run(run())


async def _places(connection: Connection, topic: str) -> list[TopicPartition]:
    from streams.kafka.connect import administration  # noqa: PLC0415 (beside its only use)

    async with administration(connection, patience=30) as client:
        return await partitions_of(client, [topic])


def between(source: Connection, target: Connection | None = None, **options: Any) -> Ends:
    """Both ends of a replay, on one cluster unless a target is given."""
    return Ends(source=source, target=target or source, **options)


def drafted(ends: Ends, source: str, target: str, **wanted: Any) -> tuple[Plan, tuple[Check, ...]]:
    """A plan of sightings from one prefix to another, whose two topics are made unless it says `create`."""
    if not wanted.get("create") and (target != source or ends.target != ends.source):
        make_topics(ends.target, target)
    fields = {"topic": "sightings", "speed": "max", **wanted}
    return asyncio.run(draft(Request(source_prefix=source, target_prefix=target, **fields), ends))


class Quiet:
    """Watches a replay and keeps what it is told (`streams.replay.apply.Watcher`)."""

    def __init__(self) -> None:
        self.lags: list[int] = []
        self.said: list[str] = []
        self.records = 0
        self.pacer: Pacer | None = None

    def began(self, done: int, pacer: Pacer) -> None:
        self.records = done
        self.pacer = pacer

    def written(self, written: Written) -> None:
        self.records += written.written

    def lag(self, records: int) -> None:
        self.lags.append(records)

    def say(self, message: str) -> None:
        self.said.append(message)


def applied(plan: Plan, ends: Ends, watcher: Quiet | None = None) -> Closing:
    """Carry out a plan to its end."""
    return asyncio.run(asyncio.wait_for(apply(plan, ends, watcher or Quiet()), 90))


def content(records: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What a replay must keep, in order: partition, key, value, event time, own headers."""
    return [
        (
            record.partition,
            record.key,
            record.value,
            record.timestamp,
            [header for header in record.headers if not header[0].startswith("ticker-replay-")],
        )
        for record in records
    ]


def kill_while_applying(plan: Plan, connection: Connection, folder: Path, *, kills: int) -> None:
    """Apply a plan so many times, each time with kill -9 once it has written something more."""
    path = folder / "plan.json"
    write_plan(plan, path)
    topic = SIGHTINGS.on(plan.target.prefix)
    for _ in range(kills):
        before = len(everything(connection, topic)) if exists(connection, topic) else 0
        process = subprocess.Popen([*TICKER, "replay", "apply", str(path)], stderr=subprocess.DEVNULL)
        while not exists(connection, topic) or len(everything(connection, topic)) <= before:
            assert process.poll() is None, "the replay ended before it was killed"
        process.send_signal(signal.SIGKILL)
        process.wait()


def exists(connection: Connection, topic: str) -> bool:
    return topic in administer(connection, describe, {topic})
