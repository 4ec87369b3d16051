"""One input partition of a stage: owns its position, its state and its producer, and commits what it decides.

Opening a partition: the group says it is ours → the transactional producer fences whoever had it → the
group still says so → state and position are read, committed records only → seek. On any error the
producer, the state and the queue are dropped and the partition is opened again; nothing is tried again
on the producer that failed.

While one transaction is committed the next one's records are decided on: a commit is mostly waiting. They
may be, for whatever was decided after a commit that fails is dropped with everything else.
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
from streams.engine.kafka.opening import OPEN_TIMEOUT_S, producer_of, restore
from streams.engine.kafka.positions import position_key, position_record
from streams.engine.kafka.waiting import HoleError, WaitingSlices
from streams.engine.kafka.work import FailingRecordError, Suspects, Work, begin, clocks_of
from streams.errors import TickerError
from streams.kafka.fetched import Slice
from streams.kafka.transaction import TransactionalProducer
from streams.stage import Processor, Stage

logger: Final = logging.getLogger(__name__)

_TURN_S: Final = 0.004
"""How long deciding may keep the event loop from the commit under way, and from other partitions."""
_DISOWNED_S: Final = 60.0
"""How long the group may leave us a partition and say that it is not ours."""
_ASK_AGAIN_S: Final = 0.3
_IDLE_S: Final = 1.0
"""A slice that was fetched this long ago and is not here was dropped on the way."""
_SMALL_GAP: Final = 64
"""Offsets that can be missing without asking why: a few transactions' markers."""


class NotOursError(Exception):
    """The group says that the partition is not ours, or is rebalancing."""


class PartitionRunner:
    """Processes one partition of a stage's source, exactly once.

    Args:
        stage: The stage.
        partition: Topic (as on the cluster) and partition.
        prefix: The topics' prefix.
        schemas: Where consumers fetch the schemas.
        consumer: The sliced Faust consumer.
        options: aiokafka's connection options.
        observer: Told of commits, restores and failures.
        crash: Called when failures in a row pass a limit or the breaker trips: the process must end.
    """

    def __init__(
        self,
        *,
        stage: Stage,
        partition: TopicPartition,
        prefix: str,
        schemas: SchemaUris,
        consumer: Any,
        options: Mapping[str, Any],
        observer: Observer,
        crash: Callable[[BaseException], None],
    ) -> None:
        self.stage = stage
        self.partition = partition
        self._prefix = prefix
        self._schemas = schemas
        self._consumer = consumer
        self._options = options
        self._observer = observer
        self._crash = crash
        self._breaker = Breaker()
        self._waiting = WaitingSlices(partition, consumer)
        self._failures = Failures(stage.name, partition)
        self._suspects = Suspects(partition)
        self._backlog = BacklogWatch(stage.name, partition, consumer)
        self._group_offset = GroupOffset(partition, consumer, lambda: self._position)
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._producer: TransactionalProducer | None = None
        self._processor: Processor | None = None
        self._position = 0
        """The offset after what is committed."""
        self._decided = 0
        """The offset after what was decided on, committed or not."""
        self._work: Work | None = None
        """What is being decided on."""
        self._committing: tuple[Work, asyncio.Task[None]] | None = None
        self._is_open = False
        self._disowned_since: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether the partition is restored and takes slices."""
        return self._is_open

    def put(self, fetched: Slice) -> None:
        """Take a slice; never blocks. A full queue holds the partition's fetches."""
        if not self._stopping and self._waiting.put(fetched):
            self._wake.set()

    def start(self) -> None:
        """Begin, or go on after `quiesce`."""
        self._stopping = False
        self._wake.set()
        self._task = asyncio.create_task(self._run(), name=f"{self.stage.name} {self.partition}")
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Tell `crash` the error with which a runner has ended: none ends in silence."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._crash(error)

    async def quiesce(self, grace: float) -> None:
        """Stop after the open transaction, or give up on it after `grace` seconds.

        Producer and state stay: as long as nobody has fenced the producer, nobody else has written, and they are valid.
        """
        self._stopping = True
        was_open = self._is_open
        self._shut()
        self._wake.set()
        if self._task is None:
            return
        if not was_open:
            # A restore is cut short at once: half of one is worth nothing, and the group waits for us.
            self._task.cancel()
        _, running = await asyncio.wait([self._task], timeout=grace)
        if running:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=1)
        if running or not was_open:
            await self._drop(grace=0)
        self._task = None

    async def close(self, grace: float) -> None:
        """Stop for good: end the open transaction, say how far we came, release the producer."""
        await self.quiesce(grace)
        if self._producer is not None:
            await self._group_offset.tell_at_close()
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
                await self._disowned()
            except FailingRecordError as error:
                # It does not count as a failure in a row and is not waited for: how many such records are too many, the
                # breaker decides.
                logger.warning("%s %s: %s", self.stage.name, self.partition, error, exc_info=error.__cause__)
                await self._drop(grace=1.0)
            except BreakerError as error:
                await self._drop(grace=1.0)
                self._crash(error)
                return
            except Exception as error:  # noqa: BLE001 (whatever it was: drop everything and open again)
                if await self._gives_up(error):
                    return
                if not self._stopping:
                    await self._failures.wait()

    async def _work_until_stopped(self) -> None:
        while not self._stopping:
            await self._go_on()
        await self._settle()

    async def _go_on(self) -> None:
        """Decide on what waits while the last transaction is committed, or wait for either."""
        if self._waiting:
            try:
                work = await self._decide()
            except Exception:
                # What was decided before is committed all the same. Where that fails too, its error is raised: it came
                # first and says more.
                await self._settle()
                raise
            await self._settle()
            if work is not None:
                task = asyncio.create_task(self._commit(work))
                task.add_done_callback(lambda _: self._wake.set())
                self._committing = work, task
        elif self._committing is None:
            await self._idle()
        else:
            _, committing = self._committing
            self._wake.clear()  # set by what comes, and by the end of the commit
            if committing.done() or (await self._wake.wait() and committing.done()):
                await self._settle()

    async def _settle(self) -> None:
        """Wait for the commit that is under way; raises what it raised."""
        if self._committing is not None:
            try:
                await self._committing[1]
            finally:
                self._committing = None

    async def _gives_up(self, error: Exception) -> bool:
        """Drop what a failure may have spoilt; whether there have been too many in a row."""
        problem = self._failures.add(error, self._position)
        if isinstance(error, HoleError):
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
            HoleError: A slice was fetched and did not come. The next one would show that, but there may be none.
        """
        fetched = self._consumer.fetched_end(self.partition)
        self._wake.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_IDLE_S):
                await self._wake.wait()
            return
        if not self._stopping:
            self._waiting.check_whole(fetched)

    async def _disowned(self) -> None:
        """Wait before the group is asked again: it will revoke the partition or say that it is ours.

        Raises:
            TickerError: It does neither.
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
        # Set before the seek: a slice may come before the seek has been seen to return.
        epoch = self._waiting.open()
        self._decided = self._position
        await self._consumer.seek_epoch(self.partition, self._position, epoch)
        self._is_open = True
        self._disowned_since = None

    async def _restore(self, limit: asyncio.Timeout) -> None:
        """Fence the old owner and read back state and position; each batch that comes puts the deadline off."""
        started = time.monotonic()

        async def progress() -> None:
            limit.reschedule(asyncio.get_running_loop().time() + OPEN_TIMEOUT_S)
            await asyncio.sleep(0)

        producer = self._producer = producer_of(self.stage, self.partition, self._prefix, self._options)
        await producer.start()
        # This process may have been paused between the question and the fencing, and another worker may own the
        # partition by now: ask again.
        await self._ask_whether_ours()
        opened = await restore(
            self.stage, producer, self.partition, self._prefix, self._options, progress=progress
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
        """Decide on what waits, batch by batch: a commit costs as much for one record as for all of them.

        Raises:
            HoleError: A slice is missing before the first that waits.
        """
        assert self._processor is not None
        work = self._work = begin(self.stage.name, self._prefix, self.partition, self._schemas)
        turn = work.began
        before = clocks_of(self._processor)
        try:
            while self._waiting and not work.is_full:
                records = await self._next_batch(work)
                if records is None:
                    break
                for piece in self._suspects.pieces(records):
                    if time.monotonic() - turn > _TURN_S:
                        await asyncio.sleep(0)
                        turn = time.monotonic()
                    self._suspects.process(self._processor, piece, work.out)
                if records:
                    work.add(records)
        finally:
            self._work = None
        if not work.records:
            return None
        work.clocks = clocks_of(self._processor) - before
        self._breaker.check(work.records, work.out.dead_letters.total())
        return work

    async def _next_batch(self, work: Work) -> list[Any] | None:
        """The next batch's records that were not decided on; None for a hole behind those that were."""
        fetched = self._waiting.first()
        if fetched is None:
            if work.records:
                return None
            raise self._waiting.hole()
        if fetched.end <= self._decided:
            # The client reads a topic that was made again from its beginning. Opening the partition says what is wrong.
            raise TickerError(f"{self.partition} goes on below {self._decided}, which was read before")
        await self._check_retention(fetched.start)
        if not self._waiting.follows(fetched):
            return None  # shut meanwhile
        records = self._waiting.pop(fetched, self._decided)
        if records:
            work.end = self._decided = records[-1].offset + 1
        return records

    async def _check_retention(self, first: int) -> None:
        """Say loudly when retention removed records before they were read.

        Offsets are also missing for good reasons: transaction markers, aborted records, compaction.
        """
        if self._decided and first - self._decided > _SMALL_GAP:
            earliest = (await self._consumer.earliest_offsets(self.partition))[self.partition]
            self._decided = self._skip_lost(self._decided, min(earliest, first))

    def _skip_lost(self, unread: int, beginning: int) -> int:
        """Where reading goes on: says loudly what of the unread is below the first offset that is still there."""
        if not unread or beginning <= unread:
            return unread  # whoever reads a topic for the first time begins where it begins
        logger.error(
            "%s: offsets %d to %d are gone: retention removed them before they were read",
            self.partition,
            unread,
            beginning - 1,
        )
        self._observer.lost(self.stage.name, self.partition.partition, beginning - unread)
        return beginning

    async def backlog(self) -> Backlog:
        """What waits to be processed."""
        return await self._backlog.measure(self._position, self._oldest_waiting(), self._processor)

    def _oldest_waiting(self) -> int | None:
        """The event time (ms) of the oldest record that was fetched and is not committed."""
        if self._committing is not None:
            return self._committing[0].first
        if self._work is not None and self._work.records:
            return self._work.first
        return self._waiting.oldest

    async def _commit(self, work: Work) -> None:
        """Commit what was decided, with the position behind it, and tell the observer."""
        assert self._producer is not None
        out = work.out
        position = position_record(position_key(self.stage.name, self.partition), work.end, work.last)
        out.records[POSITIONS.on(self._prefix)].append(position)
        await self._producer.commit(out.records, self.partition.partition)
        self._position = work.end
        self._failures.end()
        self._suspects.forget(work.end)
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
        self._group_offset.tell_soon()

    def _shut(self) -> None:
        """Take no slices until the next seek."""
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
