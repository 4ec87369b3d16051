"""Metrics of when each source last delivered a strip, by this machine's clock, and of its clock skew.

This machine's clock decides, not the source's: a source whose clock runs ahead must still be seen to fall silent, and
a backfill of last year does not show that a source is alive now.
"""

import time
from collections.abc import Callable
from typing import Final

from streams.observe.instruments import Instruments
from streams.observe.metric import Metric
from streams.observe.shared import OTHER

BACKFILL_S: Final = 24 * 3600.0
"""Strips that were observed longer ago (s) are a backfill and do not count."""

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
        """By source, when it was removed from the configuration."""

    def hear(self, label: str, observed_at: int) -> None:
        """Note a strip, observed at a time in ms. Sources under the label OTHER are left out: they share one series."""
        now = self._clock()
        skew = observed_at / 1000 - now
        # A strip that a removed source showed before its removal may be handed over only now: it does not count.
        is_last = observed_at / 1000 <= self._removed.get(label, 0.0)
        if label == OTHER or skew < -BACKFILL_S or is_last:
            return
        self._make.gauge(HEARD, label).set(now)
        self._make.gauge(SKEW, label).set(skew)

    def forget(self, label: str) -> None:
        """Note that a source was removed from the configuration: no more strips are expected of it."""
        if label == OTHER:
            return
        self._removed[label] = self._clock()
        self._make.gauge(REMOVED, label).set(self._removed[label])
        for gauge in (HEARD, SKEW):
            self._make.remove(gauge, label)
