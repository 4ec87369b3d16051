"""Every metric of the pipeline: the list of all, and the one place where they are made.

Labels are bounded: a stage, an outcome, a rule, a category, a language, a partition, at most `MAX_SOURCES`
sources; never a headline or an id. docs/metrics.md is this list.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any, Final, Literal

from msgspec import Struct
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.utils import floatToGoString

Program = Literal["worker", "producer", "canary"]
Kind = Literal["counter", "gauge", "histogram"]

MAX_SOURCES: Final = 500
"""Sources that have series of their own; the rest, in the order in which they come, share `other`."""
OTHER: Final = "other"

BATCH_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)
END_TO_END_SECONDS: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)
BATCH_RECORDS: Final = (1, 10, 100, 500, 1000, 2000, 4000, 8000)


class Metric(Struct, frozen=True, kw_only=True):
    """One metric.

    `name` is as Prometheus shows it, with `_total` on counters; `programs` are those that expose it.
    """

    name: str
    kind: Kind
    unit: str
    labels: tuple[str, ...] = ()
    help: str
    programs: tuple[Program, ...] = ("worker",)
    buckets: tuple[float, ...] = ()


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
DEAD_LETTERS: Final = Metric(
    name="ticker_dead_letters_total",
    kind="counter",
    unit="records",
    labels=("stage", "reason"),
    help="Records kept as dead letters, by the class of the error that was at the bottom of it.",
    programs=("worker", "producer"),
)
HEADLINES: Final = Metric(
    name="ticker_headlines_total",
    kind="counter",
    unit="headlines",
    labels=("language", "outcome"),
    help="Headlines published, as new or as update, by language; without the canary's.",
)
NEAR_DUPLICATES: Final = Metric(
    name="ticker_near_duplicates_total",
    kind="counter",
    unit="sightings",
    labels=("rule", "language"),
    help="Near duplicates swallowed, by the rule that decided and by language.",
)
UPDATES: Final = Metric(
    name="ticker_update_changes_total",
    kind="counter",
    unit="facts",
    labels=("kind",),
    help="Facts that updates changed, by kind.",
)
CATEGORIZED: Final = Metric(
    name="ticker_categorized_total",
    kind="counter",
    unit="headlines",
    labels=("category", "language"),
    help="Headlines published to category topics; without the canary's.",
)
SOURCE_OUTCOMES: Final = Metric(
    name="ticker_source_records_total",
    kind="counter",
    unit="headlines",
    labels=("source", "outcome"),
    help="What a source brought that was not an exact duplicate: new headlines, updates, near duplicates.",
)
SOURCE_NEWEST: Final = Metric(
    name="ticker_source_newest_timestamp_seconds",
    kind="gauge",
    unit="seconds since the epoch",
    labels=("source",),
    help="When the newest strip of a source was observed: of those published (producer) or processed (worker,"
    " which looks at every eighth record of a batch of more than 512).",
    programs=("worker", "producer"),
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
    buckets=BATCH_RECORDS,
)
BATCH_TIME: Final = Metric(
    name="ticker_batch_seconds",
    kind="histogram",
    unit="seconds",
    labels=("stage",),
    help="Time from taking a slice to its commit.",
    buckets=BATCH_SECONDS,
)
END_TO_END: Final = Metric(
    name="ticker_end_to_end_seconds",
    kind="histogram",
    unit="seconds",
    help="Age of headlines when their category event was committed, since a source was seen to show them.",
    buckets=END_TO_END_SECONDS,
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
    help="Age, by event time, of the oldest record that is not processed yet; 0 when all are.",
)
PARTITIONS: Final = Metric(
    name="ticker_assigned_partitions",
    kind="gauge",
    unit="partitions",
    labels=("stage",),
    help="Partitions of this worker.",
)
LIVE: Final = Metric(
    name="ticker_live_headlines",
    kind="gauge",
    unit="headlines",
    labels=("partition",),
    help="Fold keys inside the deduplication window: live headlines and their aliases.",
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
STRIPS: Final = Metric(
    name="ticker_strips_total",
    kind="counter",
    unit="strips",
    labels=("outcome",),
    help="Strips by what became of them: published, or failed because they could not be split.",
    programs=("producer",),
)
SLOTS: Final = Metric(
    name="ticker_slots_total",
    kind="counter",
    unit="slots",
    help="Slots found in published strips.",
    programs=("producer",),
)
SLOT_OUTCOMES: Final = Metric(
    name="ticker_slot_outcomes_total",
    kind="counter",
    unit="slots",
    labels=("outcome",),
    help="Slots by what became of them: empty, sighting, or dead letter: together ticker_slots_total.",
    programs=("producer",),
)
SOURCE_STRIPS: Final = Metric(
    name="ticker_source_strips_total",
    kind="counter",
    unit="strips",
    labels=("source",),
    help="Strips published, by source.",
    programs=("producer",),
)
SOURCE_SIGHTINGS: Final = Metric(
    name="ticker_source_sightings_total",
    kind="counter",
    unit="sightings",
    labels=("source",),
    help="Sightings published, by source.",
    programs=("producer",),
)
CANARY_PUBLISHED: Final = Metric(
    name="ticker_canary_published_total",
    kind="counter",
    unit="headlines",
    labels=("language",),
    help="Canary headlines published.",
    programs=("canary",),
)
CANARY_ARRIVED: Final = Metric(
    name="ticker_canary_arrived_total",
    kind="counter",
    unit="headlines",
    labels=("language",),
    help="Canary headlines that came out of a category topic.",
    programs=("canary",),
)
CANARY_LOST: Final = Metric(
    name="ticker_canary_lost_total",
    kind="counter",
    unit="headlines",
    labels=("language",),
    help="Canary headlines that were given up after fifteen minutes.",
    programs=("canary",),
)
CANARY_SECONDS: Final = Metric(
    name="ticker_canary_seconds",
    kind="histogram",
    unit="seconds",
    labels=("language",),
    help="Age of canary headlines when they came out of a category topic.",
    programs=("canary",),
    buckets=END_TO_END_SECONDS,
)
CANARY_AGE: Final = Metric(
    name="ticker_canary_age_seconds",
    kind="gauge",
    unit="seconds",
    labels=("language",),
    help="Age of the oldest canary headline that is under way; of the newest arrival when none is.",
    programs=("canary",),
)
BUILD: Final = Metric(
    name="ticker_build_info",
    kind="gauge",
    unit="1",
    labels=("version", "program"),
    help="Always 1; says which version runs.",
    programs=("worker", "producer", "canary"),
)

METRICS: Final = (
    INPUT,
    RECORDS,
    DEAD_LETTERS,
    HEADLINES,
    NEAR_DUPLICATES,
    UPDATES,
    CATEGORIZED,
    SOURCE_OUTCOMES,
    SOURCE_NEWEST,
    TRANSACTIONS,
    LAST_COMMIT,
    BATCH,
    BATCH_TIME,
    END_TO_END,
    LAG_RECORDS,
    LAG_SECONDS,
    PARTITIONS,
    LIVE,
    RESTORE_TIME,
    RESTORED,
    FAILURES,
    LOST,
    STRIPS,
    SLOTS,
    SLOT_OUTCOMES,
    SOURCE_STRIPS,
    SOURCE_SIGHTINGS,
    CANARY_PUBLISHED,
    CANARY_ARRIVED,
    CANARY_LOST,
    CANARY_SECONDS,
    CANARY_AGE,
    BUILD,
)
"""All metrics, in the order of the documentation."""


class Instruments:
    """The metrics of one program, made in a registry: `instruments.counter(INPUT, "deduplicate")`."""

    def __init__(self, program: Program, registry: CollectorRegistry) -> None:
        self._made: dict[str, Any] = {
            metric.name: _make(metric, registry) for metric in METRICS if program in metric.programs
        }
        self._series_made: dict[tuple[str, ...], Any] = {}
        """The library looks a series up by its labels in a microsecond, under a lock."""

    def counter(self, metric: Metric, *labels: str) -> Counter:
        """One series of a counter."""
        counter: Counter = self._series(metric, labels)
        return counter

    def gauge(self, metric: Metric, *labels: str) -> Gauge:
        """One series of a gauge."""
        gauge: Gauge = self._series(metric, labels)
        return gauge

    def histogram(self, metric: Metric, *labels: str) -> Histogram:
        """One series of a histogram."""
        histogram: Histogram = self._series(metric, labels)
        return histogram

    def weighted(self, metric: Metric) -> "WeightedHistogram":
        """A histogram that takes many equal values at once; has no labels."""
        histogram: WeightedHistogram = self._made[metric.name]
        return histogram

    def add(self, tally: Mapping[tuple[str, ...], int]) -> None:
        """Raise many counters: by metric's name and labels."""
        for (name, *labels), number in tally.items():
            self._find(name, tuple(labels)).inc(number)

    def clear(self, metric: Metric) -> None:
        """Forget every series of a metric with labels: what they were about is not ours any more."""
        self._made[metric.name].clear()
        for series in [series for series in self._series_made if series[0] == metric.name]:
            del self._series_made[series]

    def _series(self, metric: Metric, labels: tuple[str, ...]) -> Any:
        return self._find(metric.name, labels)

    def _find(self, name: str, labels: tuple[str, ...]) -> Any:
        series = (name, *labels)
        if series not in self._series_made:
            made = self._made[name]
            self._series_made[series] = made.labels(*labels) if labels else made
        return self._series_made[series]


class WeightedHistogram:
    """A histogram without labels that takes many equal values at once, which the library's does not.

    Not for several threads: it is raised and shown in the event loop.
    """

    def __init__(self, metric: Metric, registry: CollectorRegistry) -> None:
        self._metric = metric
        self._counts = [0] * (len(metric.buckets) + 1)
        self._sum = 0.0
        registry.register(self)

    def observe(self, value: float, times: int) -> None:
        """Take a value so many times."""
        self._counts[bisect_left(self._metric.buckets, value)] += times
        self._sum += value * times

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """What the registry shows (`prometheus_client.registry.Collector`)."""
        bounds = [*map(floatToGoString, self._metric.buckets), "+Inf"]
        yield HistogramMetricFamily(
            self._metric.name,
            self._metric.help,
            buckets=list(zip(bounds, accumulate(self._counts), strict=True)),
            sum_value=self._sum,
        )


class Sources:
    """Gives each source its label, the first `limit` of them their own."""

    def __init__(self, limit: int = MAX_SOURCES) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def label(self, source: str) -> str:
        """The source, or `other` once there are too many."""
        if source not in self._known:
            if len(self._known) >= self._limit:
                return OTHER
            self._known.add(source)
        return source


def _make(metric: Metric, registry: CollectorRegistry) -> Any:
    name, text, labels = metric.name, metric.help, metric.labels
    if metric.kind == "counter":
        return Counter(name.removesuffix("_total"), text, labels, registry=registry)
    if metric.kind == "gauge":
        return Gauge(name, text, labels, registry=registry)
    if not labels:
        return WeightedHistogram(metric, registry)
    return Histogram(name, text, labels, buckets=metric.buckets, registry=registry)
