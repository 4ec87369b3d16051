"""The throughput of the local engine: the whole path, from strips in memory to published headlines, on one core."""

import time
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from streams.bench.corpus import Mix, make
from streams.bench.machine import peak_memory_mib
from streams.engine.collector import raise_collector_thresholds
from streams.process.fold import fold
from streams.produce.sightings import identify
from streams.run.local import LocalRun

SIGHTINGS: Final[dict[Mix, int]] = {"natural": 1_000_000, "new": 100_000}


class LocalResult(Struct, frozen=True, kw_only=True):
    """One run. `us_per_new` is the time of the whole run per new headline; it is meaningful for the all-new mix."""

    mix: str
    run: int
    corpus: str
    sightings: int
    headlines: int
    near: int
    updates: int
    seconds: float
    cpu_seconds: float
    sightings_per_second: int
    us_per_new: float
    peak_memory_mib: float


def run_local(mix: Mix, sightings: int | None = None, runs: int = 3) -> Iterator[LocalResult]:
    """Run one mix several times in this process, each time with a new engine."""
    corpus = make(mix, sightings or SIGHTINGS[mix])
    for number in range(1, runs + 1):
        identify.cache_clear()
        fold.cache_clear()
        raise_collector_thresholds()
        run = LocalRun(published=lambda _: None, failed=lambda _: None)
        started, started_cpu = time.perf_counter(), time.process_time()
        account = run.run(corpus.observations)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - started_cpu
        yield LocalResult(
            mix=mix,
            run=number,
            corpus=corpus.digest,
            sightings=account.slots,
            headlines=account.new,
            near=account.near,
            updates=account.updates,
            seconds=round(seconds, 3),
            cpu_seconds=round(cpu_seconds, 3),
            sightings_per_second=round(account.slots / seconds),
            us_per_new=round(seconds / (account.new + account.updates + account.near) * 1e6, 1),
            peak_memory_mib=peak_memory_mib(),
        )
