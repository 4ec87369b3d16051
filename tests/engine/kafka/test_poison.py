"""Records that cannot be processed, on a real broker and against the processors alone."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import deadletters
from schemas.topics import DEADLETTERS, DECISIONS, POSITIONS, SIGHTINGS
from streams.pipeline import STAGES
from streams.settings import Connection
from streams.stage import RawRecord
from tests.chaos.corpus import POISON, Corpus, PlacedRecord, plain
from tests.chaos.topics import LASTING
from tests.engine.kafka.conftest import Pipeline
from tests.support import START, KeepingOutbox, sighting

_GOOD = sighting("Port reopens after the storm")
_FIELDS = msgspec.to_builtins(_GOOD.value)

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
_values = (
    st.none()
    | st.binary()
    | _json.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.sampled_from(sorted(_FIELDS)), _json).map(
        lambda changed: json.dumps({**_FIELDS, **changed}).encode()
    )
)
_records = st.builds(
    RawRecord,
    st.none() | st.binary(max_size=20) | st.just(_GOOD.key),
    _values,
    st.integers(-1, 4_102_444_800_000),
    st.lists(st.tuples(st.text(max_size=5), st.binary(max_size=10)), max_size=2),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_records, max_size=6))
def test_no_bytes_make_a_processor_fail(records: list[RawRecord]) -> None:
    """Whatever is in a record, each stage accounts for it: it decides or rejects, and never raises."""
    for stage in STAGES:
        out = KeepingOutbox()
        stage.processor().process(records, out)
        assert out.counts.total() + len(out.rejected) == len(records)


def _all_kinds() -> list[PlacedRecord]:
    """Every kind of poison, without headers, with odd keys, and what only looks like poison."""
    made = [
        PlacedRecord(2, kind.encode(), make(_GOOD), START, [("source", b"akhbar"), ("trace", b"\xff\x00")])
        for kind, make in POISON.items()
    ]
    record = plain(_GOOD, 2)
    odd = [
        record._replace(
            key=b"counted by nobody", value=b"", headers=[("ticker.error.attempt", b"9" * 5_000)]
        ),
        record._replace(key=b"no header value", value=b"", headers=[("source", None), ("x", None)]),  # type: ignore[list-item]
        record._replace(key=None),
        record._replace(key=None, value=None, headers=()),
        record._replace(key=b"\xff\xfe"),
        record._replace(headers=()),
        plain(sighting("Orchards bloom early this year"), 2)._replace(headers=[("", b"")]),
    ]
    return [*made, *odd]


@pytest.fixture(scope="module")
def poisoned(kafka: str, make_shared_pipeline: Callable[[Connection], Pipeline]) -> Pipeline:
    """A pipeline that has processed every kind of poison among good records."""
    pipeline = make_shared_pipeline(Connection(bootstrap_servers=kafka)).create()
    stray = [PlacedRecord(3, b"id", value, START, [("stray", b"")]) for value in (b"not a headline", None)]
    pipeline.write(stray, topic=DECISIONS)
    again = PlacedRecord(4, b"again", b"<html>", START, [("ticker.error.attempt", b"1")])
    poison = [*_all_kinds(), again]
    pipeline.write(poison)
    pipeline.write(Corpus(poison=0).take(300))
    pipeline.worker()
    pipeline.drain(300 + len(poison))
    return pipeline


def _letters(pipeline: Pipeline) -> dict[bytes | None, Any]:
    """The dead letters by key."""
    return {letter.key: letter for letter in pipeline.read(DEADLETTERS)[DEADLETTERS.name].all}


@pytest.mark.kafka
def test_every_kind_of_poison_is_kept_byte_for_byte_and_the_flow_goes_on(poisoned: Pipeline) -> None:
    """Key, value, headers of each rejected record, once, beside the good ones that follow."""
    report = poisoned.check()
    assert report.dead_letters == len(POISON) + 6 + 2
    letters = _letters(poisoned)
    for kind, make in POISON.items():
        assert letters[kind.encode()].value == make(_GOOD)


@pytest.mark.kafka
def test_a_dead_letter_says_why_for_people_and_for_tools(poisoned: Pipeline) -> None:
    """Its headers name stage, place, error and attempt, and KIP-1034's names repeat them."""
    letter = _letters(poisoned)[b"not JSON"]
    why = {name: value.decode("utf-8", "replace") for name, value in letter.headers}
    assert letter.headers[:2] == (("source", b"akhbar"), ("trace", b"\xff\x00"))
    assert why["ticker.error.stage"] == "deduplicate"
    assert why["ticker.error.topic"] == SIGHTINGS.on(poisoned.prefix)
    assert (why["ticker.error.partition"], why["ticker.error.offset"]) == ("2", "0")
    assert why["ticker.error.exception"] == "streams.errors.RecordError"
    assert why["ticker.error.message"].startswith("not a ticker.sighting.v1: ")
    assert "RecordError" in why["ticker.error.stacktrace"]
    assert why["ticker.error.attempt"] == "1"
    for name in ("exception", "message", "stacktrace", "topic", "partition", "offset"):
        assert why[deadletters.KIP_1034_PREFIX + name] == why[deadletters.PREFIX + name]
    assert letter.partition == 2


@pytest.mark.kafka
def test_a_record_that_fails_again_counts_its_attempts(poisoned: Pipeline) -> None:
    """A redriven record keeps the header: the next dead letter says 2, and has each header once."""
    letter = _letters(poisoned)[b"again"]
    assert [value for name, value in letter.headers if name == "ticker.error.attempt"] == [b"2"]


@pytest.mark.kafka
def test_poison_among_the_headlines_is_kept_too(poisoned: Pipeline) -> None:
    """What somebody else writes to `headlines` and is none goes to the dead letters of `categorize`."""
    letters = [letter for letter in poisoned.read(DEADLETTERS)[DEADLETTERS.name].all if letter.key == b"id"]
    assert [letter.value for letter in letters] == [b"not a headline", None]
    assert all(("ticker.error.stage", b"categorize") in letter.headers for letter in letters)


@pytest.mark.kafka
@pytest.mark.parametrize("compression", [None, "lz4"])
def test_a_dead_letter_can_be_five_megabytes_large(
    make_pipeline: Callable[[Connection], Pipeline], kafka: str, compression: str | None
) -> None:
    """A topic that takes 5 MB, or 5 MB that compress well, do not block a partition."""
    topics = [
        msgspec.structs.replace(topic, max_message_bytes=8 << 20)
        if topic.name == SIGHTINGS.name and compression is None
        else topic
        for topic in LASTING
    ]
    pipeline = make_pipeline(Connection(bootstrap_servers=kafka)).create(topics)
    huge = PlacedRecord(1, b"huge", b"x" * 5_000_000, START, ())
    pipeline.write([huge, plain(_GOOD, 1)], compression_type=compression)
    pipeline.worker()
    pipeline.drain(2)
    report = pipeline.check()
    assert (report.dead_letters, report.new) == (1, 1)


@pytest.mark.kafka
def test_the_breaker_ends_the_worker_before_a_topic_is_drained_into_dead_letters(pipeline: Pipeline) -> None:
    """Nothing but rubbish: status 1, the reason in the log, and the slice is not committed."""
    rubbish = [PlacedRecord(2, b"key %d" % number, b"<html>", START, ()) for number in range(3_000)]
    pipeline.write(rubbish)
    worker = pipeline.worker()
    assert worker.wait() == 1
    assert "records all became dead letters" in worker.said
    assert "Traceback" not in worker.said
    found = pipeline.read(DEADLETTERS, POSITIONS)
    assert len(found[DEADLETTERS.name].all) <= 500
    if not found[DEADLETTERS.name].all:
        assert not found[POSITIONS.name].all
