"""What a producer's metrics say of strips."""

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
    producer = ProducerMetrics(registry)
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


def test_a_rejected_strip_is_accounted_for() -> None:
    """One dead letter, and each of its slots is one that became no sighting."""
    registry = CollectorRegistry()
    producer = ProducerMetrics(registry)
    producer.rejected("RecordError", slots=5, empty=2)
    value = registry.get_sample_value
    assert value("ticker_slots_total") == 5
    assert value("ticker_slot_outcomes_total", {"outcome": "dead letter"}) == 3
    assert value("ticker_dead_letters_total", {"stage": "produce", "reason": "RecordError"}) == 1
