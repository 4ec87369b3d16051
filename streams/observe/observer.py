"""What an engine tells whoever watches it: commits, restores, failures. Once a batch, never once a record."""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct


class Committed(Struct, frozen=True):
    """What one transaction did."""

    stage: str
    partition: int
    records: int
    rejected: int
    counts: Mapping[str, int]
    seconds: float
    end: int
    newest_timestamp: int


class Restored(Struct, frozen=True):
    """What opening a partition brought back."""

    stage: str
    partition: int
    rows: int
    position: int
    seconds: float


class Observer(Protocol):
    """Told of what happens to a partition."""

    def committed(self, committed: Committed) -> None:
        """A slice was processed and its transaction committed."""

    def restored(self, restored: Restored) -> None:
        """A partition was opened afresh: its state is back."""

    def lost(self, stage: str, partition: int, offsets: int) -> None:
        """Retention removed offsets before they were read."""

    def failed(self, stage: str, partition: int, error: BaseException) -> None:
        """A slice or an opening failed and will be tried again."""
