"""The events that an engine reports, for metrics: commits, restores, lag, failures. Once per batch, not per record."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from schemas.events import Event
from streams.observe.letters import Rejected


class Committed(Struct, frozen=True, kw_only=True):
    """What one committed transaction contained."""

    stage: str
    partition: int
    records: int
    """Input records; at least one."""
    newest: Mapping[bytes, int]
    """By source, the event time (ms) of the newest record that `streams.observe.headlines.note_sources` saw."""
    published: Sequence[Event]
    """The events that it published on public topics."""
    published_at: Sequence[int]
    """Their event times (ms), in the same order."""
    dead_letters: Mapping[Rejected, int]
    said: Mapping[Rejected, str]
    """An error message for each kind of dead letter."""
    counts: Mapping[str, int]
    """Input records by outcome, without dead letters."""
    clocks: Mapping[str, int] = {}
    """Input records whose own time was far from event time, by `ahead` and `late`."""
    seconds: float
    """From the first decision to the end of the commit."""
    end: int
    """The offset after the last input record."""


class Restored(Struct, frozen=True):
    """What opening a partition read back."""

    stage: str
    partition: int
    records: int
    """State records read."""
    position: int
    """The offset at which processing goes on."""
    seconds: float


class Backlog(Struct, frozen=True):
    """The lag of one partition, and the size of its processor's state."""

    stage: str
    partition: int
    records: int | None
    """Offsets between the position and the source's last stable offset; None while no broker answers."""
    seconds: float | None
    """How long the oldest of them has been waiting; 0 when none waits, None while no broker answers."""
    remembered: int | None
    """Keys that the processor holds; None for a processor without state."""
    event_time: int | None = None
    """The processor's event time, in ms; None without state, or before the first record."""


class Observer(Protocol):
    """Gets an engine's events."""

    def committed(self, committed: Committed) -> None:
        """A transaction was committed."""

    def restored(self, restored: Restored) -> None:
        """A partition was opened and its state restored."""

    def backlogs(self, backlogs: Sequence[Backlog]) -> None:
        """Every few seconds: the backlog of every partition that is assigned to this worker."""

    def lost(self, stage: str, partition: int, offsets: int) -> None:
        """Retention deleted offsets before they were processed."""

    def failed(self, stage: str, partition: int, error: BaseException) -> None:
        """A transaction, or the opening of a partition, failed and will be retried."""
