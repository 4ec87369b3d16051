"""The queue of fetched slices: a missing slice is noticed, and a full queue holds the partition's fetches."""

import pytest
from aiokafka import TopicPartition
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from streams.engine.kafka.waiting import MissingSliceError, WaitingSlices
from streams.kafka.fetched import Slice
from tests.support import START

PLACE = TopicPartition("ticker.sightings", 2)


class Fetches:
    """Whether the partition's fetches are held: what a queue tells the consumer."""

    def __init__(self) -> None:
        self.held: list[bool] = []

    def hold(self, _partition: TopicPartition) -> None:
        self.held.append(True)

    def release(self, _partition: TopicPartition) -> None:
        self.held.append(False)


def fetched(first: int, *, after: int | None, epoch: int, size: int = 100) -> Slice:
    """Two records in a batch, as a broker lays them out."""
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=0, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1,
        batch_size=1000,
    )  # fmt: skip
    for number in range(2):
        builder.append(offset=number, timestamp=START + first + number, key=b"k", value=b"v", headers=[])
    data = builder.build()
    data[:8] = first.to_bytes(8, "big")
    slice_ = Slice(PLACE, [MemoryRecords(bytes(data)).next_batch()], size)
    slice_.epoch, slice_.previous_end = epoch, after
    return slice_


def take(waiting: WaitingSlices, start: int = 0) -> list[int]:
    """The offsets of the next batch."""
    first = waiting.first()
    assert first is not None
    return [record.offset for record in waiting.pop(first, start, 100)]


def test_slices_come_out_in_the_order_of_their_chain() -> None:
    """Each where the one before it ended; what was decided on before a seek back is left out."""
    waiting = WaitingSlices(PLACE, Fetches())
    epoch = waiting.open()
    assert waiting.put(fetched(10, after=None, epoch=epoch))
    assert waiting.put(fetched(12, after=12, epoch=epoch))
    assert waiting.oldest == START + 10
    assert take(waiting, 11) == [11]
    assert take(waiting) == [12, 13]
    assert not waiting
    assert waiting.oldest is None


def test_a_slice_that_was_dropped_on_the_way_is_noticed() -> None:
    """By the next one, which says where the one before it ended, or by what was fetched and did not come."""
    waiting = WaitingSlices(PLACE, Fetches())
    epoch = waiting.open()
    waiting.put(fetched(10, after=None, epoch=epoch))
    take(waiting)
    waiting.check_whole(12)
    with pytest.raises(MissingSliceError, match="between 12 and 14"):
        waiting.check_whole(14)
    waiting.put(fetched(14, after=14, epoch=epoch))
    assert waiting.first() is None
    assert "between 12 and 14" in str(waiting.missing_slice())


def test_slices_of_another_seek_are_not_taken() -> None:
    """Neither of one before, nor of any while the partition is shut."""
    waiting = WaitingSlices(PLACE, Fetches())
    before = waiting.open()
    kept = fetched(10, after=None, epoch=before)
    waiting.put(kept)
    waiting.shut()
    assert not waiting
    assert not waiting.follows(kept)
    assert not waiting.put(fetched(12, after=12, epoch=before))
    assert waiting.put(fetched(10, after=None, epoch=waiting.open()))


def test_a_full_queue_holds_the_fetches_until_it_is_half_empty() -> None:
    """Four mebibytes hold, two let go on; shutting lets go on at once."""
    fetches = Fetches()
    waiting = WaitingSlices(PLACE, fetches)
    epoch, mebibyte = waiting.open(), 1 << 20
    for number in range(4):
        waiting.put(
            fetched(10 + 2 * number, after=10 + 2 * number if number else None, epoch=epoch, size=mebibyte)
        )
    assert fetches.held == [True]
    take(waiting)
    take(waiting)
    assert fetches.held == [True]
    take(waiting)
    assert fetches.held == [True, False]
    waiting.put(fetched(18, after=18, epoch=epoch, size=4 * mebibyte))
    waiting.shut()
    assert fetches.held == [True, False, True, False]
