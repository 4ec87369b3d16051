"""Runs one input partition of a stage: owns its position, state and producer, and commits what the stage decides.

A partition is opened in these steps: the group says that it is ours → the transactional producer fences the
previous owner → the group still says so → state and position are read, committed records only → seek. On any
error the producer, the state and the queue are dropped and the partition is opened again; a producer that failed
is never reused.

While one transaction commits, the records of the next one are decided on, because a commit is mostly waiting. That
is safe: if the commit fails, what was decided after it is dropped with everything else.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from aiokafka import TopicPartition

from schemas.cloudevents import SchemaUris
from schemas.topics import POSITIONS
from streams.engine.kafka.backlog import BacklogWatch
from streams.engine.kafka.breaker import Breaker, BreakerError
from streams.engine.kafka.failures import Failures
from streams.engine.kafka.group_offset import GroupOffset
from streams.engine.kafka.observer import Backlog, Committed, Observer, Restored
from streams.engine.kafka.opening import OPEN_TIMEOUT_S, fenced, producer_of, restore
from streams.engine.kafka.positions import position_key, position_record
from streams.engine.kafka.turns import Turns
from streams.engine.kafka.waiting import MissingSliceError, WaitingSlices
from streams.engine.kafka.work import PoisonPillError, PoisonPills, Work, begin, clocks_of
from streams.errors import TickerError
from streams.kafka.fetched import Slice
from streams.kafka.transaction import TransactionalProducer
from streams.stage import Processor, Stage

logger: Final = logging.getLogger(__name__)

_TURN_S: Final = 0.002
"""How long a turn of deciding lasts, in which open commits and all else wait for the event loop."""
_DISOWNED_S: Final = 60.0
"""How long the group may deny that a partition is ours without revoking it."""
_ASK_AGAIN_S: Final = 0.3
_IDLE_S: Final = 1.0
"""A slice that was fetched this long ago and has not arrived was dropped on the way."""
_SMALL_GAP: Final = 64
"""A gap of so many offsets is not checked against retention: the markers of a few transactions explain it."""


class NotOursError(Exception):
    """The group says that the partition is not assigned to this worker, or it is rebalancing."""


class PartitionRunner:
    """Processes one partition of a stage's source, exactly once.

    Args:
        stage: The stage.
        partition: Topic (as on the cluster) and partition.
        prefix: The topics' prefix.
        schemas: Where consumers fetch the schemas.
        consumer: The sliced Faust consumer.
        turns: Those of the worker's partitions.
        options: aiokafka's connection options.
        observer: Gets commits, restores and failures.
        crash: Called when consecutive failures reach their limit or the breaker trips: the process must end.
    """

    def __init__(
        self,
        *,
        stage: Stage,
        partition: TopicPartition,
        prefix: str,
        schemas: SchemaUris,
        consumer: Any,
        turns: Turns,
        options: Mapping[str, Any],
        observer: Observer,
        crash: Callable[[BaseException], None],
    ) -> None:
        self.stage = stage
        self.partition = partition
        self._prefix = prefix
        self._schemas = schemas
        self._consumer = consumer
        self._turns = turns
        self._options = options
        self._observer = observer
        self._crash = crash
        self._breaker = Breaker()
        self._waiting = WaitingSlices(partition, consumer)
        self._failures = Failures(stage.name, partition)
        self._poison_pills = PoisonPills(partition)
        self._backlog = BacklogWatch(stage.name, partition, consumer)
        self._group_offset = GroupOffset(partition, consumer, lambda: self._position)
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._producer: TransactionalProducer | None = None
        self._processor: Processor | None = None
        self._position = 0
        """The offset after the last committed record."""
        self._decided = 0
        """The offset after the last record that was decided on, committed or not."""
        self._work: Work | None = None
        """The transaction whose records are being decided on."""
        self._committing: tuple[Work, asyncio.Task[None]] | None = None
        self._is_open = False
        self._is_new = True
        """Whether nothing was decided on since the partition was opened."""
        self._disowned_since: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether the partition is restored and takes slices."""
        return self._is_open

    def put(self, fetched: Slice) -> None:
        """Queue a slice; never blocks. While the queue is full, the partition is not fetched."""
        if not self._stopping and self._waiting.put(fetched):
            self._wake.set()

    def start(self) -> None:
        """Start, or resume after `quiesce`."""
        self._stopping = False
        self._wake.set()
        self._task = asyncio.create_task(self._run(), name=f"{self.stage.name} {self.partition}")
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Pass the error with which the runner's task ended to `crash`: none may end unnoticed."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._crash(error)

    async def quiesce(self, grace: float) -> None:
        """Stop after the open transaction, or abandon it after `grace` seconds.

        Producer and state are kept: as long as the producer is not fenced, nobody else has written and they are valid.
        """
        self._stopping = True
        was_open = self._is_open
        self._shut()
        self._wake.set()
        if self._task is None:
            return
        if not was_open:
            # A restore is cancelled at once: half of one is worth nothing, and the rebalance waits for us.
            self._task.cancel()
        _, running = await asyncio.wait([self._task], timeout=grace)
        if running:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=1)
        if running or not was_open:
            await self._drop(grace=0)
        self._task = None

    async def close(self, grace: float) -> None:
        """Stop for good: end the open transaction, commit the group's offset, release the producer."""
        await self.quiesce(grace)
        if self._producer is not None:
            await self._group_offset.commit_at_close()
        await self._drop(grace=1.0)

    async def _run(self) -> None:
        self._failures.end()
        while not self._stopping:
            try:
                async with asyncio.timeout(OPEN_TIMEOUT_S) as limit:
                    await self._open(limit)
                await self._work_until_stopped()
            except NotOursError:
                await self._drop(grace=0)
                await self._wait_disowned()
            except PoisonPillError as error:
                # This does not count as a consecutive failure, and there is no backoff: the circuit breaker decides
                # how many such records are too many.
                logger.warning("%s %s: %s", self.stage.name, self.partition, error, exc_info=error.__cause__)
                await self._drop(grace=1.0)
            except BreakerError as error:
                await self._drop(grace=1.0)
                self._crash(error)
                return
            except Exception as error:  # noqa: BLE001 (any error: drop everything and open again)
                if await self._fail(error):
                    return
                if not self._stopping:
                    await self._failures.wait()

    async def _work_until_stopped(self) -> None:
        while not self._stopping:
            await self._step()
        await self._await_commit()

    async def _step(self) -> None:
        """Decide on waiting slices while the last transaction commits; if none wait, wait for one or the commit."""
        if self._waiting:
            try:
                work = await self._decide()
            except Exception:
                # The transaction before is committed all the same. If that fails too, its error is raised instead:
                # it came first and says more.
                await self._await_commit()
                raise
            await self._await_commit()
            if work is not None:
                task = asyncio.create_task(self._commit(work))
                task.add_done_callback(lambda _: self._wake.set())
                self._committing = work, task
        elif self._committing is None:
            await self._idle()
        else:
            _, committing = self._committing
            self._wake.clear()  # set by a new slice, and by the end of the commit
            if committing.done() or (await self._wake.wait() and committing.done()):
                await self._await_commit()

    async def _await_commit(self) -> None:
        """Wait for the commit in flight, if any; raises what it raised."""
        if self._committing is not None:
            try:
                await self._committing[1]
            finally:
                self._committing = None

    async def _fail(self, error: Exception) -> bool:
        """Drop what a failure may have spoilt; True when there were too many in a row and `crash` was called."""
        problem = self._failures.add(error, self._position)
        if isinstance(error, MissingSliceError):
            self._shut()
        else:
            self._observer.failed(self.stage.name, self.partition.partition, error)
            await self._drop(grace=2.0)
        if problem is None:
            return False
        self._crash(problem)
        return True

    async def _idle(self) -> None:
        """Wait for a slice.

        Raises:
            MissingSliceError: A slice was fetched and has not arrived. The next one would show that, if one came.
        """
        fetched = self._consumer.fetched_end(self.partition)
        self._wake.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_IDLE_S):
                await self._wake.wait()
            return
        if not self._stopping:
            self._waiting.check_whole(fetched)

    async def _wait_disowned(self) -> None:
        """Wait before asking the group again: it should revoke the partition, or confirm that it is ours.

        Raises:
            TickerError: It has done neither for `_DISOWNED_S`.
        """
        now = asyncio.get_running_loop().time()
        if self._disowned_since is None:
            logger.info("%s is not ours, says the group", self.partition)
            self._disowned_since = now
        elif now - self._disowned_since > _DISOWNED_S:
            raise TickerError(f"the group has disowned {self.partition} for {_DISOWNED_S:.0f} s")
        await asyncio.sleep(_ASK_AGAIN_S)

    async def _open(self, limit: asyncio.Timeout) -> None:
        await self._ask_whether_ours()
        if self._producer is None:
            await self._restore(limit)
        # Set before the seek: a slice can arrive before the seek returns.
        epoch = self._waiting.open()
        self._decided = self._position
        await self._consumer.seek_epoch(self.partition, self._position, epoch)
        self._is_open = self._is_new = True
        self._disowned_since = None

    async def _restore(self, limit: asyncio.Timeout) -> None:
        """Fence the previous owner and read back state and position; each batch read extends the time limit."""
        started = time.monotonic()

        async def progress() -> None:
            limit.reschedule(asyncio.get_running_loop().time() + OPEN_TIMEOUT_S)
            await asyncio.sleep(0)

        producer = self._producer = producer_of(self.stage, self.partition, self._prefix, self._options)
        async with fenced(self.stage, producer, self.partition, self._prefix, self._options) as reader:
            # This process may have been paused between asking and fencing, and another worker may own the partition
            # by now, so ask again.
            await self._ask_whether_ours()
            opened = await restore(
                self.stage, producer, self.partition, self._prefix, reader, progress=progress
            )
        self._position = self._skip_lost(opened.position, opened.beginning)
        self._processor = opened.processor
        number, seconds = self.partition.partition, time.monotonic() - started
        self._observer.restored(Restored(self.stage.name, number, opened.records, self._position, seconds))

    async def _ask_whether_ours(self) -> None:
        while not self._stopping:
            ours = await self._consumer.owns(self.partition)
            if ours:
                return
            if ours is False:
                break
            await asyncio.sleep(_ASK_AGAIN_S)
        raise NotOursError

    async def _decide(self) -> Work | None:
        """Decide on all that waits, batch by batch, for one transaction: a commit costs as much for one record.

        Gives None when no record was decided on: all were transaction markers, aborted or compacted away.

        Raises:
            MissingSliceError: A slice is missing before the first that waits.
        """
        assert self._processor is not None
        is_first, self._is_new = self._is_new, False
        work = self._work = begin(
            self.stage.name, self._prefix, self.partition, self._schemas, is_first=is_first
        )
        await self._turns.take()
        turn = time.monotonic()
        before = clocks_of(self._processor)
        try:
            while self._waiting and not work.is_full:
                records = await self._next_batch(work)
                if records is None:
                    break
                for piece in self._poison_pills.pieces(records):
                    turn = await self._next_turn(turn)
                    self._poison_pills.process(self._processor, piece, work.out)
                if records:
                    work.add(records)
            while not self._poison_pills.flush(work.out, work.end):
                turn = await self._next_turn(turn)
        finally:
            self._work = None
        if not work.records:
            return None
        work.clocks = clocks_of(self._processor) - before
        self._breaker.check(work.records, work.out.dead_letters.total())
        return work

    async def _next_turn(self, turn: float) -> float:
        """Take another turn if the one that began then (`time.monotonic`) is over; returns when the turn began."""
        if time.monotonic() - turn <= _TURN_S:
            return turn
        await self._turns.take()
        return time.monotonic()

    async def _next_batch(self, work: Work) -> list[Any] | None:
        """The records of the next batch that were not decided on yet.

        None when the transaction should end here: the next slice is missing, or the queue was shut.
        """
        fetched = self._waiting.first()
        if fetched is None:
            if work.records:
                return None
            raise self._waiting.missing_slice()
        if fetched.end <= self._decided:
            # The topic was deleted and recreated, and the client reads the new one from its beginning. `restore` will
            # see that and say what to do.
            raise TickerError(f"{self.partition} goes on below {self._decided}, which was read before")
        await self._check_retention(fetched.start)
        if not self._waiting.follows(fetched):
            return None  # the queue was shut while we awaited
        records = self._waiting.pop(fetched, self._decided, work.at_once)
        if records:
            work.end = self._decided = records[-1].offset + 1
        return records

    async def _check_retention(self, first: int) -> None:
        """Report records that retention deleted before they were processed, if a gap before `first` is due to that.

        Most gaps are harmless: transaction markers, aborted records, compaction.
        """
        if self._decided and first - self._decided > _SMALL_GAP:
            earliest = (await self._consumer.earliest_offsets(self.partition))[self.partition]
            self._decided = self._skip_lost(self._decided, min(earliest, first))

    def _skip_lost(self, unread: int, beginning: int) -> int:
        """The offset to read next, given the log start offset; logs and counts unread offsets below it as lost."""
        if not unread or beginning <= unread:
            return unread  # 0: a stage that has no position yet starts at the beginning and has lost nothing
        logger.error(
            "%s: offsets %d to %d are gone: retention removed them before they were read",
            self.partition,
            unread,
            beginning - 1,
        )
        self._observer.lost(self.stage.name, self.partition.partition, beginning - unread)
        return beginning

    async def backlog(self) -> Backlog:
        """Measure what waits to be processed."""
        return await self._backlog.measure(self._position, self._oldest_waiting(), self._processor)

    def _oldest_waiting(self) -> int | None:
        """The event time (ms) of the oldest record that was fetched and is not committed."""
        if self._committing is not None:
            return self._committing[0].first
        if self._work is not None and self._work.records:
            return self._work.first
        return self._waiting.oldest

    async def _commit(self, work: Work) -> None:
        """Commit the outputs and the new position in one transaction, and report it to the observer."""
        assert self._producer is not None
        out = work.out
        position = position_record(position_key(self.stage.name, self.partition), work.end, work.last)
        out.records[POSITIONS.on(self._prefix)].append(position)
        with self._turns.committing():
            await self._producer.commit(out.records, self.partition.partition)
        self._position = work.end
        self._failures.end()
        self._poison_pills.forget(work.end)
        self._observer.committed(
            Committed(
                stage=self.stage.name,
                partition=self.partition.partition,
                records=work.records,
                newest=work.newest,
                published=out.published,
                published_at=out.published_at,
                dead_letters=out.dead_letters,
                said=out.said,
                counts=out.counts,
                clocks=work.clocks,
                seconds=time.monotonic() - work.began,
                end=work.end,
            )
        )
        self._group_offset.commit_soon()

    def _shut(self) -> None:
        """Accept no slices until the next seek."""
        self._is_open = False
        self._waiting.shut()

    async def _drop(self, grace: float) -> None:
        producer, self._producer = self._producer, None
        committing, self._committing = self._committing, None
        self._processor = None
        self._shut()
        if committing is not None and not committing[1].done():
            committing[1].cancel()
            await asyncio.wait([committing[1]], timeout=1)
        if producer is not None:
            await producer.dispose(grace)
