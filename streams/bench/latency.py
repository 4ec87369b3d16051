"""The latency from a strip to its headline in the category topic, at a fixed rate; and the duration of a restore."""

import asyncio
import logging
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from statistics import quantiles
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from schemas.topics import CATEGORIES
from streams.bench.contenders import RESTORE
from streams.bench.corpus import SLOTS, Corpus, make
from streams.bench.disturbances import DISTURBANCES, PREFIX, Bench, Disturbance, disturbed, worker
from streams.bench.kafka import KEPT, run_process
from streams.bench.seen import fill_seen
from streams.bench.stopwatch import Restore
from streams.dev.kafka import Cluster
from streams.kafka.connect import administration
from streams.kafka.subscribe import subscribe
from streams.kafka.topics import create, partitions_of
from streams.produce.publish import Publisher
from streams.produce.sightings import identify, sightings
from streams.produce.strips import strip_of
from streams.settings import Connection

logger: Final = logging.getLogger(__name__)

_WARM_UP_S: Final = 5.0
_QUIET_S: Final = 2.0


class LatencyResult(Struct, frozen=True, kw_only=True):
    """The latency from just before a strip is published until a read_committed consumer has the headline."""

    beside: str
    """The disturbance during the measurement."""
    rate: int
    corpus: str
    headlines: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


class RestoreResult(Struct, frozen=True, kw_only=True):
    """A worker that starts with a full `seen` topic: from opening the first partition until the last is restored."""

    corpus: str
    live_headlines: int
    seconds: float
    cpu_seconds: float
    """Processor time since before the worker starts; unlike `seconds` it hardly depends on the machine's other load."""
    bytes_per_headline: int


def run_latency(rate: int, seconds: int, disturbances: Sequence[str]) -> Iterator[LatencyResult]:
    """Publish sightings at a fixed rate for a fixed time, once with each of the named `DISTURBANCES`.

    Headlines of the warm-up are not counted. Each measurement has its own broker and worker.
    """
    corpus = make("natural", round(rate * (seconds + _WARM_UP_S)))
    for name in disturbances:
        disturbance = DISTURBANCES[name]
        with tempfile.TemporaryDirectory(prefix="ticker-bench-") as folder, Cluster(Path(folder)) as cluster:
            connection = Connection(bootstrap_servers=cluster.bootstrap_servers())
            bench = Bench(connection=connection, folder=Path(folder), seconds=seconds)
            asyncio.run(_prepare(bench, disturbance))
            logger.info("%d sightings a second for %d s, beside %s", rate, seconds + _WARM_UP_S, name)
            with worker(connection, max(os.sched_getaffinity(0))):
                took = asyncio.run(_measure(bench, disturbance, corpus, rate))
        cuts = quantiles(took, n=100)
        yield LatencyResult(
            beside=name,
            rate=rate,
            corpus=corpus.digest,
            headlines=len(took),
            p50_ms=round(cuts[49], 1),
            p95_ms=round(cuts[94], 1),
            p99_ms=round(cuts[98], 1),
            max_ms=round(max(took), 1),
        )


def run_restore(headlines: int) -> RestoreResult:
    """Fill `seen` with live headlines and start a worker that restores them."""
    corpus = make("new", headlines)
    with tempfile.TemporaryDirectory(prefix="ticker-bench-") as folder, Cluster(Path(folder)) as cluster:
        servers = cluster.bootstrap_servers()
        connection = Connection(bootstrap_servers=servers)
        asyncio.run(_make_topics(connection))
        logger.info("writing the changelog records of %s headlines", f"{corpus.sightings:,}")
        records = asyncio.run(fill_seen(connection, PREFIX, corpus))
        logger.info("restoring them")
        restored = run_process(RESTORE, servers, PREFIX, records, Restore)
    return RestoreResult(
        corpus=corpus.digest,
        live_headlines=restored.records,
        seconds=round(restored.seconds, 2),
        cpu_seconds=round(restored.cpu_seconds, 2),
        bytes_per_headline=round(restored.grown_bytes / restored.records),
    )


async def _make_topics(connection: Connection) -> None:
    async with administration(connection, patience=30) as client:
        await create(client, KEPT, prefix=PREFIX)


async def _prepare(bench: Bench, disturbance: Disturbance) -> None:
    await _make_topics(bench.connection)
    await disturbance.prepare(bench)


async def _measure(bench: Bench, disturbance: Disturbance, corpus: Corpus, rate: int) -> list[float]:
    """Milliseconds for each headline that was first shown after the warm-up."""
    options = bench.connection.aiokafka_options()
    async with administration(bench.connection, patience=30) as client:
        partitions = await partitions_of(client, [topic.on(PREFIX) for topic in CATEGORIES.values()])
    arrivals = _Arrivals()
    ready = asyncio.Event()

    async def read() -> None:
        async for record in subscribe(options, partitions, since=None, follow=True, ready=ready.set):
            arrivals.came(record.key)

    reading = asyncio.create_task(read())
    await ready.wait()
    async with Publisher(options, prefix=PREFIX) as publisher, AsyncExitStack() as stack:
        began = time.monotonic()
        is_warm = False
        for number, shown in enumerate(corpus.observations):
            due = began + number * SLOTS / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            strip, slots = strip_of(replace(shown, observed_at=time.time_ns() // 1_000_000))
            made = sightings(strip, slots)
            if due - began > _WARM_UP_S:
                if not is_warm:
                    await stack.enter_async_context(disturbed(disturbance, bench))
                    is_warm = True
                if identify(slots[0].text)[1] not in disturbance.unmeasured:
                    arrivals.left(strip.id.encode())
            await publisher.publish(strip, made)
            await publisher.flush()
    await arrivals.end()
    reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading
    return arrivals.took


class _Arrivals:
    """Matches arriving headlines with the strips that were published, and measures their latencies."""

    def __init__(self) -> None:
        self.took: list[float] = []
        """The latency in ms of each headline that arrived."""
        self._left: dict[bytes, float] = {}

    def left(self, strip: bytes) -> None:
        """Note that a strip is about to be published."""
        self._left[strip] = time.monotonic()

    def came(self, headline: bytes) -> None:
        """Note that the consumer has a headline; the headline's id begins with its strip's."""
        strip = headline.partition(b"-")[0]
        if strip in self._left:
            self.took.append((time.monotonic() - self._left[strip]) * 1000)

    async def end(self) -> None:
        """Wait until nothing more arrives."""
        before = -1
        while len(self.took) != before or not before:
            before = len(self.took)
            await asyncio.sleep(_QUIET_S)
