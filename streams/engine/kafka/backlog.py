"""The backlog of a partition, for metrics: how many offsets wait to be processed, and how old the oldest is."""

import logging
import time
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.engine.kafka.observer import Backlog
from streams.stage import Processor, Remembering

logger: Final = logging.getLogger(__name__)

_MOST_SAMPLES: Final = 1_000
"""When more samples are kept than this, every other one is dropped: ages become less exact, not wrong."""


class BacklogAge:
    """Estimates how long the first unprocessed offset of a partition has been waiting, by sampling its end offset.

    An offset arrived after the last sample whose end was at or below it, and before the first whose end was above it.
    Example: the end was 100 at 12:00:00 and 180 at 12:00:05; offset 150 arrived between the two. While a worker keeps
    up, what waits at one sample is done at the next, so the age stays 0, however steady the traffic.
    """

    def __init__(self) -> None:
        self._samples: list[tuple[int, float]] = []
        """(end offset, time in s), ascending: the newest sample with nothing left to process, then all later ones."""

    def sample(self, end: int, done: int, now: float, event_time: float | None = None) -> float:
        """Take a sample; gives the age (s) of the backlog, 0 when nothing waits.

        Args:
            end: The partition's end offset now.
            done: The first offset that is not processed.
            now: Seconds since the epoch.
            event_time: The event time (s) of the record at `done`, if it was fetched. It gives the age of a backlog
                that is older than the first sample, when a worker starts behind. In a backfill, event times are old
                and the records are new: so the age never exceeds what the samples allow.
        """
        samples = self._samples
        if not samples or samples[-1][0] < end:
            samples.append((end, now))
        elif samples[-1][0] <= done:
            samples[-1] = (end, now)
        over = [at for at, (seen, _) in enumerate(samples) if seen <= done]
        del samples[: over[-1] if over else 0]
        if len(samples) > _MOST_SAMPLES:
            del samples[2::2]
        if end <= done:
            return 0.0
        after = samples[0][1] if samples[0][0] <= done else None
        before = next(at for seen, at in samples if seen > done)
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
        self._age = BacklogAge()

    async def measure(self, position: int, oldest: int | None, processor: Processor | None) -> Backlog:
        """Measure the backlog; the end of the source is asked of the partition's leader.

        While no fetched record waits, everything below the fetch position is done. That position may be higher than
        `position`, because transaction markers follow the last record and occupy offsets.

        Args:
            position: The offset after the last committed record.
            oldest: The event time (ms) of the oldest record that was fetched and is not committed; None for none.
            processor: Tells the size of its state, if it has any.
        """
        try:
            fetched = await self._consumer.fetch_position(self._partition)
            end = await self._consumer.end_offset(self._partition)
        except (KafkaError, TimeoutError) as error:
            logger.debug("%s: not known what waits: %s", self._partition, error)
            records = seconds = None
        else:
            done = max(fetched, position) if oldest is None else position
            records = max(0, end - done)
            seconds = self._age.sample(end, done, time.time(), None if oldest is None else oldest / 1000)
        return Backlog(
            self._stage,
            self._partition.partition,
            records,
            seconds,
            processor.remembered if isinstance(processor, Remembering) else None,
            processor.event_time if isinstance(processor, Remembering) else None,
        )
