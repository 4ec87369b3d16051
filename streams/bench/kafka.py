"""The deduplicate stage on Kafka beside its competitors, on the same sightings in one run."""

import asyncio
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
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
"""The topics without retention: retention goes by event time, and a seeded corpus has a fixed date in the past."""
_SLOW: Final = {"faust": 20}
"""Slow contenders, which get only a fraction of the records (one in so many); with all they would take minutes."""
_WARM_UP: Final = 4
"""The round that does not count has one in so many of the records."""
_TIMEOUT_S: Final = 300


logger: Final = logging.getLogger(__name__)

ResultT = TypeVar("ResultT", bound=Struct)


class KafkaResult(Struct, frozen=True, kw_only=True):
    """One contender's figures of one round, on one core, from the first record to the last commit.

    Steady figures are those of the second half. `idle` is the share of time in which the process neither ran nor was
    ready to run; `starved` is the share in which it was ready but other processes had the core.
    """

    contender: str
    run: int
    corpus: str
    records: int
    headlines: int
    records_per_second: int
    steady_per_second: int
    cpu_s_per_million: float
    steady_cpu_s_per_million: float
    longest_gap_ms: int | None
    """The longest time between two commits; None if commits are not visible."""
    steady_gap_ms: int | None
    idle: float
    starved: float
    peak_memory_mib: float


class KafkaSummary(Struct, frozen=True, kw_only=True):
    """One contender's rounds; rates as median (lowest-highest), steady state from the second halves."""

    contender: str
    does: str
    rounds: int
    records_per_second: str
    steady_per_second: str
    steady_spread: float
    """The difference between the highest and the lowest round, as a share of the median."""
    cpu_s_per_million: float
    steady_cpu_s_per_million: float
    longest_gap_ms: int | None
    steady_gap_ms: int | None
    idle: float
    starved: float
    peak_memory_mib: float


def run_kafka(contenders: Sequence[str], sightings: int, runs: int) -> Iterator[KafkaResult]:
    """Run every contender `runs` times, on one new broker on this machine.

    Each round starts with another contender, so that drifts of the machine's speed affect all of them. Before several
    rounds goes one on a part of the records that does not count: in it the broker's JIT compiler learns what the others
    ask of it.
    """
    corpora: dict[int, Corpus] = {}
    with tempfile.TemporaryDirectory(prefix="ticker-bench-") as folder, Cluster(Path(folder)) as cluster:
        servers = cluster.bootstrap_servers()
        for number in range(0 if runs > 1 else 1, runs + 1):
            for name in _from(contenders, number - 1):
                wanted = sightings // _SLOW.get(name, 1) // (1 if number else _WARM_UP)
                if wanted not in corpora:
                    corpora[wanted] = make("natural", wanted)
                corpus = corpora[wanted]
                prefix = f"bench-{name}-{number}"
                what = f"run {number} of {runs}" if number else "warm-up"
                logger.info("%s: %s, %s sightings", what, name, f"{corpus.sightings:,}")
                asyncio.run(fill(Connection(bootstrap_servers=servers), prefix, corpus))
                run = run_process(name, servers, prefix, corpus.sightings, Run)
                if number:
                    yield _result(name, number, corpus, run)


def _from(contenders: Sequence[str], number: int) -> Sequence[str]:
    first = number % len(contenders)
    return [*contenders[first:], *contenders[:first]]


def _result(name: str, number: int, corpus: Corpus, run: Run) -> KafkaResult:
    whole, steady = run.all, run.steady
    return KafkaResult(
        contender=name,
        run=number,
        corpus=corpus.digest,
        records=whole.records,
        headlines=run.headlines,
        records_per_second=round(whole.records / whole.seconds),
        steady_per_second=round(steady.records / steady.seconds),
        cpu_s_per_million=round(whole.cpu_seconds / whole.records * 1e6, 2),
        steady_cpu_s_per_million=round(steady.cpu_seconds / steady.records * 1e6, 2),
        longest_gap_ms=_millis(whole.longest_gap_seconds),
        steady_gap_ms=_millis(steady.longest_gap_seconds),
        idle=round(max(0.0, 1 - (whole.cpu_seconds + whole.ready_seconds) / whole.seconds), 3),
        starved=round(whole.ready_seconds / whole.seconds, 3),
        peak_memory_mib=run.peak_memory_mib,
    )


def _millis(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def summarize(rounds: Sequence[KafkaResult], does: Mapping[str, str]) -> list[KafkaSummary]:
    """Summarize the rounds of each contender in one row, in the order of their first rounds.

    Args:
        rounds: Results of `run_kafka`.
        does: By contender, which parts of the work it does.
    """
    by_contender: dict[str, list[KafkaResult]] = {}
    for result in rounds:
        by_contender.setdefault(result.contender, []).append(result)
    return [_summary(results, does[name]) for name, results in by_contender.items()]


def _summary(results: Sequence[KafkaResult], does: str) -> KafkaSummary:
    steady = [result.steady_per_second for result in results]
    return KafkaSummary(
        contender=results[0].contender,
        does=does,
        rounds=len(results),
        records_per_second=_range([result.records_per_second for result in results]),
        steady_per_second=_range(steady),
        steady_spread=round((max(steady) - min(steady)) / median(steady), 2),
        cpu_s_per_million=round(median(result.cpu_s_per_million for result in results), 2),
        steady_cpu_s_per_million=round(median(result.steady_cpu_s_per_million for result in results), 2),
        longest_gap_ms=_longest([result.longest_gap_ms for result in results]),
        steady_gap_ms=_longest([result.steady_gap_ms for result in results]),
        idle=round(median(result.idle for result in results), 3),
        starved=round(median(result.starved for result in results), 3),
        peak_memory_mib=max(result.peak_memory_mib for result in results),
    )


def _range(rates: Sequence[int]) -> str:
    return f"{round(median(rates)):,} ({min(rates):,}-{max(rates):,})"


def _longest(gaps: Sequence[int | None]) -> int | None:
    return max((gap for gap in gaps if gap is not None), default=None)


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
    """Run a program of `streams.bench.contenders` pinned to one core; the broker runs where the system puts it.

    Raises:
        TickerError: The program failed; the message has the end of its output.
    """
    core = max(os.sched_getaffinity(0))
    program = [sys.executable, "-m", "streams.bench.contenders", name, servers, prefix, str(records)]
    # It ends without tidying up, so its temporary files lie in a folder that is removed here.
    with tempfile.TemporaryDirectory(prefix="ticker-bench-") as folder:
        done = subprocess.run(  # noqa: S603 (our own program)
            program,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
            env=os.environ | {"TMPDIR": folder},
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
    if done.returncode:
        raise TickerError(f"{name} ended with exit code {done.returncode}: {done.stderr.decode()[-2000:]}")
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=result)
