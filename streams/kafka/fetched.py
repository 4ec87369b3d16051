"""Record batches as aiokafka's fetcher holds them: taken whole, decoded one batch at a time where they are used.

aiokafka makes three objects of each record and keeps thousands of them alive at once. A batch that is
decoded, used and dropped before the next one stays in the processor's caches: a third of the processor time.
This is the inside of aiokafka's fetcher: `streams.kafka.internals` lists every name, and looks for them at the start.
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
    """The record batches that one fetch brought from one partition, in order, not decoded; never empty."""

    __slots__ = ("batches", "end", "epoch", "partition", "previous_end", "size")

    def __init__(self, partition: TopicPartition, batches: Iterable[Any], size: int) -> None:
        self.partition = partition
        self.batches = deque(batches)
        self.size = size
        """Bytes, as they were fetched."""
        self.end: int = self.batches[-1].next_offset
        """The offset after its last record."""
        self.epoch = 0
        self.previous_end: int | None = None
        """The offset after the slice before this one; None for the first after a seek."""

    @property
    def start(self) -> int:
        """The offset of the first record that is left, or a lower one where compaction removed records before it."""
        return int(self.batches[0].base_offset)

    @property
    def timestamp(self) -> int:
        """The event time (ms) of the first record that is left."""
        return int(self.batches[0].first_timestamp)

    def pop(self, start: int) -> list[Any]:
        """Take the next batch's records from an offset on; there can be none.

        Raises:
            CorruptRecordException: The batch cannot be read.
        """
        records = list(self.batches.popleft())
        if records and records[0].offset < start:
            return [record for record in records if record.offset >= start]
        return records


def fetching(fetcher: Any) -> AbstractContextManager[None]:
    """While the context lasts, aiokafka takes its consumer for polled; one that nobody polls leaves its group."""
    context: AbstractContextManager[None] = fetcher._subscriptions.fetch_context()  # noqa: SLF001
    return context


async def assigned(fetcher: Any) -> None:
    """Wait until no assignment is under way: what is fetched until then may not be ours any more.

    Raises:
        ConsumerStoppedError: The client has been stopped.
    """
    if fetcher._closed:  # noqa: SLF001
        raise ConsumerStoppedError
    if fetcher._subscriptions.reassignment_in_progress:  # noqa: SLF001
        await fetcher._subscriptions.wait_for_assignment()  # noqa: SLF001


async def more_fetched(fetcher: Any, deadline: float) -> bool:
    """Wait for records of any partition, or for `wake`; False at the deadline (the loop's time).

    Raises:
        KafkaError: The group has put this member out for good.
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
    """Let those that wait for records look again; runs in the fetcher's loop."""
    for waiter in list(fetcher._fetch_waiters):  # noqa: SLF001
        fetcher._notify(waiter)  # noqa: SLF001


def take_slices(fetcher: Any, wanted: Collection[TopicPartition]) -> dict[TopicPartition, Slice]:
    """All that has been fetched of some partitions, a slice each.

    Raises:
        KafkaError: What the fetcher met on a partition, as aiokafka's own calls raise it.
    """
    slices: dict[TopicPartition, Slice] = {}
    held = fetcher._records  # noqa: SLF001
    for partition in [partition for partition in held if partition in wanted]:
        result = held[partition]
        is_error = not isinstance(result, client.FetchResult)
        if is_error and slices:
            break  # those first; the error is raised by the next call
        taken = None if is_error else _slice(partition, result)
        del held[partition]
        fetcher._notify(fetcher._wait_consume_future)  # noqa: SLF001 (there is room for the next fetch)
        if is_error:
            result.check_raise()
        if taken is not None:
            slices[partition] = taken
    return slices


def _slice(partition: TopicPartition, result: Any) -> Slice | None:
    """All batches of a fetch, and the position moved behind them; None where there is nothing for us."""
    if not result.check_assignment(partition) or not result.has_more():
        return None
    found = result._partition_records  # noqa: SLF001
    batches = list(_committed(partition, found))
    # aiokafka's own iterator refers to `found`, and `found` to it: what was fetched would stay until the cyclic
    # collector comes by, which is rarely.
    found._records_iterator = None  # noqa: SLF001
    result._update_position()  # noqa: SLF001
    return Slice(partition, batches, found._records.size_in_bytes()) if batches else None  # noqa: SLF001


def _committed(partition: TopicPartition, found: Any) -> Iterable[Any]:
    """Batches of records that were committed, or need no commit; skips markers and what was aborted.

    As `PartitionRecords` does, batch by batch: `_aborted_transactions` come sorted from the broker's answer (KIP-98).
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
        # The last offset stays when compaction removes the record: the next fetch begins behind it.
        found.next_fetch_offset = batch.next_offset
