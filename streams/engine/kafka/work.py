"""What one transaction will commit, and how records that make a processor raise are told from the others."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from aiokafka import TopicPartition
from msgspec import Struct, field

from schemas.cloudevents import SchemaUris
from streams.engine.kafka.failures import described
from streams.engine.kafka.outbox import KafkaOutbox
from streams.observe.headlines import note_sources
from streams.stage import Processor, Remembering

_TRANSACTION_RECORDS: Final = 32_000
_TRANSACTION_OUTPUTS: Final = 8_000
"""A transaction with so many input records, or so many outputs, takes no further batch: the next one does."""
_TRANSACTION_S: Final = 0.08
"""Seconds after which a transaction takes no further batch, so that commits come steadily, whatever a record costs."""
_PIECE: Final = 128
"""Records of a batch that are decided on in one go, at most: 40 ms, for the slowest take 0.3 ms each."""
_FEWEST: Final = 8
_PIECE_S: Final = 0.01
"""Seconds that a piece should take: after one that took longer, the next is half as large, after one that took a
quarter of it twice as large."""


class FailingRecordError(Exception):
    """A record makes the processor raise. State is dropped; opened again, the partition goes on without it."""


class Work(Struct):
    """The outputs for a run of records."""

    out: KafkaOutbox
    began: float
    first: int = 0
    """Event time (ms) of the first record."""
    last: int = 0
    end: int = 0
    """The offset after the last record."""
    records: int = 0
    newest: dict[bytes, int] = field(default_factory=dict)
    clocks: Mapping[str, int] = field(default_factory=dict)
    """How many records had a time far from event time, by `ahead` and `late`."""

    def add(self, records: list[Any]) -> None:
        """Count records that the processor has decided on."""
        if not self.records:
            self.first = records[0].timestamp
        self.last = records[-1].timestamp
        self.records += len(records)
        note_sources(records, self.newest)

    @property
    def is_full(self) -> bool:
        """Whether it should be committed before more is decided."""
        return (
            self.records >= _TRANSACTION_RECORDS
            or self.out.size >= _TRANSACTION_OUTPUTS
            or time.monotonic() - self.began >= _TRANSACTION_S
        )


def begin(stage: str, prefix: str, partition: TopicPartition, schemas: SchemaUris) -> Work:
    """Work that nothing has been decided on yet."""
    return Work(KafkaOutbox(stage, prefix, partition, schemas), time.monotonic())


def clocks_of(processor: Processor) -> Counter[str]:
    """How many records with a time far from event time a processor has met so far, by `ahead` and `late`."""
    return Counter(processor.clocks) if isinstance(processor, Remembering) else Counter()


class Suspects:
    """Finds the records that make the processor raise.

    A processor rejects what it cannot decide on; where it raises instead, its state is spoilt and has to be restored.
    Then the records on which it raised come again, and are given to it one by one. The one on which it raises alone
    becomes a dead letter when it comes once more.
    """

    def __init__(self, partition: TopicPartition) -> None:
        self._partition = partition
        self._failing: dict[int, Exception] = {}
        """Records by offset that made the processor raise, and what."""
        self._suspected_up_to = 0
        """Below this offset the processor raised on several records together: they go one by one."""
        self._piece = _PIECE

    def pieces(self, records: list[Any]) -> Iterator[list[Any]]:
        """A batch in pieces that are decided on in one go."""
        start = 0
        while start < len(records):
            is_suspect = records[start].offset < self._suspected_up_to
            end = start + (1 if is_suspect else self._piece)
            yield records[start:end] if start or end < len(records) else records
            start = end

    def process(self, processor: Processor, piece: list[Any], out: KafkaOutbox) -> None:
        """Decide on a few records.

        Raises:
            FailingRecordError: The processor raised, on this one record.
        """
        first = piece[0]
        if len(piece) == 1 and (known := self._failing.get(first.offset)) is not None:
            out.reject(first, known)
            return
        began = time.monotonic()
        try:
            processor.process(piece, out)
            self._fit(time.monotonic() - began)
        except Exception as error:
            if len(piece) > 1:
                self._suspected_up_to = piece[-1].offset + 1
                raise
            self._failing[first.offset] = error
            place = f"{self._partition.topic}/{self._partition.partition}/{first.offset}"
            raise FailingRecordError(f"{place} becomes a dead letter: {described(error)}") from error

    def _fit(self, took: float) -> None:
        """Make the next piece smaller after one that took long, and larger again after short ones."""
        if took > _PIECE_S:
            self._piece = max(_FEWEST, self._piece // 2)
        elif took < _PIECE_S / 4:
            self._piece = min(_PIECE, self._piece * 2)

    def forget(self, end: int) -> None:
        """Records below an offset are committed: they will not come again."""
        if self._failing:
            self._failing = {offset: error for offset, error in self._failing.items() if offset >= end}
