"""How many records are decided on in one go: as many as take no longer than the event loop can be without."""

from typing import Any
from unittest import mock

from aiokafka import TopicPartition

from streams.engine.kafka import work
from streams.engine.kafka.outbox import KafkaOutbox
from streams.engine.kafka.work import PoisonPills
from streams.stage import Processor

PARTITION = TopicPartition("test.input", 0)


class _Slow(Processor):
    """A processor that needs so many milliseconds for each record, on a clock of its own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.per_record = 0.0
        self.pieces: list[int] = []

    def clock(self) -> float:
        """Seconds that have gone by."""
        return self.now

    def restore(self, records: Any) -> None:
        """Nothing is remembered."""

    def process(self, records: Any, out: Any) -> None:  # noqa: ARG002 (the protocol's)
        self.pieces.append(len(records))
        self.now += len(records) * self.per_record / 1000


def decided(suspects: PoisonPills, processor: _Slow, *, records: int, ms: float) -> list[int]:
    """The sizes of the pieces in which records are decided on that take so long each."""
    processor.per_record, processor.pieces = ms, []
    batch = [mock.Mock(offset=offset) for offset in range(records)]
    with mock.patch("time.monotonic", processor.clock):
        for piece in suspects.pieces(batch):
            suspects.process(processor, piece, KafkaOutbox("stage", "test", PARTITION))
    assert sum(processor.pieces) == records
    return processor.pieces


def test_pieces_become_small_where_records_take_long_and_large_again() -> None:
    """The first piece is short, for its records may all be new headlines; a batch that is quick goes in large ones."""
    suspects, processor = PoisonPills(PARTITION), _Slow()
    slow = decided(suspects, processor, records=1_000, ms=0.1)
    assert slow[0] == work._PIECE_AT_FIRST
    assert max(slow[4:]) * 0.1 <= 1000 * work._PIECE_S
    quick = decided(suspects, processor, records=10_000, ms=0.001)
    assert quick[-2] == work._PIECE


def test_records_that_take_very_long_still_go_a_few_at_a_time() -> None:
    """Else each would pay for a turn of the event loop."""
    slow = decided(PoisonPills(PARTITION), _Slow(), records=1_000, ms=50)
    assert min(slow[:-1]) == work._FEWEST
