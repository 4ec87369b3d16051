"""The deduplicate stage on Kafka beside its competitors, on the same sightings in one run."""

import asyncio
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from schemas.topics import TOPICS
from streams.bench.corpus import Corpus, make
from streams.bench.stopwatch import Run
from streams.dev.kafka import Cluster
from streams.errors import TickerError
from streams.kafka.connect import administration
from streams.kafka.topics import create
from streams.produce.metrics import ProducerMetrics
from streams.produce.producer import Counts, produce
from streams.settings import Connection

KEPT: Final = [topic if topic.cleanup == "compact" else replace(topic, retention_ms=-1) for topic in TOPICS]
"""The topics without retention: it goes by event time, and a seeded corpus has that of the day it was made for."""
_SLOW: Final = {"faust": 20}
"""Contenders that get only a part of the records, for they would take minutes: every so many times fewer."""
_TIMEOUT_S: Final = 300


logger: Final = logging.getLogger(__name__)

ResultT = TypeVar("ResultT", bound=Struct)


class KafkaResult(Struct, frozen=True, kw_only=True):
    """One contender's figures; rates from the first record to the last commit, on one core."""

    contender: str
    run: int
    corpus: str
    records: int
    headlines: int
    records_per_second: int
    second_half_per_second: int
    cpu_s_per_million: float
    peak_memory_mib: float


def run_kafka(contenders: Sequence[str], sightings: int, runs: int) -> Iterator[KafkaResult]:
    """Run every contender in turn, as often as asked, on a broker of its own on this machine."""
    corpora: dict[int, Corpus] = {}
    with tempfile.TemporaryDirectory(prefix="ticker-bench-") as folder, Cluster(Path(folder)) as cluster:
        servers = cluster.bootstrap_servers()
        for number in range(1, runs + 1):
            for name in contenders:
                wanted = sightings // _SLOW.get(name, 1)
                corpus = corpora.setdefault(wanted, make("natural", wanted))
                prefix = f"bench-{name}-{number}"
                logger.info("run %d of %d: %s, %s sightings", number, runs, name, f"{corpus.sightings:,}")
                asyncio.run(fill(Connection(bootstrap_servers=servers), prefix, corpus))
                run = run_process(name, servers, prefix, corpus.sightings, Run)
                yield KafkaResult(
                    contender=name,
                    run=number,
                    corpus=corpus.digest,
                    records=run.records,
                    headlines=run.headlines,
                    records_per_second=round(run.records / run.seconds),
                    second_half_per_second=round(run.records / 2 / run.second_half_seconds),
                    cpu_s_per_million=round(run.cpu_seconds / run.records * 1e6, 2),
                    peak_memory_mib=run.peak_memory_mib,
                )


async def fill(connection: Connection, prefix: str, corpus: Corpus) -> None:
    """Make the topics that are missing below a prefix, and publish a corpus there."""
    async with administration(connection, patience=30) as client:
        await create(client, KEPT, prefix=prefix)

    def failed(error: Exception) -> None:
        raise error

    await produce(
        iter(corpus.observations),
        connection=connection,
        prefix=prefix,
        counts=Counts(),
        observer=ProducerMetrics(CollectorRegistry()),
        failed=failed,
        stop=asyncio.Event(),
    )


def run_process(name: str, servers: str, prefix: str, records: int, result: type[ResultT]) -> ResultT:
    """Run a part of `streams.bench.contenders` in a process pinned to one core, the broker on what is left.

    Raises:
        TickerError: It failed; its last words are told.
    """
    core = max(os.sched_getaffinity(0))
    program = [sys.executable, "-m", "streams.bench.contenders", name, servers, prefix, str(records)]
    done = subprocess.run(  # noqa: S603 (our own program)
        program,
        capture_output=True,
        check=False,
        timeout=_TIMEOUT_S,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    if done.returncode:
        raise TickerError(f"{name} ended with exit code {done.returncode}: {done.stderr.decode()[-2000:]}")
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=result)
