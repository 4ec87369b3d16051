"""A transactional producer that fences whoever held its id before, and that can be torn down by force."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from streams.kafka.batches import batches
from streams.stage import RawRecord

TRANSACTION_TIMEOUT_S: Final = 5.0
"""How long a transaction may take before its producer is dropped. The broker waits longer."""
_BROKER_TIMEOUT_MS: Final = 20_000
_REQUEST_TIMEOUT_MS: Final = 10_000
_BATCH_BYTES: Final = 1 << 18
MAX_REQUEST_BYTES: Final = 16 << 20
"""The largest request, and so the largest dead letter that can be kept."""


class FencedProducer:
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
        # All at once: else the first transaction asks for each topic when it meets it, 0.1 s apart.
        await self._producer.client.set_topics(self._topics)

    async def commit(self, records: Mapping[str, Sequence[RawRecord]], partition: int) -> None:
        """Write records by topic, all to the same partition number, in one transaction.

        Raises:
            TimeoutError: The transaction took longer than `TRANSACTION_TIMEOUT_S`.
            KafkaError: The transaction failed, or the producer was fenced.
        """
        await asyncio.wait_for(self._commit(records, partition), TRANSACTION_TIMEOUT_S)

    async def _commit(self, records: Mapping[str, Sequence[RawRecord]], partition: int) -> None:
        await self._producer.begin_transaction()
        sent = [
            await self._producer.send_batch(batch, topic, partition=partition)
            for topic, of_topic in records.items()
            for batch in batches(self._producer, of_topic)
        ]
        # aiokafka commits although a batch failed: every future is looked at first.
        await asyncio.gather(*sent)
        await self._producer.commit_transaction()

    async def dispose(self, grace: float) -> None:
        """Abort and stop within `grace` seconds, else tear the producer down without the broker's help.

        aiokafka's own stop and abort can hang while the broker is away.
        """
        stopped = False
        try:
            stopped = grace > 0 and await self._stop(grace)
        finally:
            # Also when cancelled: a sender that nobody holds would go on for ever.
            if not stopped:
                await self._tear_down()

    async def _stop(self, grace: float) -> bool:
        """Abort and stop with the broker's help; whether that worked."""
        manager = self._producer._txn_manager  # noqa: SLF001
        with suppress(Exception):
            async with asyncio.timeout(grace):
                if manager.is_in_transaction():
                    await self._producer.abort_transaction()
                if not manager.is_fatal_error():
                    await self._producer.stop()
                    return True
        return False

    async def _tear_down(self) -> None:
        producer = self._producer
        producer._closed = True  # noqa: SLF001
        sender = producer._sender.sender_task  # noqa: SLF001
        waiter = producer._txn_manager._transaction_waiter  # noqa: SLF001
        if waiter is not None and waiter.done() and not waiter.cancelled():
            waiter.exception()  # has been told already; unread, asyncio would log it again
        if sender is not None:
            # The first cancellation waits for requests in flight, the second cancels those.
            for _ in range(2):
                if not sender.done():
                    sender.cancel()
                    await asyncio.wait([sender], timeout=0.5)
            if sender.done() and not sender.cancelled():
                sender.exception()
        with suppress(Exception):
            await asyncio.wait_for(producer.client.close(), 2)
