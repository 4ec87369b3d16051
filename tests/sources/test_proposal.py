"""What is proposed for a site: its page, its feeds, its news sitemap, and how they overlap."""

import asyncio
import tomllib
from pathlib import Path

import pytest

from streams.sources.proposal import MAX_ASKED, Proposed, as_toml, feeds_of, propose
from streams.sources.registry import read_sources
from tests.sources.world import Request, Site, answer, page, run, site, visiting

SHOWN = [
    "البرلمان يصوت الليلة على قانون الماء الجديد",
    "العاصفة تغلق الميناء لليوم الثاني على التوالي",
    "اتفاق جديد بين الوزارة والأساتذة ينهي الإضراب",
    "موسم الزيتون يبدأ مبكرا هذا العام في الشمال",
]
OLDER = ["افتتاح المتحف الجديد في المدينة القديمة غدا", "المنتخب الوطني يفوز بثلاثية في مباراة ودية"]


def rss(*titles: str, there: Site) -> str:
    items = "".join(
        f"<item><title>{title}</title><link>/story/{number}</link>"
        "<pubDate>Wed, 11 Mar 2026 08:00:00 +0100</pubDate></item>"
        for number, title in enumerate(titles)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><link>{there.address()}</link>{items}</channel></rss>'


def sitemap(*titles: str, there: Site) -> str:
    urls = "".join(
        f"<url><loc>{there.address(f'/story/{number}')}</loc><news:news><news:title>{title}</news:title>"
        "<news:publication_date>2026-03-11T08:00:00Z</news:publication_date></news:news></url>"
        for number, title in enumerate(titles)
    )
    spaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    return f'<?xml version="1.0"?><urlset {spaces}>{urls}</urlset>'


def furnish(there: Site, *, robots: str = "") -> None:
    """A site with a page, a feed that its page names, and a news sitemap behind an index."""
    head = (
        '<link rel="alternate" type="application/rss+xml" href="/feed">'
        '<link rel="alternate" type="text/html" href="/en">'
    )
    there.answers["/"] = answer(200, page(*SHOWN).replace("<title>", f"{head}<title>"))
    there.answers["/feed"] = answer(200, rss(*SHOWN[1:], *OLDER, there=there))
    index = f"<sitemapindex><sitemap><loc>{there.address('/news-1.xml')}</loc></sitemap></sitemapindex>"
    there.answers["/news.xml"] = answer(200, index)
    there.answers["/news-1.xml"] = answer(200, sitemap(*SHOWN, *OLDER, there=there))
    there.answers["/robots.txt"] = answer(200, robots.replace("HERE", there.address("")))


def proposals_of(robots: str) -> tuple[list[Proposed], Site]:
    async def main() -> tuple[list[Proposed], Site]:
        async with site() as there:
            furnish(there, robots=robots)
            async with visiting() as visitor:
                return await propose(there.address(), visitor, allow_private=True), there

    return run(main())


def test_page_feed_and_sitemap_are_proposed_with_what_they_share(tmp_path: Path) -> None:
    """Entries that sources.toml takes as they are, each with the headlines that it shares with the page."""
    proposed, there = proposals_of("User-agent: *\nDisallow:\nSitemap: HERE/news.xml")
    assert [
        (each.source.id, each.reading.visit.kind, len(each.reading.headlines), each.shared)
        for each in proposed
    ] == [
        ("127-0-0-1", "page", 4, 0),
        ("127-0-0-1-feed", "feed", 5, 3),
        ("127-0-0-1-sitemap", "sitemap", 6, 4),
    ]
    toml = as_toml(proposed)
    path = tmp_path / "sources.toml"
    path.write_text(toml, encoding="utf-8")
    entries = read_sources(path)
    assert [each.address for each in entries] == [
        there.address(place) for place in ("/", "/feed", "/news-1.xml")
    ]
    assert {each.site for each in entries} == {"127-0-0-1"}
    assert {each.language for each in entries} == {"ar"}
    assert "# shows 3 of the 4 headlines of 127-0-0-1" in toml
    assert '# selector = "ul.news-ticker"' in toml
    assert tomllib.loads(toml)


def test_the_usual_places_are_tried_where_robots_names_no_news_sitemap() -> None:
    """And nothing is asked for that robots.txt forbids."""
    _, there = proposals_of("User-agent: *\nDisallow: /sitemap-news.xml\nSitemap: HERE/products.xml")
    assert {each.path for each in there.asked()} == {"/", "/feed", "/news-sitemap.xml", "/sitemap_news.xml"}


def test_links_and_times_of_a_feed_are_made_absolute() -> None:
    """A relative link leads where the feed was read; a time keeps its zone."""
    proposed, there = proposals_of("")
    slot = proposed[1].reading.slots[0]
    assert slot.link == there.address("/story/0")
    assert slot.published_at == "2026-03-11T07:00:00.000Z"


def test_what_a_page_names_as_a_feed_is_an_address_or_nothing() -> None:
    """Feeds of comments, of other types and addresses that are none are left out."""
    feed = '<link rel="alternate" type="application/rss+xml" '
    named = (
        f'{feed} href="/rss.xml">{feed} href="/comments/feed">{feed} title="تعليقات" href="/c">'
        f'{feed} href="javascript:1">{feed} href="http://[">{feed} href="/rss.xml">'
        '<link rel="alternate" type="application/feed+json" href="https://b.example/feed.json">'
        '<link rel="stylesheet" type="application/rss+xml" href="/no">'
    )
    assert feeds_of(f"<head>{named}</head>", "https://a.example/x/") == [
        "https://a.example/rss.xml",
        "https://b.example/feed.json",
    ]


def test_indexes_that_name_one_another_without_end_are_left() -> None:
    """Each address is looked at once, and no more than twenty of them."""

    async def endless(request: Request, writer: asyncio.StreamWriter) -> None:
        there, number = request.headers["host"], int(request.path.rpartition("-")[2].removesuffix(".xml"))
        named = f"<loc>http://{there}{request.path}</loc><loc>http://{there}/news-{number + 1}.xml</loc>"
        await answer(200, f"<sitemapindex>{named}</sitemapindex>")(request, writer)

    async def main() -> list[str]:
        async with site() as there:
            furnish(there, robots="Sitemap: HERE/news-1.xml\nSitemap: http://[x/news.xml")
            there.answers |= {f"/news-{number}.xml": endless for number in range(1, 100)}
            async with visiting() as visitor:
                await propose(there.address(), visitor, allow_private=True)
            return [each.path for each in there.asked()]

    paths = run(main())
    assert len(paths) == len(set(paths)) <= MAX_ASKED


def test_an_index_that_names_itself_is_asked_for_once() -> None:
    """It ends there."""

    async def main() -> list[str]:
        async with site() as there:
            furnish(there, robots="Sitemap: HERE/news.xml")
            index = f"<sitemapindex><loc>{there.address('/news.xml')}</loc></sitemapindex>"
            there.answers["/news.xml"] = answer(200, index)
            async with visiting() as visitor:
                await propose(there.address(), visitor, allow_private=True)
            return [each.path for each in there.asked()]

    assert run(main()).count("/news.xml") == 1


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("http://127.0.0.1:1/", "127-0-0-1"),
        ("http://[::1]:1/", "1"),
        ("https://www.bawaba.example/a", "bawaba"),
    ],
)
def test_an_entry_is_called_as_its_host_is(address: str, name: str) -> None:
    """Without what all hosts have; of a number, which has no end that all have, as a whole."""

    async def main() -> str:
        async with visiting() as visitor:
            (first, *_) = await propose(address, visitor, allow_private=True)
            return first.source.id

    assert run(main()) == name


def test_a_site_in_a_private_network_is_told_with_the_option_that_allows_it() -> None:
    """Whoever tries that knows what to type next."""

    async def main() -> str:
        async with site() as there, visiting() as visitor:
            return as_toml(await propose(there.address(), visitor, allow_private=False))

    assert "is a private address; allow it with --allow-private" in run(main())


def test_a_name_that_no_host_can_have_is_told_in_plain_words() -> None:
    """An empty label, one of more than 63 characters: the resolver would raise an error about codecs."""

    async def main() -> str:
        async with visiting() as visitor:
            (page, *_) = await propose("http://news..example/", visitor, allow_private=True)
            return page.reading.trouble

    assert "no connection to news..example:80: no host has that name" in run(main())


def test_what_shows_no_strip_is_no_entry() -> None:
    """It stands there as a comment with its problem, which what the site says cannot leave."""

    async def main() -> str:
        async with site() as there:
            there.answers["/"] = answer(403)
            async with visiting() as visitor:
                return as_toml(await propose(there.address(), visitor, allow_private=True))

    toml = run(main())
    assert "# answers 403" in toml
    assert "no entry" in toml
    assert tomllib.loads(toml) == {}
