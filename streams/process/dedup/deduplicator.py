"""Deduplicate sightings: publish each new or changed headline once, count exact duplicates, drop near duplicates.

An exact duplicate is decided from key, timestamp and source header alone. Its value is not decoded; only its first and
last bytes are compared with what our producers write, to detect other versions and damaged values. A value is decoded
if that comparison fails, if its key is not live, or if its source has not shown the headline before.

State that later decisions depend on is written to the changelog topic `ticker.seen` in the transaction in which it
changes, so that decisions after a restart are the same.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import filterfalse
from typing import Final, Protocol, cast

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace

from schemas.events import (
    UNREADABLE,
    ChainEnd,
    Change,
    Correction,
    Duplicate,
    Headline,
    SeenHeadline,
    Sighting,
    type_name,
)
from schemas.headers import EVENT_TIME_KEY
from schemas.instants import EARLIEST, LATEST, MOMENTS, format_instant
from schemas.topics import CORRECTIONS, DECISIONS, DUPLICATES, SEEN
from streams.errors import RecordError
from streams.process.dedup.compare import Relation
from streams.process.dedup.corrected import Corrections, correction_key, is_correction, texts_keys
from streams.process.dedup.event_time import (
    HOUR_MS,
    RUBRIC_GAP_MS,
    Moment,
    moment,
)
from streams.process.dedup.headline import LiveHeadline, live_headline
from streams.process.dedup.live import LiveHeadlines
from streams.process.dedup.near import bulk
from streams.process.dedup.rubrics import rubric
from streams.process.dedup.words import LANGUAGES, lexicon
from streams.process.fold import FOLD_VERSION, fold
from streams.stage import Outbox, Record

DEFAULT_WINDOW_MS: Final = 72 * HOUR_MS
_AT_ONCE: Final = 8
"""The most headlines that one decision removes: up to eight leave for each one that comes, so none waits for long."""

_BEGINNING: Final = f'{{"type":"{type_name(Sighting)}",'.encode()
_BEGINNING_END: Final = len(_BEGINNING)
_CLOSING_BRACE: Final = ord("}")

OUTCOMES: Final = {
    "new": "headlines published for the first time",
    "exact": "sightings of a live headline",
    "near": "sightings that say a live headline in other words, swallowed with their reason",
    "update": "headlines published because they change facts of a live one",
    "withdrawn": "sightings of a text that a person withdrew",
    "correction": "corrections, which stand among the sightings",
}
"""The outcomes of a sighting, besides a dead letter."""

_BY_HAND: Final = Relation(relation="duplicate", rule="correction", detail="", score=1.0)

_decode_sighting: Final = msgspec.json.Decoder(Sighting | Correction).decode


def warm_up() -> None:
    """Load in advance what the first decisions need: each language's words, names, and numpy; 0.2 s in total."""
    for language in LANGUAGES:
        lexicon(language)
    fold("é")  # verbs and names
    bulk()


class Witness(Protocol):
    """An observer of every single record, such as `ticker run`; the Kafka engine has none."""

    def repeated(self, record: Record, winner: LiveHeadline, rule: str) -> None:
        """A record was dropped as an exact duplicate of a live headline."""

    def ended(self, headline: LiveHeadline) -> None:
        """A headline has ended: it was not seen for a window, or a rubric's next edition replaced it."""


class Deduplicator:
    """The deduplicate stage on one partition (`streams.stage.Processor`).

    Args:
        window: How long after its last sighting a headline stays live, in ms of event time.
        witness: Called for every exact duplicate and for every headline that ends.
    """

    def __init__(self, window: int = DEFAULT_WINDOW_MS, witness: Witness | None = None) -> None:
        self._headlines = LiveHeadlines(window)
        self._corrections = Corrections()
        self._witness = witness
        self.clocks: Counter[str] = Counter()
        """The number of sightings so far whose time was far ahead of event time, or far behind it."""

    def live(self) -> Iterable[LiveHeadline]:
        """Every live headline once, in the order in which they were first seen or restored."""
        return iter(self._headlines)

    @property
    def remembered(self) -> int:
        """The number of fold keys of live headlines and their aliases."""
        return len(self._headlines.by_key)

    @property
    def event_time(self) -> int | None:
        """The stage's event time in ms, which is the end of a bucket; None before the first sighting."""
        return self._headlines.now or None

    @property
    def plain(self) -> tuple[int, int]:
        """The range of times (ms, half-open) in which a repetition changes nothing.

        A repetition is a sighting of a live headline by one of its known sources, in a bucket that it has reached.
        """
        return self._headlines.plain

    def restore(self, records: Sequence[Record]) -> None:
        """Take back records of `ticker.seen`, in order.

        Raises:
            RecordError: One is no seen headline: the state cannot be trusted.
        """
        if any(map(is_correction, records)):
            for record in filter(is_correction, records):
                self._corrections.restore(record)
                self._headlines.reach(record.timestamp)  # so far event time had moved on
            self._corrections.index()
            records = list(filterfalse(is_correction, records))
        self._headlines.restore(records)

    def prepare(self) -> Iterator[None]:
        """Index the restored state, in steps of a few milliseconds; `process` does the remaining steps."""
        return self._headlines.prepare()

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        """Decide on sightings, in order."""
        if not self._headlines.is_settled and records:
            self._headlines.settle()
        live, see_later = self._headlines.by_key.get, self._headlines.see_later
        witness = self._witness
        exact = 0
        begin, end = self._headlines.plain
        for record in records:
            headline = live(record.key)  # type: ignore[arg-type] # None is never a key of ours
            headers = record.headers
            value = record.value
            if (
                headline is not None
                and headers
                and headers[0][1] in headline.sources
                and (
                    value.__class__ is Sighting
                    or (value and value[:_BEGINNING_END] == _BEGINNING and value[-1] == _CLOSING_BRACE)  # type: ignore[index] # bytes, on Kafka
                )
            ):
                timestamp = record.timestamp
                is_later = timestamp >= headline.bucket_end
                if not begin <= timestamp < end or (is_later and not see_later(headline, timestamp)):
                    self._see_apart(record, headline, headers[0][1], out)
                    begin, end = self._headlines.plain
                    continue
                headline.sightings += 1
                exact += 1
                if witness is not None:
                    witness.repeated(record, headline, "exact")
                if is_later:
                    out.store(SEEN, headline.key, self._row, timestamp)
                    self._end_step(timestamp, out)
                    begin, end = self._headlines.plain
                elif timestamp > headline.last_seen:
                    headline.last_seen = timestamp
            else:
                self._decide(record, out)
                begin, end = self._headlines.plain
        if exact:
            out.count("exact", exact)

    def _see_apart(self, record: Record, headline: LiveHeadline, source: bytes, out: Outbox) -> None:
        """Decide on a sighting of a known key by a known source that votes, is late or doubted, or of another day."""
        timestamp = record.timestamp
        if EARLIEST <= timestamp <= LATEST:
            at = self._moment(timestamp)
            if not self._is_over(headline, at):
                self._see(_Shown(record, source, at), headline, out)
                self._end_step(timestamp, out)
                return
        self._decide(record, out)

    def _decide(self, record: Record, out: Outbox) -> None:
        """Decide on a sighting that is not plainly an exact duplicate.

        `_decision` first does everything that can fail with the record. The state changes only afterwards.
        """
        try:
            do = self._decision(record)
        except Exception as error:  # noqa: BLE001 (whatever one record raises, only that record pays)
            out.reject(record, error)
            return
        do(out)
        self._end_step(record.timestamp, out)

    def _end_step(self, timestamp: int, out: Outbox) -> None:
        """Remove some headlines that have ended, date some back that are too far ahead, and write event time."""
        headlines = self._headlines
        if headlines.has_leaving:
            self._let_go(timestamp, out)
        if headlines.has_moved:
            out.send(SEEN, EVENT_TIME_KEY, headlines.moved(), timestamp)

    def _let_go(self, timestamp: int, out: Outbox) -> None:
        headlines = self._headlines
        for _ in range(_AT_ONCE):
            if (headline := headlines.next_ended()) is None:
                break
            self._forget(headline, timestamp, out)
        for _ in range(_AT_ONCE):
            if (headline := headlines.next_returned()) is None:
                break
            out.store(SEEN, headline.key, self._row, timestamp)

    def _moment(self, timestamp: int) -> Moment:
        headlines = self._headlines
        return moment(timestamp, headlines.now, headlines.agreed, headlines.window)

    def _decision(self, record: Record) -> Callable[[Outbox], None]:
        """Decide what to do about a record, without changing anything.

        Raises:
            RecordError: The record is neither a sighting nor a correction, or its time is invalid.
        """
        sighting = decode_sighting(record)
        key, timestamp = record.key, record.timestamp
        assert key is not None
        if not EARLIEST <= timestamp <= LATEST:
            raise RecordError(
                f"the timestamp {timestamp} (ms) is no moment that events can carry; allowed: {MOMENTS}"
            )
        if isinstance(sighting, Correction):
            return partial(self._correct, sighting, timestamp)
        if self._corrections.is_withdrawn(key):
            # It must not move event time on: it leaves no changelog record, so a restart would not know of it.
            return _withdraw
        at = self._moment(timestamp)
        shown = _Shown(record, sighting.source.encode(), at)
        headline = self._headlines.by_key.get(key)
        if headline is not None and not self._is_over(headline, at):
            return partial(self._see, shown, headline)
        folded = fold(sighting.text)
        found = self._find(key, folded, sighting, oldest=self._oldest(at), but=headline)
        if found is None or self._is_over(found[0], at):
            # The commonest of these; `partial` with a keyword takes longer than a function.
            return lambda out: self._publish(shown, sighting, folded, out, over=headline)
        older, relation = found
        if relation.relation == "update":
            changes = relation.changes
            return partial(
                self._publish, shown, sighting, folded, over=headline, older=older, changes=changes
            )
        return partial(self._swallow, shown, sighting, over=headline, winner=older, relation=relation)

    def _oldest(self, at: Moment) -> int:
        """The end of the earliest bucket that is live for a sighting. Headlines last seen before it have ended."""
        return (at.reached if at.is_doubted else max(at.own, at.reached)) - self._headlines.window

    def _is_over(self, headline: LiveHeadline, at: Moment) -> bool:
        """Whether a headline has ended at the time of a sighting, or is a rubric of which this is the next edition.

        A headline that was not seen for a window may still be in the state: those that end together are removed a few
        at a time.
        """
        end = self._headlines.claimed_end(headline) if at.is_doubted else headline.bucket_end
        if max(at.own, at.reached) - end > self._headlines.window:
            return True
        return at.own - end >= RUBRIC_GAP_MS and rubric(headline.folded) is not None

    def _see(self, shown: "_Shown", headline: LiveHeadline, out: Outbox) -> None:
        """Count an exact duplicate, and store its time and source, on which later decisions depend."""
        self._note(shown, headline, out)
        out.count("exact")
        if self._witness is not None:
            self._witness.repeated(shown.record, headline, "exact")

    def _note(self, shown: "_Shown", headline: LiveHeadline, out: Outbox, *, write: bool = False) -> None:
        """Note that a headline was seen, and write its changelog record if later decisions depend on that."""
        is_new_source = headline.count(shown.source)
        write |= self._headlines.see(headline, shown.at.seen_at) or is_new_source
        if shown.at.kind:
            self.clocks[shown.at.kind] += 1
        by, at = shown.source.decode(), shown.record.timestamp
        if shown.at.is_doubted and not self._headlines.has_claimed(headline, by, at):
            self._headlines.claim(headline, by, at)
            write = True
        if write:
            out.store(SEEN, headline.key, self._row, at)
        self._hear(shown.source, at, out)

    def _hear(self, source: bytes, at: int, out: Outbox) -> None:
        """Let a strip vote on event time, and write the headlines whose last-seen times changed by that."""
        begin, end = self._headlines.quiet
        if begin <= at < end:
            return
        for headline in self._headlines.hear(source.decode(), at):
            out.store(SEEN, headline.key, self._row, at)

    def _correct(self, correction: Correction, timestamp: int, out: Outbox) -> None:
        """Let a correction hold from here on, and end what was decided without it; one that is undone ends nothing.

        It is no sighting, so event time stays where it is. But the headlines that it ends may be those from which a
        restart would know event time: so its own changelog record has event time as its timestamp.
        """
        self._corrections.apply(correction)
        live = self._headlines.by_key
        keys = () if correction.undone else texts_keys(correction)
        ended = {live[key].chain: live[key] for key in keys if key in live}
        for chain in sorted(ended):
            for headline in self._headlines.chains.of(ended[chain]):
                self._forget(headline, timestamp, out)
        key = correction_key(correction)
        applied = replace(correction, chains=tuple(sorted(ended)))
        out.send(SEEN, key, applied, self._headlines.now)
        if correction.undone:
            out.forget(CORRECTIONS, key, timestamp)
        else:
            out.send(CORRECTIONS, key, applied, timestamp)
        out.count("correction")

    def _find(
        self, key: bytes, folded: str, sighting: Sighting, *, oldest: int, but: LiveHeadline | None
    ) -> tuple[LiveHeadline, Relation] | None:
        """The live headline that a new one repeats or updates; corrections by people take precedence over rules."""
        live = self._headlines.by_key
        if together := self._corrections.together(key):
            for partner in sorted(together):
                if partner in live and live[partner] is not but and live[partner].bucket_end >= oldest:
                    return live[partner], _BY_HAND
        found = self._headlines.find(folded, sighting.text, sighting.language, oldest=oldest, but=but)
        if found is not None and self._corrections.apart(key) & {found[0].key, *found[0].aliases}:
            return None
        return found

    def _publish(
        self,
        shown: "_Shown",
        sighting: Sighting,
        folded: str,
        out: Outbox,
        *,
        over: LiveHeadline | None,
        older: LiveHeadline | None = None,
        changes: tuple[Change, ...] = (),
    ) -> None:
        """Publish a headline, as new or as an update of an older one, and add it to the state."""
        key, timestamp = shown.key, shown.record.timestamp
        before = None
        if over is not None:
            before = self._headlines.claims.get(over.key)
            self._forget(over, timestamp, out)
        root = older.chain if older is not None else None
        chain = root or sighting.id
        headline = live_headline(
            key=key,
            folded=folded,
            text=sighting.text,
            id=sighting.id,
            language=sighting.language,
            first_seen=timestamp,
            last_seen=shown.at.seen_at,
            sightings=1,
            sources=(sighting.source,),
            root=root,
        )
        chains = self._headlines.chains
        late = chains.begin(headline, chain) if older is None else chains.join(headline, older)
        self._headlines.add(headline, folded)
        if shown.at.is_doubted:
            self._headlines.claim(headline, sighting.source, timestamp, before=before)
        out.store(SEEN, headline.key, self._row, timestamp)
        event = Headline(
            **asdict(sighting),
            chain=chain,
            updates=root,
            changes=changes,
            late=late,
            corrected=self._corrections.topic(key),
        )
        out.send(DECISIONS, chain.encode(), event, timestamp)
        out.count("update" if older is not None else "new")
        if shown.at.kind:
            self.clocks[shown.at.kind] += 1
        self._hear(shown.source, timestamp, out)

    def _swallow(
        self,
        shown: "_Shown",
        sighting: Sighting,
        out: Outbox,
        *,
        over: LiveHeadline | None,
        winner: LiveHeadline,
        relation: Relation,
    ) -> None:
        """Make a near duplicate an alias of its winner, so that its next sighting is an exact duplicate."""
        key, timestamp = shown.key, shown.record.timestamp
        if over is not None:
            self._forget(over, timestamp, out)
        self._headlines.join(key, winner)
        alias = SeenHeadline(
            id=sighting.id,
            text=sighting.text,
            language=sighting.language,
            first_seen=sighting.observed_at,
            last_seen=sighting.observed_at,
            sightings=1,
            sources=(sighting.source,),
            alias_of=winner.key.decode(),
            fold=FOLD_VERSION,
        )
        out.send(SEEN, key, alias, timestamp)
        self._note(shown, winner, out, write=True)
        event = Duplicate(
            **asdict(sighting),
            winner=winner.id,
            winner_text=winner.text,
            chain=winner.chain,
            rule=relation.rule,
            score=relation.score,
            detail=relation.detail or None,
        )
        out.send(DUPLICATES, winner.id.encode(), event, timestamp)
        out.count("near")

    def _row(self, key: bytes) -> bytes:
        """The changelog record of a live headline, by its own key."""
        return self._headlines.by_key[key].record(self._headlines.claims.get(key))

    def _forget(self, headline: LiveHeadline, timestamp: int, out: Outbox) -> None:
        """Remove a headline and write its tombstone; if it was the last live one of its chain, end the chain too."""
        for key in self._headlines.end(headline):
            out.forget(SEEN, key, timestamp)
        if self._headlines.chains.leave(headline):
            end = ChainEnd(chain=headline.chain, ended_at=format_instant(timestamp))
            out.send(DECISIONS, headline.chain.encode(), end, timestamp)
        if self._witness is not None:
            self._witness.ended(headline)


class _Shown(Struct, frozen=True, gc=False):
    """A sighting with its source and its position in event time."""

    record: Record
    source: bytes
    at: Moment

    @property
    def key(self) -> bytes:
        """The record's key, which every sighting has."""
        return cast("bytes", self.record.key)


def _withdraw(out: Outbox) -> None:
    out.count("withdrawn")


def decode_sighting(record: Record) -> Sighting | Correction:
    """The sighting, or the correction, in a record.

    Raises:
        RecordError: There is no key or no value, or the value is no sighting of a known version.
    """
    value = record.value
    if isinstance(value, Sighting | Correction):
        return value
    if record.key is None:
        raise RecordError("the record has no key; a sighting's key is its fold key")
    if not isinstance(value, bytes):
        raise RecordError("the record has no value")
    if not record.key.isascii() or record.key == EVENT_TIME_KEY:
        raise RecordError(f"the key {record.key!r} is no fold key")
    try:
        sighting: Sighting | Correction = _decode_sighting(value)
    except UNREADABLE as error:
        raise RecordError(f"not a {type_name(Sighting)}: {error}") from error
    return sighting
