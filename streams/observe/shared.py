"""Metrics that several programs have, and the `source` label, whose values are limited."""

from typing import Final

from streams.observe.metric import Metric

MAX_SOURCES: Final = 500
"""The first so many sources have series of their own; the rest share `other`."""
OTHER: Final = "other"
UNKNOWN: Final = "unknown"
"""The source of a record that names none."""

BUILD: Final = Metric(
    name="ticker_build_info",
    kind="gauge",
    unit="1",
    labels=("version", "program"),
    help="Always 1; says which version runs.",
)
KAFKA_UP: Final = Metric(
    name="ticker_kafka_up",
    kind="gauge",
    unit="1",
    help="1 while the brokers answer this program, 0 while they are away.",
)
DEAD_LETTERS: Final = Metric(
    name="ticker_dead_letters_total",
    kind="counter",
    unit="records",
    labels=("stage", "reason", "source"),
    help="Records kept as dead letters, by the class of the error at the bottom of it and by source.",
)
SOURCE_NEWEST: Final = Metric(
    name="ticker_source_newest_timestamp_seconds",
    kind="gauge",
    unit="seconds since the epoch",
    labels=("source",),
    help="When the newest strip of a source was observed: of those published (producer) or processed (worker,"
    " which looks at every eighth record of a batch of more than 64).",
)


class Sources:
    """Gives sources their labels; only the first `limit` have their own."""

    def __init__(self, limit: int = MAX_SOURCES) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def label(self, source: str) -> str:
        """The source, or `other` once there are too many."""
        if source not in self._known:
            if len(self._known) >= self._limit:
                return OTHER
            self._known.add(source)
        return source
