"""The metrics of `ticker serve`: readers, events, webhooks, the window, and whether Kafka answers."""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry

from streams.observe.instruments import Instruments
from streams.observe.metric import END_TO_END_SECONDS, Metric
from streams.observe.shared import KAFKA_UP
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
DELIVERED: Final = Metric(
    name="ticker_webhook_delivered_total",
    kind="counter",
    unit="headlines",
    labels=("webhook",),
    help="Headlines that a webhook's address has taken.",
)
ATTEMPTS_FAILED: Final = Metric(
    name="ticker_webhook_failed_attempts_total",
    kind="counter",
    unit="attempts",
    labels=("webhook",),
    help="Attempts that a webhook's address did not take; they are made again.",
)
GIVEN_UP: Final = Metric(
    name="ticker_webhook_given_up_total",
    kind="counter",
    unit="headlines",
    labels=("webhook",),
    help="Headlines put on the list of those that a webhook's address would not take for an hour.",
)
DELIVERY_SECONDS: Final = Metric(
    name="ticker_webhook_delivery_seconds",
    kind="histogram",
    unit="seconds",
    labels=("webhook",),
    help="Time from a headline's arrival in the window to its being taken by a webhook's address.",
    buckets=END_TO_END_SECONDS,
)

METRICS: Final = (
    WINDOW,
    NEWEST,
    KAFKA_UP,
    READERS,
    EVENTS,
    DROPPED,
    DELIVERED,
    ATTEMPTS_FAILED,
    GIVEN_UP,
    DELIVERY_SECONDS,
)


class ServeMetrics:
    """The metrics of `ticker serve` (`readers.ReadersObserver` and `webhooks.delivery.WebhookObserver`).

    Args:
        registry: Where they are registered.
        window: The window that is served.
        is_answered: Whether the brokers answer.
    """

    def __init__(self, registry: CollectorRegistry, window: Window, is_answered: Callable[[], bool]) -> None:
        make = self._make = Instruments("serve", METRICS, registry)
        make.gauge(WINDOW).set_function(lambda: len(window))
        make.gauge(NEWEST).set_function(lambda: window.newest_at)
        make.gauge(KAFKA_UP).set_function(lambda: float(is_answered()))
        self._readers = make.gauge(READERS)
        self._events = make.counter(EVENTS)
        self._dropped = make.counter(DROPPED)

    def reading(self, readers: int) -> None:
        """Note the number of connected readers."""
        self._readers.set(readers)

    def sent(self, events: int) -> None:
        """Count events sent to readers."""
        self._events.inc(events)

    def dropped(self) -> None:
        """Count a reader that was dropped because it was too slow."""
        self._dropped.inc()

    def expect_webhook(self, webhook: str) -> None:
        """Create a webhook's series, at 0."""
        for metric in (DELIVERED, ATTEMPTS_FAILED, GIVEN_UP):
            self._make.counter(metric, webhook)
        self._make.histogram(DELIVERY_SECONDS, webhook)

    def delivered(self, webhook: str, seconds: float) -> None:
        """Count a headline that was delivered `seconds` after its arrival."""
        self._make.counter(DELIVERED, webhook).inc()
        self._make.histogram(DELIVERY_SECONDS, webhook).observe(seconds)

    def failed(self, webhook: str) -> None:
        """Count a failed attempt."""
        self._make.counter(ATTEMPTS_FAILED, webhook).inc()

    def gave_up(self, webhook: str) -> None:
        """Count a headline whose delivery was given up."""
        self._make.counter(GIVEN_UP, webhook).inc()
