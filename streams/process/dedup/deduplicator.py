"""Deduplicate sightings: one headline out for each that is new or changed, the rest counted or swallowed.

An exact duplicate is decided from the record alone (key, timestamp, source header): its value is not decoded,
only looked at where it begins and ends, so that another version and rubbish are noticed. A value is decoded
when it does not look like what our producers write, when its key is not live or when it comes from a source not
seen before.

Whatever decides is written to `ticker.seen` when it changes, so that a restart decides as before.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import msgspec
from msgspec.structs import asdict, replace

from schemas.events import (
    ChainEnd,
    Change,
    Correction,
    Duplicate,
    Headline,
    SeenHeadline,
    Sighting,
    type_name,
)
from schemas.instants import format_instant
from schemas.topics import CORRECTIONS, DECISIONS, DUPLICATES, SEEN
from streams.errors import RecordError
from streams.process.dedup.compare import Relation
from streams.process.dedup.corrected import Corrections, correction_key, texts_keys
from streams.process.dedup.live import LiveHeadline, LiveHeadlines, bucket_end, live_headline
from streams.process.dedup.rubrics import rubric
from streams.process.fold import FOLD_VERSION, fold
from streams.stage import Outbox, Record

HOUR_MS: Final = 60 * 60 * 1000
DEFAULT_WINDOW_MS: Final = 72 * HOUR_MS
RUBRIC_GAP_MS: Final = 16 * HOUR_MS

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
"""What can become of a sighting, besides a dead letter."""

_BY_HAND: Final = Relation(relation="duplicate", rule="correction", detail="", score=1.0)

_decode_sighting: Final = msgspec.json.Decoder(Sighting | Correction).decode


class Witness(Protocol):
    """Someone who wants to know of every single record; the Kafka engine has none."""

    def repeated(self, record: Record, winner: LiveHeadline, rule: str) -> None:
        """A record was swallowed as an exact duplicate of a live headline."""

    def ended(self, headline: LiveHeadline) -> None:
        """A headline's life has ended: not seen for a window, or a rubric's next edition replaced it."""


class Deduplicator:
    """The deduplicate stage on one partition (`streams.stage.Processor`).

    Args:
        window: How long after its last sighting a headline stays live, in ms of event time.
        witness: Told of every exact duplicate and of every end.
    """

    def __init__(self, window: int = DEFAULT_WINDOW_MS, witness: Witness | None = None) -> None:
        self._headlines = LiveHeadlines(window)
        self._corrections = Corrections()
        self._witness = witness

    def live(self) -> Iterable[LiveHeadline]:
        """Every live headline once, in the order in which they were first seen or restored."""
        return iter(self._headlines)

    @property
    def remembered(self) -> int:
        """Fold keys of live headlines and their aliases."""
        return len(self._headlines.by_key)

    def restore(self, records: Sequence[Record]) -> None:
        """Take back records of `ticker.seen`, in order.

        Raises:
            RecordError: One is no seen headline: the state cannot be trusted.
        """
        self._headlines.restore(record for record in records if not self._restore_correction(record))

    def _restore_correction(self, record: Record) -> bool:
        """Take back a correction, and how far event time had moved on; False where the record is none."""
        if not self._corrections.restore(record):
            return False
        self._headlines.reach(record.timestamp)
        return True

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        """Decide on sightings, in order."""
        live = self._headlines.by_key.get
        witness = self._witness
        exact = 0
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
                if timestamp >= headline.bucket_end:
                    self._see_later(record, headers[0][1], out)
                    continue
                headline.sightings += 1
                headline.last_seen = max(headline.last_seen, timestamp)
                exact += 1
                if witness is not None:
                    witness.repeated(record, headline, "exact")
            else:
                self._decide(record, out)
        if exact:
            out.count("exact", exact)

    def _see_later(self, record: Record, source: bytes, out: Outbox) -> None:
        """Decide on a sighting by a known source of a key that is live, in another ten-minute bucket."""
        key, timestamp = record.key, record.timestamp
        self._advance(timestamp, out)
        headline = self._headlines.by_key.get(key)  # type: ignore[arg-type] # as above
        if headline is None or _came_back(headline, timestamp):
            self._decide(record, out)
        else:
            self._see(headline, record, source, out)

    def _advance(self, timestamp: int, out: Outbox) -> None:
        """Let headlines end that have not been seen for a window."""
        for expired in self._headlines.advance(bucket_end(timestamp)):
            self._forget(expired, (expired.key, *expired.aliases), timestamp, out)

    def _decide(self, record: Record, out: Outbox) -> None:
        """Decide on a sighting whose key is not live, or that comes from a new source."""
        try:
            sighting = decode_sighting(record)
        except RecordError as error:
            out.reject(record, error)
            return
        key, timestamp = record.key, record.timestamp
        assert key is not None
        if isinstance(sighting, Correction):
            self._correct(sighting, timestamp, out)
            return
        if self._corrections.is_withdrawn(key):
            # Before event time moves on: nothing of it is written, so a restart would not know.
            out.count("withdrawn")
            return
        self._advance(timestamp, out)
        headline = self._headlines.by_key.get(key)
        if headline is not None and _came_back(headline, timestamp):
            self._forget(headline, self._headlines.end(headline), timestamp, out)
            headline = None
        if headline is None:
            self._decide_on_new(key, sighting, timestamp, out)
            return
        self._see(headline, record, sighting.source.encode(), out)

    def _see(self, headline: LiveHeadline, record: Record, source: bytes, out: Outbox) -> None:
        """Count another sighting of a live headline, and write what it changes."""
        headline.see(record.timestamp, source)
        out.send(SEEN, headline.key, headline.record(), record.timestamp)
        out.count("exact")
        if self._witness is not None:
            self._witness.repeated(record, headline, "exact")

    def _correct(self, correction: Correction, timestamp: int, out: Outbox) -> None:
        """Let a correction hold from here on, and end what was decided without it; one that is undone ends nothing.

        It moves event time on by nothing, for it is no sighting. But the headlines that it ends may be those that
        told how far event time is: its row in the state has that as its timestamp.
        """
        self._headlines.advance(0)
        self._corrections.apply(correction)
        live = self._headlines.by_key
        keys = () if correction.undone else texts_keys(correction)
        ended = {live[key].chain for key in keys if key in live}
        for headline in [each for each in self._headlines if each.chain in ended] if ended else ():
            self._forget(headline, self._headlines.end(headline), timestamp, out)
        key = correction_key(correction)
        applied = replace(correction, chains=tuple(sorted(ended)))
        out.send(SEEN, key, applied, self._headlines.watermark)
        if correction.undone:
            out.forget(CORRECTIONS, key, timestamp)
        else:
            out.send(CORRECTIONS, key, applied, timestamp)
        out.count("correction")

    def _decide_on_new(self, key: bytes, sighting: Sighting, timestamp: int, out: Outbox) -> None:
        """Decide on a sighting whose exact text is not live."""
        folded = fold(sighting.text)
        found = self._find(key, folded, sighting)
        if found is None or _came_back(found[0], timestamp):
            self._publish(key, folded, sighting, timestamp, out)
            out.count("new")
            return
        older, relation = found
        if relation.relation == "update":
            self._publish(key, folded, sighting, timestamp, out, older=older, changes=relation.changes)
            out.count("update")
        else:
            self._swallow(key, sighting, timestamp, out, winner=older, relation=relation)
            out.count("near")

    def _find(self, key: bytes, folded: str, sighting: Sighting) -> tuple[LiveHeadline, Relation] | None:
        """The live headline that a new one repeats or updates, by a person's word before any rule's."""
        live = self._headlines.by_key
        for partner in sorted(self._corrections.together(key)):
            if partner in live:
                return live[partner], _BY_HAND
        found = self._headlines.find(folded, sighting.text, sighting.language)
        if found is not None and self._corrections.apart(key) & {found[0].key, *found[0].aliases}:
            return None
        return found

    def _publish(
        self,
        key: bytes,
        folded: str,
        sighting: Sighting,
        timestamp: int,
        out: Outbox,
        *,
        older: LiveHeadline | None = None,
        changes: tuple[Change, ...] = (),
    ) -> None:
        """Publish a headline, as new or as an update of an older one, and remember it."""
        root = older.chain if older is not None else None
        headline = live_headline(
            key=key,
            folded=folded,
            text=sighting.text,
            id=sighting.id,
            language=sighting.language,
            first_seen=timestamp,
            last_seen=timestamp,
            sightings=1,
            sources=(sighting.source,),
            root=root,
        )
        late = older is not None and self._headlines.chains.join(headline, older)
        self._headlines.add(headline)
        out.send(SEEN, key, headline.record(), timestamp)
        event = Headline(
            **asdict(sighting),
            chain=headline.chain,
            updates=root,
            changes=changes,
            late=late,
            corrected=self._corrections.topic(key),
        )
        out.send(DECISIONS, headline.chain.encode(), event, timestamp)

    def _swallow(
        self,
        key: bytes,
        sighting: Sighting,
        timestamp: int,
        out: Outbox,
        *,
        winner: LiveHeadline,
        relation: Relation,
    ) -> None:
        """Let a near duplicate join its winner; its next sighting is an exact duplicate."""
        self._headlines.join(key, winner)
        winner.see(timestamp, sighting.source.encode())
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
        out.send(SEEN, winner.key, winner.record(), timestamp)
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

    def _forget(self, headline: LiveHeadline, keys: Iterable[bytes], timestamp: int, out: Outbox) -> None:
        """Write that a headline has ended, and its chain with the last one."""
        for key in keys:
            out.forget(SEEN, key, timestamp)
        if self._headlines.chains.leave(headline):
            end = ChainEnd(chain=headline.chain, ended_at=format_instant(timestamp))
            out.send(DECISIONS, headline.chain.encode(), end, timestamp)
        if self._witness is not None:
            self._witness.ended(headline)


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
    if not record.key.isascii():
        raise RecordError(f"the key {record.key!r} is no fold key")
    try:
        sighting: Sighting | Correction = _decode_sighting(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordError(f"not a {type_name(Sighting)}: {error}") from error
    return sighting


def _came_back(headline: LiveHeadline, timestamp: int) -> bool:
    """Whether a rubric was away so long that what comes is another edition."""
    gap = bucket_end(timestamp) - headline.bucket_end
    return gap >= RUBRIC_GAP_MS and rubric(headline.folded) is not None
