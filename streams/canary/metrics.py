"""What the canary measures: the ages of its headlines, whose objective pages."""

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
    help="Canary headlines that were given up after fifteen minutes.",
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
        registry: Where they are made.
        is_answered: Whether the brokers answer.
    """

    def __init__(self, registry: CollectorRegistry, is_answered: Callable[[], bool] = lambda: True) -> None:
        self._make = Instruments("canary", METRICS, registry)
        self._make.gauge(KAFKA_UP).set_function(lambda: float(is_answered()))
        for language in LANGUAGES:
            for metric in (PUBLISHED, ARRIVED, LOST):
                self._make.counter(metric, language)

    def published(self, language: str) -> None:
        """Count a headline on its way."""
        self._make.counter(PUBLISHED, language).inc()

    def arrived(self, arrival: Arrival) -> None:
        """Count a headline at the end of its way, or given up."""
        if arrival.seconds is None:
            self._make.counter(LOST, arrival.language).inc()
            return
        self._make.counter(ARRIVED, arrival.language).inc()
        self._make.histogram(SECONDS, arrival.language).observe(arrival.seconds)

    def ages(self, ages: Mapping[str, float]) -> None:
        """Note how old the oldest headline under way is."""
        for language, seconds in ages.items():
            self._make.gauge(AGE, language).set(seconds)
