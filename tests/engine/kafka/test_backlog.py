"""How long what waits has been waiting, told from looks at the end of a partition."""

from hypothesis import given
from hypothesis import strategies as st

from streams.engine.kafka.backlog import Ages


def test_nothing_grows_old_on_a_worker_that_keeps_up() -> None:
    """Something waits at every look, and it is never what waited at the look before."""
    ages = Ages()
    shown = [ages.look(100 * number, 100 * number - 7, 5.0 * number) for number in range(1, 100)]
    assert max(shown) == 0


def test_what_waits_grows_old_until_it_is_done() -> None:
    """A stuck worker's lag climbs second by second; once all is done, it is 0."""
    ages = Ages()
    assert [ages.look(10 + number, 10, 5.0 * number) for number in range(2_000)][-1] == 5.0 * 1_998
    assert ages.look(3_000, 3_000, 10_000.0) == 0
    assert ages.look(3_000, 3_000, 10_005.0) == 0
    assert ages.look(3_001, 3_000, 10_010.0) == 0


def test_a_worker_that_starts_behind_shows_how_far() -> None:
    """Nobody looked before: the event time of the first record tells."""
    assert Ages().look(500, 100, 9_000.0, event_time=2_000.0) == 7_000


def test_a_backfill_is_no_older_than_its_arrival() -> None:
    """Strips of last year came since the last look, whatever their event time says."""
    ages = Ages()
    ages.look(100, 100, 1_000_000.0)
    assert ages.look(900, 100, 1_000_005.0, event_time=5.0) == 5


def test_a_clock_that_is_ahead_hides_nothing() -> None:
    """What waits since a look is as old as that look, though its event time lies in the future."""
    ages = Ages()
    ages.look(100, 100, 1_000.0)
    ages.look(200, 100, 1_005.0)
    assert ages.look(200, 100, 1_060.0, event_time=9_999.0) == 55


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.floats(0.1, 20)), max_size=60))
def test_the_age_is_true_but_for_the_time_between_two_looks(
    steps: list[tuple[int, int, float]],
) -> None:
    """Whatever comes and is done between looks: never older than the first that waits, nor younger by a whole gap."""
    ages, came, done, now, longest = Ages(), list[float](), 0, 0.0, 0.0
    ages.look(0, 0, now)
    for arriving, processed, gap in steps:
        came += [now + gap / 2] * arriving
        done = min(len(came), done + processed)
        now, longest = now + gap, max(longest, gap)
        age = ages.look(len(came), done, now)
        if done == len(came):
            assert age == 0
        else:
            assert now - came[done] - longest <= age <= now - came[done]
