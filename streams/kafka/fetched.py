"""Takes record batches undecoded from aiokafka's fetcher; each is decoded only when its records are used.

aiokafka makes three objects of each record and keeps thousands of them alive at once. A batch that is decoded, used
and dropped before the next one stays in the processor's caches, which takes a third of the processor time.
The private names of aiokafka used here are listed in `streams.kafka.internals`, which checks for them at the start.
"""

import asyncio
from collections import deque
from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from typing import Any

from aiokafka import TopicPartition
from aiokafka.consumer import fetcher as client
from aiokafka.errors import ConsumerStoppedError, CorruptRecordException


class Slice:
    """The undecoded record batches that one fetch brought from one partition, in order; at least one when made."""

    __slots__ = ("_batches", "_decoded", "_taken", "end", "epoch", "partition", "previous_end", "size")

    def __init__(self, partition: TopicPartition, batches: Iterable[Any], size: int) -> None:
        self.partition = partition
        self._batches = deque(batches)
        self._decoded: list[Any] = []
        """The records of the batch that was decoded last, from the position on; empty once all of them are taken."""
        self._taken = 0
        """How many of them are taken."""
        self.size = size
        """Fetched bytes."""
        self.end: int = self._batches[-1].next_offset
        """The offset after its last record."""
        self.epoch = 0
        """The number of the seek that it follows."""
        self.previous_end: int | None = None
        """The offset after the slice before this one; None for the first after a seek."""

    def __bool__(self) -> bool:
        """Whether records are left; they may all be below the position."""
        return bool(self._decoded or self._batches)

    @property
    def start(self) -> int:
        """The offset of the next record, or the base offset of its batch: lower if compaction removed records."""
        return int(self._decoded[self._taken].offset if self._decoded else self._batches[0].base_offset)

    @property
    def timestamp(self) -> int:
        """The event time (ms) of the next record."""
        return int(
            self._decoded[self._taken].timestamp if self._decoded else self._batches[0].first_timestamp
        )

    def pop(self, start: int, most: int) -> list[Any]:
        """Take at most so many records of the next batch that are at or above `start`, which may be none.

        Raises:
            CorruptRecordException: The batch cannot be read.
        """
        if not self._decoded:
            decoded = list(self._batches.popleft())
            if decoded and decoded[0].offset < start:
                decoded = [record for record in decoded if record.offset >= start]
            self._decoded, self._taken = decoded, 0
        first, self._taken = self._taken, self._taken + most
        records = self._decoded[first : self._taken]
        if self._taken >= len(self._decoded):
            self._decoded = []
        return records


def fetching(fetcher: Any) -> AbstractContextManager[None]:
    """While the context lasts, aiokafka counts its consumer as polled; one that is not polled leaves its group."""
    context: AbstractContextManager[None] = fetcher._subscriptions.fetch_context()  # noqa: SLF001
    return context


async def assigned(fetcher: Any) -> None:
    """Wait until no rebalance is in progress: records fetched before its end may not be ours any more.

    Raises:
        ConsumerStoppedError: The client has been stopped.
    """
    if fetcher._closed:  # noqa: SLF001
        raise ConsumerStoppedError
    if fetcher._subscriptions.reassignment_in_progress:  # noqa: SLF001
        await fetcher._subscriptions.wait_for_assignment()  # noqa: SLF001


async def more_fetched(fetcher: Any, deadline: float) -> bool:
    """Wait for records of any partition, or for `wake`; False at the deadline (in the loop's time).

    Raises:
        KafkaError: The group has expelled this member for good.
    """
    left = deadline - asyncio.get_running_loop().time()
    if left <= 0:
        return False
    waiter = fetcher._create_fetch_waiter()  # noqa: SLF001
    done, _ = await asyncio.wait([waiter], timeout=left)
    if not done:
        waiter.cancel()
        return False
    waiter.result()
    return True


def wake(fetcher: Any) -> None:
    """Wake every caller of `more_fetched`; runs in the fetcher's loop."""
    for waiter in list(fetcher._fetch_waiters):  # noqa: SLF001
        fetcher._notify(waiter)  # noqa: SLF001


def take_slices(fetcher: Any, wanted: Collection[TopicPartition]) -> dict[TopicPartition, Slice]:
    """Take everything fetched of the wanted partitions, as a slice of each.

    Raises:
        KafkaError: The fetcher's error on a partition, as aiokafka's own calls raise it.
    """
    slices: dict[TopicPartition, Slice] = {}
    held = fetcher._records  # noqa: SLF001
    for partition in [partition for partition in held if partition in wanted]:
        result = held[partition]
        is_error = not isinstance(result, client.FetchResult)
        if is_error and slices:
            break  # give these slices first; the next call raises the error
        taken = None if is_error else _slice(partition, result)
        del held[partition]
        fetcher._notify(fetcher._wait_consume_future)  # noqa: SLF001 (there is room for the next fetch)
        if is_error:
            result.check_raise()
        if taken is not None:
            slices[partition] = taken
    return slices


def _slice(partition: TopicPartition, result: Any) -> Slice | None:
    """A fetch's batches as a slice, with aiokafka's position moved behind them; None when no batch is left."""
    if not result.check_assignment(partition) or not result.has_more():
        return None
    found = result._partition_records  # noqa: SLF001
    batches = list(_committed(partition, found))
    # aiokafka's own iterator and `found` refer to each other: the fetched bytes would stay in memory until the cyclic
    # collector runs, which is rarely.
    found._records_iterator = None  # noqa: SLF001
    result._update_position()  # noqa: SLF001
    return Slice(partition, batches, found._records.size_in_bytes()) if batches else None  # noqa: SLF001


def _committed(partition: TopicPartition, found: Any) -> Iterable[Any]:
    """Batches of committed transactions, and those written outside of any; skips markers and aborted batches.

    As aiokafka's `PartitionRecords` does, batch by batch: the broker's answer lists aborted transactions in order of
    their first offsets (KIP-98).
    """
    records = found._records  # noqa: SLF001
    aborted = found._aborted_producers  # noqa: SLF001
    while records.has_next():
        batch = records.next_batch()
        if not batch.validate_crc():
            raise CorruptRecordException(f"{partition.topic}/{partition.partition}: invalid CRC")
        found._consume_aborted_up_to(batch.base_offset)  # noqa: SLF001
        if batch.is_control_batch:
            if found._contains_abort_marker(batch):  # noqa: SLF001
                aborted.discard(batch.producer_id)
        elif not (batch.is_transactional and batch.producer_id in aborted):
            yield batch
        # Compaction keeps a batch's last offset even if it removes that record: the next fetch begins behind it.
        found.next_fetch_offset = batch.next_offset
