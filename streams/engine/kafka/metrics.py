"""A worker's metrics, updated from the engine's events once per transaction."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry

from streams.engine.kafka.observer import Backlog, Committed, Restored
from streams.observe import headlines
from streams.observe.headlines import HeadlineMetrics
from streams.observe.instruments import Instruments
from streams.observe.letters import LetterLog
from streams.observe.metric import Metric
from streams.observe.shared import DEAD_LETTERS, KAFKA_UP, UNKNOWN, Sources
from streams.stage import Stage

_BATCH_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)
_BATCH_RECORDS: Final = (1, 10, 100, 500, 1000, 2000, 4000, 8000)
_DEAD_LETTER: Final = "dead letter"

INPUT: Final = Metric(
    name="ticker_input_records_total",
    kind="counter",
    unit="records",
    labels=("stage",),
    help="Input records whose transaction was committed.",
)
RECORDS: Final = Metric(
    name="ticker_records_total",
    kind="counter",
    unit="records",
    labels=("stage", "outcome"),
    help="Input records by what became of them, dead letters too: together they are ticker_input_records_total.",
)
TRANSACTIONS: Final = Metric(
    name="ticker_transactions_total",
    kind="counter",
    unit="transactions",
    labels=("stage",),
    help="Transactions committed.",
)
LAST_COMMIT: Final = Metric(
    name="ticker_last_commit_timestamp_seconds",
    kind="gauge",
    unit="seconds since the epoch",
    labels=("stage",),
    help="When the last transaction was committed.",
)
BATCH: Final = Metric(
    name="ticker_batch_records",
    kind="histogram",
    unit="records",
    labels=("stage",),
    help="Records in one transaction.",
    buckets=_BATCH_RECORDS,
)
BATCH_TIME: Final = Metric(
    name="ticker_batch_seconds",
    kind="histogram",
    unit="seconds",
    labels=("stage",),
    help="Time from taking a slice to its commit.",
    buckets=_BATCH_SECONDS,
)
LAG_RECORDS: Final = Metric(
    name="ticker_lag_records",
    kind="gauge",
    unit="records",
    labels=("stage", "partition"),
    help="Offsets of the source that are committed there and not processed yet.",
)
LAG_SECONDS: Final = Metric(
    name="ticker_lag_seconds",
    kind="gauge",
    unit="seconds",
    labels=("stage", "partition"),
    help="How long the oldest record that is not processed yet has been waiting; 0 when none waits.",
)
PARTITIONS: Final = Metric(
    name="ticker_assigned_partitions",
    kind="gauge",
    unit="partitions",
    labels=("stage",),
    help="Partitions of this worker that are open and whose broker answers.",
)
LIVE: Final = Metric(
    name="ticker_live_headlines",
    kind="gauge",
    unit="headlines",
    labels=("partition",),
    help="Fold keys inside the deduplication window: live headlines and their aliases.",
)
CLOCKS: Final = Metric(
    name="ticker_clocks_total",
    kind="counter",
    unit="sightings",
    labels=("stage", "clock"),
    help="Sightings whose time was doubted: more than 6 h ahead of event time, or late by more than the window.",
)
EVENT_TIME: Final = Metric(
    name="ticker_event_timestamp_seconds",
    kind="gauge",
    unit="seconds since the epoch",
    labels=("partition",),
    help="How far the deduplicate stage has come, in event time.",
)
RESTORE_TIME: Final = Metric(
    name="ticker_restore_seconds",
    kind="gauge",
    unit="seconds",
    labels=("stage", "partition"),
    help="How long the last opening of a partition took, its state read back.",
)
RESTORED: Final = Metric(
    name="ticker_restored_records",
    kind="gauge",
    unit="records",
    labels=("stage", "partition"),
    help="State records read back by the last opening of a partition.",
)
FAILURES: Final = Metric(
    name="ticker_failures_total",
    kind="counter",
    unit="failures",
    labels=("stage", "reason"),
    help="Batches and openings that failed and were tried again, by the class of the error.",
)
LOST: Final = Metric(
    name="ticker_lost_offsets_total",
    kind="counter",
    unit="offsets",
    labels=("stage",),
    help="Offsets that retention removed before they were read. Anything but 0 is lost data.",
)

METRICS: Final = (
    INPUT,
    RECORDS,
    TRANSACTIONS,
    LAST_COMMIT,
    BATCH,
    BATCH_TIME,
    LAG_RECORDS,
    LAG_SECONDS,
    PARTITIONS,
    LIVE,
    CLOCKS,
    EVENT_TIME,
    RESTORE_TIME,
    RESTORED,
    FAILURES,
    LOST,
    DEAD_LETTERS,
    KAFKA_UP,
    *headlines.METRICS,
)


class WorkerMetrics:
    """The metrics of a worker (`streams.engine.kafka.observer.Observer`).

    Args:
        registry: Where the metrics are registered.
        stages: The worker's stages: their counters exist from the start, at 0.
        clock: Seconds since the epoch.
        is_answered: Whether the brokers answer.
        log: Logs dead letters.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        stages: Sequence[Stage] = (),
        clock: Callable[[], float] = time.time,
        is_answered: Callable[[], bool] = lambda: True,
        log: LetterLog | None = None,
    ) -> None:
        self._make = Instruments("worker", METRICS, registry)
        self._make.gauge(KAFKA_UP).set_function(lambda: float(is_answered()))
        self._clock = clock
        self._log = log
        self._rejected = Sources()
        """Kept apart from the sources of headlines, because a dead letter may name any source."""
        self._headlines = HeadlineMetrics(self._make)
        for stage in stages:
            self._make.counter(INPUT, stage.name)
            self._make.counter(LOST, stage.name)
            self._make.counter(TRANSACTIONS, stage.name)
            for outcome in (*stage.outcomes, _DEAD_LETTER):
                self._make.counter(RECORDS, stage.name, outcome)
            for doubt in ("ahead", "late") if stage.state is not None else ():
                self._make.counter(CLOCKS, stage.name, doubt)

    def committed(self, committed: Committed) -> None:
        """Count what a transaction committed."""
        make, stage, now = self._make, committed.stage, self._clock()
        make.counter(INPUT, stage).inc(committed.records)
        for outcome, records in committed.counts.items():
            make.counter(RECORDS, stage, outcome).inc(records)
        for doubt, records in committed.clocks.items():
            make.counter(CLOCKS, stage, doubt).inc(records)
        for kind, records in committed.dead_letters.items():
            make.counter(RECORDS, stage, _DEAD_LETTER).inc(records)
            source = self._rejected.label(kind.source or UNKNOWN)
            make.counter(DEAD_LETTERS, stage, kind.reason, source).inc(records)
            if self._log is not None:
                self._log.add(stage, kind, records, committed.said[kind])
        make.counter(TRANSACTIONS, stage).inc()
        make.gauge(LAST_COMMIT, stage).set(now)
        make.histogram(BATCH, stage).observe(committed.records)
        make.histogram(BATCH_TIME, stage).observe(committed.seconds)
        self._headlines.committed(committed.newest, committed.published, committed.published_at, now)

    def restored(self, restored: Restored) -> None:
        """Note how long a restore took."""
        series = restored.stage, str(restored.partition)
        self._make.gauge(RESTORE_TIME, *series).set(restored.seconds)
        self._make.gauge(RESTORED, *series).set(restored.records)

    def backlogs(self, backlogs: Sequence[Backlog]) -> None:
        """Set the lag and state gauges; a partition that is not among `backlogs` is no longer assigned here."""
        make = self._make
        for metric in (LAG_RECORDS, LAG_SECONDS, LIVE, EVENT_TIME, PARTITIONS):
            make.clear(metric)
        for backlog in backlogs:
            series = backlog.stage, str(backlog.partition)
            if backlog.records is not None and backlog.seconds is not None:
                make.gauge(LAG_RECORDS, *series).set(backlog.records)
                make.gauge(LAG_SECONDS, *series).set(backlog.seconds)
            make.gauge(PARTITIONS, backlog.stage).inc()
            if backlog.remembered is not None:
                make.gauge(LIVE, str(backlog.partition)).set(backlog.remembered)
            if backlog.event_time is not None:
                make.gauge(EVENT_TIME, str(backlog.partition)).set(backlog.event_time / 1000)

    def lost(self, stage: str, partition: int, offsets: int) -> None:  # noqa: ARG002 (the protocol's)
        """Count offsets that retention deleted unprocessed."""
        self._make.counter(LOST, stage).inc(offsets)

    def failed(self, stage: str, partition: int, error: BaseException) -> None:  # noqa: ARG002 (likewise)
        """Count a failure that will be retried."""
        self._make.counter(FAILURES, stage, type(error).__name__).inc()
