"""The live headlines of a partition: by key, by language for near duplicates, and by when they expire.

All of it can be brought back from the records of `ticker.seen`, in whatever order compaction left them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from sys import intern
from typing import Final, cast, get_type_hints

import msgspec
from msgspec.structs import fields

from schemas.events import SeenHeadline, type_name
from schemas.instants import format_instant, parse_instant
from streams.errors import RecordError
from streams.process.dedup.chains import Chains
from streams.process.dedup.compare import Relation
from streams.process.dedup.near import Indexed, NearIndex
from streams.process.fold import FOLD_VERSION, fold, fold_key
from streams.stage import Record

BUCKET_MS: Final = 10 * 60 * 1000
"""Last-seen times decide in whole buckets, because that is how often they are written."""

_hints: Final = get_type_hints(SeenHeadline)
_Unchecked: Final = cast(
    "type[SeenHeadline]",
    msgspec.defstruct(
        "_Unchecked",
        [
            (field.name, _hints[field.name])
            if field.required
            else (field.name, _hints[field.name], field.default)
            for field in fields(SeenHeadline)
        ],
        tag_field="type",
        tag=type_name(SeenHeadline),
        kw_only=True,
        gc=False,
    ),
)
"""A row without its patterns: whoever wrote it looked at those, and they take four fifths of reading it."""

_decode_seen: Final = msgspec.json.Decoder(_Unchecked).decode


def bucket_end(instant: int) -> int:
    """The end of an instant's ten-minute bucket, in ms: the first instant of the next one."""
    return _end_of(instant // BUCKET_MS)


@lru_cache(maxsize=1 << 14)
def _end_of(bucket: int) -> int:
    return (bucket + 1) * BUCKET_MS


@lru_cache(maxsize=1 << 14)
def _shared(sources: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The same sources, as the one object that stands for them."""
    return sources


@lru_cache(maxsize=1 << 14)
def _encoded(sources: tuple[str, ...]) -> tuple[bytes, ...]:
    return _shared(tuple(source.encode() for source in sources))


@lru_cache(maxsize=1 << 14)
def _decoded(sources: tuple[bytes, ...]) -> tuple[str, ...]:
    return tuple(source.decode() for source in sources)


class LiveHeadline(Indexed, gc=False, eq=False, kw_only=True):
    """A live headline: what a decision needs, and what people ask of it. Times are event time in ms.

    There may be millions. So what many share (a bucket's end, a set of sources) is one object, and the cyclic
    collector does not look at any.
    """

    id: str
    language: str
    first_seen: int
    last_seen: int
    bucket_end: int
    sightings: int
    sources: tuple[bytes, ...]
    root: str | None
    """The first headline of the chain of updates that this one goes on; None for the first."""
    aliases: tuple[bytes, ...] = ()
    """Keys of the variants that joined this headline."""
    fold: int = FOLD_VERSION
    """The version of the fold that made the key."""

    @property
    def chain(self) -> str:
        """The id of the first headline of its chain: its own where it is the first."""
        return self.root or self.id

    def see(self, instant: int, source: bytes) -> None:
        """Count a sighting."""
        self.sightings += 1
        if instant > self.last_seen:
            self.last_seen = instant
            self.bucket_end = bucket_end(instant)
        if source not in self.sources:
            self.sources = _shared((*self.sources, source))

    def record(self) -> SeenHeadline:
        """The headline as `ticker.seen` remembers it."""
        return SeenHeadline(
            id=self.id,
            text=self.text,
            folded=self.folded,
            language=self.language,
            first_seen=format_instant(self.first_seen),
            last_seen=format_instant(self.last_seen),
            sightings=self.sightings,
            sources=_decoded(self.sources),
            root=self.root,
            fold=self.fold,
        )


def _first_shown(headline: LiveHeadline) -> tuple[int, str, int, str]:
    """When, in which strip, in which slot a headline was first shown; a slot's number can be too long for `int`."""
    strip, _, slot = headline.id.rpartition("-")
    return headline.first_seen, strip, len(slot), slot


def live_headline(
    *,
    key: bytes,
    folded: str,
    text: str,
    id: str,  # noqa: A002 (the event's word)
    language: str,
    first_seen: int,
    last_seen: int,
    sightings: int,
    sources: tuple[str, ...],
    root: str | None,
    fold: int = FOLD_VERSION,
) -> LiveHeadline:
    """A live headline that shares what it can with others."""
    return LiveHeadline(
        key=key,
        folded=folded,
        text=folded if folded == text else text,
        id=id,
        language=intern(language),
        first_seen=first_seen,
        last_seen=last_seen,
        bucket_end=bucket_end(last_seen),
        sightings=sightings,
        sources=_encoded(sources),
        root=root,
        fold=fold,
    )


class _NearIndexes(dict[str, NearIndex[LiveHeadline]]):
    """By language; one is made when its language is first met."""

    def __missing__(self, language: str) -> NearIndex[LiveHeadline]:
        index = self[language] = NearIndex(language)
        return index


class LiveHeadlines:
    """Live headlines and their aliases.

    Args:
        window: How long after its last sighting a headline stays live, in ms of event time.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self.by_key: dict[bytes, LiveHeadline] = {}
        """The headline of every key, its own and its aliases'."""
        self._near = _NearIndexes()
        self.chains = Chains()
        """Of live headlines; after a restore they are right from the next `advance` on."""
        self._chains_are_old = False
        self._queue: defaultdict[int, list[bytes]] = defaultdict(list)
        """Keys by a bucket end that is their headline's or, until expiry looks at them, an earlier one."""
        self.watermark = 0
        """The latest bucket end of any headline, live or ended."""
        self._restored: defaultdict[str, list[LiveHeadline]] = defaultdict(list)
        """While restoring: headlines by language that are not in their index yet."""
        self._orphans: dict[bytes, bytes] = {}
        """While restoring: aliases whose headline has not come yet, and its key."""
        self._waiting: defaultdict[bytes, list[bytes]] = defaultdict(list)
        """The same by the headline's key; those that are orphans no more may still stand here."""
        self._refolded: set[bytes] = set()
        """Keys that this version of the fold gives to headlines which an older one keyed; no row has them."""

    def __iter__(self) -> Iterator[LiveHeadline]:
        """Every live headline once."""
        return (headline for key, headline in self.by_key.items() if key == headline.key)

    def add(self, headline: LiveHeadline) -> None:
        """Make a headline live; its key must not be."""
        self._remember(headline)
        self._near[headline.language].add(headline)

    def _remember(self, headline: LiveHeadline) -> None:
        self.by_key[headline.key] = headline
        self._queue[headline.bucket_end].append(headline.key)
        self.watermark = max(self.watermark, headline.bucket_end)

    def join(self, key: bytes, headline: LiveHeadline) -> None:
        """Let a variant's key stand for a live headline."""
        self.by_key[key] = headline
        headline.aliases += (key,)

    def end(self, headline: LiveHeadline) -> tuple[bytes, ...]:
        """Forget a headline and its aliases; returns their keys."""
        keys = (headline.key, *headline.aliases)
        for key in keys:
            del self.by_key[key]
        self._refolded.difference_update(keys)
        self._near[headline.language].remove(headline)
        return keys

    def find(self, folded: str, text: str, language: str) -> tuple[LiveHeadline, Relation] | None:
        """The live headline that a new one repeats or updates, and how they relate."""
        return self._near[language].find(folded, text)

    def advance(self, watermark: int) -> list[LiveHeadline]:
        """Move event time on to the end of a bucket; returns what has not been seen for a window by then.

        The headline that was shown first comes first, whatever was restored in between.
        Comes before each decision.
        """
        if self._chains_are_old:
            self.chains.rebuild(self)
            self._chains_are_old = False
        if watermark <= self.watermark:
            return []
        self.watermark = watermark
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
        expired.sort(key=_first_shown)
        return expired

    def reach(self, watermark: int) -> None:
        """While restoring: event time had moved on at least so far."""
        self.watermark = max(self.watermark, watermark)

    def restore(self, records: Iterable[Record]) -> None:
        """Take back records of `ticker.seen`, in order.

        Raises:
            RecordError: One is no seen headline: the state cannot be trusted.
        """
        self._chains_are_old = True
        for record in records:
            try:
                self._restore(record)
            except (msgspec.DecodeError, ValueError) as error:
                raise RecordError(f"state record {record.key!r} cannot be read: {error}") from error
        self._index_restored()

    def _index_restored(self) -> None:
        for language, headlines in self._restored.items():
            self._near[language].add_all(headlines)
        self._restored.clear()

    def _restore(self, record: Record) -> None:
        key = record.key
        if key is None:
            raise RecordError("a state record has no key")
        if record.value is None:
            self._detach(key)
            return
        seen = _decode_seen(record.value)  # type: ignore[arg-type] # no event on a state topic: bytes
        if seen.alias_of is not None:
            self._detach(key)
            self._restore_alias(key, seen.alias_of.encode())
        elif not self._refresh(key, seen):
            # Most rows are of a headline that is not known yet, without variants.
            aliases = self._detach(key) if key in self.by_key or key in self._orphans else ()
            is_current = seen.fold == FOLD_VERSION
            headline = live_headline(
                key=key,
                folded=(is_current and seen.folded) or fold(seen.text),
                text=seen.text,
                id=seen.id,
                language=seen.language,
                first_seen=parse_instant(seen.first_seen),
                last_seen=parse_instant(seen.last_seen),
                sightings=seen.sightings,
                sources=seen.sources,
                root=seen.root,
                fold=seen.fold,
            )
            self._remember(headline)
            self._restored[headline.language].append(headline)
            if key in self._waiting:
                aliases += self._take_orphans(key)
            for alias in aliases:
                self.join(alias, headline)
            if not is_current:
                self._rekey(headline)

    def _rekey(self, headline: LiveHeadline) -> None:
        """Let a headline that an older fold keyed be found by its key of today as well.

        No row is written for that key: every restore finds it again. Where this fold takes two of them for one
        ("UPDATE 2-Ferry sinks" and "Ferry sinks"), the key finds the one that was shown first. A row of the key's own
        comes before both.
        """
        key = fold_key(headline.folded)
        other = self.by_key.get(key)
        if other is None and key not in self._orphans:
            self._refolded.add(key)
            self.join(key, headline)
        elif other is not None and key in self._refolded and _first_shown(headline) < _first_shown(other):
            other.aliases = tuple(alias for alias in other.aliases if alias != key)
            self.join(key, headline)

    def _refresh(self, key: bytes, seen: SeenHeadline) -> bool:
        """Take a later record of a live headline, which has one for each bucket; False when it is no such record."""
        headline = self.by_key.get(key)
        if headline is None or headline.key != key or headline.id != seen.id:
            return False
        last_seen = parse_instant(seen.last_seen)
        if last_seen < headline.last_seen:
            return False
        headline.last_seen = last_seen
        headline.bucket_end = bucket_end(last_seen)
        headline.sightings = seen.sightings
        headline.sources = _encoded(seen.sources)
        self.watermark = max(self.watermark, headline.bucket_end)
        return True

    def _restore_alias(self, key: bytes, of: bytes) -> None:
        headline = self.by_key.get(of)
        if headline is None:
            self._orphans[key] = of
            self._waiting[of].append(key)
        else:
            self.join(key, headline)

    def _take_orphans(self, key: bytes) -> tuple[bytes, ...]:
        """The aliases that came before their headline."""
        aliases = [alias for alias in self._waiting.pop(key) if self._orphans.get(alias) == key]
        return tuple(alias for alias in aliases if self._orphans.pop(alias, None))

    def _detach(self, key: bytes) -> tuple[bytes, ...]:
        """Forget what a key stood for before a later record of it; returns the aliases it had."""
        self._orphans.pop(key, None)
        self._refolded.discard(key)
        headline = self.by_key.get(key)
        if headline is None:
            return ()
        if headline.key == key:
            self._index_restored()
            self.end(headline)
            return headline.aliases
        headline.aliases = tuple(alias for alias in headline.aliases if alias != key)
        del self.by_key[key]
        return ()
