"""One language over several workers, simulated: exact duplicates where their keys are, the rest at one owner.

The sightings of a language would be keyed onto as many partitions as there are shards. A shard knows of each live
key which ten-minute bucket it has reached and who has shown it. What changes neither is swallowed there; every
other sighting goes on to the language's owner, which is the deduplicate stage as it is (docs/engine.md). The
owner tells the shards which keys have ended. No Kafka here: it is the decisions that are compared, and their cost.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final
from zlib import crc32

from msgspec import Struct

from schemas.events import Event, Sighting
from schemas.topics import DECISIONS, DUPLICATES, Topic
from streams.bench.corpus import Corpus, make
from streams.process.dedup.deduplicator import DEFAULT_WINDOW_MS, Deduplicator
from streams.process.dedup.event_time import bucket_end
from streams.process.dedup.headline import LiveHeadline
from streams.produce.sightings import sightings
from streams.produce.strips import strip_of
from streams.stage import Outbox, Record

_BATCH: Final = 250


class Shard:
    """What one shard remembers: by live key, the end of the bucket that the owner knows of, and its sources."""

    def __init__(self) -> None:
        self.oldest = 0
        """From when on the owner takes a sighting for live, in ms of event time, as it told the shard last."""
        self._known: dict[bytes, tuple[int, tuple[bytes, ...]]] = {}

    def repeats(self, record: Record) -> bool:
        """Whether a sighting changes nothing at the owner; else it must go there, and counts as known from then on."""
        key, timestamp, source = record.key, record.timestamp, record.headers[0][1]
        assert key is not None
        known = self._known.get(key)
        if known is None:
            self._known[key] = bucket_end(timestamp), (source,)
            return False
        end, sources = known
        if self.oldest <= timestamp < end and source in sources:
            return True
        self._known[key] = (
            max(end, bucket_end(timestamp)),
            sources if source in sources else (*sources, source),
        )
        return False

    def forget(self, key: bytes) -> None:
        """Let go of a key that the owner has ended."""
        self._known.pop(key, None)


class Division:
    """A language's sightings over shards and their owner, one after another in this process."""

    def __init__(self, shards: int) -> None:
        self._shards = [Shard() for _ in range(shards)]
        self._owner = Deduplicator(witness=self)

    def process(self, records: Sequence[Record], out: Outbox) -> Sequence[Record]:
        """Decide on sightings in order; returns those that the owner saw."""
        passed: list[Record] = []
        for record in records:
            if not self._shard(record.key).repeats(record):
                # Each by itself: what the owner ends, and its event time, the shards must know before the next one.
                self._owner.process([record], out)
                passed.append(record)
                for shard in self._shards:
                    shard.oldest = (self._owner.event_time or 0) - DEFAULT_WINDOW_MS
        return passed

    def repeated(self, record: Record, winner: LiveHeadline, rule: str) -> None:
        """The owner's own exact duplicates are no news to a shard."""

    def ended(self, headline: LiveHeadline) -> None:
        """Tell the shards of a headline's end."""
        for key in (headline.key, *headline.aliases):
            self._shard(key).forget(key)

    def _shard(self, key: bytes | None) -> Shard:
        return self._shards[shard_of(key, len(self._shards))]


class ShardsResult(Struct, frozen=True, kw_only=True):
    """A division beside one owner of everything, each language of the corpus by itself."""

    shards: int
    corpus: str
    sightings: int
    headlines: int
    to_owner: float
    """The share of the sightings that a shard cannot decide on."""
    largest_shard: float
    """The share of a language's sightings that its busiest shard has, at most."""
    us_a_sighting_alone: float
    """Processor time of the one owner, decoding aside."""
    us_a_sighting_shard: float
    us_a_sighting_owner: float
    """Processor time of the owner behind the shards, for each sighting that reaches it."""
    is_same: bool
    """Whether the same headlines came with the same ids, updates and near duplicates, in the same order."""


class _Decided:
    """An outbox that keeps what consumers and the next stage see."""

    def __init__(self) -> None:
        self.events: list[tuple[str, bytes, Event]] = []

    def send(self, topic: Topic, key: bytes, event: Event | bytes, timestamp: int) -> None:
        del timestamp
        if topic in (DECISIONS, DUPLICATES) and not isinstance(event, bytes):
            self.events.append((topic.name, key, event))

    def forget(self, topic: Topic, key: bytes, timestamp: int) -> None:
        """Tombstones of the state are the owner's own affair."""

    def reject(self, record: Record, error: Exception) -> None:
        """The corpus has only what the producer makes."""
        del record
        raise error

    def count(self, outcome: str, records: int = 1) -> None:
        """Counts differ by what the shards swallow."""


def run_shards(shards: Sequence[int], sightings: int) -> Iterator[ShardsResult]:
    """Decide on the natural mix by one owner, then by each number of shards before one, and compare."""
    corpus = make("natural", sightings)
    languages = _by_language(corpus)
    alone = [_Decided() for _ in languages]
    seconds = sum(map(_decide, languages, alone))
    for number in shards:
        decided = [_Decided() for _ in languages]
        passed = [Division(number).process(*each) for each in zip(languages, decided, strict=True)]
        owners = [_Decided() for _ in languages]
        to_owner = sum(map(len, passed))
        yield ShardsResult(
            shards=number,
            corpus=corpus.digest,
            sightings=corpus.sightings,
            headlines=sum(len(each.events) for each in alone),
            to_owner=round(to_owner / corpus.sightings, 3),
            largest_shard=round(max(_largest(records, number) for records in languages), 3),
            us_a_sighting_alone=round(seconds / corpus.sightings * 1e6, 2),
            us_a_sighting_shard=round(sum(map(_filter, languages)) / corpus.sightings * 1e6, 2),
            us_a_sighting_owner=round(sum(map(_decide, passed, owners)) / to_owner * 1e6, 2),
            is_same=[each.events for each in decided] == [each.events for each in alone],
        )


def _by_language(corpus: Corpus) -> Sequence[Sequence[Record]]:
    found: dict[str, list[Record]] = {}
    for observation in corpus.observations:
        for record in sightings(*strip_of(observation)).records:
            assert isinstance(record.value, Sighting)
            found.setdefault(record.value.language, []).append(record)
    return list(found.values())


def _decide(records: Sequence[Record], out: _Decided) -> float:
    """The processor time in which one owner decides, in seconds."""
    owner = Deduplicator()
    started = time.process_time()
    for start in range(0, len(records), _BATCH):
        owner.process(records[start : start + _BATCH], out)
    return time.process_time() - started


def _filter(records: Sequence[Record]) -> float:
    """The processor time that shards take together, in seconds: each does its part of this."""
    shard = Shard()
    started = time.process_time()
    for record in records:
        shard.repeats(record)
    return time.process_time() - started


def _largest(records: Sequence[Record], shards: int) -> float:
    return max(Counter(shard_of(record.key, shards) for record in records).values()) / len(records)


def shard_of(key: bytes | None, shards: int) -> int:
    """The shard of a key."""
    return crc32(key or b"") % shards
