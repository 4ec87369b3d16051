"""What a Prometheus is shown: every count that is new to it at 0 once, and the truth from then on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams.observe.scrapes import Scrapes


class Shown:
    """A counter by kind, and what those who ask are shown of it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.registry = CollectorRegistry()
        self.things = Counter("things", "Things.", ["kind"], registry=self.registry)
        self.scrapes = Scrapes(self.registry, lambda: self.now, started="2026-03-11T08:00:00.000Z")

    def to(
        self, scraper: str | None, name: str = 'things_total{kind="early"}', connection: object = None
    ) -> float:
        lines = self.scrapes.text(scraper, connection).decode().splitlines()
        return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} "))

    def sum(self) -> float:
        """Over all kinds, in one scrape."""
        lines = self.scrapes.text("prometheus").decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("things_total"))


def test_a_series_is_scraped_at_0_before_its_count() -> None:
    """Ten letters of the first second are seen as ten: the second scrape tells all that was counted."""
    shown = Shown()
    shown.things.labels("early").inc(10)
    assert shown.to("prometheus") == 0
    shown.things.labels("early").inc(2)
    shown.things.labels("late").inc()
    assert shown.to("prometheus") == 12
    assert shown.to("prometheus", 'things_total{kind="late"}') == 1


def test_each_of_two_prometheus_meets_a_series_at_0() -> None:
    """They scrape at other moments, and count the same."""
    shown = Shown()
    shown.things.labels("early").inc(10)
    assert [shown.to(who) for who in ("one", "one", "two", "two", "one")] == [0, 10, 0, 10, 10]


def test_an_answer_that_was_thrown_away_is_given_again() -> None:
    """A scrape that took too long costs Prometheus its connection: on the next one the series is met at 0, once."""
    shown = Shown()
    shown.things.labels("early").inc(10)
    assert [shown.to("one", connection=port) for port in (1, 2, 2, 3)] == [0, 0, 10, 10]
    assert [shown.to("other", connection=port) for port in (4, 5, 6)] == [0, 0, 10], (
        "also without keeping any"
    )


def test_whoever_only_looks_is_told_the_truth_and_changes_nothing() -> None:
    """A person with a browser comes before the first scrape: Prometheus is shown the 0 all the same."""
    shown = Shown()
    shown.things.labels("early").inc(10)
    assert [shown.to(who) for who in (None, "one", None)] == [10, 0, 10]


def test_what_has_long_been_counted_is_never_shown_as_reset() -> None:
    """A Prometheus that moved to another address knows the series: a 0 would count everything a second time."""
    shown = Shown()
    shown.things.labels("early").inc(10)
    assert [shown.to("one"), shown.to("one")] == [0, 10]
    shown.now = 121
    assert shown.to("moved") == 10


def test_a_prometheus_that_comes_late_meets_the_series_at_0() -> None:
    """Nobody has scraped the process for an hour: what it counted meanwhile is seen from the second scrape on."""
    shown = Shown()
    shown.things.labels("early").inc(10)
    shown.now = 3600
    assert [shown.to("one"), shown.to("one")] == [0, 10]


@pytest.mark.parametrize("scraper", [None, "prometheus"])
def test_what_a_process_counts_has_series_of_its_own(scraper: str | None) -> None:
    """Our counters and histograms say when their process was started; gauges and the counts of others do not."""
    shown = Shown()
    Counter("ticker_things", "Things.", ["kind"], registry=shown.registry).labels("early").inc(10)
    Histogram("ticker_age", "Age.", buckets=(1, 5), registry=shown.registry).observe(3)
    Gauge("ticker_height", "Height.", registry=shown.registry).set(3)
    shown.scrapes.text(scraper)
    started = 'started="2026-03-11T08:00:00.000Z"'
    assert shown.to(scraper, f'ticker_things_total{{kind="early",{started}}}') == 10
    assert shown.to(scraper, f'ticker_age_bucket{{le="5.0",{started}}}') == 1
    assert shown.to(scraper, f"ticker_age_sum{{{started}}}") == 3
    assert shown.to(scraper, "ticker_height") == 3
    assert Scrapes(shown.registry).text(scraper) != shown.scrapes.text(scraper), (
        "another start, another series"
    )


def test_gauges_are_what_they_are() -> None:
    """Only what is counted begins at 0."""
    shown = Shown()
    Gauge("height", "Height.", registry=shown.registry).set(3)
    assert shown.to("prometheus", "height") == 3


def test_a_histogram_is_counted_as_a_whole() -> None:
    """Its buckets, sum and count are 0 together and true together."""
    shown = Shown()
    Histogram("age", "Age.", buckets=(1, 5), registry=shown.registry).observe(3)
    names = ('age_bucket{le="5.0"}', "age_count", "age_sum")
    first = Scrapes(shown.registry).text("prometheus").decode()
    assert all(f"{name} 0.0" in first for name in names)
    assert shown.to("prometheus", "age_sum") == 0
    assert [shown.to("prometheus", name) for name in names] == [1, 1, 3]


def test_many_who_scrape_are_told_apart_up_to_a_limit() -> None:
    """Whoever comes after sixteen others is told the truth, and nothing is remembered of them."""
    shown = Shown()
    shown.things.labels("early").inc(10)
    assert [shown.to(f"prometheus-{number}") for number in range(20)] == [0] * 16 + [10] * 4


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.booleans())))
def test_a_prometheus_sees_all_that_is_counted_one_scrape_later(steps: list[tuple[str, int, bool]]) -> None:
    """The differences that it adds up are what was counted, whatever comes between its scrapes."""
    shown, samples = Shown(), []
    for kind, number, is_scraped in steps:
        shown.things.labels(kind).inc(number)
        if is_scraped:
            samples.append(shown.sum())
    samples += [shown.sum(), shown.sum()]
    assert samples[-1] == sum(number for _, number, _ in steps)
    assert samples == sorted(samples)
    assert samples[0] == 0
