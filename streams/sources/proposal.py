"""Proposes entries of sources.toml for a site: its page, the page's feeds and its news sitemap, and how they overlap.

It looks where a person would look: at the page, its `<link rel=alternate>`, the sitemaps in robots.txt and, if there is
none for news, the usual places. Every look is an ordinary, polite visit.
"""

import re
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import Final
from urllib.parse import urljoin, urlsplit

import msgspec
from msgspec import Struct

from streams.counted import counted
from streams.errors import InputError
from streams.outbound import ForbiddenAddressError
from streams.produce.extract import survey
from streams.produce.extract.limits import tree_of
from streams.produce.sightings import identify
from streams.sources.answer import shown
from streams.sources.hosts import PostponedError
from streams.sources.registry import Source, address_problem
from streams.sources.visit import Reading
from streams.sources.visitor import Visitor

MAX_FEEDS: Final = 5
MAX_SITEMAPS: Final = 4
MAX_ASKED: Final = 20
"""The most addresses of a site that are visited."""
_PLACES: Final = ("/news-sitemap.xml", "/sitemap-news.xml", "/sitemap_news.xml")
"""The usual places of news sitemaps that robots.txt does not name."""
_FEED_TYPE: Final = re.compile(r"application/(?:rss\+xml|atom\+xml|feed\+json)", re.IGNORECASE)
_COMMENTS: Final = re.compile(r"comment|تعليق", re.IGNORECASE)
_LOCATION: Final = re.compile(r"<loc>\s*([^<\s]{1,2000})\s*</loc>")
_INDEX: Final = re.compile(r"<(?:\w{1,20}:)?sitemapindex[\s>]", re.IGNORECASE)
_NEWS: Final = re.compile(r"news|actu|akhbar", re.IGNORECASE)
_NOT_AN_ID: Final = re.compile(r"[^A-Za-z0-9]+")


class Proposed(Struct, frozen=True, kw_only=True):
    """A proposed entry, and the visit that it is based on."""

    source: Source
    reading: Reading
    element: str = ""
    """The selector of the page's element with the strip."""
    shared: int = 0
    """The number of its headlines that the page's strip shows too."""


async def propose(address: str, visitor: Visitor, *, allow_private: bool) -> list[Proposed]:
    """The entries for a site: the given address, in any case, then those of its feeds and sitemaps with headlines.

    Args:
        address: A page or a feed.
        visitor: Visits what is found.
        allow_private: Whether the site may be in a private network.
    """
    site = (urlsplit(address).hostname or "").removeprefix("www.")
    known_as = site if _is_number(site) else site.rpartition(".")[0] or site
    name = _NOT_AN_ID.sub("-", known_as).strip("-") or "site"
    first = Source(id=name, address=address, site=name, allow_private=allow_private)
    page = await visitor.visit(first)
    found = [Proposed(source=first, reading=page, element=_element(page))]
    if page.visit.kind != "page" or page.visit.body is None:
        return found
    where = page.visit.answered_by
    candidates = [("feed", feed) for feed in feeds_of(page.visit.body, where)[:MAX_FEEDS]]
    candidates += [("sitemap", each) for each in await _sitemaps(where, first, visitor)]
    keys = _keys(page)
    asked = {address, where}
    while candidates and len(asked) < MAX_ASKED:
        kind, each = candidates.pop(0)
        if each in asked:
            continue
        asked.add(each)
        count = sum(1 for one in found if one.source.id.startswith(f"{name}-{kind}"))
        source = Source(
            id=f"{name}-{kind}{f'-{count + 1}' if count else ''}",
            address=each,
            site=name,
            kind="sitemap" if kind == "sitemap" else None,
            allow_private=allow_private,
        )
        reading = await visitor.visit(source)
        body = reading.visit.body
        if body is not None and _INDEX.search(body[:2_000]):
            candidates += [("sitemap", inner) for inner in _news_in(body)]
        elif reading.strip is not None and keys != _keys(reading):
            found.append(Proposed(source=source, reading=reading, shared=len(keys & _keys(reading))))
    return found


def feeds_of(page: str, address: str) -> list[str]:
    """The feeds in a page's `<link rel=alternate>`, except feeds of comments."""
    found: list[str] = []
    try:
        tree = tree_of(page, address)
    except InputError:
        return []
    for node in tree.css('link[rel~="alternate"]'):
        given = node.attributes
        href, told = given.get("href") or "", given.get("title") or ""
        if not _FEED_TYPE.match(given.get("type") or "") or _COMMENTS.search(f"{href} {told}"):
            continue
        try:
            feed = urljoin(address, href.strip())
        except ValueError:
            continue
        if not address_problem(feed) and feed not in found:
            found.append(feed)
    return found


async def _sitemaps(address: str, source: Source, visitor: Visitor) -> list[str]:
    """The addresses at which the site's news sitemaps may be."""
    try:
        rules = await visitor.rules_of(address, source)
    except (ForbiddenAddressError, PostponedError):
        return []
    named = [
        each for each in rules.sitemaps if not address_problem(each) and _NEWS.search(urlsplit(each).path)
    ]
    return named[:MAX_SITEMAPS] or [urljoin(address, place) for place in _PLACES]


def _news_in(index: str) -> Iterator[str]:
    """The last news sitemap of a sitemap index: if they are numbered or dated, that is the newest."""
    named = [each for each in _LOCATION.findall(index) if _NEWS.search(each) and not address_problem(each)]
    yield from named[-1:]


def _is_number(host: str) -> bool:
    """Whether a host is an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _element(page: Reading) -> str:
    if page.strip is None or page.visit.body is None or page.visit.kind != "page":
        return ""
    try:
        surest = survey(page.visit.body, page.visit.address, address=page.visit.answered_by)[:1]
    except InputError:
        return ""
    return surest[0].element if surest and surest[0].found is not None else ""


def _keys(reading: Reading) -> set[bytes]:
    return {identify(slot.text)[0] for slot in reading.headlines}


def language_of(reading: Reading) -> str | None:
    """The language of most headlines; None if it cannot be detected."""
    spoken = [identify(slot.text)[1] for slot in reading.headlines]
    most = max(set(spoken), key=spoken.count, default="und")
    return None if most == "und" else most


def as_toml(proposals: Sequence[Proposed]) -> str:
    """Entries for sources.toml, each with its evidence in comments above it; comments alone for what shows no strip."""
    return "\n".join(_entry(each, proposals[0]) for each in proposals)


def _entry(proposed: Proposed, page: Proposed) -> str:
    source, reading = proposed.source, proposed.reading
    lines = [f"# {shown(line)}" for line in _evidence(proposed, page)]
    if reading.strip is None:
        return "\n".join([f"# {shown(source.place)}: no entry, for it would publish nothing", *lines, ""])
    lines += ["[[source]]", f"id = {_text(source.id)}", f"address = {_text(source.place)}"]
    if reading.visit.kind:
        lines.append(f"kind = {_text(reading.visit.kind)}")
    lines.append(f"site = {_text(source.site)}")
    if language := language_of(reading):
        lines.append(f"language = {_text(language)}")
    if proposed.element and proposed.element != "the page's text":
        lines.append(f"# selector = {_text(shown(proposed.element))}  # pins what was found by itself")
    if source.allow_private:
        lines.append("allow_private = true")
    return "\n".join([*lines, ""])


def _evidence(proposed: Proposed, page: Proposed) -> Iterator[str]:
    reading = proposed.reading
    visit, strip = reading.visit, reading.strip
    if strip is None:
        yield reading.trouble or "no strip was found"
    else:
        headlines = reading.headlines
        first = headlines[0].text[:60] if headlines else ""
        yield f"{counted(len(headlines), 'headline')}, confidence {strip.confidence:.2f}; the first: {first}"
        slots = counted(strip.slots, "slot")
        yield f"{reading.linked} of {slots} with a link, {reading.dated} with a time of publication"
    if proposed is not page and (shown_there := page.reading.headlines):
        yield f"shows {proposed.shared} of the {counted(len(shown_there), 'headline')} of {page.source.id}"
    if visit.robots and visit.robots != reading.trouble:
        yield visit.robots


def _text(value: str) -> str:
    """A text as a TOML string, which JSON's notation is too."""
    return msgspec.json.encode(value).decode()
