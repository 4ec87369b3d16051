"""What of a partition waits to be processed, and for how long, as it is told to whoever watches."""

import logging
import time
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.engine.kafka.observer import Backlog
from streams.stage import Processor, Remembering

logger: Final = logging.getLogger(__name__)

_MOST_LOOKS: Final = 1_000
"""Where so many are kept, every other one is forgotten: ages become less exact, not wrong."""


class Ages:
    """Tells since when the first unprocessed offset of a partition has been waiting, from looks at its end.

    Every look says where the partition ended at a moment: an offset came after the last look that ended at or below
    it, and before the first that ended above it. While a worker keeps up, what waits at one look is done at the
    next, so nothing grows old, however steady the traffic.
    """

    def __init__(self) -> None:
        self._looks: list[tuple[int, float]] = []
        """Ends and moments (s), in order: the newest that is done with, and those that are not."""

    def look(self, end: int, done: int, now: float, event_time: float | None = None) -> float:
        """The age (s) of what waits, 0 for nothing.

        Args:
            end: Where the partition ends now.
            done: The first offset that is not processed.
            now: Seconds since the epoch.
            event_time: That of the record at `done` (s), where it was fetched: it tells the age of what waited before
                the first look, for a worker that starts behind. A backfill's says nothing, so it never makes older
                than what was looked at can be.
        """
        looks = self._looks
        if not looks or looks[-1][0] < end:
            looks.append((end, now))
        elif looks[-1][0] <= done:
            looks[-1] = (end, now)
        over = [at for at, (seen, _) in enumerate(looks) if seen <= done]
        del looks[: over[-1] if over else 0]
        if len(looks) > _MOST_LOOKS:
            del looks[2::2]
        if end <= done:
            return 0.0
        after = looks[0][1] if looks[0][0] <= done else None
        before = next(at for seen, at in looks if seen > done)
        oldest = before if event_time is None else min(before, event_time)
        return max(0.0, now - (oldest if after is None else max(oldest, after)))


class BacklogWatch:
    """Measures the backlog of one partition.

    Args:
        stage: The stage's name.
        partition: The partition.
        consumer: The sliced Faust consumer.
    """

    def __init__(self, stage: str, partition: TopicPartition, consumer: Any) -> None:
        self._stage = stage
        self._partition = partition
        self._consumer = consumer
        self._ages = Ages()

    async def measure(self, position: int, oldest: int | None, processor: Processor | None) -> Backlog:
        """What waits; the end of the source is asked from its leader.

        While nothing that was fetched waits, all below the fetch position is done: offsets of transaction
        markers lie between it and the last record.

        Args:
            position: The offset after what is committed.
            oldest: The event time (ms) of the oldest record that was fetched and is not committed.
            processor: Who may say how much it remembers.
        """
        try:
            fetched = await self._consumer.fetch_position(self._partition)
            end = await self._consumer.end_offset(self._partition)
        except (KafkaError, TimeoutError) as error:
            logger.debug("%s: not known what waits: %s", self._partition, error)
            records = seconds = None
        else:
            done = position if oldest else max(fetched, position)
            records = max(0, end - done)
            seconds = self._ages.look(end, done, time.time(), None if oldest is None else oldest / 1000)
        return Backlog(
            self._stage,
            self._partition.partition,
            records,
            seconds,
            processor.remembered if isinstance(processor, Remembering) else None,
            processor.event_time if isinstance(processor, Remembering) else None,
        )
