"""The metrics of visits: their outcomes, their cost, and the states of sources."""

from collections.abc import Collection, Sequence
from typing import Final, Protocol, get_args

from prometheus_client import CollectorRegistry

from schemas.events import SourceState
from streams.observe.instruments import Instruments
from streams.observe.metric import Metric
from streams.observe.shared import OTHER, Sources
from streams.sources.recall import Recall
from streams.sources.visit import Outcome, Reading
from streams.sources.watch import State

VISITS: Final = Metric(
    name="ticker_source_visits_total",
    kind="counter",
    unit="visits",
    labels=("source", "outcome"),
    help="Visits of a source by what became of them: changed, unchanged (304 or the same bytes), forbidden by"
    " robots.txt, postponed (429, 503), refused (another 4xx) or failed.",
)
REQUESTS: Final = Metric(
    name="ticker_source_requests_total",
    kind="counter",
    unit="requests",
    labels=("source",),
    help="Requests sent for a source, redirects and robots.txt included.",
)
RECEIVED: Final = Metric(
    name="ticker_source_received_bytes_total",
    kind="counter",
    unit="bytes",
    labels=("source",),
    help="Bytes of headers and bodies received for a source, compressed as they came.",
)
INTERVAL: Final = Metric(
    name="ticker_source_interval_seconds",
    kind="gauge",
    unit="seconds",
    labels=("source",),
    help="Seconds between visits of a source, as its changes have them now.",
)
READINGS: Final = Metric(
    name="ticker_source_readings_total",
    kind="counter",
    unit="readings",
    labels=("outcome",),
    help="Visits that went well by what became of their strip: published; repeated, the same strip again within ten"
    " minutes, which decides nothing; held back; or missing, because none was found.",
)
SECONDS: Final = Metric(
    name="ticker_source_visit_seconds",
    kind="histogram",
    unit="seconds",
    help="Seconds that a visit's requests took, waiting for politeness left out.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)

STATE: Final = Metric(
    name="ticker_source_state",
    kind="gauge",
    unit="1",
    labels=("source", "state"),
    help="1 for the state of a source: learning, well, silent, missing, misshapen, resplit, misplaced, walled or"
    " failing; 0 for those that it was in before. Of `other`, whether any of the sources that share it is in a state.",
)
ALLOWED: Final = Metric(
    name="ticker_source_rhythm_seconds",
    kind="gauge",
    unit="seconds",
    labels=("source",),
    help="How long a source may show nothing new at this hour and weekday before it counts as silent.",
)

RECALL: Final = Metric(
    name="ticker_source_recall_ratio",
    kind="gauge",
    unit="ratio",
    labels=("source",),
    help="Share of the headlines of its site that a source showed, of a day; only of sites that have several sources.",
)
LATE: Final = Metric(
    name="ticker_source_late_seconds",
    kind="gauge",
    unit="seconds",
    labels=("source",),
    help="How long after the first source of its site a source showed headlines, the median of a day.",
)

METRICS: Final = (RECALL, LATE, STATE, ALLOWED, VISITS, REQUESTS, RECEIVED, INTERVAL, READINGS, SECONDS)

Fate = str
"""What became of the strip of a successful visit: `published`, `repeated`, `held back` or `missing`."""
_FATES: Final = ("published", "repeated", "held back", "missing")


class SourcesObserver(Protocol):
    """Gets every visit."""

    def visited(self, reading: Reading, fate: Fate | None) -> None:
        """A source was visited; `fate` is that of its strip, None for an unsuccessful visit."""


class SourcesMetrics:
    """The metrics of visits (`SourcesObserver`).

    Only a source with a label of its own has gauges: sources that share the label OTHER would overwrite each other's.

    Args:
        registry: Where they are registered.
        sources: The labels of sources, shared with the producer's other metrics.
    """

    def __init__(self, registry: CollectorRegistry, sources: Sources) -> None:
        self._make = Instruments(None, METRICS, registry)
        self._sources = sources
        self._known: set[str] = set()
        """Labels of visited sources."""
        self._states: dict[str, str] = {}
        """By source, those that share a label included."""
        for fate in _FATES:
            self._make.counter(READINGS, fate)

    def told(self, states: Sequence[SourceState]) -> None:
        """Export the states of sources."""
        for state in states:
            label = self._sources.label(state.source)
            before = self._states.get(state.source, state.state)
            self._states[state.source] = state.state
            self._show_state(label, before)
            self._show_state(label, state.state)
            if state.rhythm is not None and label != OTHER:
                self._make.gauge(ALLOWED, label).set(state.rhythm)

    def _show_state(self, label: str, state: str) -> None:
        """Export whether the source of a label, or any of those that share it, is in a state."""
        is_so = any(
            each == state and self._sources.label(source) == label for source, each in self._states.items()
        )
        self._make.gauge(STATE, label, state).set(is_so)

    def forget(self, gone: Collection[str]) -> None:
        """Remove the gauges of removed sources; their counters stay."""
        for source in gone:
            state = self._states.pop(source, None)
            if source in self._known:
                self._known.remove(source)
                for gauge in (ALLOWED, INTERVAL, RECALL, LATE):
                    self._make.remove(gauge, source)
                for each in get_args(State):
                    self._make.remove(STATE, source, each)
            elif state is not None:
                self._show_state(OTHER, state)

    def recalled(self, found: Sequence[Recall]) -> None:
        """Export the recall of visited sources."""
        for each in found:
            # The journal still knows removed sources for a week.
            if each.source not in self._known:
                continue
            if each.headlines:
                self._make.gauge(RECALL, each.source).set(each.shown / each.headlines)
            if each.late is not None:
                self._make.gauge(LATE, each.source).set(each.late)

    def visited(self, reading: Reading, fate: Fate | None) -> None:
        """Count a visit."""
        make, visit = self._make, reading.visit
        source = self._sources.label(visit.source)
        if source not in self._known:
            self._known.add(source)
            for outcome in get_args(Outcome):
                make.counter(VISITS, source, outcome)
        make.counter(VISITS, source, visit.outcome).inc()
        make.counter(REQUESTS, source).inc(visit.requests)
        make.counter(RECEIVED, source).inc(visit.wire_bytes)
        if source != OTHER:
            make.gauge(INTERVAL, source).set(visit.interval)
        if visit.requests:
            make.weighted(SECONDS).observe(visit.seconds, 1)
        if fate is not None:
            make.counter(READINGS, fate).inc()
