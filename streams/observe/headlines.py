"""Metrics of the headlines in a committed transaction: by language, rule, category and source, and their age."""

from collections import Counter
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Final

from schemas.cloudevents import CANARY_SOURCE
from schemas.events import CategorizedHeadline, Duplicate, Event
from schemas.routing import PARTITION_BY_LANGUAGE
from streams.observe.instruments import Instruments
from streams.observe.metric import END_TO_END_SECONDS, Metric
from streams.observe.shared import OTHER, SOURCE_NEWEST, Sources
from streams.stage import Record

_ALL_UP_TO: Final = 64
"""The largest batch in which the source of every record is looked at: as large as the batches of a live topic are."""
_STRIDE: Final = 8
"""In larger batches every eighth record is: a strip's records are adjacent, and all would cost 6 % of throughput."""
_CANARY: Final = CANARY_SOURCE.encode()
_AHEAD_S: Final = 3600.0
"""A strip whose time is further in the future does not count for its source's freshness."""

HEADLINES: Final = Metric(
    name="ticker_headlines_total",
    kind="counter",
    unit="headlines",
    labels=("language", "outcome"),
    help="Headlines published, as new or as update, by language.",
)
NEAR_DUPLICATES: Final = Metric(
    name="ticker_near_duplicates_total",
    kind="counter",
    unit="sightings",
    labels=("rule", "language"),
    help="Near duplicates swallowed, by the rule that decided and by language.",
)
UPDATES: Final = Metric(
    name="ticker_update_changes_total",
    kind="counter",
    unit="facts",
    labels=("kind",),
    help="Facts that updates changed, by kind.",
)
CATEGORIZED: Final = Metric(
    name="ticker_categorized_total",
    kind="counter",
    unit="headlines",
    labels=("category", "language"),
    help="Headlines published to category topics.",
)
SOURCE_OUTCOMES: Final = Metric(
    name="ticker_source_records_total",
    kind="counter",
    unit="headlines",
    labels=("source", "outcome"),
    help="What a source brought that was not an exact duplicate: new headlines, updates, near duplicates.",
)
END_TO_END: Final = Metric(
    name="ticker_end_to_end_seconds",
    kind="histogram",
    unit="seconds",
    help="Age of headlines when their category event was committed, since a source was seen to show them.",
    # Up to a day: what is older is a backfill, and no alert asks how late it is.
    buckets=(*END_TO_END_SECONDS, 3_600, 21_600, 86_400),
)

METRICS: Final = (
    HEADLINES,
    NEAR_DUPLICATES,
    UPDATES,
    CATEGORIZED,
    SOURCE_OUTCOMES,
    END_TO_END,
    SOURCE_NEWEST,
)


def note_sources(records: Sequence[Record], newest: MutableMapping[bytes, int]) -> None:
    """Update `newest`, the latest event time (ms) by source, from a batch of sightings.

    Large batches are sampled; a source with eight adjacent records is never missed. Records without a source header,
    such as headlines, are skipped.
    """
    sample = records if len(records) <= _ALL_UP_TO else records[::_STRIDE]
    # The records of a strip have the same source and time, so this set is small.
    said = {(headers[0][1], record.timestamp) for record in sample if len(headers := record.headers) == 1}
    for source, timestamp in said:
        if source is not None:
            newest[source] = max(newest.get(source, 0), timestamp)


class HeadlineMetrics:
    """Counts headlines in the instruments of a worker."""

    def __init__(self, instruments: Instruments) -> None:
        self._make = instruments
        for language in PARTITION_BY_LANGUAGE:
            for outcome in ("new", "update"):
                instruments.counter(HEADLINES, language, outcome)
        self._sources = Sources()
        self._newest: dict[bytes, int] = {}

    def committed(
        self, newest: Mapping[bytes, int], published: Sequence[Event], published_at: Sequence[int], now: float
    ) -> None:
        """Count a committed transaction.

        Args:
            newest: The result of `note_sources` for its input records.
            published: The events that it published on public topics.
            published_at: Their event times (ms), in the same order.
            now: The time of the commit, in seconds since the epoch.
        """
        self._note_newest(newest, now)
        self._make.add(self._tally(published))
        if published and isinstance(published[0], CategorizedHeadline):
            ages = self._make.weighted(END_TO_END)
            for timestamp, times in Counter(published_at).items():
                # A negative age, of a clock that is ahead, would make the histogram's sum meaningless.
                ages.observe(max(0.0, now - timestamp / 1000), times)

    def _note_newest(self, newest: Mapping[bytes, int], now: float) -> None:
        """Export when the newest strip of each source was observed.

        A strip from the future is left out: until that time comes, it would hide that its source has fallen silent.
        """
        plausible = (now + _AHEAD_S) * 1000
        for source, timestamp in newest.items():
            if source == _CANARY:
                continue  # not a source of news
            if self._newest.get(source, 0) < timestamp <= plausible:
                label = self._sources.label(source.decode("utf-8", "replace"))
                if label != OTHER:
                    self._newest[source] = timestamp
                self._make.gauge(SOURCE_NEWEST, label).set(timestamp / 1000)

    def _tally(self, published: Sequence[Event]) -> Counter[tuple[str, ...]]:
        """Count published events by metric and labels."""
        tally: Counter[tuple[str, ...]] = Counter()
        label = self._sources.label
        for event in published:
            if isinstance(event, CategorizedHeadline):
                outcome = "update" if event.updates else "new"
                tally[CATEGORIZED.name, event.category, event.language] += 1
                tally[HEADLINES.name, event.language, outcome] += 1
                tally[SOURCE_OUTCOMES.name, label(event.source), outcome] += 1
                for change in event.changes:
                    tally[UPDATES.name, change.kind] += 1
            elif isinstance(event, Duplicate):
                tally[NEAR_DUPLICATES.name, event.rule, event.language] += 1
                tally[SOURCE_OUTCOMES.name, label(event.source), "near"] += 1
        return tally
