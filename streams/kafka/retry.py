"""What may be tried again, how long to wait before it is, and when that has gone on for too long."""

import asyncio
import math
from typing import Final

from aiokafka.errors import KafkaError

TRANSIENT: Final = (KafkaError, TimeoutError, OSError)
"""The cluster's failures, which can pass by themselves; any other exception is a bug and will not."""


class Retry:
    """Counts failures in a row. Each wait is twice as long as the one before it, up to a limit.

    Args:
        first: The first wait, in seconds.
        longest: The longest.
        patience: Seconds since the last success, or the beginning, after which it is of no use to go on.
    """

    def __init__(self, *, first: float, longest: float, patience: float = math.inf) -> None:
        self._first = first
        self._longest = longest
        self._patience = patience
        self._clock = asyncio.get_running_loop().time
        self._succeeded_at = self._clock()
        self.failures = 0
        """In a row."""

    def succeeded(self) -> None:
        """Begin to count again."""
        self.failures = 0
        self._succeeded_at = self._clock()

    @property
    def is_spent(self) -> bool:
        """Whether the next wait would end when patience has."""
        return self._clock() + self._wait > self._succeeded_at + self._patience

    @property
    def _wait(self) -> float:
        doubled = 1 << min(self.failures, 32)  # an outage of days must not pass what a float can hold
        return min(self._first * doubled, self._longest)

    async def wait(self) -> None:
        """Count a failure, and wait before the next try."""
        wait = self._wait
        self.failures += 1
        await asyncio.sleep(wait)


def told(error: BaseException) -> str:
    """What an error says; some of aiokafka's say nothing but their name."""
    return str(error) or type(error).__name__
