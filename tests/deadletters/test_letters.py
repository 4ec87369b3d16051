"""Dead letters told apart, grouped and tried, without a broker."""

from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import deadletters
from schemas.events import MAX_TEXT, encode
from schemas.marks import Redriven
from streams.deadletters.letters import Choice, Letter, fingerprint, grouped, letter_of
from streams.deadletters.redrive import sort
from streams.deadletters.trial import Trial
from streams.errors import RecordError
from streams.kafka.topics import TopicDescription
from tests.support import HOUR, START, sighting


class Fetched(NamedTuple):
    """A record of the dead letters' topic as aiokafka gives it."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


def letter(
    value: bytes | None = b"{",
    *,
    message: str = "not a ticker.sighting.v1",
    offset: int = 0,
    stage: str = "deduplicate",
    attempt: int = 1,
    timestamp: int | None = START,
    topic: str = "ticker.sightings",
    now: int = START + HOUR,
) -> Letter:
    why = deadletters.reason(
        RecordError(message),
        stage=stage,
        topic=topic,
        partition=0,
        offset=7,
        now=now,
        attempt=attempt,
        timestamp=timestamp,
    )
    headers = [("source", b"akhbar"), *deadletters.to_headers(why)]
    found = letter_of(Fetched(0, offset, b"key", value, headers))
    assert found is not None
    return found


def good() -> bytes:
    event = sighting("Harbour opens in Tangier").value
    assert event is not None
    return encode(event)


def test_a_letter_keeps_the_record_and_tells_the_reason() -> None:
    """Its own headers without ours, its own event time, its source."""
    found = letter()
    assert found.headers == (("source", b"akhbar"),)
    assert found.original.timestamp == START
    assert (found.source, found.reason.stage, found.reason.offset) == ("akhbar", "deduplicate", 7)


def test_a_record_without_a_reason_is_no_letter() -> None:
    """What others wrote among the dead letters is counted, not guessed at."""
    assert letter_of(Fetched(0, 0, None, b"x", [("source", b"akhbar")])) is None
    assert letter_of(Fetched(0, 0, None, b"x", [("ticker.error.stage", b"x")])) is None


def test_an_event_time_that_was_not_kept_is_read_from_the_value() -> None:
    """Letters of older builds have no timestamp header; rubbish has no event time at all."""
    assert letter(good(), timestamp=None).event_time == START
    assert letter(b"{", timestamp=None).event_time is None


def test_a_fingerprint_ignores_what_an_error_quotes() -> None:
    """Numbers, ids and quoted texts differ from record to record; the reason does not."""
    one = letter(message="bad 'Raja' at byte 17 of 0123456789ab")
    other = letter(message="bad 'Wydad' at byte 4 of ba9876543210")
    assert one.fingerprint == other.fingerprint != letter(message="no value").fingerprint
    assert fingerprint(one.reason) == one.fingerprint


def test_groups_say_how_many_from_when_to_when() -> None:
    """By stage, reason and source, the largest first."""
    letters = [
        letter(offset=0, now=START),
        letter(offset=1, now=START + HOUR, attempt=2),
        letter(offset=2, message="no value"),
    ]
    first, second = grouped(letters, {"0/1"})
    assert (first.letters, first.redriven, first.attempts, first.example) == (2, 1, 2, "0/1")
    assert (first.first_seen, first.last_seen) == ("2026-03-11T08:00:00.000Z", "2026-03-11T09:00:00.000Z")
    assert second.message == "no value"


@pytest.mark.parametrize(
    ("choice", "taken"),
    [
        (Choice(), True),
        (Choice(stage="categorize"), False),
        (Choice(source="akhbar", stage="deduplicate"), True),
        (Choice(since=START + HOUR), True),
        (Choice(since=START + HOUR + 1), False),
        (Choice(places=frozenset({"0/0"})), True),
        (Choice(places=frozenset({"0/1"})), False),
        (Choice(fingerprint="00000000"), False),
    ],
)
def test_a_choice_holds_in_all_that_it_asks(choice: Choice, taken: bool) -> None:
    """What is not asked does not count."""
    assert choice.takes(letter()) is taken


def test_a_trial_tells_what_passes_now() -> None:
    """A sound sighting passes today's code, rubbish and unknown stages do not."""
    trial = Trial()
    assert trial.error(letter(good())) is None
    assert "not a ticker.sighting.v1" in str(trial.error(letter(b"{")))
    assert "no value" in str(trial.error(letter(None)))
    assert "no stage" in str(trial.error(letter(good(), stage="gone")))
    assert trial.error(letter(b"{", stage="categorize")) is not None


def test_one_letter_does_not_hide_another() -> None:
    """Rubbish under a key that a good letter has made live is still found to be rubbish."""
    rejected: list[Letter] = []
    letters = [letter(good(), offset=0), letter(b"{", offset=1)]
    passing = Trial().passing(letters, lambda found, _error: rejected.append(found))
    assert (passing, rejected) == (letters[:1], letters[1:])


def test_a_slot_that_the_producer_refused_is_tried_as_a_slot() -> None:
    """Too long stays too long."""
    assert Trial().error(letter("ميناء طنجة".encode(), stage="produce")) is None
    assert "characters" in str(Trial().error(letter(b"x" * (MAX_TEXT + 1), stage="produce")))


def test_letters_are_sorted_by_what_can_be_done() -> None:
    """Sent before, rejected too often, without a way back, or ready."""
    topics = {"ticker.sightings": TopicDescription(6, 1, {})}
    letters = [
        letter(offset=0),
        letter(offset=1),
        letter(offset=2, attempt=3),
        letter(offset=3, stage="produce"),
        letter(offset=4, topic="other.sightings"),
        letter(offset=5, topic="ticker.gone"),
        letter(offset=6, timestamp=None),
    ]
    sorting = sort(letters, redriven={"0/0"}, prefix="ticker", topics=topics, max_attempts=3)
    assert [found.offset for found in sorting.ready] == [1]
    assert (sorting.already, sorting.capped) == (1, 1)
    assert [place for place, _ in sorting.unreturnable] == ["0/3", "0/4", "0/5", "0/6"]


@given(st.sets(st.integers(0, 60), min_size=1), st.data())
def test_what_was_sent_is_remembered_exactly(known: set[int], data: st.DataObject) -> None:
    """In whatever portions: a letter is in the ranges if and only if it was sent."""
    order = sorted(known)
    sent: set[int] = set()
    mark = Redriven()
    for portion in data.draw(st.lists(st.sets(st.sampled_from(order)), max_size=4)):
        sent |= portion
        mark = mark.with_offsets(portion, order)
        assert {offset for offset in known if offset in mark} == sent


def test_ranges_close_over_holes() -> None:
    """Offsets without a letter (markers of transactions) do not split a range."""
    assert Redriven().with_offsets([1, 4, 9], [1, 4, 9, 12]).ranges == ((1, 9),)
