"""What the canary measures: the ages of its headlines, whose objective pages."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry

from streams import __version__
from streams.canary.headlines import LANGUAGES
from streams.canary.rounds import Arrival
from streams.observe import metrics
from streams.observe.metrics import Instruments


class CanaryMetrics:
    """The metrics of a canary (`streams.canary.rounds.CanaryObserver`)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._make = Instruments("canary", registry)
        self._make.gauge(metrics.BUILD, __version__, "canary").set(1)
        for language in LANGUAGES:
            for metric in (metrics.CANARY_PUBLISHED, metrics.CANARY_ARRIVED, metrics.CANARY_LOST):
                self._make.counter(metric, language)

    def published(self, language: str) -> None:
        """Count a headline on its way."""
        self._make.counter(metrics.CANARY_PUBLISHED, language).inc()

    def arrived(self, arrival: Arrival) -> None:
        """Count a headline at the end of its way, or given up."""
        if arrival.seconds is None:
            self._make.counter(metrics.CANARY_LOST, arrival.language).inc()
            return
        self._make.counter(metrics.CANARY_ARRIVED, arrival.language).inc()
        self._make.histogram(metrics.CANARY_SECONDS, arrival.language).observe(arrival.seconds)

    def ages(self, ages: Mapping[str, float]) -> None:
        """Note how old the oldest headline under way is."""
        for language, seconds in ages.items():
            self._make.gauge(metrics.CANARY_AGE, language).set(seconds)
