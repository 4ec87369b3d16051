"""Merges the records of several partitions by event time, as far as that is possible.

Kafka has no order between partitions. Records that exist at the start are merged exactly. Later ones are merged only
within one poll, because a slow worker may still write older ones.
"""

from collections import deque
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from aiokafka import TopicPartition

from streams.kafka.reader import consuming
from streams.kafka.subscribe import starts_of

_POLL_MS: Final = 500
_AHEAD: Final = 2_000
"""Records of a partition that may wait for other partitions before fetching it is paused."""


class Merge:
    """A merge by event time: a record waits until no pending partition can still bring an older one.

    Args:
        pending: The partitions that have records to read up to their end offsets at the start.
    """

    def __init__(self, pending: Collection[TopicPartition]) -> None:
        self._pending = set(pending)
        self._waiting: dict[TopicPartition, deque[Any]] = {}

    def add(self, partition: TopicPartition, records: Sequence[Any]) -> None:
        """Take what was fetched from a partition, in order."""
        self._waiting.setdefault(partition, deque()).extend(records)

    def finish(self, partition: TopicPartition) -> None:
        """Note that a partition was read up to its end offset at the start, so that others need not wait for it."""
        self._pending.discard(partition)

    @property
    def pending(self) -> frozenset[TopicPartition]:
        """The partitions that others still wait for."""
        return frozenset(self._pending)

    def far_ahead(self) -> Iterator[TopicPartition]:
        """Partitions with so many waiting records that fetching them should pause."""
        return (partition for partition, records in self._waiting.items() if len(records) >= _AHEAD)

    def ready(self) -> Iterator[Any]:
        """Take the records that need not wait, oldest first; each partition's own order is kept."""
        while all(self._waiting.get(partition) for partition in self._pending):
            heads = [
                (records[0].timestamp, partition) for partition, records in self._waiting.items() if records
            ]
            if not heads:
                return
            yield self._waiting[min(heads)[1]].popleft()


async def merged(
    options: Mapping[str, Any], partitions: Sequence[TopicPartition], *, since: int | None, follow: bool
) -> AsyncGenerator[Any, None]:
    """Committed records of partitions in order of event time; joins no consumer group.

    Args:
        options: aiokafka's connection options.
        partitions: What to read.
        since: Start at this event time (ms); None starts at the end when following, else at the beginning.
        follow: Go on forever; else end at the end offsets of the start.
    """
    async with consuming(options, reset="earliest", fetch_wait_ms=_POLL_MS) as consumer:
        ends = await consumer.end_offsets(partitions)
        starts = await starts_of(consumer, partitions, ends, since=since, follow=follow)
        consumer.assign(partitions)
        for each in partitions:
            consumer.seek(each, starts[each])
        merge = Merge([each for each in partitions if starts[each] < ends[each]])
        while follow or merge.pending:
            for partition, records in (await consumer.getmany(timeout_ms=_POLL_MS)).items():
                merge.add(partition, records)
            for partition in merge.pending:
                if await consumer.position(partition) >= ends[partition]:
                    merge.finish(partition)
            for record in merge.ready():
                yield record
            ahead = set(merge.far_ahead())
            consumer.pause(*ahead)
            consumer.resume(*(consumer.paused() - ahead))
