"""Which live headlines end next: in the order of the buckets in which they were seen last, then in one of their own.

Headlines that end together are handed out one at a time. A million of them may wait, and most move to another bucket
many times before they end, so nothing is searched for when one moves: it is counted off, and its place forgotten later.
"""

from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush
from typing import Final, Generic, Protocol, TypeVar

from streams.process.dedup.event_time import BUCKET_MS


class Waiting(Protocol):
    """A live headline, as far as its end goes."""

    @property
    def key(self) -> bytes:
        """Its fold key."""

    @property
    def bucket_end(self) -> int:
        """The end of the bucket of event time in which it was seen last, in ms."""


_FEW: Final = 64
"""Keys of a shard that are not looked through, however many of their headlines have gone."""
_KEPT: Final = 4
"""Of more keys at least one in so many is of a headline that waits."""

HeadlineT = TypeVar("HeadlineT", bound=Waiting)


def shard_of(headline: Waiting) -> int:
    """The shard in which a headline waits for its end: its bucket's end plus the first digit of its key.

    One shard is put in order at a time: a sixteenth of a bucket, however many headlines end together.
    """
    return headline.bucket_end + (headline.key[0] if headline.key else 0)


def end_of_shard(shard: int) -> int:
    """The end of the bucket that a shard is a part of."""
    return shard - shard % BUCKET_MS


class _Shard:
    """The keys of headlines that wait, and of some that have gone; those that came back stand there twice."""

    __slots__ = ("keys", "waiting")

    def __init__(self) -> None:
        self.keys: list[bytes] = []
        self.waiting = 0
        """How many headlines wait."""


class Ending(Generic[HeadlineT]):
    """Live headlines by when they end.

    Args:
        by_key: The live headlines by their keys and by others; what is not there under its own key has gone.
    """

    def __init__(self, by_key: Mapping[bytes, HeadlineT]) -> None:
        self._by_key = by_key
        self._shards: dict[int, _Shard] = {}
        self._order: list[int] = []
        """A heap of the shards; some are empty."""
        self._leaving: list[bytes] = []
        """A heap of the keys of the earliest shard, some of them of headlines that have gone."""

    def __iter__(self) -> Iterator[int]:
        """The shards in which headlines wait."""
        return (number for number, shard in self._shards.items() if shard.waiting)

    def add(self, headline: HeadlineT) -> None:
        """Let a headline wait; it does not yet."""
        number = shard_of(headline)
        shard = self._shards.get(number)
        if shard is None:
            shard = self._shards[number] = _Shard()
            heappush(self._order, number)
            if self._order[0] == number:
                self._leaving.clear()  # it leaves before the one that was leaving
        shard.keys.append(headline.key)
        shard.waiting += 1
        if self._leaving and self._order[0] == number:
            # Also one that comes late leaves in its turn: so it does after a restart, which knows of no half way.
            heappush(self._leaving, headline.key)

    def remove(self, headline: HeadlineT) -> None:
        """Let a headline wait no more: it ends, or its bucket changes after this."""
        number = shard_of(headline)
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
        """The headline of a key, if it waits in this shard."""
        headline = self._by_key.get(key)
        return (
            headline
            if headline is not None and headline.key == key and shard_of(headline) == number
            else None
        )

    def is_due(self, before: int) -> bool:
        """Whether there are buckets that ended before a time (ms); they may be empty."""
        return bool(self._order) and end_of_shard(self._order[0]) < before

    def first(self, before: int) -> HeadlineT | None:
        """The headline that ends next, of those whose bucket ended before a time (ms); None for none.

        The caller removes it before asking again.
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
