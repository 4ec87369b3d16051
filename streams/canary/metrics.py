"""The canary's metrics. The service level objective of the end-to-end latency is on the age of its headlines."""

from collections.abc import Callable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry

from streams.canary.headlines import LANGUAGES
from streams.canary.rounds import Arrival
from streams.observe.instruments import Instruments
from streams.observe.metric import END_TO_END_SECONDS, Metric
from streams.observe.shared import KAFKA_UP

PUBLISHED: Final = Metric(
    name="ticker_canary_published_total",
    kind="counter",
    unit="headlines",
    labels=("language",),
    help="Canary headlines published.",
)
ARRIVED: Final = Metric(
    name="ticker_canary_arrived_total",
    kind="counter",
    unit="headlines",
    labels=("language",),
    help="Canary headlines that came out of the pipeline.",
)
LOST: Final = Metric(
    name="ticker_canary_lost_total",
    kind="counter",
    unit="headlines",
    labels=("language",),
    help="Canary headlines that were overtaken by a later one of their language, or given up after fifteen minutes.",
)
SECONDS: Final = Metric(
    name="ticker_canary_seconds",
    kind="histogram",
    unit="seconds",
    labels=("language",),
    help="Age of canary headlines when they came out of the pipeline.",
    buckets=END_TO_END_SECONDS,
)
AGE: Final = Metric(
    name="ticker_canary_age_seconds",
    kind="gauge",
    unit="seconds",
    labels=("language",),
    help="Age of the oldest canary headline that is under way; of the newest arrival when none is.",
)

METRICS: Final = (
    PUBLISHED,
    ARRIVED,
    LOST,
    SECONDS,
    AGE,
    KAFKA_UP,
)


class CanaryMetrics:
    """The metrics of a canary (`streams.canary.rounds.CanaryObserver`).

    Args:
        registry: The registry that the metrics are registered with.
        is_answered: Whether the brokers answer.
    """

    def __init__(self, registry: CollectorRegistry, is_answered: Callable[[], bool] = lambda: True) -> None:
        self._make = Instruments("canary", METRICS, registry)
        self._make.gauge(KAFKA_UP).set_function(lambda: float(is_answered()))
        for language in LANGUAGES:
            for metric in (PUBLISHED, ARRIVED, LOST):
                self._make.counter(metric, language)

    def published(self, language: str) -> None:
        """Count a published headline."""
        self._make.counter(PUBLISHED, language).inc()

    def arrived(self, arrival: Arrival) -> None:
        """Count a headline that arrived or was given up."""
        if arrival.seconds is None:
            self._make.counter(LOST, arrival.language).inc()
            return
        self._make.counter(ARRIVED, arrival.language).inc()
        self._make.histogram(SECONDS, arrival.language).observe(arrival.seconds)

    def ages(self, ages: Mapping[str, float]) -> None:
        """Set the age of the oldest headline in flight, by language."""
        for language, seconds in ages.items():
            self._make.gauge(AGE, language).set(seconds)
