"""What a producer's metrics say of strips."""

import pytest
from prometheus_client import CollectorRegistry

from schemas.events import MAX_TEXT
from streams.produce.metrics import ProducerMetrics
from streams.produce.observation import Observation
from streams.produce.sightings import sightings
from streams.produce.strips import strip_of
from tests.support import START


def test_slots_are_accounted_for() -> None:
    """Slots = empty + sightings + dead letters, and each source has its freshness."""
    registry = CollectorRegistry()
    producer = ProducerMetrics(registry, clock=lambda: START / 1000 + 5)
    text = "|".join(["First headline of the strip", "", "x" * (MAX_TEXT + 1), "Last headline of the strip"])
    observation = Observation(
        place="a test", source="akhbar", observed_at=START, text=text, is_page=False, separator="|"
    )
    strip, slots = strip_of(observation)
    producer.published([(strip, sightings(strip, slots))])
    producer.failed()
    value = registry.get_sample_value
    assert value("ticker_slots_total") == len(slots)
    outcomes = {
        outcome: value("ticker_slot_outcomes_total", {"outcome": outcome})
        for outcome in ("empty", "sighting", "dead letter")
    }
    assert outcomes == {"empty": 1, "sighting": 2, "dead letter": 1}
    assert value("ticker_strips_total", {"outcome": "failed"}) == 1
    assert value("ticker_source_newest_timestamp_seconds", {"source": "akhbar"}) == START / 1000
    assert value("ticker_source_heard_timestamp_seconds", {"source": "akhbar"}) == START / 1000 + 5
    assert value("ticker_source_skew_seconds", {"source": "akhbar"}) == -5


def test_a_rejected_strip_is_accounted_for() -> None:
    """One dead letter, and each of its slots is one that became no sighting."""
    registry = CollectorRegistry()
    producer = ProducerMetrics(registry)
    producer.rejected("RecordError", slots=5, empty=2)
    value = registry.get_sample_value
    assert value("ticker_slots_total") == 5
    assert value("ticker_slot_outcomes_total", {"outcome": "dead letter"}) == 3
    assert (
        value("ticker_dead_letters_total", {"stage": "produce", "reason": "RecordError", "source": "unknown"})
        == 1
    )


@pytest.mark.parametrize(
    ("ahead_s", "skew"), [(0, 0), (7200, 7200), (-3600, -3600), (-413 * 86_400, None)], ids=str
)
def test_a_source_is_heard_when_its_strip_comes_whatever_its_clock_says(
    ahead_s: int, skew: int | None
) -> None:
    """By the producer's clock, beside how far the source's own is off; a backfill says nothing of now."""
    registry, now = CollectorRegistry(), START // 1000
    producer = ProducerMetrics(registry, clock=lambda: now)
    producer.heard("akhbar", (now + ahead_s) * 1000)
    value = registry.get_sample_value
    heard = value("ticker_source_heard_timestamp_seconds", {"source": "akhbar"})
    assert heard == (None if skew is None else now)
    assert value("ticker_source_skew_seconds", {"source": "akhbar"}) == skew


def test_a_source_that_was_taken_out_is_expected_no_more_until_it_is_heard_again() -> None:
    """Not by its last strip, handed over late, but by one that was observed since."""
    registry, now = CollectorRegistry(), START // 1000
    producer = ProducerMetrics(registry, clock=lambda: now)
    source = {"source": "akhbar"}

    def heard_and_skew() -> list[float | None]:
        names = ("heard_timestamp_seconds", "skew_seconds")
        return [registry.get_sample_value(f"ticker_source_{name}", source) for name in names]

    producer.heard("akhbar", START)
    now += 60
    producer.removed(["akhbar"])
    producer.heard("akhbar", START + 50_000)
    assert heard_and_skew() == [None, None]
    assert registry.get_sample_value("ticker_source_removed_timestamp_seconds", source) == now
    producer.heard("akhbar", START + 61_000)
    assert heard_and_skew() == [now, 1]
