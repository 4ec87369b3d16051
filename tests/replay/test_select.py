"""What a selection takes."""

from typing import Any

import pytest

from schemas.events import CategorizedHeadline, TopicScore, encode
from streams.errors import SettingsError
from streams.replay.select import Selection, predicate
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
    assert predicate(Selection(), since=None, until=None) is None


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
