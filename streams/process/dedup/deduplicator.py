"""Deduplicate sightings: one headline out for each that is new, the rest counted, swallowed or refused.

An exact duplicate is decided from the record alone (key, timestamp and source header): its value is not
decoded, so rubbish in a value whose key is live is never noticed. A value is decoded when its key is not
live, when it opens another ten-minute bucket or when it comes from a source not seen before.

Whatever decides is written to `ticker.seen` when it changes, so that a restart decides as before. Time is
event time; last-seen times count in whole buckets, because that is how often they are written.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import msgspec

from schemas.events import Headline, SeenHeadline, Sighting
from schemas.instants import format_instant, parse_instant
from schemas.topics import HEADLINES, SEEN
from streams.errors import RecordError
from streams.process.dedup.rubrics import rubric
from streams.process.fold import fold
from streams.stage import Outbox, Record

BUCKET_MS: Final = 10 * 60 * 1000
HOUR_MS: Final = 60 * 60 * 1000
DEFAULT_WINDOW_MS: Final = 72 * HOUR_MS
RUBRIC_GAP_MS: Final = 16 * HOUR_MS

SOURCE_HEADER: Final = "source"
"""The one header of a sighting: its source, in UTF-8."""

OUTCOMES: Final = {
    "new": "headlines published for the first time",
    "exact": "sightings of a live headline",
}
"""What can become of a sighting, besides a dead letter."""

_decode_sighting: Final = msgspec.json.Decoder(Sighting).decode
_decode_seen: Final = msgspec.json.Decoder(SeenHeadline).decode


class Live:
    """A live headline: what a decision needs, and what people ask of it."""

    __slots__ = (
        "bucket_end",
        "first_seen",
        "id",
        "key",
        "language",
        "last_seen",
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


class Witness(Protocol):
    """Someone who wants to know of every single record; the Kafka engine has none."""

    def repeated(self, record: Record, winner: Live, rule: str) -> None:
        """A record was swallowed as a duplicate of a live headline."""

    def expired(self, headline: Live) -> None:
        """A headline's life has ended: not seen for a window, or a rubric's next edition replaced it."""


def bucket_end(instant: int) -> int:
    """The end of an instant's ten-minute bucket, in ms: the first instant of the next one."""
    return instant - instant % BUCKET_MS + BUCKET_MS


class Deduplicator:
    """The deduplicate stage on one partition (`streams.stage.Processor`).

    Args:
        window: How long after its last sighting a headline stays live, in ms of event time.
        witness: Told of every duplicate and every expiry.
    """

    def __init__(self, window: int = DEFAULT_WINDOW_MS, witness: Witness | None = None) -> None:
        self._window = window
        self._witness = witness
        self._live: dict[bytes, Live] = {}
        self._queue: defaultdict[int, list[bytes]] = defaultdict(list)
        """Keys by a bucket end that is their own or, until expiry looks at them, an earlier one."""
        self._watermark = 0
        """The latest bucket end of any live headline."""

    def live(self) -> Iterable[Live]:
        """Every live headline, in the order in which they were first seen or restored."""
        return self._live.values()

    def __len__(self) -> int:
        return len(self._live)

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take back a record of `ticker.seen`.

        Raises:
            RecordError: The record is no seen headline: the state cannot be trusted.
        """
        if value is None:
            self._live.pop(key, None)
            return
        try:
            seen = _decode_seen(value)
        except msgspec.DecodeError as error:
            raise RecordError(f"state record {key!r} cannot be read: {error}") from error
        self._remember(
            Live(
                key=key,
                id=seen.id,
                text=seen.text,
                language=seen.language,
                first_seen=parse_instant(seen.first_seen),
                last_seen=parse_instant(seen.last_seen),
                sightings=seen.sightings,
                sources=tuple(source.encode() for source in seen.sources),
            )
        )

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        """Decide on sightings, in order."""
        live = self._live.get
        witness = self._witness
        exact = 0
        for record in records:
            headline = live(record.key)  # type: ignore[arg-type] # None is never a key of ours
            timestamp = record.timestamp
            if (
                headline is not None
                and timestamp < headline.bucket_end
                and record.headers
                and record.headers[0][1] in headline.sources
            ):
                headline.sightings += 1
                if timestamp > headline.last_seen:
                    headline.last_seen = timestamp
                exact += 1
                if witness is not None:
                    witness.repeated(record, headline, "exact")
            else:
                self._decide(record, out)
        if exact:
            out.count("exact", exact)

    def _decide(self, record: Record, out: Outbox) -> None:
        """Decide on a sighting that is new, opens a bucket or comes from a new source."""
        try:
            sighting = decode_sighting(record)
        except RecordError as error:
            out.reject(record, error)
            return
        key, timestamp = record.key, record.timestamp
        assert key is not None
        self._advance(bucket_end(timestamp), out)
        headline = self._live.get(key)
        if headline is not None and not _came_back(headline, timestamp):
            self._see_again(headline, sighting, record, out)
            return
        if headline is not None and self._witness is not None:
            self._witness.expired(headline)
        headline = Live(
            key=key,
            id=sighting.id,
            text=sighting.text,
            language=sighting.language,
            first_seen=timestamp,
            last_seen=timestamp,
            sightings=1,
            sources=(sighting.source.encode(),),
        )
        self._remember(headline)
        _write(headline, timestamp, out)
        out.send(HEADLINES, sighting.id.encode(), _headline(sighting), timestamp)
        out.count("new")

    def _see_again(self, headline: Live, sighting: Sighting, record: Record, out: Outbox) -> None:
        headline.sightings += 1
        if record.timestamp > headline.last_seen:
            headline.last_seen = record.timestamp
            headline.bucket_end = bucket_end(record.timestamp)
        source = sighting.source.encode()
        if source not in headline.sources:
            headline.sources += (source,)
        _write(headline, record.timestamp, out)
        out.count("exact")
        if self._witness is not None:
            self._witness.repeated(record, headline, "exact")

    def _remember(self, headline: Live) -> None:
        self._live.pop(headline.key, None)
        self._live[headline.key] = headline
        self._queue[headline.bucket_end].append(headline.key)
        self._watermark = max(self._watermark, headline.bucket_end)

    def _advance(self, watermark: int, out: Outbox) -> None:
        """Move event time on and forget what has not been seen for a window."""
        if watermark <= self._watermark:
            return
        self._watermark = watermark
        oldest = watermark - self._window
        for end in sorted(end for end in self._queue if end < oldest):
            for key in self._queue.pop(end):
                headline = self._live.get(key)
                if headline is None:
                    continue
                if headline.bucket_end >= oldest:
                    self._queue[headline.bucket_end].append(key)
                    continue
                del self._live[key]
                out.forget(SEEN, key, watermark)
                if self._witness is not None:
                    self._witness.expired(headline)


def decode_sighting(record: Record) -> Sighting:
    """The sighting in a record.

    Raises:
        RecordError: There is no key or no value, or the value is no sighting of a known version.
    """
    value = record.value
    if isinstance(value, Sighting):
        return value
    if record.key is None:
        raise RecordError("the record has no key; a sighting's key is its fold key")
    if not isinstance(value, bytes):
        raise RecordError("the record has no value")
    try:
        return _decode_sighting(value)
    except msgspec.DecodeError as error:
        raise RecordError(f"not a {Sighting.__struct_config__.tag}: {error}") from error


def _came_back(headline: Live, timestamp: int) -> bool:
    """Whether a rubric was away so long that it is another edition."""
    gap = bucket_end(timestamp) - headline.bucket_end
    return gap >= RUBRIC_GAP_MS and rubric(fold(headline.text)) is not None


def _headline(sighting: Sighting) -> Headline:
    return Headline(
        id=sighting.id,
        source=sighting.source,
        observed_at=sighting.observed_at,
        slot=sighting.slot,
        text=sighting.text,
        language=sighting.language,
        truncated=sighting.truncated,
        traceparent=sighting.traceparent,
    )


def _write(headline: Live, timestamp: int, out: Outbox) -> None:
    out.send(
        SEEN,
        headline.key,
        SeenHeadline(
            id=headline.id,
            text=headline.text,
            language=headline.language,
            first_seen=format_instant(headline.first_seen),
            last_seen=format_instant(headline.last_seen),
            sightings=headline.sightings,
            sources=tuple(source.decode() for source in headline.sources),
        ),
        timestamp,
    )
