"""The expiry queue of live headlines, ordered by the bucket in which each was last seen, then by key.

Headlines that expire together are handed out one at a time. A million may wait, and most move to a later bucket many
times before they expire. A move therefore searches for nothing: the old entry is only subtracted from a count, and is
dropped later (lazy deletion).
"""

from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush
from typing import Final, Generic, Protocol, TypeVar

from streams.process.dedup.event_time import BUCKET_MS


class Waiting(Protocol):
    """The part of a live headline that its expiry needs."""

    @property
    def key(self) -> bytes:
        """Its fold key."""

    bucket_end: int
    """The end of the bucket of event time in which it was seen last, in ms."""


_FEW: Final = 64
"""Keys of a shard that are not looked through, however many of their headlines have gone."""
_KEPT: Final = 4
"""Of more keys at least one in so many is of a headline that waits."""

HeadlineT = TypeVar("HeadlineT", bound=Waiting)


def shard_of(headline: Waiting) -> int:
    """The shard in which a headline waits for its expiry: the end of its bucket plus the first digit of its key.

    One shard is sorted at a time, which is a sixteenth of a bucket, however many headlines expire together.
    """
    return headline.bucket_end + (headline.key[0] if headline.key else 0)


def end_of_shard(shard: int) -> int:
    """The end of the bucket that a shard is a part of."""
    return shard - shard % BUCKET_MS


class _Shard:
    """The keys of waiting headlines, and of some that have left; a key that left and came back is there twice."""

    __slots__ = ("keys", "waiting")

    def __init__(self) -> None:
        self.keys: list[bytes] = []
        self.waiting = 0
        """How many headlines wait."""


class Ending(Generic[HeadlineT]):
    """Live headlines in the order in which they expire.

    Args:
        by_key: The live headlines by their own keys and aliases. A headline that is not under its own key has left.
    """

    def __init__(self, by_key: Mapping[bytes, HeadlineT]) -> None:
        self._by_key = by_key
        self._shards: dict[int, _Shard] = {}
        self._order: list[int] = []
        """A heap of the shards; some are empty."""
        self._leaving: list[bytes] = []
        """A heap of the keys of the earliest shard, including some of headlines that have left."""

    def __iter__(self) -> Iterator[int]:
        """The shards in which headlines wait."""
        return (number for number, shard in self._shards.items() if shard.waiting)

    def add(self, headline: HeadlineT) -> None:
        """Add a headline that is not waiting yet."""
        self._add(headline.key, shard_of(headline))

    def _add(self, key: bytes, number: int) -> None:
        shard = self._shards.get(number)
        if shard is None:
            shard = self._shards[number] = _Shard()
            heappush(self._order, number)
            if self._order[0] == number:
                self._leaving.clear()  # it leaves before the one that was leaving
        shard.keys.append(key)
        shard.waiting += 1
        if self._leaving and self._order[0] == number:
            # Also one that comes late leaves in its turn: so it does after a restart, which knows of no half way.
            heappush(self._leaving, key)

    def remove(self, headline: HeadlineT) -> None:
        """Remove a waiting headline: it ends."""
        self._remove(shard_of(headline))

    def move(self, headline: HeadlineT, end: int) -> None:
        """Move a waiting headline to another bucket, by the bucket's end."""
        number = shard_of(headline)
        self._remove(number)
        digit = number - headline.bucket_end
        headline.bucket_end = end
        self._add(headline.key, end + digit)

    def _remove(self, number: int) -> None:
        shard = self._shards[number]
        shard.waiting -= 1
        if not shard.waiting:
            shard.keys.clear()
        elif len(shard.keys) > _FEW and _KEPT * shard.waiting < len(shard.keys):
            shard.keys = self.keys(number)

    def keys(self, number: int) -> list[bytes]:
        """The keys of the headlines that wait in a shard."""
        shard = self._shards.get(number)
        if shard is None or not shard.waiting:
            return []
        return [key for key in dict.fromkeys(shard.keys) if self.waiting(key, number) is not None]

    def waiting(self, key: bytes, number: int) -> HeadlineT | None:
        """The headline with a key, if it waits in this shard."""
        headline = self._by_key.get(key)
        return (
            headline
            if headline is not None and headline.key == key and shard_of(headline) == number
            else None
        )

    def is_due(self, before: int) -> bool:
        """Whether there are buckets that ended before a time (ms); they may be empty."""
        order = self._order
        return bool(order) and order[0] - order[0] % BUCKET_MS < before

    def first(self, before: int) -> HeadlineT | None:
        """The headline that expires next, among those whose bucket ended before a time (ms); None if there is none.

        The caller must remove it before the next call.
        """
        order = self._order
        while self.is_due(before):
            number = order[0]
            if not self._shards[number].waiting:
                del self._shards[heappop(order)]
                self._leaving.clear()
                continue
            if not self._leaving:
                self._leaving = self.keys(number)
                heapify(self._leaving)
            headline = self.waiting(heappop(self._leaving), number)
            if headline is not None:
                return headline
        return None
