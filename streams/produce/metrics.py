"""A producer's metrics: strips, slots and their outcomes, the spool, and how fresh each source is."""

import time
from collections.abc import Callable, Collection, Sequence
from typing import Final, Literal, Protocol, get_args

from prometheus_client import CollectorRegistry

from schemas.events import Strip
from streams.observe.instruments import Instruments
from streams.observe.letters import LetterLog, Rejected
from streams.observe.metric import Metric
from streams.observe.shared import DEAD_LETTERS, KAFKA_UP, SOURCE_NEWEST, UNKNOWN, Sources
from streams.produce import heard
from streams.produce.heard import Heard
from streams.produce.sightings import StripSightings
from streams.produce.spool import Spool

Pushed = Literal["taken", "invalid", "unauthorized", "too many", "full", "ending"]

STRIPS: Final = Metric(
    name="ticker_strips_total",
    kind="counter",
    unit="strips",
    labels=("outcome",),
    help="Strips by what became of them: published, or failed because they could not be read or split.",
)
SLOTS: Final = Metric(
    name="ticker_slots_total",
    kind="counter",
    unit="slots",
    help="Slots found in published strips.",
)
SLOT_OUTCOMES: Final = Metric(
    name="ticker_slot_outcomes_total",
    kind="counter",
    unit="slots",
    labels=("outcome",),
    help="Slots by what became of them: empty, sighting, or dead letter: together ticker_slots_total.",
)
SOURCE_STRIPS: Final = Metric(
    name="ticker_source_strips_total",
    kind="counter",
    unit="strips",
    labels=("source",),
    help="Strips published, by source.",
)
SOURCE_SIGHTINGS: Final = Metric(
    name="ticker_source_sightings_total",
    kind="counter",
    unit="sightings",
    labels=("source",),
    help="Sightings published, by source.",
)
SPOOL_STRIPS: Final = Metric(
    name="ticker_spool_strips",
    kind="gauge",
    unit="strips",
    help="Strips that wait in the spool to be handed over to Kafka.",
)
SPOOL_BYTES: Final = Metric(
    name="ticker_spool_bytes",
    kind="gauge",
    unit="bytes",
    help="The size of the spool on disk.",
)
SPOOL_LIMIT: Final = Metric(
    name="ticker_spool_limit_bytes",
    kind="gauge",
    unit="bytes",
    help="The most that the spool may have on disk; 0 without a spool.",
)
SPOOL_DROPPED: Final = Metric(
    name="ticker_spool_dropped_strips_total",
    kind="counter",
    unit="strips",
    help="Strips that were dropped, or refused to who pushed them, because the spool was full.",
)
SPOOL_LOST: Final = Metric(
    name="ticker_spool_lost_strips",
    kind="gauge",
    unit="strips",
    help="Strips that damage to the spool's files had cost when the producer started, at most.",
)
PUSHES: Final = Metric(
    name="ticker_pushes_total",
    kind="counter",
    unit="requests",
    labels=("outcome",),
    help="Requests to POST /strips by outcome: taken, invalid, unauthorized, too many, full, or ending.",
)

METRICS: Final = (
    STRIPS,
    SLOTS,
    SLOT_OUTCOMES,
    SOURCE_STRIPS,
    SOURCE_SIGHTINGS,
    SOURCE_NEWEST,
    SPOOL_STRIPS,
    SPOOL_BYTES,
    SPOOL_LIMIT,
    SPOOL_DROPPED,
    SPOOL_LOST,
    PUSHES,
    *heard.METRICS,
    DEAD_LETTERS,
    KAFKA_UP,
)


class ProducerObserver(Protocol):
    """Gets a producer's events."""

    def published(self, strips: Sequence[tuple[Strip, StripSightings]]) -> None:
        """Strips were acknowledged by Kafka, with their sightings and dead letters."""

    def failed(self) -> None:
        """A strip could not be read or split."""

    def rejected(
        self, error: str, said: str = "", *, source: str = "", slots: int = 0, empty: int = 0
    ) -> None:
        """A strip, or a record that the cluster refused, became one dead letter; `slots` are those of the strip."""

    def heard(self, source: str, observed_at: int) -> None:
        """A source showed a strip, observed at a time in ms, that was not published."""


class ProducerMetrics:
    """The metrics of a producer (`ProducerObserver`).

    Args:
        registry: Where they are registered.
        is_answered: Whether the brokers answer.
        clock: Seconds since the epoch.
        log: Logs dead letters.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        is_answered: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.time,
        log: LetterLog | None = None,
    ) -> None:
        self._make = Instruments("producer", METRICS, registry)
        self._make.gauge(KAFKA_UP).set_function(lambda: float(is_answered()))
        self.sources = Sources()
        """The `source` labels, shared with the metrics of `streams.sources`."""
        self._heard = Heard(self._make, clock)
        self._log = log
        self._newest: dict[str, int] = {}
        for outcome in ("empty", "sighting", "dead letter"):
            self._make.counter(SLOT_OUTCOMES, outcome)
        for outcome in ("published", "failed"):
            self._make.counter(STRIPS, outcome)
        for pushed in get_args(Pushed):
            self._make.counter(PUSHES, pushed)

    def watch(self, spool: Spool) -> None:
        """Export how full a spool is."""
        self._make.gauge(SPOOL_STRIPS).set_function(lambda: spool.waiting)
        self._make.gauge(SPOOL_BYTES).set_function(lambda: spool.size)
        self._make.gauge(SPOOL_LIMIT).set(spool.limit)
        self._make.gauge(SPOOL_LOST).set_function(lambda: spool.lost)

    def dropped(self) -> None:
        """Count a strip for which the spool had no room."""
        self._make.counter(SPOOL_DROPPED).inc()

    def pushed(self, outcome: Pushed) -> None:
        """Count a request to `POST /strips`."""
        self._make.counter(PUSHES, outcome).inc()

    def published(self, strips: Sequence[tuple[Strip, StripSightings]]) -> None:
        """Count published strips and their slots."""
        make = self._make
        for strip, found in strips:
            make.counter(STRIPS, "published").inc()
            make.counter(SLOTS).inc(strip.slots)
            make.counter(SLOT_OUTCOMES, "empty").inc(found.empty)
            make.counter(SLOT_OUTCOMES, "sighting").inc(len(found.records))
            make.counter(SLOT_OUTCOMES, "dead letter").inc(len(found.rejected))
            source = self.sources.label(strip.source)
            for slot in found.rejected:
                self._letter(type(slot.error).__name__, str(slot.error), source)
            make.counter(SOURCE_STRIPS, source).inc()
            make.counter(SOURCE_SIGHTINGS, source).inc(len(found.records))
            newest = self._newest[source] = max(self._newest.get(source, 0), found.timestamp)
            make.gauge(SOURCE_NEWEST, source).set(newest / 1000)
            self._heard.hear(source, found.timestamp)

    def failed(self) -> None:
        """Count a strip that could not be read or split."""
        self._make.counter(STRIPS, "failed").inc()

    def rejected(
        self, error: str, said: str = "", *, source: str = "", slots: int = 0, empty: int = 0
    ) -> None:
        """Count a dead letter, and the slots that it holds."""
        self._letter(error, said, self.sources.label(source) if source else "")
        self._make.counter(SLOTS).inc(slots)
        self._make.counter(SLOT_OUTCOMES, "empty").inc(empty)
        self._make.counter(SLOT_OUTCOMES, "dead letter").inc(slots - empty)

    def _letter(self, reason: str, said: str, source: str) -> None:
        self._make.counter(DEAD_LETTERS, "produce", reason, source or UNKNOWN).inc()
        if self._log is not None:
            self._log.add("produce", Rejected(reason, source), 1, said)

    def heard(self, source: str, observed_at: int) -> None:
        """Note that a source showed a strip, though it was not published."""
        self._heard.hear(self.sources.label(source), observed_at)

    def removed(self, sources: Collection[str]) -> None:
        """Note that sources were taken out of what is visited."""
        for source in sources:
            self._heard.forget(self.sources.label(source))
