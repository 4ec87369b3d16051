"""Feeds, read by a parser that is not ours, and their validators."""

import asyncio
import json
import time
from email.utils import parsedate_to_datetime
from typing import Any

import feedparser

from schemas.events import Change
from tests.serve.serve_support import filled, get, headline, serving
from tests.serve.test_app import UPDATED, ask


def test_an_atom_feed_is_read_by_a_feed_reader() -> None:
    """Titles, languages, links and times arrive as they are, markup as text."""
    window = filled(
        headline(1, "<b>Cup</b> & final", link="https://gazette.example/cup?a=1&b=2"),
        headline(2, "الرجاء يفوز بالكأس", language="ar"),
    )
    feed = feedparser.parse(ask(window, "/topics/sport.atom")[2])
    assert not feed.bozo
    arabic, english = feed.entries
    assert (arabic.title, arabic.title_detail.language) == ("الرجاء يفوز بالكأس", "ar")
    assert english.link == "https://gazette.example/cup?a=1&b=2"
    assert english.title_detail.type == "text/plain"
    assert english.author == "gazette"
    assert feed.feed.id


def test_an_update_is_the_same_entry_with_a_new_time() -> None:
    """A reader renews what it has, instead of showing a second one."""

    def entry(*headlines: Any) -> Any:
        (found,) = feedparser.parse(ask(filled(*headlines), "/all.atom")[2]).entries
        return found

    before, after = entry(UPDATED[0]), entry(*UPDATED)
    assert (before.id, before.published) == (after.id, after.published)
    assert before.updated < after.updated
    assert after.summary == "3 → 17"


def test_a_json_feed_has_what_version_1_1_wants() -> None:
    """Its required fields, and the same identity as the Atom entry."""
    feed = json.loads(ask(filled(*UPDATED), "/all.json?source=gazette")[2])
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert "source=gazette" in feed["feed_url"]
    (item,) = feed["items"]
    assert item["id"] == f"urn:ticker:{UPDATED[0].id}"
    assert item["date_published"] < item["date_modified"]
    assert item["language"] == "en"


def test_a_client_that_has_it_is_told_so_until_a_headline_of_the_filter_comes() -> None:
    """ETag: what comes for others changes nothing."""

    async def run() -> None:
        async with serving(filled(headline(1))) as server:
            path = "/all.atom?language=en"
            _, headers, _ = await get(server.address, path)
            has_it = {"If-None-Match": f'"x", W/{headers["ETag"]}'}
            assert (await get(server.address, path, has_it))[0] == 304
            server.publish(headline(2, "مباراة اليوم", language="ar"))
            assert (await get(server.address, path, has_it))[0] == 304
            server.publish(headline(3))
            status, headers, _ = await get(server.address, path, has_it)
            assert (status, headers["ETag"] in has_it["If-None-Match"]) == (200, False)

    asyncio.run(run())


def test_a_date_is_given_only_when_no_second_headline_can_hide_in_its_second() -> None:
    """Last-Modified has whole seconds; within the second of a headline it would lie."""

    async def run() -> None:
        window = filled()
        now = 1_770_000_000.2
        window._clock = lambda: now
        async with serving(window) as server:
            server.publish(headline(1))
            page = "/strip.txt"
            _, headers, _ = await get(server.address, page)
            since = headers["Last-Modified"]
            assert parsedate_to_datetime(since).timestamp() == 1_770_000_000
            assert (await get(server.address, page, {"If-Modified-Since": since}))[0] == 304
            assert (await get(server.address, page, {"If-Modified-Since": "yesterday"}))[0] == 200
            window._clock = time.time
            server.publish(headline(2))
            _, headers, _ = await get(server.address, page)
            assert "Last-Modified" not in headers

    asyncio.run(run())


def test_an_update_says_what_changed_also_when_one_side_is_empty() -> None:
    """A fact that came has no before."""
    changed = headline(
        2,
        "Cup final moved to Friday",
        updates=1,
        changes=(Change(kind="weekday", before="", after="Friday"),),
    )
    (item,) = json.loads(ask(filled(headline(1), changed), "/all.json")[2])["items"]
    assert item["content_text"] == "– → Friday"
