"""Collects a stage's outputs for one transaction, encoded as they will be written."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple, cast

from aiokafka import TopicPartition

from schemas import cloudevents, deadletters
from schemas.events import CategorizedHeadline, Correction, Duplicate, Event, encode
from schemas.headers import attempts
from schemas.origin import origin
from schemas.topics import DEADLETTERS, Topic
from streams.observe.letters import Rejected
from streams.stage import RawRecord


class _Stored(NamedTuple):
    """A change of a key that is not encoded yet."""

    topic: Topic
    value: Callable[[bytes], bytes]
    timestamp: int


class KafkaOutbox:
    """One transaction's outputs (`streams.stage.Outbox`), by Kafka topic.

    Args:
        stage: The stage's name, for dead letters.
        prefix: The topics' prefix.
        source: The partition that is processed, for dead letters.
        schemas: Where consumers fetch the schemas, for the events' headers.
    """

    def __init__(
        self,
        stage: str,
        prefix: str,
        source: TopicPartition,
        schemas: cloudevents.SchemaUris = cloudevents.NO_SCHEMA_URIS,
    ) -> None:
        self._stage = stage
        self._prefix = prefix
        self._source = source
        self._schemas = schemas
        self.records: defaultdict[str, list[RawRecord]] = defaultdict(list)
        self._by_name: dict[str, list[RawRecord]] = {}
        """The same lists, by the topics' names without the prefix."""
        self._stored: defaultdict[str, dict[bytes, _Stored]] = defaultdict(dict)
        """What `flush` will write, by topic and key."""
        self.published: list[Event] = []
        """The events for public topics, in order; one that goes to several topics is listed once."""
        self.published_at: list[int] = []
        """Their event times (ms)."""
        self._event: Event | None = None
        self._value = b""
        self._headers: cloudevents.Headers | None = None
        self.counts: Counter[str] = Counter()
        self.dead_letters: Counter[Rejected] = Counter()
        self.said: dict[Rejected, str] = {}
        """The last error message of each kind of dead letter."""

    @property
    def size(self) -> int:
        """Records to write."""
        return sum(map(len, self.records.values())) + sum(map(len, self._stored.values()))

    def send(self, topic: Topic, key: bytes, event: Event, timestamp: int) -> None:
        """Publish an event on the partition of the input. Sent to several topics in a row, it is encoded once."""
        if event is not self._event:
            self._event, self._value, self._headers = event, encode(event), None
        headers: cloudevents.Headers = []
        if topic.public:
            if self._headers is None:
                self._headers = cloudevents.headers(
                    cast("CategorizedHeadline | Correction | Duplicate", event), key, self._schemas
                )
                self.published.append(event)
                self.published_at.append(timestamp)
            headers = self._headers
        self._write(topic, RawRecord(key, self._value, timestamp, headers))

    def _write(self, topic: Topic, record: RawRecord) -> None:
        """Write a record, in the place of what was stored for its key before."""
        if topic.name in self._stored:
            self._stored[topic.name].pop(cast("bytes", record.key), None)
        self._of(topic).append(record)

    def _of(self, topic: Topic) -> list[RawRecord]:
        """The records of a topic."""
        found = self._by_name.get(topic.name)
        if found is None:
            found = self._by_name[topic.name] = self.records[topic.on(self._prefix)]
        return found

    def store(self, topic: Topic, key: bytes, value: Callable[[bytes], bytes], timestamp: int) -> None:
        """Write a key of a compacted topic as it is at the next `flush`."""
        self._stored[topic.name][key] = _Stored(topic, value, timestamp)

    def flush(self, most: int | None = None) -> bool:
        """Encode what was stored, as it is now, of each topic at most so many keys; returns whether that was all."""
        for stored in self._stored.values():
            for key in list(islice(stored, most)):
                topic, value, timestamp = stored.pop(key)
                self._of(topic).append(RawRecord(key, value(key), timestamp, []))
        return not any(self._stored.values())

    def forget(self, topic: Topic, key: bytes, timestamp: int) -> None:
        """Write a tombstone."""
        self._write(topic, RawRecord(key, None, timestamp, []))

    def reject(self, record: Any, error: Exception) -> None:
        """Keep a record byte for byte, with the reason, in the dead letters.

        The dead letter's timestamp is the wall clock, so that retention counts from the rejection.
        """
        now = time.time_ns() // 1_000_000
        why = deadletters.reason(
            error,
            stage=self._stage,
            topic=self._source.topic,
            partition=self._source.partition,
            offset=record.offset,
            now=now,
            attempt=attempts(record.headers) + 1,
            timestamp=record.timestamp,
        )
        headers = [*deadletters.own(record.headers), *deadletters.to_headers(why)]
        self.records[DEADLETTERS.on(self._prefix)].append(RawRecord(record.key, record.value, now, headers))
        kind = Rejected(type(error.__cause__ or error).__name__, origin(record.headers, record.value))
        self.dead_letters[kind] += 1
        self.said[kind] = why.message

    def count(self, outcome: str, records: int = 1) -> None:
        """Say what became of input records."""
        self.counts[outcome] += records
