"""Slots become sightings: nothing is lost between them, and ids say where a headline was seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.events import MAX_LINK, MAX_TEXT, Sighting, Strip
from schemas.headers import SOURCE_HEADER
from streams.errors import RecordError
from streams.process.fold import fold, fold_key
from streams.produce.sightings import StripSightings, identify, sightings, strip_id
from streams.produce.split import Slot
from tests.support import START

SLOTS = st.lists(st.builds(Slot, text=st.one_of(st.just(""), st.text(min_size=1, max_size=80))), max_size=12)


def strip(texts: int = 0, *, source: str = "akhbar") -> Strip:
    """A strip that was observed at `START`, with so many slots."""
    observed_at = "2026-03-11T08:00:00.000Z"
    return Strip(
        id=strip_id(source, observed_at, "shown"),
        source=source,
        observed_at=observed_at,
        text="shown",
        slots=texts,
        confidence=1.0,
    )


def found(*slots: Slot) -> StripSightings:
    """The sightings of these slots."""
    return sightings(strip(len(slots)), slots)


def seen(result: StripSightings) -> list[Sighting]:
    """The events of the records."""
    return [record.value for record in result.records if isinstance(record.value, Sighting)]


@given(SLOTS)
def test_every_slot_is_a_sighting_empty_or_rejected(slots: list[Slot]) -> None:
    """The law of a strip: slots = empty + sightings + dead letters, each slot in one of them."""
    result = sightings(strip(len(slots)), slots)
    places = [event.slot for event in seen(result)] + [rejected.slot for rejected in result.rejected]
    assert len(places) == len(set(places)) == len(slots) - result.empty
    assert result.empty == sum(slot.text == "" for slot in slots)


@given(SLOTS)
def test_the_same_strip_gives_the_same_sightings(slots: list[Slot]) -> None:
    """A producer that was killed is run again: nothing in a sighting depends on when or where it was made."""
    one, other = (sightings(strip(len(slots)), slots) for _ in range(2))
    assert one.records == other.records
    assert repr(one.rejected) == repr(other.rejected)


def test_a_sighting_says_where_and_when_its_headline_was_seen() -> None:
    """Its id is the strip's with the slot; its record has the fold key, the event time and the source."""
    result = found(
        Slot("Port reopens after the storm"), Slot(""), Slot("Orchards bloom early", truncated=True)
    )
    first, second = seen(result)
    assert (first.id, second.id) == (f"{strip().id}-0", f"{strip().id}-2")
    assert (first.truncated, second.truncated) == (False, True)
    assert first.language == "en"
    record = result.records[0]
    assert record.key == fold_key(fold("Port reopens after the storm"))
    assert (record.timestamp, result.timestamp) == (START, START)
    assert list(record.headers) == [(SOURCE_HEADER, b"akhbar")]


def test_spellings_of_a_headline_share_key_and_language() -> None:
    """What folds to the same text meets at the same owner, under the same key."""
    assert identify("Orchards BLOOM early!") == identify("orchards bloom early")
    assert identify("إفتتاح المعرض") == identify("افتتاح المعرض")


@pytest.mark.parametrize(
    "changed", [{"source": "other"}, {"observed_at": "2026-03-11T08:00:00.001Z"}, {"text": "t"}]
)
def test_a_strip_has_an_id_of_its_own(changed: dict[str, str]) -> None:
    """Where, when and what was shown make it: a change of one makes another strip."""
    given_parts = {"source": "akhbar", "observed_at": "2026-03-11T08:00:00.000Z", "text": "shown"}
    assert strip_id(**given_parts) == strip().id
    assert strip_id(**{**given_parts, **changed}) != strip().id


def test_the_parts_of_an_id_do_not_run_together() -> None:
    """`ab` at `c` is not `a` at `bc`."""
    assert strip_id("ab", "c", "") != strip_id("a", "bc", "")


def test_what_cannot_be_a_headline_is_rejected_with_its_reason() -> None:
    """Too long by one character is a dead letter; the longest that is allowed is a sighting."""
    result = found(Slot("a" * MAX_TEXT), Slot("a" * (MAX_TEXT + 1)))
    assert [event.slot for event in seen(result)] == [0]
    (rejected,) = result.rejected
    assert (rejected.slot, rejected.text) == (1, "a" * (MAX_TEXT + 1))
    assert isinstance(rejected.error, RecordError)
    assert f"at most {MAX_TEXT:,}" in str(rejected.error)


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("https://example.org/a", True),
        ("javascript:alert(1)", False),
        ("https://example.org/" + "a" * MAX_LINK, False),
        (None, False),
    ],
)
def test_a_link_that_events_cannot_carry_is_left_out(link: str | None, kept: bool) -> None:
    """The headline counts without it."""
    (event,) = seen(found(replace(Slot("Port reopens"), link=link)))
    assert event.link == (link if kept else None)
