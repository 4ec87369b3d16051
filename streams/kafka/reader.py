"""Reads the committed records between given offsets, outside of any consumer group; missing offsets are an error."""

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from typing import Any, Final, Literal

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from streams.errors import TickerError
from streams.kafka import internals
from streams.kafka.fetched import Slice, fetching, more_fetched, take_slices

_FETCH_BYTES: Final = 1 << 20
_FETCH_WAIT_MS: Final = 50
_STALL_S: Final = 60.0
_STOP_S: Final = 5.0
_STATE_FETCH_BYTES: Final = 2 << 20
"""The most bytes that one fetch brings of a partition: the next fetch is in flight while these are used."""
_STATE_FETCH_WAIT_MS: Final = 10
"""How long a broker may wait for records at the end of a window: the next one is fetched only after that."""
_STATE_AT_ONCE: Final = 1_000
"""Records of the state that are yielded together: a few milliseconds of work, so that nothing else waits long."""
_STUCK_S: Final = 40.0
"""How long (s) to wait for an open transaction to end: the broker aborts a worker's after 20 s, and checks for expired
ones every 10 s."""
_TAIL: Final = 2_000
"""Records at the end of a compacted topic that `last_record` looks at first."""

Window = tuple[int, int]
"""A range of offsets: the first, and the one after the last."""
Isolation = Literal["read_committed", "read_uncommitted"]


@asynccontextmanager
async def consuming(
    options: Mapping[str, Any],
    *,
    isolation: Isolation = "read_committed",
    reset: Literal["none", "earliest"] = "none",
    fetch_bytes: int = _FETCH_BYTES,
    fetch_wait_ms: int = _FETCH_WAIT_MS,
) -> AsyncIterator[Any]:
    """A started aiokafka consumer outside of any group; the caller assigns partitions and seeks.

    Args:
        options: aiokafka's connection options.
        isolation: The isolation level, for records and for end offsets.
        reset: Where to go on when offsets were deleted; `none` raises OffsetOutOfRangeError.
        fetch_bytes: The most that is fetched of a partition at once.
        fetch_wait_ms: How long a broker may wait for records.
    """
    consumer = AIOKafkaConsumer(
        isolation_level=isolation,
        enable_auto_commit=False,
        auto_offset_reset=reset,
        fetch_max_wait_ms=fetch_wait_ms,
        max_partition_fetch_bytes=fetch_bytes,
        **options,
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        with suppress(TimeoutError):
            # Shielded, so that it stops even if we are cancelled; `_stop` has a time limit in case a broker is away.
            await asyncio.shield(_stop(consumer))


async def _stop(consumer: AIOKafkaConsumer) -> None:
    async with asyncio.timeout(_STOP_S) as limit:
        try:
            await consumer.stop()
        except asyncio.CancelledError:
            if limit.expired():
                raise
            # aiokafka cancels its fetches in flight, awaits them and lets their cancellation escape. It is not
            # ours, and the connections are still open.
            await internals.close_client(consumer)


async def bounds(
    options: Mapping[str, Any],
    partitions: Collection[TopicPartition],
    *,
    isolation: Isolation = "read_committed",
) -> dict[TopicPartition, Window]:
    """The log start offset and the end offset of partitions: the last stable offset, or the high watermark.

    The end is the last stable offset, or with `read_uncommitted` the high watermark. Use that one to read back what
    was just committed: a broker answers a commit before it has written the markers, and until then the last stable
    offset is lower.
    """
    if not partitions:
        return {}
    async with consuming(options, isolation=isolation) as consumer:
        firsts = await consumer.beginning_offsets(list(partitions))
        ends = await consumer.end_offsets(list(partitions))
    return {partition: (firsts[partition], ends[partition]) for partition in partitions}


async def read_windows(
    options: Mapping[str, Any],
    windows: Mapping[TopicPartition, Window],
    *,
    at_once: int = 10_000,
    patience: float = _STALL_S,
) -> AsyncGenerator[tuple[TopicPartition, Sequence[Any]], None]:
    """Committed records of these windows, in order within a partition, up to `at_once` together.

    Raises:
        TickerError: Retention deleted offsets, or nothing arrived for `patience` seconds.
    """

    def stalled(places: Mapping[TopicPartition, int]) -> TickerError:
        named = ", ".join(f"{tp.topic}/{tp.partition}" for tp in sorted(places))
        return TickerError(f"nothing came of {named} for {patience:.0f} s: is the source reachable?")

    async with consuming(options) as consumer:
        slices = read(consumer, windows, at_once=at_once, patience=patience, stalled=stalled)
        async with aclosing(slices):
            async for slice_ in slices:
                yield slice_


async def read(
    consumer: Any,
    windows: Mapping[TopicPartition, Window],
    *,
    at_once: int,
    patience: float,
    stalled: Callable[[Mapping[TopicPartition, int]], TickerError],
    fetch: "Fetch | None" = None,
) -> AsyncGenerator[tuple[TopicPartition, Sequence[Any]], None]:
    """The loop of every bounded read: the records of the windows, until each is read to its end.

    Args:
        consumer: An aiokafka consumer without a group; its assignment is replaced.
        windows: The offsets to read, by partition.
        at_once: The most records yielded together.
        patience: Seconds without progress after which the read fails; the caller's use of records does not count.
        stalled: Makes the error, from the partitions that are stuck and their positions.
        fetch: How records are fetched; None is aiokafka's `getmany`.

    Raises:
        TickerError: The error of `stalled`, or retention deleted offsets and the consumer's reset is `none`.
    """
    waiting = {tp for tp, (first, end) in windows.items() if first < end}
    if not waiting:
        return  # aiokafka hangs when it is stopped at once after a second assignment
    consumer.assign(list(waiting))
    for tp in waiting:
        consumer.seek(tp, windows[tp][0])
    clock = asyncio.get_running_loop().time
    progressed, positions = clock(), {tp: windows[tp][0] for tp in waiting}
    while waiting:
        for tp, records in await (fetch or _fetch)(consumer, positions, at_once):
            end = windows[tp][1]
            taken = records if records[-1].offset < end else [r for r in records if r.offset < end]
            if taken:
                yield tp, taken
        reached = {tp: await consumer.position(tp) for tp in waiting}
        if reached != positions:
            # A position also moves over markers and aborted records, where no record is yielded.
            progressed, positions = clock(), reached
        ended = {tp for tp in waiting if reached[tp] >= windows[tp][1]}
        if ended:
            waiting -= ended
            consumer.pause(*ended)
            positions = {tp: reached[tp] for tp in waiting}
        if waiting and clock() - progressed > patience:
            raise stalled(positions)


Fetched = Iterable[tuple[TopicPartition, Sequence[Any]]]
"""Records by partition, none of them empty."""
Fetch = Callable[[Any, Mapping[TopicPartition, int], int], Awaitable[Fetched]]
"""Waits a moment for records: of this consumer, at or above these positions, at most so many together."""


async def _fetch(consumer: Any, positions: Mapping[TopicPartition, int], at_once: int) -> Fetched:
    del positions  # the consumer keeps its own
    try:
        fetched: Mapping[TopicPartition, Sequence[Any]] = await consumer.getmany(
            timeout_ms=_FETCH_WAIT_MS, max_records=at_once
        )
    except OffsetOutOfRangeError as error:
        places = ", ".join(f"{tp.topic}/{tp.partition}/{offset}" for tp, offset in error.args[0].items())
        raise TickerError(f"{places}: gone, retention has removed it; plan the replay again") from error
    return [(tp, records) for tp, records in fetched.items() if records]


async def _fetch_batches(consumer: Any, positions: Mapping[TopicPartition, int], at_once: int) -> Fetched:
    """Fetch undecoded batches and decode each when its records are used: half the work of `_fetch`."""
    fetcher = internals.fetcher(consumer)
    deadline = asyncio.get_running_loop().time() + _FETCH_WAIT_MS / 1000
    with fetching(fetcher):
        while not (slices := take_slices(fetcher, positions)):
            if not await more_fetched(fetcher, deadline):
                break
    return _decoded(slices, positions, at_once)


def _decoded(
    slices: Mapping[TopicPartition, Slice], positions: Mapping[TopicPartition, int], at_once: int
) -> Fetched:
    for tp, fetched in slices.items():
        while fetched:
            if records := fetched.pop(positions[tp], at_once):
                yield tp, records


class CommittedReader:
    """Reads committed records up to the high watermark; made by `committed_reader`.

    For a caller that has fenced the only other writer of these partitions: then the result is complete.
    """

    def __init__(self, committed: Any, uncommitted: Any) -> None:
        self._committed = committed
        self._uncommitted = uncommitted

    async def end(self, partition: TopicPartition) -> int:
        """The high watermark: the offset after the last record, committed or not.

        The leader is asked (ListOffsets); just after its election it refuses until it is certain (KIP-207).
        """
        ends = await self._uncommitted.end_offsets([partition])
        return int(ends[partition])

    async def bounds(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, Window]:
        """The log start offset and the high watermark of each partition."""
        firsts, ends = await asyncio.gather(
            self._uncommitted.beginning_offsets(list(partitions)),
            self._uncommitted.end_offsets(list(partitions)),
        )
        return {place: (int(firsts[place]), int(ends[place])) for place in partitions}

    async def stable_end(self, partition: TopicPartition) -> int:
        """The last stable offset: all transactions below it have ended."""
        ends = await self._committed.end_offsets([partition])
        return int(ends[partition])

    async def blocked(self, partitions: Collection[TopicPartition]) -> set[TopicPartition]:
        """Those of the partitions with an open transaction: their last stable offset is below the high watermark."""
        # In this order, a transaction that is committed between the two requests does not count as open.
        ends = await self._uncommitted.end_offsets(list(partitions))
        stable = await self._committed.end_offsets(list(partitions))
        return {place for place in partitions if stable[place] < ends[place]}

    async def beginning(self, partition: TopicPartition) -> int:
        """The log start offset: that of the first record that was not deleted."""
        beginnings = await self._uncommitted.beginning_offsets([partition])
        return int(beginnings[partition])

    async def read(
        self, partition: TopicPartition, start: int, end: int
    ) -> AsyncGenerator[Sequence[Any], None]:
        """Committed records from `start` up to `end`, in batches; waits for open transactions below `end`.

        Raises:
            TickerError: A transaction stayed open for `_STUCK_S`, longer than any should.
        """

        def stalled(places: Mapping[TopicPartition, int]) -> TickerError:
            return TickerError(
                f"{partition.topic}/{partition.partition}/{places[partition]}: a transaction has been open for"
                f" {_STUCK_S:.0f} s; `kafka-transactions.sh find-hanging` tells whose, `abort` ends it"
            )

        window = {partition: (start, end)}
        slices = read(
            self._committed,
            window,
            at_once=_STATE_AT_ONCE,
            patience=_STUCK_S,
            stalled=stalled,
            fetch=_fetch_batches,
        )
        async with aclosing(slices):
            async for _, records in slices:
                yield records

    async def last_record(
        self, partition: TopicPartition, key: bytes, *, beginning: int | None = None, end: int | None = None
    ) -> Any | None:
        """The last committed record of a key of a compacted topic, below offset `end`; None when there is none.

        `beginning` is the log start offset; the leader is asked for what is not given.

        Reads backwards from the end in growing steps, so that the cost does not grow with the topic. A record that
        was compacted away is never missed: compaction keeps the last record of every key.
        """
        end = await self.end(partition) if end is None else end
        beginning = await self.beginning(partition) if beginning is None else beginning
        start, span = end, _TAIL
        while start > beginning:
            upper, start = start, max(beginning, start - span)
            found = None
            async for records in self.read(partition, start, upper):
                found = next((record for record in reversed(records) if record.key == key), found)
            if found is not None:
                return found
            span *= 4
        return None


@asynccontextmanager
async def committed_reader(
    options: Mapping[str, Any], topics: Collection[str]
) -> AsyncIterator[CommittedReader]:
    """A reader of topics, connected while the context lasts; `options` are aiokafka's connection options."""
    state: dict[str, Any] = {"fetch_bytes": _STATE_FETCH_BYTES, "fetch_wait_ms": _STATE_FETCH_WAIT_MS}
    look_ups: dict[str, Any] = {"isolation": "read_uncommitted"}
    async with AsyncExitStack() as stack:
        connecting = [
            stack.enter_async_context(consuming(options, reset="earliest", **more))
            for more in (state, look_ups)
        ]
        # Both are waited for even if one fails, so that the stack knows all that is to be stopped.
        consumers: list[Any] = []
        for connected in await asyncio.gather(*connecting, return_exceptions=True):
            if isinstance(connected, BaseException):
                raise connected
            consumers.append(connected)
        await asyncio.gather(*(internals.learn_topics(consumer, topics) for consumer in consumers))
        yield CommittedReader(*consumers)
