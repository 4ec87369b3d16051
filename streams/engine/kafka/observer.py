"""What an engine tells whoever watches it: commits, restores, lag, failures. Once a batch, never once a record."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from schemas.events import Event
from streams.observe.letters import Rejected


class Committed(Struct, frozen=True, kw_only=True):
    """What one transaction did."""

    stage: str
    partition: int
    records: int
    """How many were read; at least one."""
    newest: Mapping[bytes, int]
    """By source, the event time (ms) of the newest record that `streams.observe.headlines.note_sources` saw."""
    published: Sequence[Event]
    """The events for consumers (public topics) that came of it."""
    published_at: Sequence[int]
    """Their event times (ms), in the same order."""
    dead_letters: Mapping[Rejected, int]
    said: Mapping[Rejected, str]
    """What an error of each kind of dead letters says."""
    counts: Mapping[str, int]
    """Input records by outcome, dead letters aside."""
    clocks: Mapping[str, int] = {}
    """How many input records had a time far from event time, by `ahead` and `late`."""
    seconds: float
    end: int
    """The offset after the last record."""


class Restored(Struct, frozen=True):
    """What opening a partition brought back."""

    stage: str
    partition: int
    records: int
    position: int
    seconds: float


class Backlog(Struct, frozen=True):
    """What of a partition waits to be processed, and how much its processor remembers."""

    stage: str
    partition: int
    records: int | None
    """Offsets between the position and the end of what is committed in the source; None while no broker tells."""
    seconds: float | None
    """How long the oldest of them has been waiting; 0 for none, None while no broker tells."""
    remembered: int | None
    """Keys that the processor holds; None for a processor without state."""
    event_time: int | None = None
    """How far it has come, in ms; None without state, or before the first record."""


class Observer(Protocol):
    """Told of what happens to a partition."""

    def committed(self, committed: Committed) -> None:
        """Records were processed and their transaction committed."""

    def restored(self, restored: Restored) -> None:
        """A partition was opened afresh: its state is back."""

    def backlogs(self, backlogs: Sequence[Backlog]) -> None:
        """Every few seconds: what waits, for every partition that is ours now."""

    def lost(self, stage: str, partition: int, offsets: int) -> None:
        """Retention removed offsets before they were read."""

    def failed(self, stage: str, partition: int, error: BaseException) -> None:
        """A slice or an opening failed and will be tried again."""
