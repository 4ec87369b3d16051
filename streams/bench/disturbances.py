"""Disturbances during a latency measurement: a rebalance of the group, a restore of a partition, a replay of a window.

Each starts with the measurement and ends before it.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

from aiokafka import TopicPartition
from msgspec import Struct

from schemas.routing import partition_of
from schemas.topics import LANGUAGE_PARTITIONS, SIGHTINGS
from streams.bench.corpus import make
from streams.bench.kafka import fill
from streams.bench.seen import fill_seen
from streams.engine.kafka.opening import producer_of
from streams.errors import TickerError
from streams.pipeline import DEDUPLICATE
from streams.settings import Connection

PREFIX: Final = "bench"
RESTORED_LANGUAGE: Final = "en"
"""The language whose partition is restored: its headlines wait for that, so they are not measured."""
_LIVE: Final = 200_000
_REPLAYED: Final = 400_000
_REPLAY_PREFIX: Final = "staged"


class Bench(Struct, frozen=True, kw_only=True):
    """Where a disturbance takes place."""

    connection: Connection
    folder: Path
    """For the disturbance's own files."""
    seconds: float
    """How long the measurement lasts."""


class Disturbance(Struct, frozen=True, kw_only=True):
    """Work that is done during a measurement."""

    prepare: Callable[[Bench], Awaitable[None]]
    """Prepares the cluster before the worker starts."""
    run: Callable[[Bench], Coroutine[Any, Any, None]]
    """Disturbs, within the measurement's seconds; may be cancelled."""
    unmeasured: frozenset[str] = frozenset()
    """Languages that the disturbance stops on purpose."""


@contextmanager
def worker(connection: Connection, core: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker of both stages, pinned to a core, while the context lasts."""
    flags = [
        "--bootstrap-servers",
        connection.bootstrap_servers,
        "--topic-prefix",
        PREFIX,
        "--listen",
        "none",
    ]
    with subprocess.Popen(  # noqa: S603 (our own program)
        [sys.executable, "-m", "streams.cli", "worker", *flags],
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509 (nothing is locked at this moment)
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


@asynccontextmanager
async def disturbed(disturbance: Disturbance, bench: Bench) -> AsyncIterator[None]:
    """Run a disturbance in the background while the context lasts.

    Raises:
        TickerError: The disturbance failed.
    """
    task = asyncio.create_task(disturbance.run(bench))
    try:
        yield
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _nothing(bench: Bench) -> None:
    """Disturb nothing."""


async def _rebalance(bench: Bench) -> None:
    """A second worker joins after a quarter of the time, and leaves after another half."""
    await asyncio.sleep(bench.seconds / 4)
    with worker(bench.connection, min(os.sched_getaffinity(0))):
        await asyncio.sleep(bench.seconds / 2)


async def _fill_state(bench: Bench) -> None:
    corpus = make("new", _LIVE, languages={RESTORED_LANGUAGE: 1})
    await fill_seen(bench.connection, PREFIX, corpus, instant=time.time_ns() // 1_000_000)


async def _restore(bench: Bench) -> None:
    """Fence the worker by another producer with a partition's transactional id: it drops the state and restores it."""
    await asyncio.sleep(bench.seconds / 4)
    place = TopicPartition(SIGHTINGS.on(PREFIX), partition_of(RESTORED_LANGUAGE, LANGUAGE_PARTITIONS))
    rogue = producer_of(DEDUPLICATE, place, PREFIX, bench.connection.aiokafka_options())
    await rogue.start()
    await rogue.dispose(grace=1.0)


async def _fill_source(bench: Bench) -> None:
    await fill(bench.connection, _REPLAY_PREFIX, make("natural", _REPLAYED))


async def _replay(bench: Bench) -> None:
    """Replay a window at full speed, repeatedly, each time to topics with a new prefix."""
    number = 0
    while True:
        plan = bench.folder / f"replay-{number}.json"
        servers = ["--bootstrap-servers", bench.connection.bootstrap_servers]
        ends = ["--topic-prefix", _REPLAY_PREFIX, "--to-topic-prefix", f"{_REPLAY_PREFIX}-{number}"]
        what = ["plan", SIGHTINGS.name, "--speed", "max", "--warm-up", "0", "--create", "-o", str(plan)]
        await _ticker("replay", *what, *servers, *ends)
        await _ticker("replay", "apply", str(plan), "--no-verify", *servers, *ends)
        number += 1


async def _ticker(*arguments: str) -> None:
    """Run a `ticker` command until it ends.

    Raises:
        TickerError: The command failed.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "streams.cli",
        *arguments,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.communicate()
        raise
    if process.returncode:
        raise TickerError(
            f"ticker {' '.join(arguments)} ended with {process.returncode}: {said.decode()[-2000:]}"
        )


DISTURBANCES: Final[Mapping[str, Disturbance]] = {
    "nothing": Disturbance(prepare=_nothing, run=_nothing),
    "rebalance": Disturbance(prepare=_nothing, run=_rebalance),
    "restore": Disturbance(prepare=_fill_state, run=_restore, unmeasured=frozenset({RESTORED_LANGUAGE})),
    "replay": Disturbance(prepare=_fill_source, run=_replay),
}
