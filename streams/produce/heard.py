"""When each source was heard, by this machine's clock, and how far the source's own clock is from it.

What a source says of the time decides neither: a source whose clock runs ahead can fall silent as any other, and a
backfill of last year is no sign that anybody is heard now.
"""

import time
from collections.abc import Callable
from typing import Final

from streams.observe.instruments import Instruments
from streams.observe.metric import Metric
from streams.observe.shared import OTHER

BACKFILL_S: Final = 24 * 3600.0
"""Strips that were observed longer ago are a backfill, and nobody is heard by them."""

HEARD: Final = Metric(
    name="ticker_source_heard_timestamp_seconds",
    kind="gauge",
    unit="seconds since the epoch",
    labels=("source",),
    help="When a strip of a source came last, by the producer's clock; one observed over 24 h before is a backfill"
    " and does not count.",
)
SKEW: Final = Metric(
    name="ticker_source_skew_seconds",
    kind="gauge",
    unit="seconds",
    labels=("source",),
    help="How far ahead of the producer's clock the time of a source's last strip was when it came; below 0 of one"
    " that came late. Backfills do not count.",
)
REMOVED: Final = Metric(
    name="ticker_source_removed_timestamp_seconds",
    kind="gauge",
    unit="seconds since the epoch",
    labels=("source",),
    help="When a source was taken out of sources.toml: it is not expected any more, unless it was heard since.",
)
METRICS: Final = (HEARD, SKEW, REMOVED)


class Heard:
    """Keeps the gauges of each source.

    Args:
        make: The producer's instruments.
        clock: Seconds since the epoch.
    """

    def __init__(self, make: Instruments, clock: Callable[[], float] = time.time) -> None:
        self._make = make
        self._clock = clock
        self._removed: dict[str, float] = {}
        """By source, when it was taken out."""

    def hear(self, label: str, observed_at: int) -> None:
        """A strip of a source came, observed at a time in ms. Sources that share a label cannot be told apart."""
        now = self._clock()
        skew = observed_at / 1000 - now
        # What is handed over of a source that was taken out meanwhile is no sign of it.
        is_last = observed_at / 1000 <= self._removed.get(label, 0.0)
        if label == OTHER or skew < -BACKFILL_S or is_last:
            return
        self._make.gauge(HEARD, label).set(now)
        self._make.gauge(SKEW, label).set(skew)

    def forget(self, label: str) -> None:
        """A source was taken out: it is not expected any more."""
        if label == OTHER:
            return
        self._removed[label] = self._clock()
        self._make.gauge(REMOVED, label).set(self._removed[label])
        for gauge in (HEARD, SKEW):
            self._make.remove(gauge, label)
