"""Replays at `max` compared with a bare client that copies the same topic in transactions, and pacing at 10x."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from msgspec import Struct
from msgspec.structs import replace

from schemas.topics import LANGUAGE_PARTITIONS, SIGHTINGS
from streams.bench.corpus import Corpus, make
from streams.bench.kafka import KEPT, fill
from streams.dev.kafka import Cluster
from streams.engine.collector import raise_collector_thresholds
from streams.kafka.batches import send
from streams.kafka.connect import administration
from streams.kafka.topics import create
from streams.replay.apply import Ends, apply
from streams.replay.draft import Request, draft
from streams.replay.pace import Pacer
from streams.replay.partition import Written
from streams.replay.plan import Plan
from streams.settings import Connection
from streams.stage import RawRecord

_AT_ONCE: Final = 8_000
_PACED_S: Final = 20
"""The approximate duration of the paced replay."""


class ReplayResult(Struct, frozen=True, kw_only=True):
    """One contender's figures, from the first record to the last commit; all run in this process."""

    contender: str
    run: int
    corpus: str
    records: int
    records_per_second: int
    cpu_s_per_million: float
    """Processor time of this process; unlike rates it hardly depends on the machine's other load."""
    of_bare: float | None = None
    """The rate as a ratio to the bare client's in the same run."""
    of_bare_by_cpu: float | None = None
    """Records per second of processor time, as a ratio to the bare client's in the same run."""
    on_time: float | None = None
    """The share of records that were visible within 20 ms of their due time."""
    p95_ms: int | None = None
    """The 95th percentile of the deviation from the due time."""


class _Copied(Struct, frozen=True):
    """The measurements of a contender, from its first record to its last commit."""

    records: int
    seconds: float
    cpu_s_per_million: float


class _Stopwatch:
    """Measures a copy from its first record to its last commit (`streams.replay.apply.Watcher`)."""

    def __init__(self) -> None:
        self._began = self._ended = (0.0, 0.0)

    def begin(self) -> None:
        """Start at the first records; further calls have no effect."""
        if self._began == (0.0, 0.0):
            self._began = time.perf_counter(), time.process_time()

    def end(self) -> None:
        """Note that a transaction was committed."""
        self._ended = time.perf_counter(), time.process_time()

    def copied(self, records: int) -> _Copied:
        """The figures up to the last commit."""
        seconds, cpu = (ended - began for began, ended in zip(self._began, self._ended, strict=True))
        return _Copied(records, seconds, round(cpu / records * 1e6, 2))

    def began(self, done: int, pacer: Pacer) -> None:  # noqa: ARG002 (the protocol's signature)
        """It begins."""
        self.begin()

    def written(self, written: Written) -> None:  # noqa: ARG002 (the protocol's signature)
        """A transaction was committed."""
        self.end()

    def lag(self, records: int) -> None:
        """No consumer is watched."""

    def say(self, message: str) -> None:
        """Nothing is said."""


def run_replay(sightings: int, runs: int) -> Iterator[ReplayResult]:
    """Copy sightings by the bare client and by a replay at `max`, alternately; then replay some at 10x."""
    raise_collector_thresholds()
    corpus = make("natural", sightings)
    with tempfile.TemporaryDirectory(prefix="ticker-bench-") as folder, Cluster(Path(folder)) as cluster:
        connection = Connection(bootstrap_servers=cluster.bootstrap_servers())
        asyncio.run(_create(connection, "bench"))
        asyncio.run(fill(connection, "bench", corpus))
        for number in range(1, runs + 1):
            bare = bare_cpu = 0.0
            for name, copy in _CONTENDERS.items():
                target = f"bench-{'-'.join(name.split())}-{number}"
                asyncio.run(_create(connection, target))
                copied = asyncio.run(copy(connection, target))
                rate = copied.records / copied.seconds
                bare, bare_cpu = bare or rate, bare_cpu or copied.cpu_s_per_million
                yield ReplayResult(
                    contender=name,
                    run=number,
                    corpus=corpus.digest,
                    records=copied.records,
                    records_per_second=round(rate),
                    cpu_s_per_million=copied.cpu_s_per_million,
                    of_bare=round(rate / bare, 3),
                    of_bare_by_cpu=round(bare_cpu / copied.cpu_s_per_million, 3),
                )
            yield asyncio.run(_paced(connection, corpus, number))


async def _create(connection: Connection, prefix: str) -> None:
    async with administration(connection, patience=30) as client:
        await create(client, KEPT, prefix=prefix)


async def _bare(connection: Connection, prefix: str) -> _Copied:
    """The bare client: fetched slices as batches, one transaction per poll, no added headers, no stored position."""
    options = connection.aiokafka_options()
    places = [TopicPartition(SIGHTINGS.on("bench"), number) for number in range(LANGUAGE_PARTITIONS)]
    consumer = AIOKafkaConsumer(
        isolation_level="read_committed", enable_auto_commit=False, auto_offset_reset="earliest", **options
    )
    producer = AIOKafkaProducer(
        transactional_id=f"{prefix}-bare", max_batch_size=1 << 18, compression_type="lz4", **options
    )
    await consumer.start()
    await producer.start()
    try:
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        return await _copy(consumer, producer, ends, SIGHTINGS.on(prefix))
    finally:
        await producer.stop()
        await consumer.stop()


async def _copy(consumer: Any, producer: Any, ends: Mapping[TopicPartition, int], topic: str) -> _Copied:
    waiting = {place for place, end in ends.items() if end}
    records = 0
    watch = _Stopwatch()
    while waiting:
        fetched = await consumer.getmany(timeout_ms=500, max_records=_AT_ONCE)
        watch.begin()
        await producer.begin_transaction()
        records += sum(map(len, fetched.values()))
        copies = {
            (topic, place.partition): [
                RawRecord(r.key, r.value, r.timestamp, list(r.headers)) for r in fetched_records
            ]
            for place, fetched_records in fetched.items()
        }
        await send(producer, copies)
        await producer.commit_transaction()
        waiting = {place for place in waiting if await consumer.position(place) < ends[place]}
    watch.end()
    return watch.copied(records)


async def _replay(connection: Connection, prefix: str) -> _Copied:
    """`ticker replay apply` at `max`: two added headers, progress and checksum in each transaction."""
    ends = Ends(source=connection, target=connection)
    request = Request(topic=SIGHTINGS.name, source_prefix="bench", target_prefix=prefix, speed="max")
    plan, _ = await draft(request, ends)
    watch = _Stopwatch()
    closing = await apply(_unwatched(plan), ends, watch, verify=False)
    return watch.copied(closing.written)


def _unwatched(plan: Plan) -> Plan:
    return replace(plan, groups=())


async def _paced(connection: Connection, corpus: Corpus, number: int) -> ReplayResult:
    """Replay the first records of the corpus at ten times their original pace."""
    prefix = f"bench-paced-{number}"
    await _create(connection, prefix)
    ends = Ends(source=connection, target=connection)
    since = min(observation.observed_at for observation in corpus.observations)
    request = Request(
        topic=SIGHTINGS.name,
        source_prefix="bench",
        target_prefix=prefix,
        speed="10x",
        since=since,
        until=since + _PACED_S * 10 * 1000,
        warm_up=0,
    )
    plan, _ = await draft(request, ends)
    watch = _Stopwatch()
    closing = await apply(_unwatched(plan), ends, watch, verify=False)
    copied = watch.copied(closing.written)
    return ReplayResult(
        contender="replay at 10x",
        run=number,
        corpus=corpus.digest,
        records=closing.written,
        records_per_second=round(copied.records / copied.seconds),
        cpu_s_per_million=copied.cpu_s_per_million,
        on_time=None if closing.on_time is None else round(closing.on_time, 4),
        p95_ms=closing.p95_ms,
    )


_CONTENDERS: Final[dict[str, Callable[[Connection, str], Coroutine[Any, Any, _Copied]]]] = {
    "aiokafka": _bare,
    "replay at max": _replay,
}
