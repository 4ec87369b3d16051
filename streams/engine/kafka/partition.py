"""One input partition of a stage: owns its position, its state and its producer, and commits what it decides.

Opening a partition: the group says it is ours → the transactional producer fences whoever had it → the
group still says so → state and position are read, committed records only → seek. On any error the
producer, the state and the queue are dropped and the partition is opened again; nothing is tried again
on the producer that failed.

While one transaction is committed the next one's records are decided on: a commit is mostly waiting. They
may be, for whatever was decided after a commit that fails is dropped with everything else.
"""

import asyncio
import itertools
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from aiokafka import TopicPartition
from msgspec import Struct, field

from schemas.topics import POSITIONS
from streams.engine.kafka.breaker import Breaker, BreakerError
from streams.engine.kafka.observer import Backlog, Committed, Observer, Restored
from streams.engine.kafka.outbox import KafkaOutbox
from streams.engine.kafka.positions import position_key, position_record, read_position
from streams.errors import TickerError
from streams.kafka.fetched import Slice
from streams.kafka.reader import committed_reader
from streams.kafka.retry import TRANSIENT
from streams.kafka.transaction import TransactionalProducer
from streams.observe.headlines import note_sources
from streams.stage import Processor, Remembering, Stage

logger: Final = logging.getLogger(__name__)

_QUEUE_BYTES: Final = 4 << 20
"""As fetched: where so much waits, no more is handed on."""
_QUEUE_SLICES: Final = 64
_TRANSACTION_RECORDS: Final = 32_000
_TRANSACTION_OUTPUTS: Final = 8_000
"""Where one of these is reached, a transaction takes no further batch: what waits, waits for the next."""
_TRANSACTION_S: Final = 0.08
"""How long it may be decided on: commits come steadily, whatever a record costs."""
_TURN_S: Final = 0.004
"""How long deciding may keep the event loop from the commit under way, and from other partitions."""
_PIECE: Final = 250
"""Records of a batch that are decided on in one go, at 0.2 ms for the slowest."""
_OPEN_TIMEOUT_S: Final = 60.0
"""How long an opening may make no progress: a large state takes longer, and may."""
_MAX_FAILURES: Final = 30
"""In a row, of what can pass: the cluster's failures. A broker that is away is waited for besides."""
_MAX_BUGS: Final = 5
"""In a row, of what will not pass by itself: any other exception."""
_DISOWNED_S: Final = 60.0
"""How long the group may leave us a partition and say that it is not ours."""
_ASK_AGAIN_S: Final = 0.3
_IDLE_S: Final = 1.0
"""A slice that was fetched this long ago and is not here was dropped on the way."""
_COMMIT_AT_CLOSE_S: Final = 1.0
_MAX_BACKOFF_S: Final = 3.0
_SMALL_GAP: Final = 64
"""Offsets that can be missing without asking why: a few transactions' markers."""
_OFFSET_COMMIT_EVERY_S: Final = 1.0


class NotOursError(Exception):
    """The group says that the partition is not ours, or is rebalancing."""


class FailingRecordError(Exception):
    """A record makes the processor raise. State is dropped; opened again, the partition goes on without it."""


class HoleError(Exception):
    """A slice was lost between the fetcher and the runner. State and producer are as good as before."""


class _Work(Struct):
    """What one transaction will commit: the outputs for a run of records."""

    out: KafkaOutbox
    began: float
    first: int = 0
    """Event time (ms) of the first record."""
    last: int = 0
    end: int = 0
    """The offset after the last record."""
    records: int = 0
    newest: dict[bytes, int] = field(default_factory=dict)

    def add(self, records: list[Any]) -> None:
        """Count records that the processor has decided on."""
        if not self.records:
            self.first = records[0].timestamp
        self.last = records[-1].timestamp
        self.records += len(records)
        note_sources(records, self.newest)

    @property
    def is_full(self) -> bool:
        """Whether it should be committed before more is decided."""
        return (
            self.records >= _TRANSACTION_RECORDS
            or self.out.size >= _TRANSACTION_OUTPUTS
            or time.monotonic() - self.began >= _TRANSACTION_S
        )


class PartitionRunner:
    """Processes one partition of a stage's source, exactly once.

    Args:
        stage: The stage.
        partition: Topic (as on the cluster) and partition.
        prefix: The topics' prefix.
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
        consumer: Any,
        options: Mapping[str, Any],
        observer: Observer,
        crash: Callable[[BaseException], None],
    ) -> None:
        self.stage = stage
        self.partition = partition
        self._prefix = prefix
        self._consumer = consumer
        self._options = options
        self._observer = observer
        self._crash = crash
        self._position_key = position_key(stage.name, partition)
        self._breaker = Breaker()
        self._queue: deque[Slice] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._holding = False
        self._producer: TransactionalProducer | None = None
        self._processor: Processor | None = None
        self._position = 0
        """The offset after what is committed."""
        self._decided = 0
        """The offset after what was decided on, committed or not."""
        self._failures = 0
        """In a row, without a commit between them."""
        self._failing: dict[int, Exception] = {}
        """Records by offset that made the processor raise, and what."""
        self._suspected_up_to = 0
        """Below this offset the processor raised on several records together: they go one by one."""
        self._work: _Work | None = None
        """What is being decided on."""
        self._committing: tuple[_Work, asyncio.Task[None]] | None = None
        self._epochs = itertools.count(1)
        self._epoch: int | None = None
        self._end: int | None = None
        self._is_open = False
        self._disowned_since: float | None = None
        self._behind_since: float | None = None
        """When `backlog` first found records that are not fetched, until it finds none."""
        self._offset_committed_at = 0.0
        self._offset_commit: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the partition is restored and takes slices."""
        return self._is_open

    def put(self, fetched: Slice) -> None:
        """Take a slice; never blocks. A full queue holds the partition's fetches."""
        if self._stopping or fetched.epoch != self._epoch:
            return
        self._queue.append(fetched)
        self._wake.set()
        if not self._holding and self._is_filled(_QUEUE_BYTES, _QUEUE_SLICES):
            self._holding = True
            self._consumer.hold(self.partition)

    def _is_filled(self, limit: int, slices: int) -> bool:
        return len(self._queue) >= slices or sum(waiting.size for waiting in self._queue) >= limit

    def start(self) -> None:
        """Begin, or go on after `quiesce`."""
        self._stopping = False
        self._wake.set()
        self._task = asyncio.create_task(self._run(), name=f"{self.stage.name} {self.partition}")
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """No runner ends in silence."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._crash(error)

    async def quiesce(self, grace: float) -> None:
        """Stop after the open transaction, or give up on it after `grace` seconds.

        Producer and state stay: while nobody fences the producer, its epoch proves them valid.
        """
        self._stopping = True
        was_open = self._is_open
        self._shut()
        self._wake.set()
        if self._task is None:
            return
        if not was_open:
            # Half a restore is worth nothing, and the group waits.
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
            with suppress(TimeoutError):
                await asyncio.wait_for(self._commit_offset(), _COMMIT_AT_CLOSE_S)
        await self._drop(grace=1.0)

    async def _run(self) -> None:
        self._failures = 0
        while not self._stopping:
            try:
                async with asyncio.timeout(_OPEN_TIMEOUT_S) as limit:
                    await self._open(limit)
                await self._work_until_stopped()
            except NotOursError:
                await self._drop(grace=0)
                await self._disowned()
            except FailingRecordError as error:
                # No failure in a row, nothing to wait for: the breaker is the judge of many.
                logger.warning("%s %s: %s", self.stage.name, self.partition, error, exc_info=error.__cause__)
                await self._drop(grace=1.0)
            except BreakerError as error:
                await self._drop(grace=1.0)
                self._crash(error)
                return
            except Exception as error:  # noqa: BLE001 (whatever it was: drop everything and open again)
                self._failures += 1
                if await self._gives_up(error, self._failures):
                    return
                if not self._stopping:
                    await asyncio.sleep(min(0.1 * 2**self._failures, _MAX_BACKOFF_S))

    async def _work_until_stopped(self) -> None:
        while not self._stopping:
            await self._go_on()
        await self._settle()

    async def _go_on(self) -> None:
        """Decide on what waits while the last transaction is committed, or wait for either."""
        if self._queue:
            try:
                work = await self._decide()
            except Exception:
                # What was decided before counts; its own failure would say more than this one.
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

    async def _gives_up(self, error: Exception, failures: int) -> bool:
        """Drop what a failure may have spoilt; whether there have been too many in a row."""
        if isinstance(error, HoleError):
            limit = _MAX_FAILURES
            logger.info("%s: %s; seeking again", self.partition, error)
            self._shut()
        else:
            limit = _MAX_FAILURES if isinstance(error, TRANSIENT) else _MAX_BUGS
            self._log_failure(error, failures, limit)
            self._observer.failed(self.stage.name, self.partition.partition, error)
            await self._drop(grace=2.0)
        if failures < limit:
            return False
        self._crash(self._gave_up(error, failures))
        return True

    async def _idle(self) -> None:
        """Wait for a slice.

        Raises:
            HoleError: One was fetched and did not come. The next one would show that, but there may be none.
        """
        fetched = self._consumer.fetched_end(self.partition)
        self._wake.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), _IDLE_S)
            return
        if fetched is not None and fetched != self._end and not self._queue and not self._stopping:
            raise HoleError(f"a slice is missing between {self._end} and {fetched}")

    async def _disowned(self) -> None:
        """The group will revoke the partition or give it back: until then it is asked again.

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

    def _log_failure(self, error: Exception, failures: int, limit: int) -> None:
        known = isinstance(error, (*TRANSIENT, TickerError))
        logger.warning(
            "%s %s: %s (failure %d of %d in a row)",
            self.stage.name,
            self.partition,
            _told(error),
            failures,
            limit,
            exc_info=None if known else error,
        )

    def _gave_up(self, error: Exception, failures: int) -> TickerError:
        place = f"{self.partition.topic}/{self.partition.partition}/{self._position}"
        problem = TickerError(
            f"{self.stage.name} failed {failures} times in a row at {place}, the last time with {_told(error)};"
            " nothing from there on was written"
        )
        problem.__cause__ = error
        return problem

    async def _open(self, limit: asyncio.Timeout) -> None:
        await self._ask_whether_ours()
        if self._producer is None:
            await self._restore(limit)
        # Set before the seek: a slice may come before the seek has been seen to return.
        self._epoch = next(self._epochs)
        self._end = None
        self._decided = self._position
        await self._consumer.seek_epoch(self.partition, self._position, self._epoch)
        self._is_open = True
        self._disowned_since = None

    async def _restore(self, limit: asyncio.Timeout) -> None:
        """Fence the old owner and read back state and position; while records come, there is time."""
        started = time.monotonic()
        number = self.partition.partition
        self._producer = TransactionalProducer(
            f"{self._prefix}-{self.stage.name}-{self.partition.topic}-{number}",
            [topic.on(self._prefix) for topic in self.stage.topics[1:]],
            self._options,
        )
        await self._producer.start()
        # Paused between the question and the fencing, another worker may own it by now: ask again.
        await self._ask_whether_ours()
        processor = self.stage.processor()
        restored = 0
        topics = [topic.on(self._prefix) for topic in (self.stage.state, POSITIONS) if topic is not None]
        async with committed_reader(self._options, [self.partition.topic, *topics]) as reader:
            if self.stage.state is not None:
                state = TopicPartition(self.stage.state.on(self._prefix), number)
                beginning, end = await reader.beginning(state), await reader.end(state)
                async for records in reader.read(state, beginning, end):
                    processor.restore(records)
                    restored += len(records)
                    limit.reschedule(asyncio.get_running_loop().time() + _OPEN_TIMEOUT_S)
                    await asyncio.sleep(0)
            positions = TopicPartition(POSITIONS.on(self._prefix), number)
            position = await read_position(reader, positions, self._position_key)
            self._position = self._skip_lost(position, await reader.beginning(self.partition))
        self._processor = processor
        seconds = time.monotonic() - started
        self._observer.restored(Restored(self.stage.name, number, restored, self._position, seconds))

    async def _ask_whether_ours(self) -> None:
        while not self._stopping:
            ours = await self._consumer.owns(self.partition)
            if ours:
                return
            if ours is False:
                break
            await asyncio.sleep(_ASK_AGAIN_S)
        raise NotOursError

    async def _decide(self) -> _Work | None:
        """Decide on what waits, batch by batch: a commit costs as much for one record as for all of them.

        Raises:
            HoleError: A slice is missing before the first that waits.
        """
        work = self._work = _Work(
            KafkaOutbox(self.stage.name, self._prefix, self.partition), time.monotonic()
        )
        turn = work.began
        try:
            while self._queue and not work.is_full:
                records = await self._next_batch(work)
                if records is None:
                    break
                for piece in self._pieces(records):
                    if time.monotonic() - turn > _TURN_S:
                        await asyncio.sleep(0)
                        turn = time.monotonic()
                    self._process(piece, work.out)
                if records:
                    work.add(records)
        finally:
            self._work = None
        if not work.records:
            return None
        self._breaker.check(work.records, work.out.dead_letters.total())
        return work

    def _pieces(self, records: list[Any]) -> Iterator[list[Any]]:
        """A batch in pieces that are decided on in one go."""
        start = 0
        while start < len(records):
            is_suspect = records[start].offset < self._suspected_up_to
            end = start + (1 if is_suspect else _PIECE)
            yield records[start:end] if start or end < len(records) else records
            start = end

    def _process(self, piece: list[Any], out: KafkaOutbox) -> None:
        """Decide on a few records.

        A processor makes a dead letter of what it cannot decide on by itself. Where it raises instead, its
        state is spoilt: what it raised on is found by giving it the records one by one, on fresh state.

        Raises:
            FailingRecordError: It raised, on this one record.
        """
        assert self._processor is not None
        first = piece[0]
        if len(piece) == 1 and (known := self._failing.get(first.offset)) is not None:
            out.reject(first, known)
            return
        try:
            self._processor.process(piece, out)
        except Exception as error:
            if len(piece) > 1:
                self._suspected_up_to = piece[-1].offset + 1
                raise
            self._failing[first.offset] = error
            place = f"{self.partition.topic}/{self.partition.partition}/{first.offset}"
            raise FailingRecordError(f"{place} becomes a dead letter: {_told(error)}") from error

    async def _next_batch(self, work: _Work) -> list[Any] | None:
        """The next batch's records that were not decided on; None for a hole behind those that were."""
        fetched = self._queue[0]
        if fetched.previous_end != self._end:
            if work.records:
                return None
            raise HoleError(f"a slice is missing between {self._end} and {fetched.start}")
        await self._check_retention(fetched.start)
        if self._epoch != fetched.epoch:
            return None  # shut meanwhile
        records = fetched.pop(self._decided)
        if not fetched.batches:
            self._queue.popleft()
            self._end = fetched.end
        if records:
            work.end = self._decided = records[-1].offset + 1
        if self._holding and not self._is_filled(_QUEUE_BYTES // 2, _QUEUE_SLICES // 2):
            self._release()
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
        """What waits to be processed; the end of the source is asked from its leader.

        While nothing that was fetched waits, all below the fetch position is done: offsets of transaction
        markers lie between it and the last record.
        """
        fetched = await self._consumer.fetch_position(self.partition)
        end = (await self._consumer.highwaters(self.partition))[self.partition]
        oldest = self._oldest_waiting()
        records = max(0, end - (self._position if oldest else max(fetched, self._position)))
        if not records:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = time.time()
        since = oldest / 1000 if oldest else self._behind_since
        remembered = self._processor.remembered if isinstance(self._processor, Remembering) else None
        return Backlog(
            self.stage.name,
            self.partition.partition,
            records,
            max(0.0, time.time() - since) if records and since else 0.0,
            remembered,
        )

    def _oldest_waiting(self) -> int | None:
        """The event time (ms) of the oldest record that was fetched and is not committed."""
        if self._committing is not None:
            return self._committing[0].first
        if self._work is not None and self._work.records:
            return self._work.first
        return self._queue[0].timestamp if self._queue else None

    async def _commit(self, work: _Work) -> None:
        """Commit what was decided, with the position behind it, and tell the observer."""
        assert self._producer is not None
        out = work.out
        position = position_record(self._position_key, work.end, work.last)
        out.records[POSITIONS.on(self._prefix)].append(position)
        await self._producer.commit(out.records, self.partition.partition)
        self._position = work.end
        self._failures = 0
        if self._failing:
            self._failing = {offset: error for offset, error in self._failing.items() if offset >= work.end}
        self._observer.committed(
            Committed(
                stage=self.stage.name,
                partition=self.partition.partition,
                records=work.records,
                newest=work.newest,
                published=out.published,
                published_at=out.published_at,
                dead_letters=out.dead_letters,
                counts=out.counts,
                seconds=time.monotonic() - work.began,
                end=work.end,
            )
        )
        self._maybe_commit_offset()

    def _maybe_commit_offset(self) -> None:
        """Once a second, tell the group how far we are: lag monitors read it, it decides nothing."""
        now = time.monotonic()
        idle = self._offset_commit is None or self._offset_commit.done()
        if idle and now - self._offset_committed_at > _OFFSET_COMMIT_EVERY_S:
            self._offset_committed_at = now
            self._offset_commit = asyncio.create_task(self._commit_offset())

    async def _commit_offset(self) -> None:
        try:
            await self._consumer.commit_offset(self.partition, self._position)
        except Exception as error:  # noqa: BLE001 (a display that fails must not stop the work)
            logger.debug("%s: group offset not committed: %s", self.partition, error)

    def _shut(self) -> None:
        """Take no slices until the next seek."""
        self._epoch = None
        self._is_open = False
        self._queue.clear()
        if self._holding:
            self._release()

    def _release(self) -> None:
        self._holding = False
        self._consumer.release(self.partition)

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


def _told(error: BaseException) -> str:
    """What an error says; some of aiokafka's say nothing."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
