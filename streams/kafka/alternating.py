"""Two transactional producers that take turns, so that a transaction need not wait for the markers of the last.

A broker answers a commit before it has written the markers, and until then it refuses the same producer's next
transaction (CONCURRENT_TRANSACTIONS; aiokafka retries after 20 ms). Another producer may begin one at once.
Transactions still follow each other one by one, but in a third of the time.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from streams.kafka.transaction import TransactionalProducer
from streams.stage import RawRecord


class AlternatingProducers:
    """Writes one transaction at a time, in turn under two transactional ids; fences older producers of both."""

    def __init__(self, transactional_id: str, topics: Collection[str], options: Mapping[str, Any]) -> None:
        self._next, self._last = (
            TransactionalProducer(f"{transactional_id}-{turn}", topics, options) for turn in "ab"
        )

    async def start(self) -> None:
        """Fence older producers of both ids: they can commit nothing after this returns."""
        await asyncio.gather(self._next.start(), self._last.start())

    async def commit(self, records: Mapping[str, Sequence[RawRecord]], partition: int) -> None:
        """Write records in one transaction (`TransactionalProducer.commit`)."""
        self._next, self._last = self._last, self._next
        await self._last.commit(records, partition)

    async def dispose(self, grace: float) -> None:
        """Stop both (`TransactionalProducer.dispose`)."""
        await asyncio.gather(self._next.dispose(grace), self._last.dispose(grace))
