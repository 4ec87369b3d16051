"""Speeds, and when records are due."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import SettingsError
from streams.replay.pace import Errors, Pacer
from streams.replay.speed import Speed, parse_speed


class Clock:
    """A clock that the test owns."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("text", "speed"),
    [
        ("1x", Speed("times", 1)),
        ("0.5x", Speed("times", 0.5)),
        ("max", Speed("max")),
        ("500/s", Speed("rate", 500)),
        ("500", Speed("rate", 500)),
        ("a day an hour", Speed("times", 24)),
        ("a week per day", Speed("times", 7)),
        ("d/h", Speed("times", 24)),
        ("7d/2h", Speed("times", 84)),
        ("90 minutes in 30 seconds", Speed("times", 180)),
    ],
)
def test_speeds_are_read(text: str, speed: Speed) -> None:
    """Times the original, records a second, or as fast as it goes."""
    assert parse_speed(text) == speed


@pytest.mark.parametrize(
    "text", ["", "x", "0x", "0", "-1x", "fast", "1 x", "٣x", "1e3", "0d/1h", "1d/0h", "day"]
)
def test_other_speeds_are_refused(text: str) -> None:
    """With what is allowed."""
    with pytest.raises(SettingsError, match="10x"):
        parse_speed(text)


def test_the_duration_is_that_of_the_pace() -> None:
    """An hour at 10x is six minutes; a rate divides the records; at max nobody knows."""
    assert parse_speed("10x").duration(1, 3_600_000) == 360
    assert parse_speed("500/s").duration(5_000, 1) == 10
    assert parse_speed("max").duration(5_000, 1) is None


@given(st.lists(st.integers(0, 10**9), min_size=1), st.sampled_from([0.5, 1.0, 10.0, 1000.0]))
def test_distances_are_kept_and_divided(times: list[int], factor: float) -> None:
    """What was n ms later is due n ms later, divided by the speed."""
    pacer = Pacer(Speed("times", factor), Clock())
    pacer.begin(min(times))
    for time in times:
        assert pacer.due(time) - 1_000 == pytest.approx((time - min(times)) / 1000 / factor)


def test_a_hold_moves_everything_that_is_due_later() -> None:
    """After a hold of 5 s all is due 5 s later: nothing is caught up in a burst."""
    clock = Clock()
    pacer = Pacer(Speed("times", 1), clock)
    pacer.begin(0)
    before = pacer.due(2_000)
    pacer.hold("paused")
    clock.now += 2
    pacer.hold("behind")
    pacer.release("paused")
    assert pacer.held
    clock.now += 3
    pacer.release("behind")
    pacer.release("behind")
    assert pacer.due(2_000) == before + 5
    assert pacer.held_s == 5


def test_a_new_speed_goes_on_from_where_the_old_one_was() -> None:
    """What is due now stays due now; the distances after it are divided by the new speed, also while it is held."""
    clock = Clock()
    pacer = Pacer(Speed("times", 10), clock)
    pacer.begin(0)
    clock.now += 2
    pacer.change(Speed("times", 100))
    assert pacer.due(20_000) == clock.now
    assert pacer.due(120_000) == clock.now + 1
    pacer.hold("paused")
    clock.now += 7
    pacer.change(Speed("times", 1))
    pacer.release("paused")
    assert pacer.due(20_000) == clock.now
    assert pacer.due(21_000) == clock.now + 1


def test_from_a_rate_to_times_it_goes_on_at_what_was_taken() -> None:
    """Another kind of speed wakes who waits, and what follows is due by its distance to what was taken last."""
    clock = Clock()

    async def run() -> None:
        pacer = Pacer(Speed("max"), clock)
        pacer.begin(0)
        times = [1_000, 5_000, 9_000]
        assert await pacer.take(times[:1], 0, 0.0) == 1
        pacer.change(Speed("times", 4))
        assert pacer.due(5_000) == clock.now + 1
        taking = asyncio.create_task(pacer.take(times, 1, 0.0))
        await asyncio.wait([taking], timeout=0)
        assert not taking.done()
        pacer.change(Speed("max"))
        assert await taking == 2

    asyncio.run(asyncio.wait_for(run(), 60))


def test_what_is_due_is_taken_together_and_the_rest_waits() -> None:
    """All up to now and the lead, no more; order decides among equals."""
    clock = Clock()

    async def run() -> list[int]:
        pacer = Pacer(Speed("times", 10), clock)
        pacer.begin(0)
        clock.now += 0.1
        times = [0, 500, 1000, 1000, 1040, 2000]
        return [await pacer.take(times, 0, 0.0), await pacer.take(times, 1, 0.004)]

    assert asyncio.run(run()) == [4, 4]


def test_nothing_is_taken_before_the_beginning() -> None:
    """Partitions open one after the other, and begin together."""

    async def run() -> int:
        pacer = Pacer(Speed("max"), Clock())
        taking = asyncio.create_task(pacer.take(range(7), 2, 0.0))
        await asyncio.wait([taking], timeout=0)
        assert not taking.done()
        pacer.begin(0)
        return await taking

    assert asyncio.run(run()) == 5


def test_errors_are_told_by_share_and_by_quantile() -> None:
    """Early counts as late does."""
    errors = Errors()
    assert errors.within(20) is None
    assert errors.quantile(0.95) is None
    errors.add(0.005, 90)
    errors.add(-0.015, 5)
    errors.add(0.300, 5)
    assert errors.within(20) == 0.95
    assert errors.quantile(0.95) == 15
    assert errors.quantile(1) == 300
