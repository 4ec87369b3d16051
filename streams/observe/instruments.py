"""Makes the metrics of a program from their declarations."""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams import __version__
from streams.observe.histogram import WeightedHistogram
from streams.observe.metric import Metric
from streams.observe.shared import BUILD


class Instruments:
    """The metrics of one program, registered in a registry: `instruments.counter(INPUT, "deduplicate")`.

    With `program`, `ticker_build_info` is added; a program with several `Instruments` names itself only once.
    """

    def __init__(self, program: str | None, metrics: Iterable[Metric], registry: CollectorRegistry) -> None:
        build = (BUILD,) if program else ()
        self._made: dict[str, Any] = {metric.name: _make(metric, registry) for metric in (*metrics, *build)}
        self._series_made: dict[tuple[str, ...], Any] = {}
        """Series by metric and labels, cached because prometheus_client takes a lock and 1 µs to look one up."""
        if program:
            self.gauge(BUILD, __version__, program).set(1)

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

    def weighted(self, metric: Metric) -> WeightedHistogram:
        """A histogram without labels that takes many equal values at once."""
        histogram: WeightedHistogram = self._made[metric.name]
        return histogram

    def add(self, tally: Mapping[tuple[str, ...], int]) -> None:
        """Increment many counters, given by metric name and labels."""
        for (name, *labels), number in tally.items():
            self._find(name, tuple(labels)).inc(number)

    def clear(self, metric: Metric) -> None:
        """Remove every series of a metric with labels."""
        self._made[metric.name].clear()
        for series in [series for series in self._series_made if series[0] == metric.name]:
            del self._series_made[series]

    def remove(self, metric: Metric, *labels: str) -> None:
        """Remove one series of a metric with labels, if it exists."""
        if self._series_made.pop((metric.name, *labels), None) is not None:
            self._made[metric.name].remove(*labels)

    def _series(self, metric: Metric, labels: tuple[str, ...]) -> Any:
        return self._find(metric.name, labels)

    def _find(self, name: str, labels: tuple[str, ...]) -> Any:
        series = (name, *labels)
        if series not in self._series_made:
            made = self._made[name]
            self._series_made[series] = made.labels(*labels) if labels else made
        return self._series_made[series]


def _make(metric: Metric, registry: CollectorRegistry) -> Any:
    name, text, labels = metric.name, metric.help, metric.labels
    if metric.kind == "counter":
        return Counter(name.removesuffix("_total"), text, labels, registry=registry)
    if metric.kind == "gauge":
        return Gauge(name, text, labels, registry=registry)
    if not labels:
        return WeightedHistogram(metric, registry)
    return Histogram(name, text, labels, buckets=metric.buckets, registry=registry)
