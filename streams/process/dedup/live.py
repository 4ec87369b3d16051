"""The live headlines of a partition: by key, by language for near duplicates, and by when they expire.

All of it can be brought back from the records of `ticker.seen`, in whatever order compaction left them.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import msgspec

from schemas.events import SeenHeadline
from schemas.instants import format_instant, parse_instant
from streams.errors import RecordError
from streams.process.dedup.compare import Relation
from streams.process.dedup.near import NearIndex
from streams.process.fold import fold

BUCKET_MS: Final = 10 * 60 * 1000
"""Last-seen times decide in whole buckets, because that is how often they are written."""

_decode_seen: Final = msgspec.json.Decoder(SeenHeadline).decode


def bucket_end(instant: int) -> int:
    """The end of an instant's ten-minute bucket, in ms: the first instant of the next one."""
    return instant - instant % BUCKET_MS + BUCKET_MS


class Live:
    """A live headline: what a decision needs, and what people ask of it. Times are event time in ms."""

    __slots__ = (
        "aliases",
        "bucket_end",
        "first_seen",
        "id",
        "key",
        "language",
        "last_seen",
        "root",
        "sightings",
        "sources",
        "text",
    )

    def __init__(
        self,
        *,
        key: bytes,
        id: str,  # noqa: A002 (the event's word)
        text: str,
        language: str,
        first_seen: int,
        last_seen: int,
        sightings: int,
        sources: tuple[bytes, ...],
        root: str | None,
    ) -> None:
        self.key = key
        self.id = id
        self.text = text
        self.language = language
        self.first_seen = first_seen
        self.last_seen = last_seen
        self.bucket_end = bucket_end(last_seen)
        self.sightings = sightings
        self.sources = sources
        self.root = root
        """The first headline of the chain of updates that this one goes on; None for the first."""
        self.aliases: tuple[bytes, ...] = ()
        """Keys of the variants that joined this headline."""

    def see(self, instant: int, source: bytes) -> None:
        """Count a sighting."""
        self.sightings += 1
        if instant > self.last_seen:
            self.last_seen = instant
            self.bucket_end = bucket_end(instant)
        if source not in self.sources:
            self.sources += (source,)

    def record(self) -> SeenHeadline:
        """The headline as `ticker.seen` remembers it."""
        return SeenHeadline(
            id=self.id,
            text=self.text,
            language=self.language,
            first_seen=format_instant(self.first_seen),
            last_seen=format_instant(self.last_seen),
            sightings=self.sightings,
            sources=tuple(source.decode() for source in self.sources),
            root=self.root,
        )


class LiveHeadlines:
    """Live headlines and their aliases.

    Args:
        window: How long after its last sighting a headline stays live, in ms of event time.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self.by_key: dict[bytes, Live] = {}
        """The headline of every key, its own and its aliases'."""
        self._near: dict[str, NearIndex] = {}
        self._queue: defaultdict[int, list[bytes]] = defaultdict(list)
        """Keys by a bucket end that is their headline's or, until expiry looks at them, an earlier one."""
        self._watermark = 0
        """The latest bucket end of any live headline."""
        self._orphans: defaultdict[bytes, list[bytes]] = defaultdict(list)
        """While restoring: aliases whose headline has not come yet."""

    def __iter__(self) -> Iterator[Live]:
        """Every live headline once."""
        return (headline for key, headline in self.by_key.items() if key == headline.key)

    def add(self, headline: Live) -> None:
        """Make a headline live; its key must not be."""
        self.by_key[headline.key] = headline
        self._queue[headline.bucket_end].append(headline.key)
        self._watermark = max(self._watermark, headline.bucket_end)
        self._index(headline.language).add(headline.key, fold(headline.text), headline.text)

    def join(self, key: bytes, headline: Live) -> None:
        """Let a variant's key stand for a live headline."""
        self.by_key[key] = headline
        headline.aliases += (key,)

    def end(self, headline: Live) -> tuple[bytes, ...]:
        """Forget a headline and its aliases; returns their keys."""
        keys = (headline.key, *headline.aliases)
        for key in keys:
            del self.by_key[key]
        self._index(headline.language).remove(headline.key)
        return keys

    def find(self, folded: str, text: str, language: str) -> tuple[Live, Relation] | None:
        """The live headline that a new one repeats or updates, and how they relate."""
        found = self._index(language).find(folded, text)
        return None if found is None else (self.by_key[found[0]], found[1])

    def advance(self, watermark: int) -> list[Live]:
        """Move event time on to the end of a bucket; returns what has not been seen for a window by then."""
        if watermark <= self._watermark:
            return []
        self._watermark = watermark
        oldest = watermark - self._window
        expired = []
        for end in sorted(end for end in self._queue if end < oldest):
            for key in self._queue.pop(end):
                headline = self.by_key.get(key)
                if headline is None or headline.key != key:
                    continue
                if headline.bucket_end >= oldest:
                    self._queue[headline.bucket_end].append(key)
                else:
                    expired.append(headline)
                    self.end(headline)
        return expired

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take back a record of `ticker.seen`.

        Raises:
            RecordError: The record is no seen headline: the state cannot be trusted.
        """
        seen = None if value is None else _seen(key, value)
        aliases = self._detach(key)
        if seen is None:
            return
        if seen.alias_of is not None:
            self._restore_alias(key, seen.alias_of.encode())
            return
        headline = Live(
            key=key,
            id=seen.id,
            text=seen.text,
            language=seen.language,
            first_seen=parse_instant(seen.first_seen),
            last_seen=parse_instant(seen.last_seen),
            sightings=seen.sightings,
            sources=tuple(source.encode() for source in seen.sources),
            root=seen.root,
        )
        self.add(headline)
        for alias in (*aliases, *self._orphans.pop(key, ())):
            self.join(alias, headline)

    def _restore_alias(self, key: bytes, of: bytes) -> None:
        headline = self.by_key.get(of)
        if headline is None:
            self._orphans[of].append(key)
        else:
            self.join(key, headline)

    def _detach(self, key: bytes) -> tuple[bytes, ...]:
        """Forget what a key stood for before a later record of it; returns the aliases it had."""
        for orphans in self._orphans.values():
            if key in orphans:
                orphans.remove(key)
        headline = self.by_key.get(key)
        if headline is None:
            return ()
        if headline.key == key:
            self.end(headline)
            return headline.aliases
        headline.aliases = tuple(alias for alias in headline.aliases if alias != key)
        del self.by_key[key]
        return ()

    def _index(self, language: str) -> NearIndex:
        index = self._near.get(language)
        if index is None:
            index = self._near[language] = NearIndex(language)
        return index


def _seen(key: bytes, value: bytes) -> SeenHeadline:
    try:
        return _decode_seen(value)
    except msgspec.DecodeError as error:
        raise RecordError(f"state record {key!r} cannot be read: {error}") from error
