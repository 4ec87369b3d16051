"""A transactional producer that fences its predecessors and can be torn down by force."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Protocol, TypeVar

from aiokafka import AIOKafkaProducer

from streams.kafka import internals
from streams.kafka.batches import send
from streams.stage import RawRecord

TRANSACTION_TIMEOUT_S: Final = 5.0
"""How long a transaction may take before we give up on it; the broker's own limit is longer."""
_STOP_S: Final = 1.0
"""How long an orderly stop may take."""
_BROKER_TIMEOUT_MS: Final = 20_000
_REQUEST_TIMEOUT_MS: Final = 10_000
_BATCH_BYTES: Final = 1 << 18
MAX_REQUEST_BYTES: Final = 16 << 20
"""The largest request, and so the largest dead letter that can be kept."""


class TransactionalProducer:
    """One transaction at a time under one transactional id (KIP-98), writing to `topics`."""

    def __init__(self, transactional_id: str, topics: Collection[str], options: Mapping[str, Any]) -> None:
        self._topics = topics
        self._producer = AIOKafkaProducer(
            transactional_id=transactional_id,
            transaction_timeout_ms=_BROKER_TIMEOUT_MS,
            request_timeout_ms=_REQUEST_TIMEOUT_MS,
            max_batch_size=_BATCH_BYTES,
            max_request_size=MAX_REQUEST_BYTES,
            **options,
        )

    async def start(self) -> None:
        """Fence older producers of this id: their open transaction is aborted before this returns."""
        await self._producer.start()
        await internals.learn_topics(self._producer, self._topics)

    async def commit(self, records: Mapping[str, Sequence[RawRecord]], partition: int) -> None:
        """Write records by topic, all to the same partition number, in one transaction.

        Raises:
            TimeoutError: The transaction took longer than `TRANSACTION_TIMEOUT_S`.
            KafkaError: The transaction failed, or the producer was fenced.
        """
        await self.write({(topic, partition): of_topic for topic, of_topic in records.items()})

    async def write(
        self, records: Mapping[tuple[str, int], Sequence[RawRecord]], *, singly: bool = False
    ) -> None:
        """Write records by topic and partition, each partition's in order, in one transaction.

        With `singly` each record is sent as a batch of its own: its size alone decides whether Kafka accepts it.

        Raises:
            TimeoutError: The transaction took longer than `TRANSACTION_TIMEOUT_S`; it may have been committed.
            KafkaError: The transaction failed, or the producer was fenced.
        """
        parts = [records]
        if singly:
            parts = [{home: [record]} for home, of_home in records.items() for record in of_home]
        async with asyncio.timeout(TRANSACTION_TIMEOUT_S):
            await self._producer.begin_transaction()
            for part in parts:
                await send(self._producer, part)
            await self._producer.commit_transaction()

    async def write_and_abort(self, records: Mapping[tuple[str, int], Sequence[RawRecord]]) -> None:
        """Write records by topic and partition, then abort: tests whether the cluster accepts them, or writes markers.

        Raises:
            TimeoutError: The transaction took longer than `TRANSACTION_TIMEOUT_S`.
            KafkaError: The cluster refused a record, or the producer was fenced; drop the producer.
        """
        async with asyncio.timeout(TRANSACTION_TIMEOUT_S):
            await self._producer.begin_transaction()
            await send(self._producer, records)
            await self._producer.abort_transaction()

    async def partitions_of(self, topic: str) -> int:
        """How many partitions a topic has."""
        return len(await self._producer.partitions_for(topic))

    async def dispose(self, grace: float) -> None:
        """Abort and stop within `grace` seconds, else tear the producer down without the broker's help.

        aiokafka's own stop and abort can hang while the broker is away.
        """
        stopped = False
        try:
            stopped = grace > 0 and await self._stop(grace)
        finally:
            # Also when cancelled: the sender's task would go on forever.
            if not stopped:
                await self._tear_down()

    async def _stop(self, grace: float) -> bool:
        """Abort and stop with the broker's help; says whether that worked."""
        with suppress(Exception):
            async with asyncio.timeout(grace):
                if internals.is_in_transaction(self._producer):
                    await self._producer.abort_transaction()
                if not internals.is_broken(self._producer):
                    await self._producer.stop()
                    return True
        return False

    async def _tear_down(self) -> None:
        sender = internals.abandon(self._producer)
        if sender is not None:
            # At the first cancellation the sender waits for requests in flight; the second cancels those.
            for _ in range(2):
                if not sender.done():
                    sender.cancel()
                    await asyncio.wait([sender], timeout=0.5)
            if sender.done() and not sender.cancelled():
                sender.exception()
        with suppress(Exception):
            async with asyncio.timeout(2):
                await self._producer.client.close()


class Writer(Protocol):
    """Writes in transactions: one producer, or two that take turns (`streams.kafka.alternating`)."""

    async def start(self) -> None:
        """Fence older producers of the same transactional id."""

    async def dispose(self, grace: float) -> None:
        """Stop within `grace` seconds, else without the broker's help."""


_WriterT = TypeVar("_WriterT", bound=Writer)


@asynccontextmanager
async def writing(writer: _WriterT) -> AsyncIterator[_WriterT]:
    """A writer, started while the context lasts; after an error it is torn down without the broker's help."""
    grace = 0.0
    try:
        await writer.start()
        yield writer
        grace = _STOP_S
    finally:
        await writer.dispose(grace)
