"""The one place where metrics are made."""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams import __version__
from streams.observe.histogram import WeightedHistogram
from streams.observe.metric import Metric
from streams.observe.shared import BUILD


class Instruments:
    """The metrics of one program, made in a registry: `instruments.counter(INPUT, "deduplicate")`.

    To the program's own comes the one that says which version of it runs; further ones of the same program
    (`program` is None) say it no second time.
    """

    def __init__(self, program: str | None, metrics: Iterable[Metric], registry: CollectorRegistry) -> None:
        build = (BUILD,) if program else ()
        self._made: dict[str, Any] = {metric.name: _make(metric, registry) for metric in (*metrics, *build)}
        self._series_made: dict[tuple[str, ...], Any] = {}
        """Series by metric and labels, kept here because the library takes a lock and a microsecond to look one up."""
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

    def remove(self, metric: Metric, *labels: str) -> None:
        """Forget one series of a metric with labels, where there is one."""
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
