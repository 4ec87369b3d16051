"""Exports metrics so that `increase()` misses nothing: a series that is new to a scraper is shown at 0 once.

Prometheus counts differences between samples, so the first value of a series is never counted: for example ten dead
letters of a process's first seconds, or the first headline of a source. Across a counter reset it can only estimate. So
every count begins at 0 and never falls: a restarted process has new series, by a label `started`. (Created timestamps
have the same purpose, but few servers use them.) A browser always gets the true values.

Prometheus discards an answer that comes too late, and closes the connection. So if the next scrape comes on another
connection, the series that the last answer showed at 0 are shown at 0 once more.
"""

import copy
import time
from collections.abc import Callable, Container, Iterator
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric, Sample
from prometheus_client.registry import Collector

from schemas.instants import format_instant

_COUNTED: Final = frozenset({"counter", "histogram"})
_OURS: Final = "ticker_"
"""The prefix of our metrics; the standard metrics of Python and of the process are exported as usual."""
_STARTED: Final = "started"
"""The label with the start time of the process."""
_NEW_S: Final = 120.0
"""How long after its first scrape a series is shown at 0 to other scrapers: longer than any usual scrape interval.

After that it is shown at its value to everyone, because a Prometheus whose address has changed is not a new one: to it
a 0 would look like a counter reset.
"""
_MAX_SCRAPERS: Final = 16
"""The most scrapers that are distinguished. Two behind one address (a proxy beside the program) count as one."""

_Series = tuple[str, frozenset[tuple[str, str]]]
"""A sample's name and labels."""


class _Scrape(NamedTuple):
    """A scraper's last scrape: its connection, and the series that it showed at 0 for the first time."""

    connection: object
    born: set[_Series]


class _Young(NamedTuple):
    """A series that may be new to some scraper: when it was first scraped, and the scrapers that know it."""

    since: float
    met_by: set[str]


class Scrapes:
    """The text of a registry, for each scraper. Not thread-safe.

    Args:
        registry: The registry to export.
        clock: Seconds of a monotonic clock.
        started: When the process was started; None for now.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        clock: Callable[[], float] = time.monotonic,
        started: str | None = None,
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._started = started or format_instant(time.time_ns() // 1_000_000)
        self._last: dict[str, _Scrape] = {}
        """By scraper."""
        self._young: dict[_Series, _Young] = {}
        self._known: set[_Series] = set()
        """Series that are shown to everyone at their values."""

    def text(self, scraper: str | None, connection: object = None) -> bytes:
        """The metrics in Prometheus' text format for a scraper; None for a browser."""
        if scraper is None or not self._is_known(scraper):
            return generate_latest(_Shown(self._shown()))
        again = self._again(scraper, connection)
        self._last[scraper] = _Scrape(connection, set())
        return generate_latest(_Shown(self._shown(lambda sample: self._met(sample, scraper, again))))

    def is_whole(self, scraper: str, connection: object = None) -> bool:
        """Whether a scraper's next scrape shows every count at its value."""
        again = self._again(scraper, connection)
        return not self._is_known(scraper) or not any(
            sample.value and self._is_new(_series(sample), scraper, again)
            for metric in self._registry.collect()
            if metric.type in _COUNTED
            for sample in metric.samples
        )

    def _is_known(self, scraper: str) -> bool:
        """Whether the series that a scraper knows are tracked."""
        return scraper in self._last or len(self._last) < _MAX_SCRAPERS

    def _again(self, scraper: str, connection: object) -> set[_Series]:
        """Series to show at 0 once more, because the scraper may have discarded the last answer."""
        last = self._last.get(scraper)
        return last.born if last and last.connection != connection else set()

    def _shown(self, met: Callable[[Sample], Sample] = lambda sample: sample) -> Iterator[Metric]:
        """Every metric, with each count passed through `met`."""
        now = self._clock()
        for series, young in [*self._young.items()]:
            if now - young.since > _NEW_S:
                self._known.add(series)
                del self._young[series]
        for metric in self._registry.collect():
            if metric.type in _COUNTED:
                shown = copy.copy(metric)
                shown.samples = [met(sample) for sample in metric.samples]
                if metric.name.startswith(_OURS):
                    shown.samples = [self._of_this_process(sample) for sample in shown.samples]
                yield shown
            else:
                yield metric

    def _is_new(self, series: _Series, scraper: str, again: Container[_Series]) -> bool:
        """Whether a series is new to a scraper, or may be."""
        if series in self._known:
            return False
        young = self._young.get(series)
        return young is None or scraper not in young.met_by or series in again

    def _met(self, sample: Sample, scraper: str, again: Container[_Series]) -> Sample:
        """A sample as shown to a scraper: at 0 if its series is new to it, or may be."""
        series = _series(sample)
        if not self._is_new(series, scraper, again):
            return sample
        young = self._young.setdefault(series, _Young(self._clock(), set()))
        if scraper not in young.met_by:
            young.met_by.add(scraper)
            self._last[scraper].born.add(series)
        return sample._replace(value=0.0)

    def _of_this_process(self, sample: Sample) -> Sample:
        return sample._replace(labels={**sample.labels, _STARTED: self._started})


def _series(sample: Sample) -> _Series:
    return sample.name, frozenset(sample.labels.items())


class _Shown(Collector):
    """Metrics for prometheus_client to write out, once."""

    def __init__(self, metrics: Iterator[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """Every metric."""
        return self._metrics
