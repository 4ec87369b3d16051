"""Record batches are taken out of aiokafka's fetcher whole, and nothing of a fetch stays behind."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult, PartitionRecords
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from streams.kafka import fetched

PLACE = TopicPartition("sightings", 0)


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Without the cyclic collector: a worker's comes by rarely."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _batch(first: int, records: int) -> bytes:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, 0, 1 << 16)
    for number in range(records):
        builder.append(number, 1_773_216_000_000, b"key %d" % number, b"value", [])
    batch = builder.build()
    batch[:8] = first.to_bytes(8, "big")  # the broker's part: CRC-32C does not cover it
    return bytes(batch)


@pytest.mark.usefixtures("no_collector")
def test_what_was_fetched_goes_with_its_slice() -> None:
    """A slice has all records of a fetch, and the fetch is let go at once, not when a collector comes by."""
    asyncio.run(_take_all())


async def _take_all() -> None:
    subscriptions = SubscriptionState()
    subscriptions.assign_from_user([PLACE])
    assignment = subscriptions.subscription.assignment
    assignment.state_value(PLACE).reset_to(0)
    found = PartitionRecords(
        PLACE, MemoryRecords(_batch(0, 3) + _batch(3, 2)), [], 0, None, None, True, READ_COMMITTED
    )
    gone = weakref.ref(found)
    result = FetchResult(PLACE, assignment=assignment, partition_records=found, backoff=0)
    taken = fetched._slice(PLACE, result)
    assert taken is not None
    assert taken.end == assignment.state_value(PLACE).position == 5
    came = []
    while taken:
        came.append((taken.start, [record.offset for record in taken.pop(1, 1)]))
    assert came == [(0, [1]), (2, [2]), (3, [3]), (4, [4])]
    del found, result
    assert gone() is None
