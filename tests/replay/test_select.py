"""What a selection takes."""

from typing import Any

import pytest

from schemas.events import CategorizedHeadline, TopicScore, encode
from streams.errors import SettingsError
from streams.replay.select import Selection, Unmatched, predicate
from streams.stage import RawRecord
from tests.support import START, raw_record, sighting


def record(text: str = "Harbour opens in Tangier", source: str = "akhbar", at: int = START) -> RawRecord:
    message = sighting(text, source=source, at=at)
    assert message.value is not None
    return raw_record(message.key, encode(message.value), message.timestamp, message.headers)


def takes(selection: Selection, given: Any, *, since: int | None = None, until: int | None = None) -> bool:
    test = predicate(selection, since=since, until=until)
    assert test is not None
    return test(given)


def test_no_selection_needs_no_test() -> None:
    """Where all is taken, no record is looked at."""
    assert predicate(Selection(canary=True), since=None, until=None) is None


def test_the_canary_is_left_out_unless_asked_for() -> None:
    """By the header of a sighting, and by the value of what has none."""
    given = record(source="ticker.canary")
    bare = raw_record(given.key, given.value)
    for shown in (given, bare):
        assert not takes(Selection(), shown)
        assert takes(Selection(canary=True, sources=("ticker.canary",)), shown)
    assert takes(Selection(), record())


def test_what_is_excluded_is_left_out_and_nothing_else() -> None:
    """What cannot be read is of no source: it stays."""
    assert not takes(Selection(not_sources=("akhbar",)), record())
    assert takes(Selection(not_sources=("other",)), record())
    assert not takes(Selection(not_categories=("uncategorised",)), record())
    assert takes(Selection(not_sources=("akhbar",)), raw_record(b"k", b"{"))


def test_a_name_that_nothing_has_is_said_with_what_was_meant() -> None:
    """A mistyped source or category would take nothing, or leave nothing out."""
    unmatched = Unmatched(Selection(not_sources=("akbar", "akhbar"), categories=("sprot",)))
    test = unmatched.noting(None)
    assert test is not None
    assert test(record())
    assert list(unmatched.told()) == [
        "--not-source 'akbar' matches no record of the window: did you mean akhbar?",
        "--category 'sprot' matches no record of the window: did you mean sport?",
    ]


@pytest.mark.parametrize(
    ("selection", "taken"),
    [
        (Selection(sources=("akhbar",)), True),
        (Selection(sources=("other", "akhbar")), True),
        (Selection(sources=("other",)), False),
        (Selection(languages=("en",)), True),
        (Selection(languages=("ar",)), False),
        (Selection(text="(?i)HARBOUR"), True),
        (Selection(text="airport"), False),
        (Selection(headers=("source=akhbar",)), True),
        (Selection(headers=("source",)), True),
        (Selection(headers=("source=other",)), False),
        (Selection(keys=("nothing",)), False),
        (Selection(sources=("akhbar",), languages=("ar",)), False),
    ],
)
def test_all_conditions_hold_and_one_of_each_list(selection: Selection, taken: bool) -> None:
    """Values of one option are alternatives, options are conditions."""
    assert takes(selection, record()) is taken


def test_a_key_is_compared_as_it_is() -> None:
    """The key is the record's, in UTF-8."""
    given = record()
    assert given.key is not None
    assert takes(Selection(keys=(given.key.decode(),)), given)


def test_a_window_of_time_excludes_its_end() -> None:
    """From `since` on, before `until`."""
    assert takes(Selection(), record(at=START), since=START, until=START + 1)
    assert not takes(Selection(), record(at=START), until=START)
    assert not takes(Selection(), record(at=START), since=START + 1)


def test_a_category_is_that_of_the_surest_topic() -> None:
    """Headlines without a topic are uncategorised."""
    event = CategorizedHeadline(
        id=f"{'0' * 20}-1",
        chain=f"{'0' * 20}-1",
        category="sport",
        source="akhbar",
        observed_at="2026-03-11T08:00:00.000Z",
        slot=1,
        text="Raja wins the cup",
        language="en",
        topic="medtop:15000000",
        topics=(TopicScore("medtop:15000000", 0.9),),
        model="1",
    )
    given = raw_record(b"k", encode(event))
    assert takes(Selection(categories=("sport",)), given)
    assert not takes(Selection(categories=("uncategorised",)), given)


@pytest.mark.parametrize("value", [None, b"{", b"\xff", b"[]"])
def test_what_cannot_be_read_matches_nothing(value: bytes | None) -> None:
    """A tombstone or rubbish has no source and no text."""
    assert not takes(Selection(sources=("akhbar",)), raw_record(b"k", value))


def test_a_wrong_pattern_is_a_wrong_setting() -> None:
    """It is said before anything is read."""
    with pytest.raises(SettingsError, match="no regular expression"):
        predicate(Selection(text="("), since=None, until=None)
