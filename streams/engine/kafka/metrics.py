"""What a worker measures: turns what the engine tells into metrics, once a batch."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry

from schemas.cloudevents import CANARY
from schemas.events import CategorizedHeadline, Duplicate, Event, Headline
from schemas.mediatopics import slug_of
from streams import __version__
from streams.engine.kafka.observer import Backlog, Committed, Restored
from streams.observe import metrics
from streams.observe.metrics import Instruments, Sources
from streams.stage import Record, Stage

_CATEGORIZED: Final = metrics.CATEGORIZED.name
_HEADLINES: Final = metrics.HEADLINES.name
_NEAR_DUPLICATES: Final = metrics.NEAR_DUPLICATES.name
_SOURCE_OUTCOMES: Final = metrics.SOURCE_OUTCOMES.name
_UPDATES: Final = metrics.UPDATES.name
_DEAD_LETTER: Final = "dead letter"
_ALL_UP_TO: Final = 512
"""Records of a batch up to which all are asked for their source."""
_STRIDE: Final = 8
"""Of larger batches every eighth: a strip's records lie together, and who looks at all pays 1 % of the throughput."""


class WorkerMetrics:
    """The metrics of a worker (`streams.engine.kafka.observer.Observer`).

    Args:
        registry: Where the metrics are made.
        stages: What the worker runs: its counters are there, at 0, from the start.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        stages: Sequence[Stage] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._make = Instruments("worker", registry)
        self._clock = clock
        self._sources = Sources()
        self._newest: dict[bytes, int] = {}
        self._make.gauge(metrics.BUILD, __version__, "worker").set(1)
        for stage in stages:
            self._make.counter(metrics.INPUT, stage.name)
            self._make.counter(metrics.LOST, stage.name)
            for outcome in (*stage.outcomes, _DEAD_LETTER):
                self._make.counter(metrics.RECORDS, stage.name, outcome)

    def committed(self, committed: Committed) -> None:
        """Count a committed slice."""
        make, stage, now = self._make, committed.stage, self._clock()
        make.counter(metrics.INPUT, stage).inc(len(committed.records))
        for outcome, records in committed.counts.items():
            make.counter(metrics.RECORDS, stage, outcome).inc(records)
        for reason, records in committed.dead_letters.items():
            make.counter(metrics.RECORDS, stage, _DEAD_LETTER).inc(records)
            make.counter(metrics.DEAD_LETTERS, stage, reason).inc(records)
        make.counter(metrics.TRANSACTIONS, stage).inc()
        make.gauge(metrics.LAST_COMMIT, stage).set(now)
        make.histogram(metrics.BATCH, stage).observe(len(committed.records))
        make.histogram(metrics.BATCH_TIME, stage).observe(committed.seconds)
        self._note_sources(committed.records)
        make.add(self._tally(committed.published))
        if committed.published and isinstance(committed.published[0], CategorizedHeadline):
            ages = make.weighted(metrics.END_TO_END)
            for timestamp, records in Counter(record.timestamp for record in committed.records).items():
                ages.observe(now - timestamp / 1000, records)

    def _note_sources(self, records: Sequence[Record]) -> None:
        """When the newest strip of each source was observed; headlines carry no source header."""
        sample = records if len(records) <= _ALL_UP_TO else records[::_STRIDE]
        for source, timestamp in {
            record.headers[0][1]: record.timestamp for record in sample if len(record.headers) == 1
        }.items():
            if timestamp > self._newest.get(source, 0):
                label = self._sources.label(source.decode("utf-8", "replace"))
                if label != metrics.OTHER:
                    self._newest[source] = timestamp
                self._make.gauge(metrics.SOURCE_NEWEST, label).set(timestamp / 1000)

    def _tally(self, published: Sequence[Event]) -> Counter[tuple[str, ...]]:
        """Count events for consumers, by metric and labels; the canary's are none of their business."""
        tally: Counter[tuple[str, ...]] = Counter()
        label = self._sources.label
        for event in published:
            if isinstance(event, CategorizedHeadline):
                if event.source != CANARY:
                    tally[_CATEGORIZED, slug_of(event.topic), event.language] += 1
            elif isinstance(event, Headline):
                if event.source != CANARY:
                    outcome = "update" if event.updates else "new"
                    tally[_HEADLINES, event.language, outcome] += 1
                    tally[_SOURCE_OUTCOMES, label(event.source), outcome] += 1
                    for change in event.changes:
                        tally[_UPDATES, change.kind] += 1
            elif isinstance(event, Duplicate):
                tally[_NEAR_DUPLICATES, event.rule, event.language] += 1
                tally[_SOURCE_OUTCOMES, label(event.source), "near"] += 1
        return tally

    def restored(self, restored: Restored) -> None:
        """Note how long a restore took."""
        series = restored.stage, str(restored.partition)
        self._make.gauge(metrics.RESTORE_TIME, *series).set(restored.seconds)
        self._make.gauge(metrics.RESTORED, *series).set(restored.records)

    def backlogs(self, backlogs: Sequence[Backlog]) -> None:
        """Note what waits; partitions that are not named are not ours any more."""
        make = self._make
        for metric in (metrics.LAG_RECORDS, metrics.LAG_SECONDS, metrics.LIVE, metrics.PARTITIONS):
            make.clear(metric)
        for backlog in backlogs:
            series = backlog.stage, str(backlog.partition)
            make.gauge(metrics.LAG_RECORDS, *series).set(backlog.records)
            make.gauge(metrics.LAG_SECONDS, *series).set(backlog.seconds)
            make.gauge(metrics.PARTITIONS, backlog.stage).inc()
            if backlog.remembered is not None:
                make.gauge(metrics.LIVE, str(backlog.partition)).set(backlog.remembered)

    def lost(self, stage: str, partition: int, offsets: int) -> None:  # noqa: ARG002 (the protocol's)
        """Count offsets that retention removed unread."""
        self._make.counter(metrics.LOST, stage).inc(offsets)

    def failed(self, stage: str, partition: int, error: BaseException) -> None:  # noqa: ARG002 (likewise)
        """Count a failure that will be tried again."""
        self._make.counter(metrics.FAILURES, stage, type(error).__name__).inc()
