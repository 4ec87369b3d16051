"""What an answer for robots.txt allows, as RFC 9309 has it."""

import tracemalloc

import pytest

from streams.sources.answer import Answer
from streams.sources.robots import KEPT_S, MAX_ROBOTS, Robots, robots_of
from tests.sources.world import BEGIN

NEWS = "https://site.example/news"


def rules(text: str | bytes, **options: float) -> Robots:
    body = text.encode() if isinstance(text, str) else text
    return robots_of(Answer(status=200, body=body), now=BEGIN, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("", True),
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: headline-ticker\nDisallow: /private", True),
        ("User-agent: headline-ticker\nDisallow: /n\n\nUser-agent: *\nAllow: /", False),
        ("User-agent: HEADLINE-TICKER/2\nDisallow: /", True),
        ("User-agent: a\nUser-agent: headline-ticker\nDisallow: /news$", False),
        ("User-agent: *\nDisallow: /news\nAllow: /news", True),
        ("User-agent: *\nAllow: /news\nDisallow: /", True),
        ("User-agent: *\nDisallow: /*/x\nDisallow: /n*s", False),
        ("User-agent: otherbot\nDisallow: /", True),
        ("\ufeffUser-agent: *\r\nDisallow: /news\r\n", False),
        ("<html><body>not found</body></html>", True),
        (b"User-agent: *\nDisallow: /\xff\xfe\nDisallow: /news", False),
    ],
)
def test_the_group_that_is_meant_for_us_decides_by_its_longest_rule(text: str | bytes, allowed: bool) -> None:
    """Our own group before the one for all, the longest rule, allow where two are as long."""
    assert rules(text).allows(NEWS) == allowed


@pytest.mark.parametrize(
    ("asked", "delay"),
    [
        (f"Request-rate: 1/{'9' * 400}h", KEPT_S),
        ("Request-rate: 1/2h", 7_200.0),
        ("Crawl-delay: 10", 10.0),
    ],
)
def test_a_distance_is_a_day_at_most_whatever_number_is_written(asked: str, delay: float) -> None:
    """One beyond all bounds too, for which there is no float."""
    assert rules(f"User-agent: *\n{asked}\nDisallow: /x").delay == delay


def test_rules_for_a_thousand_crawlers_cost_no_more_than_for_one() -> None:
    """A thousand rules for a thousand crawlers are no million rules; only ours are kept."""
    crawlers = "".join(f"User-agent: crawler{number}\n" for number in range(1_000))
    paths = "".join(f"Disallow: /{number}\n" for number in range(1_000))
    tracemalloc.start()
    try:
        found = rules(f"{crawlers}{paths}\nUser-agent: Headline-Ticker\nDisallow: /news")
        assert not found.allows(NEWS)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 16 << 20
    assert found.allows("https://site.example/1")


@pytest.mark.parametrize("line", ["user   agent crawler", "UserAgent:crawler", " user-agent : a, b # us"])
def test_a_group_for_others_stays_theirs_however_it_is_written(line: str) -> None:
    """What is known of the parser's patience with bad spelling holds for whom we leave out as well."""
    assert rules(f"{line}\nDisallow: /").allows(NEWS)
    assert not rules(f"{line}\nUser-agent: headline-ticker*\nDisallow: /").allows(NEWS)


def test_rules_hold_for_a_day_at_most() -> None:
    """However long an answer says that it is fresh; and no shorter than an hour."""
    assert rules("").until == BEGIN + KEPT_S * 1000
    assert rules("", fresh=10 * KEPT_S).until == BEGIN + KEPT_S * 1000
    assert rules("", fresh=7200.0).until == BEGIN + 7_200_000
    assert rules("", fresh=1.0).until == BEGIN + 3_600_000


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_a_4xx_says_that_there_are_no_rules(status: int) -> None:
    """RFC 9309, 2.3.1.3: the file is not there, so everything is allowed."""
    found = robots_of(Answer(status=status), now=BEGIN)
    assert found.allows(NEWS)
    assert str(status) in found.rule(NEWS)


@pytest.mark.parametrize(
    "answer", [Answer(status=500), Answer(status=503), Answer(status=429), Answer(problem="no route")]
)
def test_rules_that_cannot_be_had_forbid_everything_for_a_time(answer: Answer) -> None:
    """RFC 9309, 2.3.1.4; it is asked for again after a minute, then after twice as long, up to an hour."""
    pauses = [(robots_of(answer, now=BEGIN, failures=count).until - BEGIN) / 1000 for count in range(9)]
    assert not robots_of(answer, now=BEGIN).allows(NEWS)
    assert pauses[:3] == [60, 120, 240]
    assert pauses[-1] == 3600
    assert robots_of(answer, now=BEGIN, asked_to_wait=5000.0).until == BEGIN + 5_000_000


def test_of_a_long_file_the_beginning_counts_and_no_cut_rule() -> None:
    """500 KiB are read; a rule that is cut off there would be another rule."""
    beginning = "User-agent: *\nDisallow: /private\n"
    filler = "# nothing\n" * (MAX_ROBOTS // 10)
    cut = (beginning + filler)[: MAX_ROBOTS - 12] + "\nDisallow: /nothing-of-this"
    found = rules(cut.encode()[:MAX_ROBOTS])
    assert not found.allows("https://site.example/private/1")
    assert found.allows(NEWS)


def test_crawl_delay_and_request_rate_ask_for_a_distance() -> None:
    """The longer of the two, for our group; nonsense asks for nothing."""
    assert rules("User-agent: *\nCrawl-delay: 7.5\nDisallow:").delay == 7.5
    assert rules("User-agent: *\nCrawl-delay: 5\nRequest-rate: 1/30").delay == 30
    assert rules("User-agent: *\nCrawl-delay: soon").delay == 0
    assert rules("User-agent: *\nCrawl-delay: 1e400\nCrawl-delay: -1").delay == 0


def test_sitemaps_are_named() -> None:
    """Those that are addresses."""
    text = "Sitemap: https://site.example/news.xml\nSitemap: /relative.xml\nSitemap: javascript:1"
    assert rules(text).sitemaps == ("https://site.example/news.xml",)
