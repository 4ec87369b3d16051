"""Every metric of the pipeline, made in this one place and raised once a batch."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams.observe.observer import Committed, Restored

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)
_RECORDS = (1, 10, 100, 500, 1000, 2000, 4000, 8000)


class WorkerMetrics:
    """What a worker measures (`streams.engine.kafka.partition.Observer`)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._records = Counter(
            "ticker_records", "Input records by what became of them.", ("stage", "outcome"), registry=registry
        )
        self._input = Counter("ticker_input_records", "Input records read.", ("stage",), registry=registry)
        self._transactions = Counter(
            "ticker_transactions", "Transactions committed.", ("stage",), registry=registry
        )
        self._batch = Histogram(
            "ticker_batch_records",
            "Records in one transaction.",
            ("stage",),
            buckets=_RECORDS,
            registry=registry,
        )
        self._seconds = Histogram(
            "ticker_batch_seconds",
            "Time from taking a slice to its commit.",
            ("stage",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._age = Gauge(
            "ticker_lag_seconds",
            "Age of the newest record that was committed, by event time.",
            ("stage", "partition"),
            registry=registry,
        )
        self._restore = Gauge(
            "ticker_restore_seconds",
            "How long the last restore took.",
            ("stage", "partition"),
            registry=registry,
        )
        self._failures = Counter(
            "ticker_failures",
            "Slices and openings that failed and were tried again.",
            ("stage",),
            registry=registry,
        )
        self._lost = Counter(
            "ticker_lost_offsets", "Offsets that retention removed unread.", ("stage",), registry=registry
        )

    def committed(self, committed: Committed) -> None:
        """Count a committed slice."""
        stage = committed.stage
        self._input.labels(stage).inc(committed.records)
        for outcome, records in committed.counts.items():
            self._records.labels(stage, outcome).inc(records)
        if committed.rejected:
            self._records.labels(stage, "dead letter").inc(committed.rejected)
        self._transactions.labels(stage).inc()
        self._batch.labels(stage).observe(committed.records)
        self._seconds.labels(stage).observe(committed.seconds)
        age = time.time() - committed.newest_timestamp / 1000
        self._age.labels(stage, str(committed.partition)).set(age)

    def restored(self, restored: Restored) -> None:
        """Note how long a restore took."""
        self._restore.labels(restored.stage, str(restored.partition)).set(restored.seconds)

    def lost(self, stage: str, partition: int, offsets: int) -> None:  # noqa: ARG002
        """Count offsets that retention removed unread."""
        self._lost.labels(stage).inc(offsets)

    def failed(self, stage: str, partition: int, error: BaseException) -> None:  # noqa: ARG002
        """Count a failure that will be tried again."""
        self._failures.labels(stage).inc()
