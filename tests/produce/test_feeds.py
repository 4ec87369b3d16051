"""Feeds are strips: each entry a slot with its link and its time, whatever dialect and damage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import InputError
from streams.produce.extract import find_strips, resplit
from streams.produce.feeds import is_feed
from streams.produce.split import Slot

BRIDGE = Slot(
    "Bridge closed – buses & trams diverted",
    link="https://a.example/1",
    published_at="2026-03-11T07:00:00.000Z",
)
RAIN = Slot("Rain returns to the coast", link="https://a.example/2", published_at="2026-03-11T08:30:00.000Z")

RSS = """<?xml version="1.0" encoding="windows-1256"?><!-- made by hand -->
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>A site</title><link>https://a.example</link>
<item><title><![CDATA[Bridge closed &#8211; buses &amp; trams diverted]]></title><link>https://a.example/1</link>
<pubDate>Wed, 11 Mar 2026 08:00:00 +0100</pubDate><description>Longer than the title</description></item>
<item><title>Rain returns to the coast</title><guid>https://a.example/2</guid><dc:date>2026-03-11T08:30:00Z</dc:date></item>
</channel></rss>"""
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>A site</title></channel>
<item><title>Bridge closed &ndash; buses & trams diverted</title><link>https://a.example/1</link>
<dc:date>2026-03-11T08:00:00+01:00</dc:date></item>
<item><title>Rain returns to the coast</title><link>https://a.example/2</link><dc:date>2026-03-11T08:30:00Z</dc:date></item>
</rdf:RDF>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>A site</title>
<entry><title type="html">&lt;b&gt;Bridge&lt;/b&gt; closed &amp;ndash; buses &amp;amp; trams diverted</title>
<link rel="self" href="https://a.example/api/1"/><link href="https://a.example/1"/>
<updated>2026-03-11T09:00:00Z</updated><published>2026-03-11T07:00:00Z</published></entry>
<entry><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Rain <i>returns</i> to the coast</div></title>
<link href="https://a.example/2"/><updated>2026-03-11T08:30:00Z</updated></entry></feed>"""
SITEMAP = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://a.example/1</loc><news:news>
<news:publication><news:name>A site</news:name></news:publication>
<news:publication_date>2026-03-11T08:00:00+01:00</news:publication_date>
<news:title>Bridge closed &#8211; buses &amp;amp; trams diverted</news:title></news:news></url>
<url><loc>https://a.example/2</loc><news:news><news:publication_date>2026-03-11T08:30:00Z</news:publication_date>
<news:title>Rain returns to the coast</news:title></news:news></url></urlset>"""
JSON = """{"version": "https://jsonfeed.org/version/1.1", "title": "A site", "items": [
{"id": "1", "url": "https://a.example/1", "title": "Bridge closed – buses &amp; trams diverted",
 "content_html": "<p>x</p>", "date_published": "2026-03-11T08:00:00+01:00"},
{"id": "2", "url": "https://a.example/2", "title": "Rain returns to the coast",
 "date_published": "2026-03-11T08:30:00Z"}]}"""


def test_the_title_of_a_picture_is_not_the_entrys() -> None:
    """What another vocabulary calls a title names something in an entry, unless the entry has no other."""
    media = 'xmlns:media="http://search.yahoo.com/mrss/"'
    entry = "<item><media:title>Photo of a bridge</media:title>{}</item>"
    own, other = (
        f"<rss {media}>{entry.format(title)}</rss>" for title in ("<title>Bridge closed</title>", "")
    )
    assert [find_strips(feed, "here")[0].split.slots[0].text for feed in (own, other)] == [
        "Bridge closed",
        "Photo of a bridge",
    ]


@pytest.mark.parametrize(
    "feed", [RSS, RDF, ATOM, SITEMAP, JSON], ids=["rss", "rdf", "atom", "sitemap", "json"]
)
def test_each_entry_is_a_slot(feed: str) -> None:
    """Titles are read as a reader sees them; the link and the time stay with them; splitting again changes nothing."""
    found = find_strips(feed, "here")[0]
    assert found.split.slots == (BRIDGE, RAIN)
    assert resplit(found.text, found.format) == found.split


def test_no_entity_is_followed() -> None:
    """Neither a file nor a bomb of entities is read; what stands beside them is."""
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 20}">' for n in range(1, 9))
    feed = (
        f'<!DOCTYPE rss [<!ENTITY e0 "boom"><!ENTITY file SYSTEM "file:///etc/hostname">{bomb}]>'
        "<rss><channel><item><title>Rain &file; returns &e8; today</title></item></channel></rss>"
    )
    (slot,) = find_strips(feed, "here")[0].split.slots
    assert slot.text == "Rain &file; returns &e8; today"


@pytest.mark.parametrize(
    ("feed", "problem"),
    [
        ("<rss><channel><item><description>x</description></item></channel></rss>", "no headline"),
        (
            "<sitemapindex><sitemap><loc>https://a.example/n.xml</loc></sitemap></sitemapindex>",
            "index of sitemaps",
        ),
        ('{"version": "https://jsonfeed.org/version/1", "items": 3}', "no JSON Feed"),
        ("<rss>" + "<a>" * 100_000, "no headline"),
    ],
)
def test_a_feed_without_headlines_is_refused(feed: str, problem: str) -> None:
    """It says what is missing."""
    with pytest.raises(InputError, match=problem):
        find_strips(feed, "here")


@given(st.text(alphabet="<>/&;![]CDATAitemle\"' \n=#x0"), st.integers(0, len(RSS)))
def test_damaged_feeds_are_read_or_refused(damage: str, at: int) -> None:
    """Whatever stands in a feed raises nothing but InputError."""
    feed = RSS[:at] + damage + RSS[at:]
    try:
        found = find_strips(feed, "here", format="feed" if is_feed(feed) else None)[0]
    except InputError:
        return
    assert resplit(found.text, found.format, found.split.separator).slots == found.split.slots


@pytest.mark.parametrize("piece", ["<!-- a -->", "<!-- a --> ", "<?a b?>\n", "<?xml version='1.0'?>"])
def test_whatever_stands_before_a_page_it_is_told_at_once_whether_it_is_a_feed(piece: str) -> None:
    """Comments can be told apart in one way only, however many there are."""
    assert is_feed(f"{piece * 200}<rss version='2.0'>")
    assert not is_feed(f"{piece * 200}<html>")
