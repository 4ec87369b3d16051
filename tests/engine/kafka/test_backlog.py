"""The age of a backlog, estimated from samples of a partition's end offset."""

import asyncio

import pytest
from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.kafka.backlog import BacklogAge, BacklogWatch


def test_nothing_grows_old_on_a_worker_that_keeps_up() -> None:
    """Something waits at every sample, and it is never what waited at the one before."""
    backlog = BacklogAge()
    ages = [backlog.sample(100 * number, 100 * number - 7, 5.0 * number) for number in range(1, 100)]
    assert max(ages) == 0


def test_what_waits_grows_old_until_it_is_done() -> None:
    """A stuck worker's lag climbs second by second; once all is done, it is 0."""
    backlog = BacklogAge()
    assert [backlog.sample(10 + number, 10, 5.0 * number) for number in range(2_000)][-1] == 5.0 * 1_998
    assert backlog.sample(3_000, 3_000, 10_000.0) == 0
    assert backlog.sample(3_000, 3_000, 10_005.0) == 0
    assert backlog.sample(3_001, 3_000, 10_010.0) == 0


def test_a_worker_that_starts_behind_shows_how_far() -> None:
    """There is no earlier sample: the event time of the first record gives the age."""
    assert BacklogAge().sample(500, 100, 9_000.0, event_time=2_000.0) == 7_000


def test_a_backfill_is_no_older_than_its_arrival() -> None:
    """Strips of last year arrived since the last sample, whatever their event time says."""
    backlog = BacklogAge()
    backlog.sample(100, 100, 1_000_000.0)
    assert backlog.sample(900, 100, 1_000_005.0, event_time=5.0) == 5


def test_a_clock_that_is_ahead_hides_nothing() -> None:
    """What has waited since a sample is as old as that sample, though its event time lies in the future."""
    backlog = BacklogAge()
    backlog.sample(100, 100, 1_000.0)
    backlog.sample(200, 100, 1_005.0)
    assert backlog.sample(200, 100, 1_060.0, event_time=9_999.0) == 55


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.floats(0.1, 20)), max_size=60))
def test_the_age_is_exact_but_for_the_time_between_two_samples(
    steps: list[tuple[int, int, float]],
) -> None:
    """It is never older than the first offset that waits, nor younger by more than the time between two samples."""
    backlog, came, done, now, longest = BacklogAge(), list[float](), 0, 0.0, 0.0
    backlog.sample(0, 0, now)
    for arriving, processed, gap in steps:
        came += [now + gap / 2] * arriving
        done = min(len(came), done + processed)
        now, longest = now + gap, max(longest, gap)
        age = backlog.sample(len(came), done, now)
        if done == len(came):
            assert age == 0
        else:
            assert now - came[done] - longest <= age <= now - came[done]


class _Consumer:
    """A consumer that has fetched the 8 records of its partition."""

    async def fetch_position(self, partition: TopicPartition) -> int:
        del partition
        return 8

    async def end_offset(self, partition: TopicPartition) -> int:
        del partition
        return 8


@pytest.mark.parametrize(("oldest", "waiting"), [(None, 0), (1, 5), (0, 5)])
def test_what_was_fetched_counts_until_it_is_committed(oldest: int | None, waiting: int) -> None:
    """Records of the epoch's first millisecond wait like any other."""
    watch = BacklogWatch("deduplicate", TopicPartition("ticker.sightings", 0), _Consumer())
    assert asyncio.run(watch.measure(3, oldest, None)).records == waiting
