"""What a producer measures: strips, slots and what became of them, and how fresh each source is."""

from collections.abc import Sequence
from typing import Protocol

from prometheus_client import CollectorRegistry

from schemas.events import Strip
from streams import __version__
from streams.observe import metrics
from streams.observe.metrics import Instruments, Sources
from streams.produce.sightings import StripSightings


class ProducerObserver(Protocol):
    """Told of every strip, once all replicas have what came of it."""

    def published(self, strips: Sequence[tuple[Strip, StripSightings]]) -> None:
        """Strips are on Kafka, with their sightings and dead letters."""

    def failed(self) -> None:
        """A strip could not be split."""


class ProducerMetrics:
    """The metrics of a producer (`ProducerObserver`)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._make = Instruments("producer", registry)
        self._sources = Sources()
        self._newest: dict[str, int] = {}
        self._make.gauge(metrics.BUILD, __version__, "producer").set(1)
        for outcome in ("empty", "sighting", "dead letter"):
            self._make.counter(metrics.SLOT_OUTCOMES, outcome)
        for outcome in ("published", "failed"):
            self._make.counter(metrics.STRIPS, outcome)

    def published(self, strips: Sequence[tuple[Strip, StripSightings]]) -> None:
        """Count what is on Kafka."""
        make = self._make
        for strip, found in strips:
            make.counter(metrics.STRIPS, "published").inc()
            make.counter(metrics.SLOTS).inc(strip.slots)
            make.counter(metrics.SLOT_OUTCOMES, "empty").inc(found.empty)
            make.counter(metrics.SLOT_OUTCOMES, "sighting").inc(len(found.records))
            make.counter(metrics.SLOT_OUTCOMES, "dead letter").inc(len(found.rejected))
            for slot in found.rejected:
                make.counter(metrics.DEAD_LETTERS, "produce", type(slot.error).__name__).inc()
            source = self._sources.label(strip.source)
            make.counter(metrics.SOURCE_STRIPS, source).inc()
            make.counter(metrics.SOURCE_SIGHTINGS, source).inc(len(found.records))
            newest = self._newest[source] = max(self._newest.get(source, 0), found.timestamp)
            make.gauge(metrics.SOURCE_NEWEST, source).set(newest / 1000)

    def failed(self) -> None:
        """Count a strip that could not be split."""
        self._make.counter(metrics.STRIPS, "failed").inc()
