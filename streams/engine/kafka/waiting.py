"""The slices of one partition that wait to be decided on: a chain without a hole, and no more than memory allows."""

import itertools
from collections import deque
from typing import Any, Final

from aiokafka import TopicPartition

from streams.kafka.fetched import Slice

_BYTES: Final = 4 << 20
"""Bytes, as they were fetched: where so much of a partition waits, its fetches are held."""
_SLICES: Final = 64


class HoleError(Exception):
    """A slice was lost between the fetcher and the runner. State and producer are as good as before."""


class WaitingSlices:
    """Takes the slices that follow a seek, in order; a full queue holds the partition's fetches.

    Args:
        partition: The partition.
        consumer: The sliced Faust consumer.
    """

    def __init__(self, partition: TopicPartition, consumer: Any) -> None:
        self._partition = partition
        self._consumer = consumer
        self._slices: deque[Slice] = deque()
        self._epochs = itertools.count(1)
        self._epoch: int | None = None
        self._end: int | None = None
        """The offset after the last slice that was taken out; None for none since the seek."""
        self._holding = False

    def __bool__(self) -> bool:
        """Whether a slice waits."""
        return bool(self._slices)

    def open(self) -> int:
        """Begin a chain; gives the epoch of the seek that has to follow."""
        self._epoch = next(self._epochs)
        self._end = None
        return self._epoch

    def shut(self) -> None:
        """Forget what waits, and take nothing until a chain begins."""
        self._epoch = None
        self._slices.clear()
        if self._holding:
            self._release()

    def put(self, fetched: Slice) -> bool:
        """Take a slice if it follows the last seek; never blocks."""
        if fetched.epoch != self._epoch:
            return False
        self._slices.append(fetched)
        if not self._holding and self._is_filled(_BYTES, _SLICES):
            self._holding = True
            self._consumer.hold(self._partition)
        return True

    def first(self) -> Slice | None:
        """The slice that is next; None where it does not follow the one before it."""
        fetched = self._slices[0]
        return fetched if fetched.previous_end == self._end else None

    def hole(self) -> HoleError:
        """What is wrong where the next slice does not follow."""
        return HoleError(f"a slice is missing between {self._end} and {self._slices[0].start}")

    def follows(self, fetched: Slice) -> bool:
        """Whether a slice that was looked at is still the one that is next."""
        return fetched.epoch == self._epoch

    def pop(self, fetched: Slice, start: int) -> list[Any]:
        """The next batch's records from an offset on; there can be none. `fetched` is the slice that is next."""
        records = fetched.pop(start)
        if not fetched.batches:
            self._slices.popleft()
            self._end = fetched.end
        if self._holding and not self._is_filled(_BYTES // 2, _SLICES // 2):
            self._release()
        return records

    def check_whole(self, fetched_end: int | None) -> None:
        """See that what was fetched some time ago has come.

        Raises:
            HoleError: It has not come. The next slice would show that, but nothing says that there will be one.
        """
        if fetched_end is not None and fetched_end != self._end and not self._slices:
            raise HoleError(f"a slice is missing between {self._end} and {fetched_end}")

    @property
    def oldest(self) -> int | None:
        """The event time (ms) of the first record that waits; None for none."""
        return self._slices[0].timestamp if self._slices else None

    def _is_filled(self, limit: int, slices: int) -> bool:
        return len(self._slices) >= slices or sum(each.size for each in self._slices) >= limit

    def _release(self) -> None:
        self._holding = False
        self._consumer.release(self._partition)
