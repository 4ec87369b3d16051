"""How long a headline takes from its strip to its category topic, at a fixed rate, and how long a restart takes."""

import asyncio
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import quantiles
from typing import Final

from aiokafka import AIOKafkaProducer
from msgspec import Struct
from msgspec.structs import replace

from schemas.events import SeenHeadline, encode
from schemas.instants import format_instant
from schemas.routing import partition_of
from schemas.topics import CATEGORIES, SEEN
from streams.bench.contenders import RESTORE
from streams.bench.corpus import SLOTS, Corpus, make
from streams.bench.kafka import KEPT, run_process
from streams.bench.stopwatch import Restore
from streams.dev.kafka import Cluster
from streams.kafka.batches import send
from streams.kafka.connect import administration
from streams.kafka.subscribe import subscribe
from streams.kafka.topics import create, partitions_of
from streams.process.fold import FOLD_VERSION, fold
from streams.produce.publish import Publisher
from streams.produce.sightings import identify, sightings
from streams.produce.strips import strip_of
from streams.settings import Connection
from streams.stage import RawRecord

logger: Final = logging.getLogger(__name__)

_WARM_UP_S: Final = 5.0
_RECORDS_AT_ONCE: Final = 20_000


class LatencyResult(Struct, frozen=True, kw_only=True):
    """From the moment before a strip is published to a read_committed subscriber having the headline."""

    rate: int
    corpus: str
    headlines: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


class RestoreResult(Struct, frozen=True, kw_only=True):
    """A worker that starts on a full `seen` topic: from opening the first partition to the last restored."""

    corpus: str
    live_headlines: int
    seconds: float
    bytes_per_headline: int


def run_latency(rate: int, seconds: int) -> LatencyResult:
    """Publish so many sightings a second for so long; headlines of the first seconds are not counted."""
    strips = round(rate / SLOTS * (seconds + _WARM_UP_S))
    corpus = make("natural", strips * SLOTS)
    with tempfile.TemporaryDirectory(prefix="ticker-bench-") as folder, Cluster(Path(folder)) as cluster:
        connection = Connection(bootstrap_servers=cluster.bootstrap_servers())
        asyncio.run(_make_topics(connection))
        logger.info("publishing %d sightings a second for %d s", rate, seconds + _WARM_UP_S)
        with _worker(cluster.bootstrap_servers()):
            took = asyncio.run(_measure(connection, corpus, rate))
    cuts = quantiles(took, n=100)
    return LatencyResult(
        rate=rate,
        corpus=corpus.digest,
        headlines=len(took),
        p50_ms=round(cuts[49], 1),
        p95_ms=round(cuts[94], 1),
        p99_ms=round(cuts[98], 1),
        max_ms=round(max(took), 1),
    )


def run_restore(headlines: int) -> RestoreResult:
    """Fill `seen` with so many live headlines and start a worker on it."""
    corpus = make("new", headlines)
    with tempfile.TemporaryDirectory(prefix="ticker-bench-") as folder, Cluster(Path(folder)) as cluster:
        servers = cluster.bootstrap_servers()
        connection = Connection(bootstrap_servers=servers)
        asyncio.run(_make_topics(connection))
        logger.info("writing the changelog records of %s headlines", f"{corpus.sightings:,}")
        records = asyncio.run(_fill_seen(connection, corpus))
        logger.info("restoring them")
        restored = run_process(RESTORE, servers, "bench", records, Restore)
    return RestoreResult(
        corpus=corpus.digest,
        live_headlines=restored.records,
        seconds=round(restored.seconds, 2),
        bytes_per_headline=round(restored.grown_bytes / restored.records),
    )


async def _make_topics(connection: Connection) -> None:
    async with administration(connection, patience=30) as client:
        await create(client, KEPT, prefix="bench")


@contextmanager
def _worker(servers: str) -> Iterator[None]:
    flags = ["--bootstrap-servers", servers, "--topic-prefix", "bench", "--listen", "none"]
    program = [sys.executable, "-m", "streams.cli", "worker", *flags]
    core = max(os.sched_getaffinity(0))
    with subprocess.Popen(  # noqa: S603 (our own program)
        program,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509 (this process has one thread)
    ) as process:
        try:
            yield
        finally:
            process.terminate()


async def _measure(connection: Connection, corpus: Corpus, rate: int) -> list[float]:
    """Milliseconds for each headline that was first shown after the warm-up."""
    options = connection.aiokafka_options()
    async with administration(connection, patience=30) as client:
        partitions = await partitions_of(client, [topic.on("bench") for topic in CATEGORIES.values()])
    published: dict[bytes, float] = {}
    took: list[float] = []
    ready = asyncio.Event()

    async def read() -> None:
        async for record in subscribe(options, partitions, since=None, follow=True, ready=ready.set):
            strip = record.key.partition(b"-")[0]
            if strip in published:
                took.append((time.monotonic() - published[strip]) * 1000)

    reading = asyncio.create_task(read())
    await ready.wait()
    async with Publisher(options, prefix="bench") as publisher:
        began = time.monotonic()
        for number, shown in enumerate(corpus.observations):
            due = began + number * SLOTS / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            strip, slots = strip_of(replace(shown, observed_at=time.time_ns() // 1_000_000))
            if due - began > _WARM_UP_S:
                published[strip.id.encode()] = time.monotonic()
            await publisher.publish(strip, sightings(strip, slots))
            await publisher.flush()
    await _until_quiet(took)
    reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading
    return took


async def _until_quiet(took: list[float]) -> None:
    """Wait until nothing more arrives."""
    seen = -1
    while len(took) != seen or not seen:
        seen = len(took)
        await asyncio.sleep(2)


async def _fill_seen(connection: Connection, corpus: Corpus) -> int:
    """One changelog record for each different headline; returns how many."""
    producer = AIOKafkaProducer(
        enable_idempotence=True, max_batch_size=1 << 18, **connection.aiokafka_options()
    )
    await producer.start()
    try:
        written: set[bytes] = set()
        records: dict[tuple[str, int], list[RawRecord]] = {}
        for shown in corpus.observations:
            strip, slots = strip_of(shown)
            for number, slot in enumerate(slots):
                key, language = identify(slot.text)
                if key not in written:
                    written.add(key)
                    record = _seen_record(key, language, slot.text, f"{strip.id}-{number}", shown.observed_at)
                    home = (SEEN.on("bench"), partition_of(language, SEEN.partitions))
                    records.setdefault(home, []).append(record)
            if sum(map(len, records.values())) >= _RECORDS_AT_ONCE:
                await send(producer, records)
                records.clear()
        await send(producer, records)
        return len(written)
    finally:
        await producer.stop()


def _seen_record(key: bytes, language: str, text: str, identity: str, instant: int) -> RawRecord:
    seen = format_instant(instant)
    event = SeenHeadline(
        id=identity,
        text=text,
        folded=fold(text),
        language=language,
        first_seen=seen,
        last_seen=seen,
        sightings=1,
        sources=("source-00",),
        fold=FOLD_VERSION,
    )
    return RawRecord(key, encode(event), instant, [])
