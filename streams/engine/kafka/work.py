"""What one transaction will commit, and how poison pills (records that make a processor raise) are found."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from aiokafka import TopicPartition
from msgspec import Struct, field

from schemas.cloudevents import SchemaUris
from streams.engine.kafka.outbox import KafkaOutbox
from streams.errors import described
from streams.observe.headlines import note_sources
from streams.stage import Processor, Remembering

_TRANSACTION_RECORDS: Final = 32_000
_TRANSACTION_OUTPUTS: Final = 8_000
"""A transaction that has so many input records, or so many outputs, takes no further batch."""
_TRANSACTION_S: Final = 0.08
"""Seconds after which a transaction takes no further batch, so that commits are steady whatever a record costs."""
_FIRST_S: Final = 0.005
"""The same for the first transaction after a partition was opened: a worker's are opened all at once, and the first
strips are full of new headlines."""
_AT_ONCE: Final = 128
"""The most records that are taken out of the queue at once: 5 to 10 ms of deciding if all are new headlines."""
_AT_ONCE_AT_FIRST: Final = 32
_PIECE: Final = 128
"""The most records that are decided on without a break for the event loop: 40 ms, as the slowest take 0.3 ms each."""
_ENCODED: Final = 500
"""The most state records that are encoded without a break for the event loop: about a millisecond."""
_FEWEST: Final = 8
_PIECE_AT_FIRST: Final = 8
"""The records of the first piece after a partition was opened: they may all be new headlines."""
_PIECE_S: Final = 0.002
"""Seconds that a piece should take. After a longer one the next is half as large; after one of less than a quarter of
this time it is twice as large."""


class PoisonPillError(Exception):
    """A record makes the processor raise: once the state is restored, it becomes a dead letter."""


class Work(Struct):
    """A transaction in the making: what was decided on consecutive input records."""

    out: KafkaOutbox
    began: float
    """When it was begun (`time.monotonic`)."""
    seconds: float = _TRANSACTION_S
    """After how many it takes no further batch."""
    at_once: int = _AT_ONCE
    """The most records of a batch."""
    first: int = 0
    """Event time (ms) of the first record."""
    last: int = 0
    """Event time (ms) of the last record."""
    end: int = 0
    """The offset after the last record."""
    records: int = 0
    newest: dict[bytes, int] = field(default_factory=dict)
    """By source, the event time (ms) of its newest record."""
    clocks: Mapping[str, int] = field(default_factory=dict)
    """Input records whose own time was far from event time, by `ahead` and `late`."""

    def add(self, records: list[Any]) -> None:
        """Count records that the processor has decided on."""
        if not self.records:
            self.first = records[0].timestamp
        self.last = records[-1].timestamp
        self.records += len(records)
        note_sources(records, self.newest)

    @property
    def is_full(self) -> bool:
        """Whether it should be committed before more records are taken."""
        return (
            self.records >= _TRANSACTION_RECORDS
            or self.out.size >= _TRANSACTION_OUTPUTS
            or time.monotonic() - self.began >= self.seconds
        )


def begin(
    stage: str, prefix: str, partition: TopicPartition, schemas: SchemaUris, *, is_first: bool = False
) -> Work:
    """A transaction with no records yet; the first after a partition was opened, or another."""
    out, now = KafkaOutbox(stage, prefix, partition, schemas), time.monotonic()
    return Work(out, now, _FIRST_S, _AT_ONCE_AT_FIRST) if is_first else Work(out, now)


def clocks_of(processor: Processor) -> Counter[str]:
    """A processor's counts so far of records whose own time was far from event time, by `ahead` and `late`."""
    return Counter(processor.clocks) if isinstance(processor, Remembering) else Counter()


class PoisonPills:
    """Finds the records that make the processor raise, and rejects each of them.

    A processor rejects records that it cannot decide on. If it raises instead, its state is spoilt: the partition is
    opened again, and the same records come a second time. Now they are given to the processor one by one, until it
    raises on a single record. After another opening that record becomes a dead letter, unseen by the processor.

    So it is where encoding what the processor stored raises, at the end of a transaction: the second time it is encoded
    after each record. The record that stored it pays, which may be another than the one that the state came from.
    """

    def __init__(self, partition: TopicPartition) -> None:
        self._partition = partition
        self._failing: dict[int, Exception] = {}
        """The poison pills that were found: the error that each caused, by offset."""
        self._suspected_up_to = 0
        """Deciding on records below this offset, or encoding what came of them, raised: they come one by one."""
        self._piece = _PIECE_AT_FIRST

    def pieces(self, records: list[Any]) -> Iterator[list[Any]]:
        """Divide a batch into pieces, each of which is given to the processor whole."""
        start = 0
        while start < len(records):
            is_suspect = records[start].offset < self._suspected_up_to
            end = start + (1 if is_suspect else self._piece)
            yield records[start:end] if start or end < len(records) else records
            start = end

    def process(self, processor: Processor, piece: list[Any], out: KafkaOutbox) -> None:
        """Let the processor decide on a piece; a known poison pill is rejected instead.

        Raises:
            PoisonPillError: The processor raised on this single record, or encoding what it stored.
            Exception: What the processor raised on several records.
        """
        first = piece[0]
        is_suspect = first.offset < self._suspected_up_to
        if len(piece) == 1 and (known := self._failing.get(first.offset)) is not None:
            out.reject(first, known)
            return
        began = time.monotonic()
        try:
            processor.process(piece, out)
            if is_suspect:
                out.flush()
            self._fit(time.monotonic() - began)
        except Exception as error:
            if len(piece) > 1:
                self._suspected_up_to = piece[-1].offset + 1
                raise
            self._failing[first.offset] = error
            place = f"{self._partition.topic}/{self._partition.partition}/{first.offset}"
            raise PoisonPillError(f"{place} becomes a dead letter: {described(error)}") from error

    def flush(self, out: KafkaOutbox, end: int) -> bool:
        """Encode some of what the processor stored, once it has decided on all of a transaction, below offset `end`.

        Returns whether that was all.

        Raises:
            Exception: What that raised. Next time it is done after each of the records.
        """
        try:
            return out.flush(_ENCODED)
        except Exception:
            self._suspected_up_to = end
            raise

    def _fit(self, took: float) -> None:
        """Adapt the size of the next piece to the time (s) that this one took."""
        if took > _PIECE_S:
            self._piece = max(_FEWEST, self._piece // 2)
        elif took < _PIECE_S / 4:
            self._piece = min(_PIECE, self._piece * 2)

    def forget(self, end: int) -> None:
        """Forget poison pills below a committed offset: they will not come again."""
        if self._failing:
            self._failing = {offset: error for offset, error in self._failing.items() if offset >= end}
