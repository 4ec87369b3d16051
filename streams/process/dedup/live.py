"""The live headlines of a partition by key, by language for near duplicates, and by expiry; and its event time.

All of this can be restored from the records of `ticker.seen`, in whatever order compaction left them. Headlines that
expire together are removed a few at a time, in a fixed order; until then they are in the state but no longer live.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from schemas.events import UNREADABLE, EventTime
from schemas.headers import EVENT_TIME_KEY
from schemas.instants import parse_instant
from streams.errors import RecordError
from streams.process.dedup.chains import Chains
from streams.process.dedup.compare import Relation
from streams.process.dedup.ending import Ending, end_of_shard
from streams.process.dedup.event_time import (
    AGREED_MS,
    BELIEVED_MS,
    BUCKET_MS,
    FEW,
    RUBRIC_GAP_MS,
    Agreement,
    Claims,
    agreement_of,
    bucket_end,
    event_time,
    hear,
    without_outliers,
)
from streams.process.dedup.headline import (
    LiveHeadline,
    SeenRow,
    read_row,
    restored,
    restored_together,
    unreadable,
)
from streams.process.dedup.near import NearIndex
from streams.process.dedup.texts import NONE, read_raw
from streams.process.fold import FOLD_VERSION, fold_key
from streams.stage import Record

_decode_event_time: Final = msgspec.json.Decoder(EventTime).decode

_GATHERED: Final = 2_000
"""How many restored headlines of a language are indexed together, while they are in the processor's caches."""
_AS_BEFORE: Final = 3
"""The assumed support of the event time in the state of an earlier release, which did not count support."""


def _first_shown(headline: LiveHeadline) -> tuple[int, str, int, str]:
    """A sort key: time, strip and slot of the first sighting; a slot's number can be too long for `int`."""
    strip, _, slot = headline.id.rpartition("-")
    return headline.first_seen, strip, len(slot), slot


class _NearIndexes(dict[str, NearIndex[LiveHeadline]]):
    """The near-duplicate index of each language, made when the language is first met."""

    def __missing__(self, language: str) -> NearIndex[LiveHeadline]:
        index = self[language] = NearIndex(language)
        return index


class LiveHeadlines:
    """Live headlines and their aliases.

    Args:
        window: How long after its last sighting a headline stays live, in ms of event time.
    """

    def __init__(self, window: int) -> None:
        self.window = window
        self.now = 0
        """Event time of the stage: the end of a bucket; 0 before the first sighting."""
        self.agreement: Agreement | None = None
        """The time that strips agree on, and the state of the vote; None before the first sighting."""
        self.quiet = (0, 0)
        """The range of times (ms, half-open) of strips that need not vote, because they do not change the agreement."""
        self.has_moved = False
        """Whether event time or the agreement must be written; `moved` resets it."""
        self.by_key: dict[bytes, LiveHeadline] = {}
        """The headline of every key, both own keys and aliases."""
        self.claims: dict[bytes, Claims] = {}
        """The doubted times that were claimed for a headline, by its own key."""
        self._near = _NearIndexes()
        self.chains: Chains[LiveHeadline] = Chains()
        """The chains of live headlines; after a restore they are incomplete until `prepare` has finished."""
        self._preparing: Iterator[None] | None = None
        """The remaining steps of `prepare` after a restore."""
        self.is_settled = True
        """Whether the restored state is fully indexed."""
        self._reached = 0
        """While restoring: the least event time according to records other than headlines (corrections)."""
        self._vouched: set[int] = set()
        """While restoring: the ends of buckets that several sources confirmed, in records of an earlier release."""
        self._far: list[int] = []
        """Shards too far ahead of event time, latest first; their headlines must be dated back."""
        self._returning: list[bytes] = []
        """The keys of the last of these shards, in reverse order; may include keys that moved to another shard."""
        self._ending = Ending(self.by_key)
        self._restored: defaultdict[str, list[LiveHeadline]] = defaultdict(list)
        """While restoring: headlines that are not indexed yet, by language; some may have ended since."""
        self._updates: list[LiveHeadline] = []
        """While restoring: headlines that are updates; some may have ended since."""
        self._orphans: dict[bytes, bytes] = {}
        """While restoring: aliases whose headline is not restored yet, with the headline's key."""
        self._waiting: defaultdict[bytes, list[bytes]] = defaultdict(list)
        """The orphans by the headline's key; may include aliases that are no longer orphans."""
        self._refolded: set[bytes] = set()
        """Keys by the current fold of headlines whose own key is of an older version; these keys are never written."""

    def __iter__(self) -> Iterator[LiveHeadline]:
        """Every headline once."""
        return (headline for key, headline in self.by_key.items() if key == headline.key)

    @property
    def oldest(self) -> int:
        """The end of the earliest bucket in which a live headline can have been last seen."""
        return self.now - self.window

    def add(self, headline: LiveHeadline, folded: str | None = None) -> None:
        """Add a headline whose key is not live. `folded` is its folded text, if the caller has it."""
        self.by_key[headline.key] = headline
        self._ending.add(headline)
        self._move_on(headline.bucket_end)
        self._near[headline.language].add(headline, folded)

    def _move_on(self, end: int) -> None:
        """Advance event time to the end of a bucket."""
        if self.is_settled and end > self.now:
            self.now = end
            self.has_moved = True

    @property
    def agreed(self) -> int:
        """The time that strips agree on, the end of a bucket; 0 before the first."""
        return 0 if self.agreement is None else self.agreement.end

    @property
    def plain(self) -> tuple[int, int]:
        """The range of times (ms, half-open) of sightings that are not late, in strips that need not vote."""
        begin, end = self.quiet
        oldest = self.now - self.window
        return (begin if begin > oldest else oldest), end  # noqa: FURB136 (a call takes twice as long)

    def see(self, headline: LiveHeadline, instant: int) -> bool:
        """Note when a headline was seen; returns whether that is in a new bucket."""
        if instant <= headline.last_seen and not (self._far and self._is_far(headline.bucket_end)):
            return False
        end = bucket_end(instant)
        if end == headline.bucket_end:
            headline.last_seen = instant
            return False
        self._see_in(headline, instant, end)
        return True

    def _see_in(self, headline: LiveHeadline, instant: int, end: int) -> None:
        """Note when a headline was seen; `end` is the end of that bucket, which is another than its last."""
        headline.last_seen = instant
        self._requeue(headline, end)
        if self.claims:
            claims = self.claims.get(headline.key)
            if claims is not None and claims.at <= instant:
                del self.claims[headline.key]  # event time has come to what was claimed

    def see_later(self, headline: LiveHeadline, instant: int) -> bool:
        """Note that a headline was seen in a later bucket, at a time that is `plain`.

        Returns False, and notes nothing, if it may no longer be live, or may be a rubric of which this is the next.
        """
        end, seen, window = bucket_end(instant), headline.bucket_end, self.window
        if end - seen >= RUBRIC_GAP_MS or end - seen > window or self.now - seen > window:
            return False
        self._see_in(headline, instant, end)
        return True

    def _requeue(self, headline: LiveHeadline, end: int) -> None:
        self._ending.move(headline, end)
        if end > self.now:
            self._move_on(end)

    def claim(self, headline: LiveHeadline, by: str, at: int, *, before: Claims | None = None) -> None:
        """Store a doubted time.

        Args:
            headline: Whose time it is.
            by: The source that says so.
            at: The time, in ms.
            before: What was claimed of the headline that this one replaces.
        """
        before = self.claims.get(headline.key) or before
        if before is None or before.now != self.now:
            before = Claims((), self.now)
        self.claims[headline.key] = before.and_said(by, at)

    def claimed_end(self, headline: LiveHeadline) -> int:
        """The end of the latest bucket in which a headline was seen, including doubted times."""
        claims = self.claims.get(headline.key) if self.claims else None
        return headline.bucket_end if claims is None else max(headline.bucket_end, bucket_end(claims.at))

    def has_claimed(self, headline: LiveHeadline, by: str, at: int) -> bool:
        """Whether another claim for this headline says nothing new."""
        claims = self.claims.get(headline.key)
        return claims is not None and claims.now == self.now and claims.says(by, at)

    def _agree(self, agreement: Agreement) -> None:
        self.agreement = agreement
        self.quiet = agreement.quiet

    def hear(self, by: str, at: int) -> list[LiveHeadline]:
        """Let a strip vote on the agreed time; returns headlines whose changelog records that changed.

        Args:
            by: The strip's source.
            at: Its time, in ms.
        """
        before = self.agreement
        after = hear(before, by, at, is_few=len(self.by_key) < FEW)
        if after is before:
            return []
        self._agree(after)
        self.has_moved = True
        if before is None or after.end == before.end:
            return []
        if after.end > before.end:
            return self._believe()
        self._turn_back()
        return []

    def _believe(self) -> list[LiveHeadline]:
        """Accept claims that are no longer ahead of the agreed time by more than agreeing strips may be."""
        reached = self.agreed + AGREED_MS
        believed = []
        for key, claims in list(self.claims.items()):
            ats = [at for _, at in claims.said if bucket_end(at) <= reached]
            if not ats:
                continue
            headline = self.by_key[key]
            rest = tuple(said for said in claims.said if bucket_end(said[1]) > reached)
            if rest:
                self.claims[key] = Claims(rest, claims.now)
            else:
                del self.claims[key]
            if max(ats) > headline.last_seen:
                headline.last_seen = max(ats)
                self._requeue(headline, bucket_end(headline.last_seen))
            believed.append(headline)
        self._move_on(self.agreed)
        return believed

    def _turn_back(self) -> None:
        """Set event time back to the agreed time, because the clocks that moved it were far ahead.

        Headlines up to `BELIEVED_MS` above it just end that much later; `next_returned` dates the others back.
        """
        self.now = self.agreed
        self._look_far()

    def _look_far(self) -> None:
        self._returning.clear()
        self._far = sorted(filter(self._is_far, self._ending), reverse=True)

    def _is_far(self, end: int) -> bool:
        """Whether a bucket's end or a shard is too far ahead of event time to be believed."""
        return end_of_shard(end) - self.now > BELIEVED_MS

    def next_returned(self) -> LiveHeadline | None:
        """Date the next headline that is too far ahead back to event time; the caller must write it. None: no more."""
        while self._far:
            shard = self._far[-1]
            if not self._returning:
                self._returning = sorted(self._ending.keys(shard), reverse=True)
            if not self._returning or not self._is_far(shard):
                self._far.pop()
                self._returning.clear()
                continue
            if (headline := self._ending.waiting(key := self._returning.pop(), shard)) is not None:
                self.claims.pop(key, None)
                headline.last_seen = self.now - BUCKET_MS
                self._requeue(headline, self.now)
                return headline
        return None

    def moved(self) -> EventTime:
        """The changelog record of event time, which the caller must write."""
        assert self.agreement is not None
        self.has_moved = False
        return event_time(self.now, self.agreement)

    def join(self, key: bytes, headline: LiveHeadline) -> None:
        """Make a key an alias of a live headline."""
        self.by_key[key] = headline
        headline.aliases += (key,)

    def end(self, headline: LiveHeadline) -> tuple[bytes, ...]:
        """Forget a headline and its aliases; returns their keys."""
        keys = (headline.key, *headline.aliases)
        for key in keys:
            del self.by_key[key]
        self._refolded.difference_update(keys)
        self._ending.remove(headline)
        self.claims.pop(headline.key, None)
        if headline.slot >= 0:  # else a restore has not come to it yet
            self._near[headline.language].remove(headline)
        return keys

    def find(
        self, folded: str, text: str, language: str, *, oldest: int, but: LiveHeadline | None
    ) -> tuple[LiveHeadline, Relation] | None:
        """The live headline that a new one repeats or updates, and how they relate (`NearIndex.find`)."""
        return self._near[language].find(folded, text, oldest=oldest, but=but)

    @property
    def has_leaving(self) -> bool:
        """Whether `next_ended` or `next_returned` may have a headline."""
        return bool(self._far) or self._ending.is_due(self.now - self.window)

    def next_ended(self) -> LiveHeadline | None:
        """The next headline that has expired and is still in the state; `end` removes it."""
        return self._ending.first(self.now - self.window)

    def settle(self) -> None:
        """Finish indexing the restored state."""
        for _ in self.prepare():
            pass
        self.is_settled = True

    def prepare(self) -> Iterator[None]:
        """The part of `settle` that processes every headline, step by step; nothing may be restored meanwhile."""
        if self._preparing is None:
            self._preparing = iter(()) if self.is_settled else self._get_ready()
        return self._preparing

    def _get_ready(self) -> Iterator[None]:
        yield from self._index_restored()
        updates, self._updates = self._updates, []
        yield from self.chains.rebuild(filter(self._is_live, updates), self)
        if self.agreement is None:
            ends = set(map(end_of_shard, self._ending))
            self.now = max(without_outliers(ends, self._vouched), self._reached)
            if self.now:
                self._agree(Agreement(end=self.now, last=None, support=_AS_BEFORE, by=None))
        self._look_far()

    def reach(self, now: int) -> None:
        """While restoring: note that event time was at least this."""
        self._reached = max(self._reached, now)

    def restore(self, records: Iterable[Record]) -> None:
        """Take back records of `ticker.seen`, in order.

        Raises:
            RecordError: One is no seen headline: the state cannot be trusted.
        """
        self.is_settled, self._preparing = False, None
        coming: dict[bytes, SeenRow] = {}
        known, orphans = self.by_key, self._orphans
        for record in records:
            key, value = record.key, record.value
            if key is None:
                raise RecordError("a state record has no key")
            try:
                if key == EVENT_TIME_KEY:
                    self._restore_event_time(value or b"")  # type: ignore[arg-type] # no event on a state topic: bytes
                    continue
                row = None if value is None else read_row(value)  # type: ignore[arg-type] # bytes, as above
                is_known = key in known or key in orphans or key in coming
                if not is_known and row is not None and row.alias_of is None and row.is_current:
                    coming[key] = row
                    continue
                if key in coming or (row is not None and row.alias_of is None):
                    self._restore_together(coming)
                    coming = {}
                self._restore(key, row)
            except (*UNREADABLE, ValueError) as error:
                raise unreadable(key, error) from error
        self._restore_together(coming)

    def _restore_event_time(self, value: bytes) -> None:
        row = _decode_event_time(value)
        self._agree(agreement_of(row))
        self.now = parse_instant(row.reached)

    def _index_restored(self) -> Iterator[None]:
        restored, self._restored = self._restored, defaultdict(list)
        for language, headlines in restored.items():
            yield from self._near[language].add_all(filter(self._is_live, headlines))

    def _is_live(self, headline: LiveHeadline) -> bool:
        return self.by_key.get(headline.key) is headline

    def _restore(self, key: bytes, row: SeenRow | None) -> None:
        """Apply a record of a key that may be known; None is a tombstone."""
        if row is None:
            self._detach(key)
        elif row.alias_of is not None:
            self._detach(key)
            self._restore_alias(key, row.alias_of.encode())
        elif not self._refresh(key, row):
            aliases = self._detach(key)
            headline = restored(key, row)
            self._add_restored({key: row}, [headline], aliases)
            if row.fold != FOLD_VERSION:
                self._rekey(headline)

    def _restore_together(self, rows: Mapping[bytes, SeenRow]) -> None:
        """Restore headlines of the current fold whose keys are not known: so it is for most."""
        if rows:
            self._add_restored(rows, restored_together(rows))

    def _add_restored(
        self, rows: Mapping[bytes, SeenRow], headlines: Sequence[LiveHeadline], aliases: Iterable[bytes] = ()
    ) -> None:
        """Add headlines with the aliases that were restored before them, and others of the first; index them later."""
        self.by_key.update(zip(rows, headlines, strict=True))
        for row, headline in zip(rows.values(), headlines, strict=True):
            self._ending.add(headline)
            self._restored[headline.language].append(headline)
            if row.root is not NONE:
                self._updates.append(headline)
            if row.doubted is not None:
                self._restore_claim(headline.key, row)
        for alias in aliases:
            self.join(alias, headlines[0])
        if self._waiting:
            for key in filter(self._waiting.__contains__, rows):
                for alias in self._take_orphans(key):
                    self.join(alias, self.by_key[key])
        for language, coming in self._restored.items():
            if len(coming) >= _GATHERED:
                self._near[language].gather(list(filter(self._is_live, coming)))
                coming.clear()

    def _rekey(self, headline: LiveHeadline) -> None:
        """Make a headline with a key of an older fold version findable by its current key too.

        No changelog record is written for that key: every restore derives it again. If the current fold gives two of
        them the same key ("UPDATE 2-Ferry sinks" and "Ferry sinks"), it finds the one that was shown first. A changelog
        record with that key takes precedence over both.
        """
        key = fold_key(headline.folded)
        other = self.by_key.get(key)
        if other is None and key not in self._orphans:
            self._refolded.add(key)
            self.join(key, headline)
        elif other is not None and key in self._refolded and _first_shown(headline) < _first_shown(other):
            other.aliases = tuple(alias for alias in other.aliases if alias != key)
            self.join(key, headline)

    def _refresh(self, key: bytes, row: SeenRow) -> bool:
        """Apply a later record of a live headline, which has one per bucket; False if it is not such a record."""
        headline = self.by_key.get(key)
        if headline is None or headline.key != key or headline.id != read_raw(row.id):
            return False
        last_seen = parse_instant(row.last_seen)
        if last_seen < headline.last_seen:
            return False
        headline.last_seen = last_seen
        self._requeue(headline, bucket_end(last_seen))
        headline.take_again(row)
        self._restore_claim(key, row)
        return True

    def _restore_claim(self, key: bytes, row: SeenRow) -> None:
        self.claims.pop(key, None)
        if (doubted := row.doubted) is not None:
            said = tuple((claim.by, parse_instant(claim.at)) for claim in doubted.claimed)
            if doubted.believed:
                self._vouched.add(bucket_end(said[-1][1]))
            else:
                self.claims[key] = Claims(said, bucket_end(parse_instant(doubted.stage)))

    def _restore_alias(self, key: bytes, of: bytes) -> None:
        headline = self.by_key.get(of)
        if headline is None:
            self._orphans[key] = of
            self._waiting[of].append(key)
        else:
            self.join(key, headline)

    def _take_orphans(self, key: bytes) -> tuple[bytes, ...]:
        """The aliases that were restored before their headline."""
        aliases = [alias for alias in self._waiting.pop(key) if self._orphans.get(alias) == key]
        return tuple(alias for alias in aliases if self._orphans.pop(alias, None))

    def _detach(self, key: bytes) -> tuple[bytes, ...]:
        """Remove the state of a key before a later record of it is applied; returns its aliases."""
        self._orphans.pop(key, None)
        self._refolded.discard(key)
        headline = self.by_key.get(key)
        if headline is None:
            return ()
        if headline.key == key:
            self.end(headline)
            return headline.aliases
        headline.aliases = tuple(alias for alias in headline.aliases if alias != key)
        del self.by_key[key]
        return ()
