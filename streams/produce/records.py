"""The records that a strip becomes on Kafka: the strip, its sightings, and a dead letter for each rejected slot."""

import time
from collections.abc import Iterator, Mapping
from typing import Final

from schemas import deadletters
from schemas.events import Sighting, Strip, encode
from schemas.headers import SOURCE_HEADER
from schemas.instants import parse_instant
from schemas.routing import partition_by_hash, partition_of
from schemas.topics import DEADLETTERS, SIGHTINGS, STRIPS
from streams.errors import RecordError
from streams.produce.sightings import StripSightings
from streams.stage import RawRecord

TOPICS: Final = (STRIPS, SIGHTINGS, DEADLETTERS)
"""The topics that a producer writes."""

Home = tuple[str, int]
"""The topic (as on the cluster) and the partition to which a record goes."""
Placed = tuple[Home, RawRecord]


class Records:
    """Makes the records for the topics of one cluster.

    Args:
        prefix: The topics' prefix.
        partitions: How many partitions each topic has, by its name on the cluster.
    """

    def __init__(self, prefix: str, partitions: Mapping[str, int]) -> None:
        self._strips = STRIPS.on(prefix)
        self._deadletters = DEADLETTERS.on(prefix)
        self.sightings: Final = SIGHTINGS.on(prefix)
        self._partitions = partitions

    def of(self, strip: Strip, found: StripSightings) -> Iterator[Placed]:
        """The records of a strip, its sightings and its rejected slots."""
        source = strip.source.encode()
        home = self._home(strip)
        yield home, RawRecord(source, encode(strip), found.timestamp, [])
        headers = [(SOURCE_HEADER, source)]
        count = self._partitions[self.sightings]
        for record in found.records:
            sighting = record.value
            assert isinstance(sighting, Sighting)
            raw = RawRecord(record.key, encode(sighting), found.timestamp, headers)
            yield (self.sightings, partition_of(sighting.language, count)), raw
        for slot in found.rejected:
            key = f"{strip.id}-{slot.slot}".encode()
            rejected = RawRecord(key, slot.text.encode(), found.timestamp, headers)
            yield self.letter(slot.error, home, rejected, offset=slot.slot)

    def rejected(self, strip: Strip, problem: RecordError) -> Placed:
        """The dead letter of a whole strip that cannot be published."""
        record = RawRecord(strip.source.encode(), encode(strip), parse_instant(strip.observed_at), [])
        return self.letter(problem, self._home(strip), record)

    def letter(self, problem: RecordError, home: Home, record: RawRecord, *, offset: int = 0) -> Placed:
        """A dead letter of a record that was never on Kafka: its `offset` is the slot's number, or 0."""
        now = time.time_ns() // 1_000_000
        why = deadletters.reason(
            problem,
            stage="produce",
            topic=home[0],
            partition=home[1],
            offset=offset,
            now=now,
            timestamp=record.timestamp,
        )
        letter = RawRecord(record.key, record.value, now, [*record.headers, *deadletters.to_headers(why)])
        return (self._deadletters, home[1] % self._partitions[self._deadletters]), letter

    def _home(self, strip: Strip) -> Home:
        return self._strips, partition_by_hash(strip.source, self._partitions[self._strips])
