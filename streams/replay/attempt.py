"""The long step of a try: replays a plan while workers of this build read it, until they have processed all of it."""

import asyncio
from typing import Final, Protocol

from aiokafka import TopicPartition

from schemas.marks import Progress
from schemas.topics import POSITIONS, STRIPS
from streams.errors import TickerError
from streams.kafka.connect import administration
from streams.kafka.reader import bounds
from streams.kafka.topics import describe
from streams.replay import ledger
from streams.replay.apply import Closing, Ends, Watcher, apply
from streams.replay.checks import gone
from streams.replay.pace import Pacer
from streams.replay.partition import Written
from streams.replay.plan import Plan
from streams.replay.resplit import Resplit, split_replayed
from streams.replay.through import Backlog, Remaining, wait_through
from streams.replay.workers import Workers

_CHECK_S: Final = 1.0


class StepWatcher(Protocol):
    """Gets the events of a try after its replay."""

    def splitting(self, done: int, strips: int) -> None:
        """`done` of the strips have been split."""

    def was_split(self, split: Resplit) -> None:
        """All strips have been split."""

    def reading(self, remaining: tuple[Remaining, ...]) -> None:
        """The remaining input of each stage was measured."""


class _Starting:
    """A watcher that starts the workers once their topics exist, and passes every event on."""

    def __init__(self, watcher: Watcher, workers: Workers) -> None:
        self._watcher = watcher
        self._workers = workers

    def began(self, done: int, pacer: Pacer) -> None:
        """Start the workers: the replay begins, or resumes after `done` records."""
        self._workers.start()
        self._watcher.began(done, pacer)

    def written(self, written: Written) -> None:
        """Pass it on."""
        self._watcher.written(written)

    def lag(self, records: int) -> None:
        """Pass it on."""
        self._watcher.lag(records)

    def say(self, message: str) -> None:
        """Pass it on."""
        self._watcher.say(message)


async def cut_since(plan: Plan, ends: Ends) -> tuple[str, ...]:
    """The parts of a plan's window that retention deleted before an earlier run replayed them, as messages.

    Args:
        plan: The plan.
        ends: How to connect to both ends.
    """
    places = [TopicPartition(plan.source_topic, span.partition) for span in plan.spans]
    windows = await bounds(ends.source.aiokafka_options(), places)
    beginnings = {place.partition: first for place, (first, _) in windows.items()}
    prefix = plan.target.prefix
    async with administration(ends.target, patience=ends.patience) as client:
        live = await describe(client, {POSITIONS.on(prefix)})
    if not live:
        return gone(plan, beginnings)
    partitions = {prefix: live[POSITIONS.on(prefix)].partitions}
    rows = (await ledger.read_ledgers(ends.target.aiokafka_options(), partitions))[prefix]
    keys = {ledger.progress_key(plan.id, span.partition): span.partition for span in plan.spans}
    done = {
        keys[key]: entry.row.offset
        for (_, key), entry in rows.items()
        if key in keys and isinstance(entry.row, Progress)
    }
    return gone(plan, beginnings, done)


async def run_through(
    plan: Plan,
    ends: Ends,
    watcher: Watcher,
    workers: Workers,
    *,
    progress: StepWatcher,
) -> Closing:
    """Apply a plan and wait until the workers have processed it; resumes an earlier run.

    Args:
        plan: The plan.
        ends: How to connect to both ends.
        watcher: Gets the events of the replay.
        workers: Started once their topics exist; the caller stops them.
        progress: Gets the progress of splitting, and the stages' remaining input.

    Raises:
        TickerError: The replay is not complete, a worker ended, or the workers made no progress.
    """
    applying = asyncio.create_task(apply(plan, ends, _Starting(watcher, workers)))
    try:
        while not applying.done():
            await asyncio.wait([applying], timeout=_CHECK_S)
            workers.check()
    finally:
        applying.cancel()
        await asyncio.wait([applying])
    closing = applying.result()
    if not closing.whole:
        raise TickerError(
            f"the target does not hold what was read: {closing.lost:,} lost, {closing.doubled:,} doubled"
        )
    if plan.topic == STRIPS.name:
        progress.was_split(await split_replayed(plan, ends, told=progress.splitting))
    async with Backlog(ends.target, plan.target.prefix, patience=ends.patience) as backlog:
        await wait_through(backlog, told=progress.reading, check=workers.check)
    return closing
