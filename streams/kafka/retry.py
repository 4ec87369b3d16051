"""Which errors may be retried, the exponential backoff between tries, and when to give up."""

import asyncio
import math
from typing import Final

from aiokafka.errors import KafkaError

TRANSIENT: Final = (KafkaError, TimeoutError, OSError)
"""Failures of the cluster, which can pass by themselves; any other exception is a bug, and a retry does not help."""


class Retry:
    """Exponential backoff: each wait after a failure is twice as long as the one before, up to a limit.

    Args:
        first: The first wait, in seconds.
        longest: The longest wait, in seconds.
        patience: Seconds since the last success, or since this was made, after which to give up.
    """

    def __init__(self, *, first: float, longest: float, patience: float = math.inf) -> None:
        self._first = first
        self._longest = longest
        self._patience = patience
        self._clock = asyncio.get_running_loop().time
        self._succeeded_at = self._clock()
        self.failures = 0
        """Consecutive failures."""

    def succeeded(self) -> None:
        """Reset the backoff and the patience."""
        self.failures = 0
        self._succeeded_at = self._clock()

    @property
    def is_spent(self) -> bool:
        """Whether the next wait would end after the patience."""
        return self._clock() + self._wait > self._succeeded_at + self._patience

    @property
    def _wait(self) -> float:
        doubled = 1 << min(self.failures, 32)  # uncapped, it would overflow a float after days of outage
        return min(self._first * doubled, self._longest)

    async def wait(self) -> None:
        """Count a failure, and wait before the next try."""
        wait = self._wait
        self.failures += 1
        await asyncio.sleep(wait)
