"""Commits a partition's position as the consumer group's offset about once a second.

Only tools that show consumer lag read it. A restart resumes from `ticker.positions` (`positions.py`), never from here.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from aiokafka import TopicPartition

logger: Final = logging.getLogger(__name__)

_EVERY_S: Final = 1.0
_AT_CLOSE_S: Final = 1.0


class GroupOffset:
    """The group's offset of one partition.

    Args:
        partition: The partition.
        consumer: The sliced Faust consumer.
        position: Gives the offset after the last committed record.
    """

    def __init__(self, partition: TopicPartition, consumer: Any, position: Callable[[], int]) -> None:
        self._partition = partition
        self._consumer = consumer
        self._position = position
        self._told_at = 0.0
        self._telling: asyncio.Task[None] | None = None

    def commit_soon(self) -> None:
        """Commit it in the background, unless that was done within the last second."""
        now = time.monotonic()
        idle = self._telling is None or self._telling.done()
        if idle and now - self._told_at > _EVERY_S:
            self._told_at = now
            self._telling = asyncio.create_task(self._tell())

    async def commit_at_close(self) -> None:
        """Commit it a last time; gives up after a second."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_AT_CLOSE_S):
                await self._tell()

    async def _tell(self) -> None:
        try:
            await self._consumer.commit_offset(self._partition, self._position())
        except Exception as error:  # noqa: BLE001 (a display that fails must not stop the work)
            logger.debug("%s: group offset not committed: %s", self._partition, error)
