"""The local engine: the same processors as on Kafka, chained by lists instead of topics.

Nothing is encoded: a record's value is the event itself, but for what a processor stores of its state. Records of one
topic that later stages read are handed on batch by batch, so memory is bounded by the batch, not by the input.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from schemas.events import Event
from schemas.topics import Topic
from streams.stage import EventRecord, Processor, Record, Stage


class DeadLetter(NamedTuple):
    """A record that a stage rejected, and why."""

    stage: str
    record: Record
    error: Exception


Subscriber = Callable[[EventRecord], None]


class _Outbox:
    """Collects what one stage decides (`streams.stage.Outbox`)."""

    def __init__(self, stage: str, engine: "LocalEngine") -> None:
        self._stage = stage
        self._engine = engine
        self._published = engine.published
        self._read = engine.read
        self._counts = engine.counts[stage]

    def send(self, topic: Topic, key: bytes, event: Event, timestamp: int) -> None:
        if topic.name in self._read:
            self._published(topic, EventRecord(key, event, timestamp))

    def store(self, topic: Topic, key: bytes, value: Callable[[bytes], bytes], timestamp: int) -> None:
        """Encode it at once, if anybody reads it: nothing is restored here."""
        if topic.name in self._read:
            self._published(topic, EventRecord(key, value(key), timestamp))

    def forget(self, topic: Topic, key: bytes, timestamp: int) -> None:
        if topic.name in self._read:
            self._published(topic, EventRecord(key, None, timestamp))

    def reject(self, record: Record, error: Exception) -> None:
        self._counts["dead letter"] += 1
        self._engine.dead_letters(DeadLetter(self._stage, record, error))

    def count(self, outcome: str, records: int = 1) -> None:
        self._counts[outcome] += records


class LocalEngine:
    """Runs stages in order on batches of records.

    Args:
        stages: The topology; a stage reads what an earlier one wrote, or what `process` is given.
        subscribers: Called with every record of a topic, by the topic's name.
        dead_letters: Called with every record that a stage rejects.
        processors: Processors by stage name, where `Stage.processor` should not make them.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        *,
        subscribers: Mapping[str, Subscriber],
        dead_letters: Callable[[DeadLetter], None],
        processors: Mapping[str, Processor] | None = None,
    ) -> None:
        self._stages = stages
        self._processors = {stage.name: stage.processor() for stage in stages} | dict(processors or {})
        self._subscribers = subscribers
        self._sources = {stage.source.name for stage in stages}
        self.read = self._sources.union(subscribers)
        """The names of the topics that a stage or a subscriber reads; records of others are not made."""
        self._waiting: defaultdict[str, list[Record]] = defaultdict(list)
        self.dead_letters = dead_letters
        self.counts: dict[str, Counter[str]] = {stage.name: Counter() for stage in stages}
        """Each stage's input records, counted by outcome."""

    def published(self, topic: Topic, record: EventRecord) -> None:
        """Hand a record to the stage that reads its topic and to the topic's subscriber."""
        if topic.name in self._sources:
            self._waiting[topic.name].append(record)
        if subscriber := self._subscribers.get(topic.name):
            subscriber(record)

    def process(self, records: Sequence[Record]) -> None:
        """Run a batch of records of the first stage's topic through the whole topology."""
        self._waiting[self._stages[0].source.name].extend(records)
        for stage in self._stages:
            if batch := self._waiting.pop(stage.source.name, None):
                self._processors[stage.name].process(batch, _Outbox(stage.name, self))
