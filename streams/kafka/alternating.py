"""Two transactional producers that take turns, so that one transaction need not wait for the end of the last.

A broker answers a commit before it has written the markers, and refuses the next transaction of that producer
until it has (CONCURRENT_TRANSACTIONS; aiokafka asks again after 20 ms). The next transaction of another
producer is free to begin: transactions still follow each other one by one, a third as far apart.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from streams.kafka.transaction import TransactionalProducer
from streams.stage import RawRecord


class AlternatingProducers:
    """One transaction at a time, in turn under two transactional ids; whoever held either is fenced."""

    def __init__(self, transactional_id: str, topics: Collection[str], options: Mapping[str, Any]) -> None:
        self._next, self._last = (
            TransactionalProducer(f"{transactional_id}-{turn}", topics, options) for turn in "ab"
        )

    async def start(self) -> None:
        """Fence older producers of both ids: nothing of theirs can be committed after this returns."""
        await asyncio.gather(self._next.start(), self._last.start())

    async def commit(self, records: Mapping[str, Sequence[RawRecord]], partition: int) -> None:
        """Write records in one transaction (`TransactionalProducer.commit`)."""
        self._next, self._last = self._last, self._next
        await self._last.commit(records, partition)

    async def dispose(self, grace: float) -> None:
        """Stop both (`TransactionalProducer.dispose`)."""
        await asyncio.gather(self._next.dispose(grace), self._last.dispose(grace))
