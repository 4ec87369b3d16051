"""A histogram that takes many equal values at once."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.utils import floatToGoString

from streams.observe.metric import Metric


class WeightedHistogram:
    """A histogram without labels that takes many equal values at once, which prometheus_client's does not.

    It is not thread-safe: it is updated and collected in the event loop.
    """

    def __init__(self, metric: Metric, registry: CollectorRegistry) -> None:
        self._metric = metric
        self._counts = [0] * (len(metric.buckets) + 1)
        self._sum = 0.0
        registry.register(self)

    def observe(self, value: float, times: int) -> None:
        """Observe a value `times` times."""
        self._counts[bisect_left(self._metric.buckets, value)] += times
        self._sum += value * times

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Collect its samples (`prometheus_client.registry.Collector`)."""
        bounds = [*map(floatToGoString, self._metric.buckets), "+Inf"]
        yield HistogramMetricFamily(
            self._metric.name,
            self._metric.help,
            buckets=list(zip(bounds, accumulate(self._counts), strict=True)),
            sum_value=self._sum,
        )
