"""When a source is visited next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.sources.schedule import (
    MAX_RETRY_AFTER_S,
    Bounds,
    adapted,
    backed_off,
    feed_ttl,
    fresh_for,
    retry_after,
)
from tests.sources.world import BEGIN, source

DATE = "Wed, 11 Mar 2026 08:00:00 GMT"
LATER = "Wed, 11 Mar 2026 08:05:00 GMT"


@given(st.floats(0, 1e6), st.booleans(), st.floats(5, 1000), st.floats(1, 100))
def test_an_interval_stays_within_its_bounds(
    interval: float, changed: bool, shortest: float, ratio: float
) -> None:
    """Whatever it was, and however often a source changes."""
    bounds = Bounds(shortest, shortest * ratio)
    assert bounds.shortest <= adapted(interval, bounds, changed=changed) <= bounds.longest


@pytest.mark.parametrize("period", [120.0, 600.0, 1800.0])
def test_an_interval_settles_where_one_visit_in_five_finds_a_change(period: float) -> None:
    """A source that changes every so many seconds is visited about five times in between."""
    bounds, interval, at, seen, visits = Bounds(5.0, 3600.0), 0.0, 0.0, 0, 0
    while at < 400 * period:
        at += interval or bounds.shortest
        visits += 1
        interval = adapted(interval, bounds, changed=int(at / period) != seen)
        seen = int(at / period)
    assert 4 < visits / 400 < 8


def test_a_source_that_fails_is_left_alone_for_longer_each_time_up_to_a_ceiling() -> None:
    """An interval that is longer than the ceiling stays."""
    assert [backed_off(60.0, failures, 3600.0) for failures in (1, 2, 3, 10, 10_000)] == [
        120,
        240,
        480,
        3600,
        3600,
    ]
    assert backed_off(7200.0, 3, 3600.0) == 7200


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120),
        ({"retry-after": " 0 "}, 0),
        ({"retry-after": LATER}, 300),
        ({"retry-after": LATER, "date": DATE}, 300),
        ({"retry-after": "Tue, 10 Mar 2026 08:05:00 GMT", "date": "Tue, 10 Mar 2026 08:00:00 GMT"}, 300),
        ({"retry-after": DATE, "date": LATER}, 0),
        ({"retry-after": "9" * 50}, MAX_RETRY_AFTER_S),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "١٢"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_kept_in_seconds_and_as_a_date(headers: dict[str, str], seconds: float | None) -> None:
    """A date is taken against the server's own clock, which may be a day off."""
    assert retry_after(headers, BEGIN / 1000) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"cache-control": "max-age=300"}, 300),
        ({"cache-control": "public, Max-Age=300, s-maxage=9"}, 300),
        ({"cache-control": "s-maxage=900"}, 0),
        ({"cache-control": "max-age=300", "age": "250"}, 50),
        ({"cache-control": "max-age=300", "age": "900"}, 0),
        ({"cache-control": "no-cache, max-age=300"}, 0),
        ({"cache-control": "no-store"}, 0),
        ({"expires": LATER, "date": DATE}, 300),
        ({"expires": LATER, "date": DATE, "cache-control": "max-age=10"}, 10),
        ({"expires": "0", "date": DATE}, 0),
        ({}, 0),
    ],
)
def test_freshness_is_what_the_answer_says_of_itself(headers: dict[str, str], seconds: float) -> None:
    """`max-age` less what the answer has aged, else `Expires` against the server's own clock."""
    assert fresh_for(headers) == seconds


@pytest.mark.parametrize(
    ("feed", "seconds"),
    [
        ("<rss><channel><ttl>15</ttl>", 900),
        (
            "<rss><channel><sy:updatePeriod> hourly </sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>",
            900,
        ),
        (
            "<rss><channel><sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>",
            3600,
        ),
        ("<rss><channel><title>ttl</title>", 0),
    ],
)
def test_a_feed_says_how_often_it_need_be_read(feed: str, seconds: float) -> None:
    """`ttl` in minutes, or the syndication module's period."""
    assert feed_ttl(feed) == seconds


def test_bounds_of_a_source_are_its_own_where_it_has_them() -> None:
    """One interval is both bounds; a shortest beyond the usual longest raises that."""
    usual = Bounds(60.0, 900.0)
    assert usual.of(source("https://a.example/")) == usual
    assert usual.of(source("https://a.example/", shortest=30.0, longest=30.0)) == Bounds(30.0, 30.0)
    assert usual.of(source("https://a.example/", shortest=3600.0)) == Bounds(3600.0, 3600.0)
