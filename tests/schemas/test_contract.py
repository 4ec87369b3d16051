"""Instants, media topics, topics, CloudEvents headers, dead letters."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import cloudevents, deadletters
from schemas.events import CategorizedHeadline
from schemas.instants import format_instant, parse_instant
from schemas.mediatopics import LABELS, SLUG_BY_TOPIC, slug_of
from schemas.topics import CATEGORIES, TOPICS

HEADLINE = CategorizedHeadline(
    id="3f9a1c0de45b7a210c88-3",
    chain="0123456789abcdef0123-4",
    topic=None,
    category="uncategorised",
    model="test",
    source="akhbar/شريط",
    observed_at="2026-03-11T08:00:00.000Z",
    slot=3,
    text="أمطار غزيرة",
    language="ar",
)


@given(st.integers(min_value=0, max_value=4_102_444_800_000))
def test_an_instant_survives_being_written_and_read(millis: int) -> None:
    """parse(format(x)) == x, to the millisecond."""
    assert parse_instant(format_instant(millis)) == millis


@given(st.integers(0, 4_102_444_800_000_000).map(lambda us: datetime.fromtimestamp(us / 1e6, UTC)))
def test_an_instant_is_read_in_any_zone_and_precision(moment: datetime) -> None:
    """Users' files carry offsets and microseconds."""
    assert abs(parse_instant(moment.isoformat()) - moment.timestamp() * 1000) <= 1


def test_an_instant_without_a_zone_is_refused() -> None:
    """Nobody knows when 08:00 was without knowing where."""
    with pytest.raises(ValueError, match="no time zone"):
        parse_instant("2026-03-11T08:00:00")


def test_a_date_alone_is_told_how_to_be_a_time() -> None:
    """It has no zone to end with: the whole of it is written out."""
    with pytest.raises(ValueError, match="write 2026-01-01T00:00:00Z"):
        parse_instant("2026-01-01")


def test_a_year_that_does_not_exist_is_refused() -> None:
    """A timestamp in seconds taken for milliseconds, or the reverse, is an error, not a crash."""
    with pytest.raises(ValueError, match="not a date"):
        format_instant(10**18)


def test_there_are_seventeen_media_topics_and_a_place_for_doubt() -> None:
    """Each media topic has its Kafka topic, and so has what is not sure."""
    assert len(SLUG_BY_TOPIC) == 17
    assert set(CATEGORIES) == {*SLUG_BY_TOPIC.values(), "uncategorised"}
    assert slug_of("medtop:15000000") == "sport"
    assert slug_of(None) == "uncategorised"
    assert slug_of("mine:elections") == "elections"


def test_every_category_is_called_something_in_each_language() -> None:
    """Who reads an event needs no vocabulary beside it."""
    assert set(LABELS) == set(SLUG_BY_TOPIC.values())
    for labels in LABELS.values():
        assert len({labels.ar, labels.fr, labels.en}) >= 2
        assert any("\u0600" <= character <= "\u06ff" for character in labels.ar)


def test_topic_names_are_unique_and_prefixed() -> None:
    """Two pipelines share a cluster by their prefix."""
    names = [topic.on("staging") for topic in TOPICS]
    assert len(names) == len(set(names)) == 30
    assert all(name.startswith("staging.") for name in names)


def test_cloudevents_headers_are_those_of_the_binding() -> None:
    """Binary mode: required attributes, UTF-8 values, `ce_source` a URI reference in ASCII."""
    headers = dict(cloudevents.headers(HEADLINE, b"key"))
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_id"] == HEADLINE.id.encode()
    assert headers["ce_type"] == b"ticker.category.v1"
    assert headers["ce_time"] == b"2026-03-11T08:00:00.000Z"
    assert headers["ce_partitionkey"] == b"key"
    assert "ce_sequence" not in headers, "it means an order within a source, which Kafka does not keep for us"
    assert headers["content-type"] == b"application/json"
    assert headers["ce_source"].isascii()
    assert headers["ce_source"].startswith(b"/sources/akhbar")


def test_an_event_says_where_its_schema_is_only_where_that_is_known() -> None:
    """`ce_dataschema` names the schema of the event's own type; without an address there is no such header."""
    uris = cloudevents.schema_uris("https://example.org/{type}.schema.json")
    headers = dict(cloudevents.headers(HEADLINE, b"key", uris))
    assert headers["ce_dataschema"] == b"https://example.org/ticker.category.v1.schema.json"
    assert "ce_dataschema" not in dict(cloudevents.headers(HEADLINE, b"key"))


def test_a_dead_letter_says_why_twice() -> None:
    """In our headers and in those of KIP-1034, which other tools read."""
    try:
        int("لا معنى له")
    except ValueError as error:
        why = deadletters.reason(error, stage="deduplicate", topic="t", partition=2, offset=7, now=0)
    headers = dict(deadletters.to_headers(why))
    assert "لا معنى له" in headers["ticker.error.message"].decode()
    assert headers["__streams.errors.exception"] == b"builtins.ValueError"
    assert headers["ticker.error.offset"] == headers["__streams.errors.offset"] == b"7"
    assert headers["ticker.error.attempt"] == b"1"
    assert b"test_contract" in headers["ticker.error.stacktrace"]
    assert all(deadletters.is_ours(name) for name in headers)
