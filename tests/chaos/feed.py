"""Writes the corpus at a steady rate, even through broker failures."""

import asyncio
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.topics import SIGHTINGS
from streams.settings import Connection
from tests.chaos.corpus import Corpus, PlacedRecord
from tests.chaos.topics import send

_TICK_S: Final = 0.1
_DELIVERY_S: Final = 15


class Feed:
    """A producer that writes until told to stop; `run` it as a task.

    It writes records again whose acknowledgement it missed: to the pipeline they are just further sightings.
    """

    def __init__(self, connection: Connection, prefix: str, corpus: Corpus, *, rate: float) -> None:
        self._connection = connection
        self._topic = SIGHTINGS.on(prefix)
        self._corpus = corpus
        self._rate = rate
        self._stop = asyncio.Event()
        self.written = 0
        """Records that were acknowledged."""

    def stop(self) -> None:
        """Let `run` end after what it is writing."""
        self._stop.set()

    async def run(self) -> None:
        """Write until told to stop."""
        clock = asyncio.get_running_loop().time
        started, made = clock(), 0
        pending: list[PlacedRecord] = []
        producer: Any = None
        while pending or not self._stop.is_set():
            due = int((clock() - started) * self._rate) - made
            if not self._stop.is_set():
                pending += self._corpus.take(due)
                made += due
            try:
                async with asyncio.timeout(_DELIVERY_S):
                    producer = producer or await self._producer()
                    await send(producer, self._topic, pending)
                self.written += len(pending)
                pending = []
                await asyncio.sleep(_TICK_S)
            except (KafkaError, OSError, TimeoutError):
                await self._discard(producer)
                producer = None
                await asyncio.sleep(_TICK_S)
        if producer is not None:
            await producer.stop()

    async def _producer(self) -> Any:
        producer = AIOKafkaProducer(
            acks="all", enable_idempotence=True, **self._connection.aiokafka_options()
        )
        try:
            await producer.start()
        except BaseException:
            await self._discard(producer)
            raise
        return producer

    async def _discard(self, producer: Any) -> None:
        """Stop a failed producer within 2 s: an idempotent one cannot be reused, and its own stop may hang."""
        if producer is not None:
            with suppress(KafkaError, OSError, TimeoutError):
                await asyncio.wait_for(producer.stop(), 2)
