"""What a Prometheus is shown: the truth, but for a series that is new to it, which it is shown at 0 once.

Prometheus counts differences between samples, so what a series is born with is counted by nobody, for good: ten dead
letters of a process's first seconds, the first headline of a source. And it estimates what a counter counted across a
reset. So every count of ours begins at 0 and never falls: a process that is started anew under its old address has
series of its own, told apart by when it was `started`. (Created timestamps would say the same; few Prometheus read
them.) Whoever looks with a browser is shown the truth, and changes nothing.

An answer that came too late is thrown away by a Prometheus, with its connection. So where the next scrape comes on
another connection, what the last one showed at 0 is shown so once more.
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
"""How our metrics begin; those of Python and of the process keep the series that everybody knows."""
_STARTED: Final = "started"
"""The label of a process's counts: when it was started."""
_NEW_S: Final = 120.0
"""How long after its first scrape a series can be new to another Prometheus: longer than any usual scrape interval.

A Prometheus that moves to another address has to know the older ones already, or it would take them for reset.
"""
_MAX_SCRAPERS: Final = 16
"""How many Prometheus are told apart. Two behind one address (a proxy beside the program) count as one."""

_Series = tuple[str, frozenset[tuple[str, str]]]
"""A sample's name and labels."""


class _Scrape(NamedTuple):
    """The last scrape of somebody: on which connection, and which series it showed at 0 for the first time."""

    connection: object
    born: set[_Series]


class _Young(NamedTuple):
    """A series that may be new to somebody: when it was first scraped, and by whom it was."""

    since: float
    met_by: set[str]


class Scrapes:
    """The text of a registry for each of those who scrape it. Not for several threads.

    Args:
        registry: What is shown.
        clock: Seconds that never go back.
        started: When the process was started; now where left out.
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
        """By who scrapes."""
        self._young: dict[_Series, _Young] = {}
        self._known: set[_Series] = set()
        """Series that are new to nobody any more."""

    def text(self, scraper: str | None, connection: object = None) -> bytes:
        """The metrics in Prometheus' text format, for somebody who scrapes; None is somebody who only looks."""
        if scraper is None or not self._is_known(scraper):
            return generate_latest(_Shown(self._shown()))
        again = self._again(scraper, connection)
        self._last[scraper] = _Scrape(connection, set())
        return generate_latest(_Shown(self._shown(lambda sample: self._met(sample, scraper, again))))

    def is_whole(self, scraper: str, connection: object = None) -> bool:
        """Whether the next scrape of somebody shows every count as it is, none of them at 0 for being new."""
        again = self._again(scraper, connection)
        return not self._is_known(scraper) or not any(
            sample.value and self._is_new(_series(sample), scraper, again)
            for metric in self._registry.collect()
            if metric.type in _COUNTED
            for sample in metric.samples
        )

    def _is_known(self, scraper: str) -> bool:
        """Whether it is remembered what somebody has met."""
        return scraper in self._last or len(self._last) < _MAX_SCRAPERS

    def _again(self, scraper: str, connection: object) -> set[_Series]:
        """What is shown at 0 once more: the last answer may have been thrown away, with its connection."""
        last = self._last.get(scraper)
        return last.born if last and last.connection != connection else set()

    def _shown(self, met: Callable[[Sample], Sample] = lambda sample: sample) -> Iterator[Metric]:
        """Every metric, with the counts as somebody meets them."""
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
        """Whether a series is new to somebody, or may be."""
        if series in self._known:
            return False
        young = self._young.get(series)
        return young is None or scraper not in young.met_by or series in again

    def _met(self, sample: Sample, scraper: str, again: Container[_Series]) -> Sample:
        """A sample as a scraper meets it: at 0 where it is new to it, or may be."""
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
    """Metrics for the library to write out, once."""

    def __init__(self, metrics: Iterator[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """Every metric."""
        return self._metrics
