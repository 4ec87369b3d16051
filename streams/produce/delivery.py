"""Delivers records through outages, and isolates records that the cluster refuses.

aiokafka retries a batch for as long as an outage lasts. But one refused record fails its whole batch and, with
idempotence, all batches after it. So a refused batch is bisected until the record is found, and the rest is sent
again with a new producer.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    CorruptRecordException,
    InvalidTimestampError,
    KafkaError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownError,
)

from streams.counted import counted
from streams.errors import TickerError, in_words
from streams.kafka.batches import batches, readable
from streams.produce.records import Home
from streams.stage import RawRecord

logger: Final = logging.getLogger(__name__)

_BATCH_BYTES: Final = 1 << 18
MAX_REQUEST_BYTES: Final = 8 << 20
"""The largest request: a strip and its envelope."""
REFUSED: Final = (
    InvalidTimestampError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    CorruptRecordException,
    PolicyViolationError,
    UnknownError,
)
"""A broker's errors on a batch because of one of its records; aiokafka has no class for INVALID_RECORD (87)."""
FORBIDDEN: Final = (TopicAuthorizationFailedError, ClusterAuthorizationFailedError)
"""Errors that a retry does not cure."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
_SAID_AFTER_S: Final = 10.0
"""Seconds without an acknowledgement after which that is logged; then again after twice as long, and so on."""
_CLOSE_S: Final = 5.0


class Refused(NamedTuple):
    """A record that the cluster refuses, and why."""

    home: Home
    record: RawRecord
    error: KafkaError


class _Chunk(NamedTuple):
    """Records of one partition that succeed or fail together."""

    home: Home
    records: Sequence[RawRecord]


class Delivery:
    """An idempotent producer that is replaced when it fails; use it as `start`, `deliver`, `stop`.

    Args:
        options: aiokafka's connection options.
        compression: The client's codec or None.
        patience: Seconds without an acknowledgement after which it gives up; None waits forever.
        stop: Set when the program should end: a delivery then gives up after `patience`, or else ten seconds, without
            an acknowledgement.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        *,
        compression: str | None,
        patience: float | None,
        stop: asyncio.Event | None = None,
    ) -> None:
        self._options = options
        self._compression = compression
        self._patience = patience
        self._stop = stop or asyncio.Event()
        self._producer: Any = None

    async def start(self) -> None:
        """Connect.

        Raises:
            KafkaError: No broker answers.
        """
        self._producer = AIOKafkaProducer(
            enable_idempotence=True,
            acks="all",
            compression_type=self._compression,
            max_batch_size=_BATCH_BYTES,
            max_request_size=MAX_REQUEST_BYTES,
            **self._options,
        )
        await self._producer.start()

    async def stop(self) -> None:
        """Disconnect; a producer that hangs is left to itself."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(_CLOSE_S):
                    await producer.stop()

    async def partitions_of(self, topic: str) -> int:
        """How many partitions a topic has."""
        return len(await self._producer.partitions_for(topic))

    async def deliver(self, records: Mapping[Home, Sequence[RawRecord]]) -> list[Refused]:
        """Write records, each partition's in order, until all in-sync replicas have them; gives those refused.

        Raises:
            TickerError: The cluster does not authorize this client, or the patience ended (`Delivery`).
        """
        refused: list[Refused] = []
        left = [_Chunk(home, of_home) for home, of_home in records.items() if of_home]
        wait = _Wait(self._patience, self._stop)
        while left:
            done, failed = await self._attempt(left, wait)
            left = [chunk for chunk, _ in failed]
            if not failed:
                break
            halved: list[_Chunk] = []
            for chunk, error in failed:
                if isinstance(error, FORBIDDEN):
                    raise TickerError(
                        f"Kafka does not let this client write to {chunk.home[0]}: {in_words(error)}"
                    ) from error
                if not isinstance(error, REFUSED):
                    halved.append(chunk)
                elif len(chunk.records) == 1:
                    refused.append(Refused(chunk.home, chunk.records[0], error))
                else:
                    middle = len(chunk.records) // 2
                    halved += [
                        _Chunk(chunk.home, chunk.records[:middle]),
                        _Chunk(chunk.home, chunk.records[middle:]),
                    ]
            left = halved
            await self._renew(
                wait, failed[0][1], waiting=sum(len(chunk.records) for chunk in left), went_on=done > 0
            )
        wait.over()
        return refused

    async def _attempt(
        self, chunks: Sequence[_Chunk], wait: "_Wait"
    ) -> tuple[int, list[tuple[_Chunk, KafkaError]]]:
        """Send chunks once; gives the number of acknowledged batches, and each failed one with its error."""
        sent: list[tuple[_Chunk, asyncio.Future[Any]]] = []
        failed: list[tuple[_Chunk, KafkaError]] = []
        for home, records in chunks:
            at = 0
            for batch in batches(self._producer, records):
                part = _Chunk(home, records[at : at + batch.record_count()])
                at += len(part.records)
                try:
                    future = readable(await self._producer.send_batch(batch, home[0], partition=home[1]))
                except KafkaError as error:
                    failed.append((part, error))
                else:
                    sent.append((part, future))
        waiting = {future for _, future in sent}
        acknowledged = 0
        while waiting:
            done, waiting = await asyncio.wait(waiting, timeout=_FIRST_PAUSE_S)
            if not done:
                wait.check(len(waiting), "no acknowledgement")
        for part, future in sent:
            problem = future.exception()
            if isinstance(problem, KafkaError):
                failed.append((part, problem))
            elif problem is not None:
                raise problem
            else:
                acknowledged += 1
        return acknowledged, failed

    async def _renew(self, wait: "_Wait", error: KafkaError, *, waiting: int, went_on: bool) -> None:
        """Replace the producer: after a failed batch its sequence numbers have a gap, which brokers refuse."""
        if went_on or isinstance(error, REFUSED):
            wait.over()
        pause = _FIRST_PAUSE_S
        while True:
            await self.stop()
            try:
                await self.start()
            except KafkaError as problem:
                await self.stop()
                wait.check(waiting, str(problem))
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)
            else:
                return


class _Wait:
    """The time since the last acknowledgement: logs it with backoff, and ends it with the patience."""

    def __init__(self, patience: float | None, stop: asyncio.Event) -> None:
        self._patience = patience
        self._stop = stop
        self._clock = asyncio.get_running_loop().time
        self._since = self._clock()
        self._say_after = _SAID_AFTER_S
        self._said = False

    def over(self) -> None:
        """Start anew: something was acknowledged, or a broker answered."""
        if self._said:
            logger.info("Kafka acknowledges again, after %.0f s", self._clock() - self._since)
        self._since = self._clock()
        self._say_after = _SAID_AFTER_S
        self._said = False

    def check(self, waiting: int, problem: str) -> None:
        """Log the wait if the time has come for it.

        Raises:
            TickerError: The patience has ended.
        """
        waited = self._clock() - self._since
        patience = (self._patience or _SAID_AFTER_S) if self._stop.is_set() else self._patience
        if patience is not None and waited > patience:
            raise TickerError(
                f"{counted(waiting, 'record')} could not be published within {waited:.0f} s: {problem};"
                " publish the same input again, ids stay the same"
            )
        if waited > self._say_after:
            logger.warning(
                "Kafka has acknowledged nothing for %.0f s (%s): reading waits, nothing is lost",
                waited,
                problem,
            )
            self._said = True
            self._say_after = 2 * waited
