"""The breaker: when a stage's dead letters mean that something else is wrong."""

import pytest

from streams.engine.kafka.breaker import Breaker, BreakerError


def test_lets_single_dead_letters_pass() -> None:
    """A few rejected records among many are what dead letters are for."""
    breaker = Breaker()
    for _ in range(1_000):
        breaker.check(100, 1)


def test_lets_a_share_just_at_the_limit_pass() -> None:
    """The limit itself is allowed."""
    breaker = Breaker(share=0.5, window=100)
    for _ in range(100):
        breaker.check(100, 50)


def test_trips_when_the_share_is_above_the_limit() -> None:
    """A topic of which half is rejected is not drained into the dead letters."""
    breaker = Breaker(share=0.5, window=100)
    with pytest.raises(BreakerError, match=r"51 of the last 100 records became dead letters \(limit 50%\)"):
        breaker.check(100, 51)


def test_takes_the_share_over_a_window_not_over_a_slice() -> None:
    """A small slice says nothing about a share."""
    breaker = Breaker(share=0.5, window=100)
    breaker.check(10, 9)
    breaker.check(90, 10)


def test_forgets_the_window_before() -> None:
    """Long good times do not hide what goes wrong now."""
    breaker = Breaker(share=0.5, window=100)
    for _ in range(1_000):
        breaker.check(100, 0)
    with pytest.raises(BreakerError):
        breaker.check(100, 60)


def test_trips_on_a_run_of_nothing_but_dead_letters() -> None:
    """A trickle of rubbish trips it before a window is full."""
    breaker = Breaker(window=10_000, run=20)
    for _ in range(20):
        breaker.check(1, 1)
    with pytest.raises(BreakerError, match="the last 21 records all became dead letters"):
        breaker.check(1, 1)


def test_a_good_record_ends_a_run() -> None:
    """What is rejected now and then is no run, however much comes together."""
    breaker = Breaker(share=0.9, window=100, run=20)
    for _ in range(100):
        breaker.check(20, 20)
        breaker.check(20, 0)
