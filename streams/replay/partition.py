"""Replays one partition exactly once: records and progress are one transaction, and a retry resumes from there."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from itertools import accumulate
from typing import Any, Final
from zlib import crc32

from aiokafka import TopicPartition
from aiokafka.errors import ProducerFenced
from msgspec import Struct
from msgspec.structs import replace

from schemas.events import encode
from schemas.headers import REPLAY_ID_HEADER, REPLAY_SOURCE_HEADER
from schemas.instants import format_instant
from schemas.marks import Progress
from schemas.topics import POSITIONS
from streams.errors import TickerError, in_words
from streams.kafka.alternating import AlternatingProducers
from streams.kafka.reader import committed_reader, read_windows
from streams.kafka.retry import TRANSIENT, Retry
from streams.kafka.transaction import writing
from streams.replay import ledger
from streams.replay.pace import Errors, Lead, Pacer
from streams.replay.plan import Plan, Span
from streams.stage import RawRecord

_OPEN_TIMEOUT_S: Final = 30.0
_RETRY_S: Final = 0.5
_SLICE: Final = 8_000
"""The most records in one transaction."""
_COMPRESSION: Final = "lz4"

Report = Callable[[str], None]
_Copy = Callable[[AlternatingProducers, Sequence[Any]], Awaitable[None]]


class Written(Struct, frozen=True):
    """What one transaction of a replay contained."""

    partition: int
    """The partition of the source."""
    read: int
    """Records read, those that were filtered out included."""
    written: int
    event_time: int
    """That of the last record written, in ms; 0 if none was."""


class Clusters(Struct, frozen=True, kw_only=True):
    """aiokafka's connection options of both ends."""

    source: Mapping[str, Any]
    target: Mapping[str, Any]


class PartitionReplay:
    """One partition of a replay.

    Args:
        plan: The plan.
        span: The partition and its offsets.
        target: The partition of the target topic.
        clusters: How to connect.
        pacer: Decides when records are due.
        errors: Gets the distances of records from their due times.
        written: Called with every transaction.
        report: Called with a message for each failure that is retried.
        patience: Seconds without success after which it gives up.
    """

    def __init__(
        self,
        *,
        plan: Plan,
        span: Span,
        target: int,
        clusters: Clusters,
        pacer: Pacer,
        errors: Errors,
        written: Callable[[Written], None],
        report: Report,
        patience: float,
    ) -> None:
        self._plan = plan
        self._span = span
        self._target = target
        self._clusters = clusters
        self._pacer = pacer
        self._errors = errors
        self._written = written
        self._report = report
        self._patience = patience
        self._taken = plan.predicate
        self._last_due = plan.last_due or 0
        self._topic = plan.target_topic
        self._positions = POSITIONS.on(plan.target.prefix)
        self._key = ledger.progress_key(plan.id, span.partition)
        self._id_header = (REPLAY_ID_HEADER, plan.id.encode())
        self._from = f"{plan.source_topic}/{span.partition}/".encode()
        self._lead = Lead()
        self._progress: Progress | None = None
        self._retry: Retry | None = None
        self.opened = asyncio.Event()
        """Set once it can write."""
        self.warm = asyncio.Event()
        """Set once the warm-up is written; the pacer begins once that of all partitions is."""

    @property
    def done(self) -> Progress:
        """Its progress; known once it is `opened`."""
        assert self._progress is not None
        return self._progress

    async def _read_progress(self) -> Progress:
        """The progress recorded on the target; that of a beginning if there is none."""
        async with committed_reader(self._clusters.target, (self._positions, self._topic)) as reader:
            found = await ledger.read_progress(reader, self._plan.target.prefix, self._key, self._target)
            if found is not None:
                return found
            base = await reader.end(TopicPartition(self._topic, self._target))
            return Progress(offset=self._span.first, base=base)

    async def run(self) -> Progress:
        """Replay to the end of the span.

        Raises:
            TickerError: Another process replays this plan, records are gone, or a cluster stays away.
        """
        self._retry = Retry(first=_RETRY_S, longest=_RETRY_S, patience=self._patience)
        while True:
            try:
                return await self._attempt()
            except ProducerFenced:
                raise TickerError(
                    f"replay {self._plan.id}: another `ticker replay apply` of this plan has taken over, or this one"
                    " stood still for too long; what it wrote is whole, applying again goes on"
                ) from None
            except TRANSIENT as error:
                if self._retry.is_spent:
                    raise TickerError(
                        f"partition {self._span.partition}: nothing could be written for"
                        f" {self._patience:.0f} s: {in_words(error)}; when it is mended, `ticker replay apply` goes on"
                        " where this stopped, nothing is lost or doubled"
                    ) from error
                self._report(f"partition {self._span.partition}: {in_words(error)}; trying again")
                await self._retry.wait()

    async def next_time(self) -> int | None:
        """The event time (ms) of the first record that is not replayed yet; None if there is none.

        A late record that is older than the window counts as of the window's beginning.
        """
        source = TopicPartition(self._plan.source_topic, self._span.partition)
        window = {source: (self.done.offset, self._span.end)}
        async with aclosing(read_windows(self._clusters.source, window, at_once=_SLICE)) as slices:
            async for _, records in slices:
                chosen, _ = self._choose(records)
                if chosen:
                    return max(int(chosen[0].timestamp), self._plan.begins or 0)
        return None

    async def _attempt(self) -> Progress:
        """Fence other runs, read back the progress, and replay from there."""
        producers = AlternatingProducers(
            ledger.transactional_id(self._plan.id, self._span.partition),
            (self._topic, self._positions),
            {**self._clusters.target, "compression_type": _COMPRESSION},
        )
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(_OPEN_TIMEOUT_S):
                await stack.enter_async_context(writing(producers))
                self._progress = await self._read_progress()
                await self._write_progress(producers)
            self.opened.set()
            await self._copy(producers, self._span.warmed_up, self._copy_at_once)
            self.warm.set()
            await self._copy(producers, self._span.end, self._copy_when_due)
        return self.done

    async def _copy(self, producer: AlternatingProducers, end: int, copy: _Copy) -> None:
        """Replay from the current progress to offset `end`, excluded."""
        source = TopicPartition(self._plan.source_topic, self._span.partition)
        window = {source: (self.done.offset, end)}
        async with aclosing(read_windows(self._clusters.source, window, at_once=_SLICE)) as slices:
            async for _, records in slices:
                await copy(producer, records)
        if self.done.offset < end:
            await self._commit(producer, (), 0, end)

    async def _copy_at_once(self, producer: AlternatingProducers, records: Sequence[Any]) -> None:
        """Write records of the warm-up, at once."""
        chosen, _ = self._choose(records)
        await self._pacer.unheld()
        await self._commit(producer, chosen, len(records), records[-1].offset + 1)

    async def _copy_when_due(self, producer: AlternatingProducers, records: Sequence[Any]) -> None:
        """Write records when they are due; the progress passes filtered ones together with the next that is written.

        A late record is due together with the record before it, so that the order is kept. The run-out is due at the
        window's end.
        """
        chosen, passed = self._choose(records)
        times = list(accumulate((min(record.timestamp, self._last_due) for record in chosen), max))
        clock = asyncio.get_running_loop().time
        taken = read = 0
        while taken < len(chosen):
            first, taken = taken, taken + await self._pacer.take(times, taken, self._lead.seconds)
            part = chosen[first:taken]
            behind = passed[taken - 1] if taken < len(chosen) else len(records)
            started = clock()
            await self._commit(producer, part, behind - read, records[behind - 1].offset + 1)
            read = behind
            if self._pacer.by_times:
                visible = clock()
                self._lead.measured(visible - started)
                for record, event_time in zip(part, times[first:taken], strict=True):
                    if (
                        record.timestamp <= self._last_due
                    ):  # records of the run-out have no due time of their own
                        self._errors.add(visible - self._pacer.due(event_time))
        if not chosen:
            await self._commit(producer, (), len(records), records[-1].offset + 1)

    def _choose(self, records: Sequence[Any]) -> tuple[Sequence[Any], Sequence[int]]:
        """The records that pass the filter, each with its place (from 1) among all that were read."""
        if self._taken is None:
            return records, range(1, len(records) + 1)
        chosen = [record for record in records if self._taken(record)]
        if len(chosen) == len(records):
            return records, range(1, len(records) + 1)
        numbers = {record.offset: number for number, record in enumerate(records, 1)}
        return chosen, [numbers[record.offset] for record in chosen]

    async def _commit(self, producer: AlternatingProducers, part: Sequence[Any], read: int, end: int) -> None:
        before = self.done
        progress = replace(
            before,
            offset=end,
            read=before.read + read,
            filtered=before.filtered + read - len(part),
            written=before.written + len(part),
            event_time=format_instant(part[-1].timestamp) if part else before.event_time,
            checksum=crc32(b"".join([record.value or b"" for record in part]), before.checksum),
        )
        batch = {self._positions: [self._progress_record(progress)]}
        if part:
            batch[self._topic] = self._raw(part)
        await producer.commit(batch, self._target)
        self._progress = progress
        assert self._retry is not None
        self._retry.succeeded()
        self._written(Written(self._span.partition, read, len(part), part[-1].timestamp if part else 0))

    async def _write_progress(self, producer: AlternatingProducers) -> None:
        """Write the initial progress with each of the two producers: so no commit of records is a producer's first."""
        for _ in range(2):
            await producer.commit({self._positions: [self._progress_record(self.done)]}, self._target)

    def _progress_record(self, progress: Progress) -> RawRecord:
        return RawRecord(self._key, encode(progress), time.time_ns() // 1_000_000, [])

    def _raw(self, records: Sequence[Any]) -> list[RawRecord]:
        """The records as they were, with our headers appended: the first header of a sighting must stay its source."""
        ours, name, place = self._id_header, REPLAY_SOURCE_HEADER, self._from
        return [
            RawRecord(
                record.key,
                record.value,
                record.timestamp,
                [*record.headers, ours, (name, b"%b%d" % (place, record.offset))],
            )
            for record in records
        ]
