"""A simulation of one language sharded over several workers: shards drop exact duplicates, one owner decides the rest.

The sightings of a language would be partitioned by key over the shards. For each live key, a shard knows the
ten-minute bucket that it has reached and the sources that have shown it. The shard drops a sighting that changes
neither, and forwards every other one to the language's owner, which is the unchanged deduplicate stage
(docs/engine.md). The owner tells the shards which keys have ended. The simulation runs without Kafka: it compares the
decisions and their cost.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final
from zlib import crc32

from msgspec import Struct

from schemas.events import Event, Sighting
from schemas.instants import EARLIEST, LATEST
from schemas.topics import DECISIONS, DUPLICATES, Topic
from streams.bench.corpus import Corpus, make
from streams.process.dedup.deduplicator import Deduplicator
from streams.process.dedup.event_time import bucket_end
from streams.process.dedup.headline import LiveHeadline
from streams.produce.sightings import sightings
from streams.produce.strips import strip_of
from streams.stage import Outbox, Record

_BATCH: Final = 250


class Shard:
    """The state of one shard: for each live key the end of its latest bucket at the owner, and its sources."""

    def __init__(self) -> None:
        self.plain = (0, 0)
        """Times (ms, the second exclusive) at which a repetition changes nothing at the owner, as it said last.

        At others it may be late, or a vote on event time.
        """
        self._known: dict[bytes, tuple[int, tuple[bytes, ...]]] = {}

    def repeats(self, record: Record) -> bool:
        """Whether a sighting changes nothing at the owner. If not, remember it, because it is forwarded now."""
        key, timestamp, source = record.key, record.timestamp, record.headers[0][1]
        assert key is not None
        known = self._known.get(key)
        if known is None:
            self._known[key] = bucket_end(timestamp), (source,)
            return False
        end, sources = known
        if self.plain[0] <= timestamp < min(end, self.plain[1]) and source in sources:
            return True
        self._known[key] = (
            max(end, bucket_end(timestamp)),
            sources if source in sources else (*sources, source),
        )
        return False

    def forget(self, key: bytes) -> None:
        """Remove a key that the owner has ended."""
        self._known.pop(key, None)


class Division:
    """The shards and the owner of a language, run one after another in this process."""

    def __init__(self, shards: int) -> None:
        self._shards = [Shard() for _ in range(shards)]
        self._owner = Deduplicator(witness=self)

    def process(self, records: Sequence[Record], out: Outbox) -> Sequence[Record]:
        """Decide on sightings in order; returns those that were forwarded to the owner."""
        passed: list[Record] = []
        for record in records:
            if not self._shard(record.key).repeats(record):
                # One at a time: each record can end keys and move event time, which the shards need for the next.
                self._owner.process([record], out)
                passed.append(record)
                for shard in self._shards:
                    shard.plain = self._owner.plain
        return passed

    def repeated(self, record: Record, winner: LiveHeadline, rule: str) -> None:
        """Do nothing: an exact duplicate at the owner changes nothing for a shard."""

    def ended(self, headline: LiveHeadline) -> None:
        """Tell the shards that a headline has ended."""
        for key in (headline.key, *headline.aliases):
            self._shard(key).forget(key)

    def _shard(self, key: bytes | None) -> Shard:
        return self._shards[shard_of(key, len(self._shards))]


class ShardsResult(Struct, frozen=True, kw_only=True):
    """A sharded language compared with a single owner, for each language of the corpus."""

    shards: int
    corpus: str
    sightings: int
    headlines: int
    to_owner: float
    """The share of sightings that the shards forward to the owner."""
    largest_shard: float
    """The largest share of a language's sightings that one shard has."""
    us_a_sighting_alone: float
    """Processor time of the single owner, without decoding."""
    us_a_sighting_shard: float
    us_a_sighting_owner: float
    """Processor time of the owner behind the shards, for each forwarded sighting."""
    is_same: bool
    """Whether both published the same headlines with the same ids, updates and near duplicates, in the same order."""


class _Decided:
    """An outbox that keeps the records that consumers and the next stage read."""

    def __init__(self) -> None:
        self.events: list[tuple[str, bytes, Event]] = []

    def send(self, topic: Topic, key: bytes, event: Event, timestamp: int) -> None:
        del timestamp
        if topic in (DECISIONS, DUPLICATES):
            self.events.append((topic.name, key, event))

    def store(self, topic: Topic, key: bytes, value: Callable[[bytes], bytes], timestamp: int) -> None:
        """Ignore the state."""

    def forget(self, topic: Topic, key: bytes, timestamp: int) -> None:
        """Ignore tombstones of the state."""

    def reject(self, record: Record, error: Exception) -> None:
        """Never called: the corpus has only valid records."""
        del record
        raise error

    def count(self, outcome: str, records: int = 1) -> None:
        """Ignore counts: they differ by the duplicates that the shards drop."""


def run_shards(shards: Sequence[int], sightings: int) -> Iterator[ShardsResult]:
    """Process the natural mix by a single owner, then with each number of shards before an owner, and compare."""
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
    """The processor time of a single owner's decisions, in seconds."""
    owner = Deduplicator()
    started = time.process_time()
    for start in range(0, len(records), _BATCH):
        owner.process(records[start : start + _BATCH], out)
    return time.process_time() - started


def _filter(records: Sequence[Record]) -> float:
    """The processor time of all shards together, in seconds."""
    shard = Shard()
    shard.plain = EARLIEST, LATEST  # as the owner says of nearly all times
    started = time.process_time()
    for record in records:
        shard.repeats(record)
    return time.process_time() - started


def _largest(records: Sequence[Record], shards: int) -> float:
    return max(Counter(shard_of(record.key, shards) for record in records).values()) / len(records)


def shard_of(key: bytes | None, shards: int) -> int:
    """The shard of a key."""
    return crc32(key or b"") % shards
