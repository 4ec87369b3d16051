"""What `ticker serve` measures: who listens, what they were given, how full the window is and whether Kafka answers."""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry

from streams.observe.instruments import Instruments
from streams.observe.metric import Metric
from streams.serve.window import Window

WINDOW: Final = Metric(
    name="ticker_serve_window_headlines", kind="gauge", unit="headlines", help="Headlines kept in memory."
)
NEWEST: Final = Metric(
    name="ticker_serve_newest_timestamp_seconds",
    kind="gauge",
    unit="seconds since the epoch",
    help="When the newest headline of the window came; 0 before the first.",
)
KAFKA: Final = Metric(
    name="ticker_serve_kafka_up",
    kind="gauge",
    unit="1",
    help="1 while the brokers answer, 0 while they are away (the window then stays as it is).",
)
READERS: Final = Metric(
    name="ticker_serve_readers", kind="gauge", unit="readers", help="Who listens to /events now."
)
EVENTS: Final = Metric(
    name="ticker_serve_events_total",
    kind="counter",
    unit="events",
    help="Headlines given to readers of /events, each reader counted.",
)
DROPPED: Final = Metric(
    name="ticker_serve_dropped_readers_total",
    kind="counter",
    unit="readers",
    help="Readers of /events that did not take what was sent and were dropped.",
)

METRICS: Final = (WINDOW, NEWEST, KAFKA, READERS, EVENTS, DROPPED)


class ServeMetrics:
    """The metrics of `ticker serve` (`streams.serve.readers.ReadersObserver`).

    Args:
        registry: Where they are shown.
        window: What is served.
        is_answered: Whether the brokers answer.
    """

    def __init__(self, registry: CollectorRegistry, window: Window, is_answered: Callable[[], bool]) -> None:
        make = Instruments("serve", METRICS, registry)
        make.gauge(WINDOW).set_function(lambda: len(window))
        make.gauge(NEWEST).set_function(lambda: window.newest_at)
        make.gauge(KAFKA).set_function(lambda: float(is_answered()))
        self._readers = make.gauge(READERS)
        self._events = make.counter(EVENTS)
        self._dropped = make.counter(DROPPED)

    def reading(self, readers: int) -> None:
        """Note how many readers are connected."""
        self._readers.set(readers)

    def sent(self, events: int) -> None:
        """Count events given to readers."""
        self._events.inc(events)

    def dropped(self) -> None:
        """Count a reader that did not take what was sent."""
        self._dropped.inc()
