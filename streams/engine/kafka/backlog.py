"""What of a partition waits to be processed, as it is told to whoever watches."""

import time
from typing import Any

from aiokafka import TopicPartition

from streams.engine.kafka.observer import Backlog
from streams.stage import Processor, Remembering


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
        self._behind_since: float | None = None
        """When records that are not fetched were first found, until there are none."""

    async def measure(self, position: int, oldest: int | None, processor: Processor | None) -> Backlog:
        """What waits; the end of the source is asked from its leader.

        While nothing that was fetched waits, all below the fetch position is done: offsets of transaction
        markers lie between it and the last record.

        Args:
            position: The offset after what is committed.
            oldest: The event time (ms) of the oldest record that was fetched and is not committed.
            processor: Who may say how much it remembers.
        """
        fetched = await self._consumer.fetch_position(self._partition)
        end = (await self._consumer.highwaters(self._partition))[self._partition]
        records = max(0, end - (position if oldest else max(fetched, position)))
        if not records:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = time.time()
        since = oldest / 1000 if oldest else self._behind_since
        return Backlog(
            self._stage,
            self._partition.partition,
            records,
            max(0.0, time.time() - since) if records and since else 0.0,
            processor.remembered if isinstance(processor, Remembering) else None,
        )
