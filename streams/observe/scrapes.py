"""What a Prometheus is shown: the truth, but for a series that is new to it, which it is shown at 0 once.

Prometheus counts differences between samples, so what a series is born with is counted by nobody, for good: ten dead
letters of a process's first seconds, the first headline of a source. (Created timestamps would say the same; few
Prometheus read them.) Whoever looks with a browser is shown the truth, and changes nothing.
"""

import copy
import time
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric, Sample
from prometheus_client.registry import Collector

_COUNTED: Final = frozenset({"counter", "histogram"})
_NEW_S: Final = 120.0
"""How long after its first scrape a series can be new to another Prometheus: longer than any usual scrape interval.

A Prometheus that moves to another address has to know the older ones already, or it would take them for reset.
"""
_MAX_SCRAPERS: Final = 16
"""How many Prometheus are told apart. Two behind one address (a proxy beside the program) count as one."""

_Series = tuple[str, frozenset[tuple[str, str]]]
"""A sample's name and labels."""


class _Young(NamedTuple):
    """A series that may be new to somebody: when it was first scraped, and by whom it was."""

    since: float
    met_by: set[str]


class Scrapes:
    """The text of a registry for each of those who scrape it. Not for several threads.

    Args:
        registry: What is shown.
        clock: Seconds that never go back.
    """

    def __init__(self, registry: CollectorRegistry, clock: Callable[[], float] = time.monotonic) -> None:
        self._registry = registry
        self._clock = clock
        self._scrapers: set[str] = set()
        self._young: dict[_Series, _Young] = {}
        self._known: set[_Series] = set()
        """Series that are new to nobody any more."""

    def text(self, scraper: str | None) -> bytes:
        """The metrics in Prometheus' text format, for somebody who scrapes; None is somebody who only looks."""
        if scraper is not None and len(self._scrapers) < _MAX_SCRAPERS:
            self._scrapers.add(scraper)
        if scraper not in self._scrapers:
            return generate_latest(self._registry)
        return generate_latest(_Shown(self, scraper))

    def shown_to(self, scraper: str) -> Iterator[Metric]:
        """Every metric, with the counts that are new to a scraper at 0."""
        now = self._clock()
        for series, young in [*self._young.items()]:
            if now - young.since > _NEW_S:
                self._known.add(series)
                del self._young[series]
        for metric in self._registry.collect():
            if metric.type in _COUNTED:
                shown = copy.copy(metric)
                shown.samples = [self._sample(sample, scraper, now) for sample in metric.samples]
                yield shown
            else:
                yield metric

    def _sample(self, sample: Sample, scraper: str, now: float) -> Sample:
        series = sample.name, frozenset(sample.labels.items())
        if series in self._known:
            return sample
        young = self._young.setdefault(series, _Young(now, set()))
        if scraper in young.met_by:
            return sample
        young.met_by.add(scraper)
        return sample._replace(value=0.0)


class _Shown(Collector):
    """The registry as one scraper is shown it."""

    def __init__(self, scrapes: Scrapes, scraper: str) -> None:
        self._scrapes = scrapes
        self._scraper = scraper

    def collect(self) -> Iterator[Metric]:
        """Every metric."""
        return self._scrapes.shown_to(self._scraper)
