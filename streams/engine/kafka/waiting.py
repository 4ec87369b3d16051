"""The queue of fetched slices of one partition: bounded by backpressure, and checked for missing slices."""

import itertools
from collections import deque
from typing import Any, Final

from aiokafka import TopicPartition

from streams.kafka.fetched import Slice

_BYTES: Final = 4 << 20
"""Fetched bytes of a partition in the queue at which fetching it is held back."""
_SLICES: Final = 64


class MissingSliceError(Exception):
    """A slice was lost between fetcher and runner. State and producer stay valid: seeking back is enough."""


class WaitingSlices:
    """Queues the slices that follow a seek, in order; while it is full, the partition is not fetched.

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
        """The offset after the last slice that was taken out; None when none was since the seek."""
        self._holding = False

    def __bool__(self) -> bool:
        """Whether a slice waits."""
        return bool(self._slices)

    def open(self) -> int:
        """Accept slices of a new epoch; gives that epoch, for the seek that has to follow."""
        self._epoch = next(self._epochs)
        self._end = None
        return self._epoch

    def shut(self) -> None:
        """Drop what waits, and accept nothing until `open`."""
        self._epoch = None
        self._slices.clear()
        if self._holding:
            self._release()

    def put(self, fetched: Slice) -> bool:
        """Queue a slice if it is of the current epoch; says whether it was. Never blocks."""
        if fetched.epoch != self._epoch:
            return False
        self._slices.append(fetched)
        if not self._holding and self._is_filled(_BYTES, _SLICES):
            self._holding = True
            self._consumer.hold(self._partition)
        return True

    def first(self) -> Slice | None:
        """The next slice; None if one is missing before it."""
        fetched = self._slices[0]
        return fetched if fetched.previous_end == self._end else None

    def missing_slice(self) -> MissingSliceError:
        """The error for a slice that is missing before the next one."""
        return MissingSliceError(f"a slice is missing between {self._end} and {self._slices[0].start}")

    def follows(self, fetched: Slice) -> bool:
        """Whether a slice that `first` gave is still next: the queue may have been shut since."""
        return fetched.epoch == self._epoch

    def pop(self, fetched: Slice, start: int, most: int) -> list[Any]:
        """Take at most so many of the next records that are at or above `start`, or none; `fetched` is `first`."""
        records = fetched.pop(start, most)
        if not fetched:
            self._slices.popleft()
            self._end = fetched.end
        if self._holding and not self._is_filled(_BYTES // 2, _SLICES // 2):
            self._release()
        return records

    def check_whole(self, fetched_end: int | None) -> None:
        """Check that a slice that was fetched some time ago has arrived; `fetched_end` is the offset after it.

        Raises:
            MissingSliceError: It has not. The next slice would show that, but there may be none.
        """
        if fetched_end is not None and fetched_end != self._end and not self._slices:
            raise MissingSliceError(f"a slice is missing between {self._end} and {fetched_end}")

    @property
    def oldest(self) -> int | None:
        """The event time (ms) of the first record that waits; None when none waits."""
        return self._slices[0].timestamp if self._slices else None

    def _is_filled(self, limit: int, slices: int) -> bool:
        return len(self._slices) >= slices or sum(each.size for each in self._slices) >= limit

    def _release(self) -> None:
        self._holding = False
        self._consumer.release(self._partition)
