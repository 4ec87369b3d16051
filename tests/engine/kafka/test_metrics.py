"""What a worker's metrics say of a committed batch, on the events of the real processors."""

from collections.abc import Sequence

import pytest
from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from schemas.cloudevents import CANARY_SOURCE
from schemas.headers import SOURCE_HEADER
from streams.engine.kafka.metrics import WorkerMetrics
from streams.engine.kafka.observer import Backlog, Committed
from streams.engine.kafka.outbox import KafkaOutbox
from streams.observe.headlines import note_sources
from streams.pipeline import CATEGORIZE, DEDUPLICATE, STAGES
from streams.process.dedup.deduplicator import Deduplicator
from streams.stage import RawRecord, Record, Stage
from tests.support import MINUTE, START, raw_record, sighting

NOW = START / 1000 + 3
_SOURCE = TopicPartition("test.sightings", 0)


class Watched:
    """Worker metrics with the registry that they are in; the clock stands at `NOW`."""

    def __init__(self, stages: Sequence[Stage] = STAGES) -> None:
        self.registry = CollectorRegistry()
        self.metrics = WorkerMetrics(self.registry, stages, clock=lambda: NOW)

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)

    def total(self, name: str, **labels: str) -> float:
        return sum(
            sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def commit(self, stage: Stage, records: Sequence[Record]) -> Sequence[RawRecord]:
        """Run a stage on records and count what came of it; returns what the next stage reads of it."""
        out = KafkaOutbox(stage.name, "test", _SOURCE)
        stage.processor().process(records, out)
        self.metrics.committed(_committed(stage.name, records, out))
        return out.records["test.decisions"]


def _committed(stage: str, records: Sequence[Record], out: KafkaOutbox) -> Committed:
    newest: dict[bytes, int] = {}
    note_sources(records, newest)
    return Committed(
        stage=stage,
        partition=0,
        records=len(records),
        newest=newest,
        published=out.published,
        published_at=out.published_at,
        dead_letters=out.dead_letters,
        said=out.said,
        counts=out.counts,
        seconds=0.02,
        end=len(records),
    )


class Rejected(RawRecord, frozen=True):
    """A record with an offset, as the dead letters want it."""

    offset: int = 7


def test_every_record_has_an_outcome() -> None:
    """New, repeated, near, changed and rejected records add up to the input."""
    watched = Watched()
    records: list[Record] = [
        sighting("Minister opens new desalination plant in Agadir"),
        sighting("Minister opens new desalination plant in Agadir", at=START + MINUTE),
        sighting("BREAKING: Minister opens new desalination plant in Agadir!", at=START + MINUTE),
        sighting("Three dead in collapse of building in Fez", at=START + MINUTE),
        sighting("17 dead in collapse of building in Fez", at=START + 2 * MINUTE),
        Rejected(b"key", b"rubbish", START, []),
    ]
    watched.commit(CATEGORIZE, watched.commit(DEDUPLICATE, records))
    assert watched.value("ticker_input_records_total", stage="deduplicate") == len(records)
    assert watched.total("ticker_records_total", stage="deduplicate") == len(records)
    assert (
        watched.value(
            "ticker_dead_letters_total", stage="deduplicate", reason="DecodeError", source="unknown"
        )
        == 1
    )
    assert watched.value("ticker_headlines_total", language="en", outcome="update") == 1
    assert watched.total("ticker_update_changes_total") == 1


def test_near_duplicates_are_told_by_rule_and_categories_by_language() -> None:
    """Each event for consumers is counted under what decided on it."""
    watched = Watched()
    decisions = watched.commit(
        DEDUPLICATE,
        [
            sighting("Le parlement adopte la loi de finances rectificative"),
            sighting("Le parlement adopte la loi de finances rectificatve", at=START + MINUTE),
        ],
    )
    watched.commit(CATEGORIZE, decisions)
    assert watched.total("ticker_near_duplicates_total", language="fr") == 1
    assert watched.total("ticker_categorized_total", language="fr") == 1
    assert watched.value("ticker_source_records_total", source="akhbar", outcome="near") == 1


def test_the_canary_is_no_news() -> None:
    """Its headlines count as records, not among languages, categories, sources or what those brought."""
    watched = Watched()
    decisions = watched.commit(
        DEDUPLICATE, [sighting("the bdfgh of the klmnp and their rstwy", source=CANARY_SOURCE)]
    )
    watched.commit(CATEGORIZE, decisions)
    assert watched.value("ticker_records_total", stage="deduplicate", outcome="new") == 1
    assert watched.value("ticker_records_total", stage="categorize", outcome="uncategorised") == 1
    assert watched.total("ticker_headlines_total") == 0
    assert watched.total("ticker_source_records_total") == 0
    assert watched.total("ticker_source_newest_timestamp_seconds") == 0


def test_age_is_from_the_strip_to_the_commit() -> None:
    """A headline seen three seconds before its category event is committed is three seconds old."""
    watched = Watched()
    watched.commit(
        CATEGORIZE,
        watched.commit(DEDUPLICATE, [sighting("Rain expected over the northern coast on Friday")]),
    )
    assert watched.value("ticker_end_to_end_seconds_sum") == pytest.approx(3)
    assert watched.value("ticker_end_to_end_seconds_bucket", le="2.5") == 0
    assert watched.value("ticker_end_to_end_seconds_bucket", le="5.0") == 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-60, 1000)), min_size=1, max_size=500))
def test_freshness_is_of_the_newest_strip(seen: list[tuple[str, int]]) -> None:
    """Whatever the order in which batches come, a source is as fresh as its newest sighting."""
    watched = Watched()
    for source, minutes in seen:
        record = raw_record(b"key", b"", START - minutes * MINUTE, [(SOURCE_HEADER, source.encode())])
        watched.metrics.committed(
            _committed("deduplicate", [record], KafkaOutbox("deduplicate", "test", _SOURCE))
        )
    for source in {source for source, _ in seen}:
        newest = min(minutes for name, minutes in seen if name == source)
        value = watched.value("ticker_source_newest_timestamp_seconds", source=source)
        assert value == (START - newest * MINUTE) / 1000


def test_a_strip_from_the_future_does_not_hide_that_its_source_fell_silent() -> None:
    """A clock that is more than an hour ahead says nothing about when a source was last heard of."""
    watched = Watched()
    for at in (START, START + 2 * 60 * MINUTE):
        record = raw_record(b"key", b"", at, [(SOURCE_HEADER, b"astray")])
        watched.metrics.committed(
            _committed("deduplicate", [record], KafkaOutbox("deduplicate", "test", _SOURCE))
        )
    assert watched.value("ticker_source_newest_timestamp_seconds", source="astray") == START / 1000


def test_a_strip_in_a_large_batch_is_seen() -> None:
    """Of a large batch a sample is looked at; eight records of one source in a row cannot be missed."""
    watched = Watched()
    rows = ["loud"] * 995 + ["quiet"] * 8 + ["loud"] * 997
    records = [raw_record(b"key", b"", START, [(SOURCE_HEADER, name.encode())]) for name in rows]
    watched.metrics.committed(_committed("deduplicate", records, KafkaOutbox("deduplicate", "test", _SOURCE)))
    assert watched.value("ticker_source_newest_timestamp_seconds", source="quiet") is not None


def test_partitions_that_are_gone_leave_no_series() -> None:
    """Lag is shown for the partitions that are ours now, and for no others."""
    watched = Watched()
    watched.metrics.backlogs([Backlog("deduplicate", 0, 10, 2.5, 7), Backlog("deduplicate", 1, 0, 0.0, 0)])
    watched.metrics.backlogs([Backlog("deduplicate", 1, 4, 1.0, 3)])
    assert watched.value("ticker_lag_records", stage="deduplicate", partition="0") is None
    assert watched.value("ticker_lag_records", stage="deduplicate", partition="1") == 4
    assert watched.value("ticker_assigned_partitions", stage="deduplicate") == 1
    assert watched.value("ticker_live_headlines", partition="1") == 3


def test_a_lag_that_no_broker_tells_is_not_shown() -> None:
    """A figure of before an outage would be a lie; the partition is ours all the same."""
    watched = Watched()
    watched.metrics.backlogs([Backlog("deduplicate", 0, 10, 2.5, 7)])
    watched.metrics.backlogs([Backlog("deduplicate", 0, None, None, 7)])
    assert watched.value("ticker_lag_seconds", stage="deduplicate", partition="0") is None
    assert watched.value("ticker_lag_records", stage="deduplicate", partition="0") is None
    assert watched.value("ticker_assigned_partitions", stage="deduplicate") == 1


def test_a_processor_says_how_much_it_remembers() -> None:
    """Live headlines and their aliases are counted; what has expired is not."""
    processor = Deduplicator(window=10 * MINUTE)
    processor.process(
        [sighting("Port of Tangier sets a record")], KafkaOutbox("deduplicate", "test", _SOURCE)
    )
    assert processor.remembered == 1
    later = sighting("Another headline altogether", at=START + 60 * MINUTE)
    processor.process([later], KafkaOutbox("deduplicate", "test", _SOURCE))
    assert processor.remembered == 1
