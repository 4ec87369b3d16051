"""What several tests use: sightings by the word, and an outbox that keeps what it is given."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from schemas.events import Event, Headline, SeenHeadline, Sighting, encode
from schemas.headers import EVENT_TIME_KEY, SOURCE_HEADER
from schemas.instants import format_instant
from schemas.topics import Topic
from streams.produce.sightings import identify, strip_id
from streams.stage import EventRecord, RawRecord, Record

HOUR: Final = 60 * 60 * 1000
MINUTE: Final = 60 * 1000
START: Final = 1_773_216_000_000
"""2026-03-11T08:00:00Z in ms."""


def sighting(text: str, *, at: int = START, source: str = "akhbar", slot: int = 0) -> EventRecord:
    """A sighting as the producer makes it; `at` is in ms."""
    key, language = identify(text)
    observed_at = format_instant(at)
    event = Sighting(
        id=f"{strip_id(source, observed_at, text)}-{slot}",
        source=source,
        observed_at=observed_at,
        slot=slot,
        text=text,
        language=language,
    )
    return EventRecord(key, event, at, ((SOURCE_HEADER, source.encode()),))


def raw_record(
    key: bytes | None, value: bytes | None, at: int = START, headers: Sequence[tuple[str, bytes]] = ()
) -> RawRecord:
    """A record as it comes from Kafka."""
    return RawRecord(key, value, at, list(headers))


class Written(NamedTuple):
    """A record that a processor wrote; `event` is None for a tombstone."""

    topic: str
    key: bytes
    event: Event | None
    timestamp: int


_decode_state = msgspec.json.Decoder(SeenHeadline).decode


class KeepingOutbox:
    """An outbox that keeps everything in order (`streams.stage.Outbox`)."""

    def __init__(self) -> None:
        self.written: list[Written] = []
        self.rejected: list[tuple[Record, Exception]] = []
        self.counts: Counter[str] = Counter()

    def send(self, topic: Topic, key: bytes, event: Event, timestamp: int) -> None:
        self.written.append(Written(topic.name, key, event, timestamp))

    def store(self, topic: Topic, key: bytes, value: Callable[[bytes], bytes], timestamp: int) -> None:
        """Write it at once, as if each change were a transaction."""
        self.send(topic, key, _decode_state(value(key)), timestamp)

    def forget(self, topic: Topic, key: bytes, timestamp: int) -> None:
        self.written.append(Written(topic.name, key, None, timestamp))

    def reject(self, record: Record, error: Exception) -> None:
        self.rejected.append((record, error))

    def count(self, outcome: str, records: int = 1) -> None:
        self.counts[outcome] += records

    def headlines(self) -> Sequence[Headline]:
        """The headlines that were published, in order."""
        return [w.event for w in self.written if isinstance(w.event, Headline) and w.topic == "decisions"]

    def state_log(self) -> Sequence[RawRecord]:
        """`ticker.seen` as it was written, before compaction."""
        return [
            raw_record(w.key, None if w.event is None else encode(w.event), w.timestamp)
            for w in self.written
            if w.topic == "seen"
        ]

    def headline_rows(self) -> dict[bytes, bytes]:
        """`ticker.seen` after compaction without the row of event time."""
        return {key: value for key, value in self.state().items() if key != EVENT_TIME_KEY}

    @property
    def forgotten(self) -> set[bytes]:
        """The keys whose last record on `ticker.seen` is a tombstone."""
        return {row.key for row in self.state_log() if row.key is not None} - self.state().keys()

    def state(self) -> dict[bytes, bytes]:
        """`ticker.seen` after compaction: the last value of every key, in the order of the last writes."""
        rows: dict[bytes, bytes] = {}
        for row in self.state_log():
            assert row.key is not None
            rows.pop(row.key, None)
            if row.value is not None:
                rows[row.key] = row.value
        return rows
