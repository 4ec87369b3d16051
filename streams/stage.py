"""The definition of a stage, and the protocols between processors and the engines that run them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from msgspec import Struct

from schemas.events import Event
from schemas.topics import DEADLETTERS, POSITIONS, Topic


class Record(Protocol):
    """A record as a processor sees it; aiokafka's records have these attributes too.

    On Kafka `value` is bytes. In the local engine it is the event itself, not encoded.
    """

    @property
    def key(self) -> bytes | None:
        """The record's key; None if it was written without one."""

    @property
    def value(self) -> bytes | Event | None:
        """The event, encoded or not; None is a tombstone."""

    @property
    def timestamp(self) -> int:
        """Event time in milliseconds since the epoch."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Headers, in order; a name can occur more than once."""


class EventRecord(Struct, frozen=True, gc=False):
    """A record that is not encoded: its value is the event itself, None for a tombstone."""

    key: bytes
    value: Event | bytes | None
    """What a processor stores of its state is bytes."""
    timestamp: int
    headers: Sequence[tuple[str, bytes]] = ()


class RawRecord(Struct, frozen=True, gc=False):
    """An encoded record: as it was read from Kafka, or as it will be written."""

    key: bytes | None
    value: bytes | None
    timestamp: int
    headers: list[tuple[str, bytes]]
    """A list, because aiokafka's compiled encoder accepts nothing else."""


class Outbox(Protocol):
    """Collects a processor's outputs. An engine makes one for each transaction or batch."""

    def send(self, topic: Topic, key: bytes, event: Event, timestamp: int) -> None:
        """Publish an event on the partition of the input; `timestamp` is event time in ms."""

    def store(self, topic: Topic, key: bytes, value: Callable[[bytes], bytes], timestamp: int) -> None:
        """Write a key of a compacted topic as it is when the transaction ends.

        However often a key changes until then, one record is written (write-behind caching): `value(key)` encodes it.
        `send` and `forget` of the key take precedence over what was stored before them.
        """

    def forget(self, topic: Topic, key: bytes, timestamp: int) -> None:
        """Delete a key of a compacted topic, by a tombstone."""

    def reject(self, record: Record, error: Exception) -> None:
        """Send a record that cannot be processed to the dead letters, with the reason."""

    def count(self, outcome: str, records: int = 1) -> None:
        """Count input records by outcome: the terms of "The law" in docs/architecture.md."""


class Processor(Protocol):
    """Makes a stage's decisions, without Kafka, clock or I/O. The same class runs in every engine."""

    def restore(self, records: Sequence[Record]) -> None:
        """Rebuild state from records of the stage's state topic, in order; a value of None is a tombstone."""

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        """Process a batch of records of one partition, in order."""


@runtime_checkable
class Remembering(Protocol):
    """A stateful processor: it reports the size of its state and its event time."""

    @property
    def remembered(self) -> int:
        """The number of keys in its state."""

    @property
    def event_time(self) -> int | None:
        """Its event time, in ms since the epoch; None before the first record."""

    @property
    def clocks(self) -> Mapping[str, int]:
        """The number of records so far whose timestamp was far from `event_time`, by `ahead` and `late`."""

    def prepare(self) -> Iterator[None]:
        """Build the indexes after a restore, in steps of some milliseconds; `process` finishes any remaining steps."""


def _nothing() -> None:
    """Nothing to load."""


class Stage(Struct, frozen=True, kw_only=True):
    """One step of the topology: its source, state and output topics.

    `processor` makes the processor of one partition of `source`.
    """

    name: str
    source: Topic
    state: Topic | None
    outputs: tuple[Topic, ...]
    processor: Callable[[], Processor]
    outcomes: Mapping[str, str]
    """Every outcome that the processor counts, with its meaning."""
    warm_up: Callable[[], None] = _nothing
    """Loads what the first decisions would load otherwise, while records wait: once in a process."""

    @property
    def topics(self) -> tuple[Topic, ...]:
        """Every topic that the stage uses, its source first."""
        state = () if self.state is None else (self.state,)
        return (self.source, *state, *self.outputs, POSITIONS, DEADLETTERS)
