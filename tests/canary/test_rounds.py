"""How the canary times what is under way."""

from collections.abc import Mapping
from typing import NamedTuple

import pytest

from schemas.events import Sighting
from streams.canary.headlines import observation
from streams.canary.rounds import GIVEN_UP_S, Arrival, Canary
from streams.produce.sightings import sightings
from streams.produce.strips import strip_of
from tests.support import START


class Seen:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.last_ages: Mapping[str, float] = {}

    def published(self, language: str) -> None:
        pass

    def arrived(self, arrival: Arrival) -> None:
        self.arrivals.append(arrival)

    def ages(self, ages: Mapping[str, float]) -> None:
        self.last_ages = ages


class Consumed(NamedTuple):
    """A record of the canary's topic."""

    key: bytes


class Flight:
    """A canary whose clock the test moves, with a round just sent."""

    def __init__(self) -> None:
        self.now = START / 1000
        self.seen = Seen()
        self.canary = Canary(self.seen, clock=lambda: self.now)
        strip, slots = strip_of(observation(START))
        events = [record.value for record in sightings(strip, slots).records]
        self.sent = [value for value in events if isinstance(value, Sighting)]
        for value in self.sent:
            self.canary.sent(value, self.now)

    def arrive(self, sighting: Sighting) -> None:
        self.canary.take(Consumed(sighting.id.encode()))


@pytest.fixture
def flight() -> Flight:
    return Flight()


def test_an_arrival_is_timed_from_the_strip(flight: Flight) -> None:
    """Seconds are from the strip's event time to the moment it is read from the canary's topic."""
    flight.now += 0.25
    for sighting in flight.sent:
        flight.arrive(sighting)
    assert [arrival.seconds for arrival in flight.seen.arrivals] == [0.25, 0.25, 0.25]
    assert flight.canary.nothing_in_flight.is_set()


def test_a_second_arrival_is_not_counted(flight: Flight) -> None:
    """What came twice (the canary was restarted, or it had been given up) counts once."""
    flight.arrive(flight.sent[0])
    flight.arrive(flight.sent[0])
    assert len(flight.seen.arrivals) == 1


def test_one_that_was_overtaken_is_lost(flight: Flight) -> None:
    """Those of a language arrive in order: a later one ends the page that one before it has caused."""
    flight.now += 60
    later, slots = strip_of(observation(START + 60_000))
    events = [record.value for record in sightings(later, slots).records]
    again = [value for value in events if isinstance(value, Sighting)]
    for value in again:
        flight.canary.sent(value, flight.now)
    flight.now += 0.25
    flight.arrive(again[0])
    assert [(each.id, each.seconds) for each in flight.seen.arrivals] == [
        (flight.sent[0].id, None),
        (again[0].id, 0.25),
    ]
    flight.canary.tick()
    assert flight.seen.last_ages[again[0].language] == 0.25
    assert flight.seen.last_ages[again[1].language] == 60.25, "of other languages nothing is known"


def test_the_age_grows_while_one_is_in_flight(flight: Flight) -> None:
    """The age that pages is that of the oldest under way; of the last arrival when none is."""
    flight.now += 2
    flight.arrive(flight.sent[0])
    flight.now += 40
    flight.canary.tick()
    languages = [sighting.language for sighting in flight.sent]
    assert flight.seen.last_ages == dict(zip(languages, (2, 42, 42), strict=True))


def test_what_never_comes_is_given_up(flight: Flight) -> None:
    """After fifteen minutes it counts as lost, and its age stays what it was."""
    flight.now += GIVEN_UP_S + 1
    flight.canary.tick()
    assert [arrival.seconds for arrival in flight.seen.arrivals] == [None, None, None]
    assert set(flight.seen.last_ages.values()) == {GIVEN_UP_S + 1}
    assert flight.canary.nothing_in_flight.is_set()
