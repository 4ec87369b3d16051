"""How far a partition is, told to the group about once a second: lag monitors read it, it decides nothing."""

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
        position: Tells the offset after what is committed.
    """

    def __init__(self, partition: TopicPartition, consumer: Any, position: Callable[[], int]) -> None:
        self._partition = partition
        self._consumer = consumer
        self._position = position
        self._told_at = 0.0
        self._telling: asyncio.Task[None] | None = None

    def tell_soon(self) -> None:
        """Tell it, unless that was done within the last second."""
        now = time.monotonic()
        idle = self._telling is None or self._telling.done()
        if idle and now - self._told_at > _EVERY_S:
            self._told_at = now
            self._telling = asyncio.create_task(self._tell())

    async def tell_at_close(self) -> None:
        """Tell it for the last time, within a second."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_AT_CLOSE_S):
                await self._tell()

    async def _tell(self) -> None:
        try:
            await self._consumer.commit_offset(self._partition, self._position())
        except Exception as error:  # noqa: BLE001 (a display that fails must not stop the work)
            logger.debug("%s: group offset not committed: %s", self._partition, error)
