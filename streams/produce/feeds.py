"""Feeds as strips: RSS, Atom, JSON Feed and news sitemaps. Each entry is a slot, with its link and its time.

XML is parsed by libxml2 with its limits on depth and size, without entities, DTDs or network access; malformed XML is
recovered as far as possible. A feed is stored as a JSON Feed of its entries, so that splitting it again gives the same
slots.
"""

import html
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from schemas.instants import format_instant, parse_instant
from streams.errors import SplitError
from streams.produce.split import MAX_SLOTS, Slot, Split, slots_of

MAX_TITLE: Final = 20_000
"""The longest title of an entry in characters, including escaped markup; a longer text is not a title."""

_XML_FEED: Final = re.compile(
    r"(?>\s++|<!--.{0,5000}?-->|<\?[^>]{0,500}\?>|<!DOCTYPE[^<>\[]{0,500}(?:\[.{0,5000}?\]\s*)?>)*+"
    r"<(?:[a-z]\w{0,19}:)?(rss|rdf|feed|urlset|sitemapindex)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_JSON_FEED: Final = re.compile(
    r'\s*\{.{0,2000}?"version"\s*:\s*"https?://(?:www\.)?jsonfeed\.org/', re.DOTALL
)
_VERSION: Final = "https://jsonfeed.org/version/1.1"

_ENTRIES: Final = frozenset({"item", "entry", "url"})
_TIMES: Final = (
    "published",
    "pubdate",
    "publication_date",
    "date",
    "issued",
    "created",
    "updated",
    "modified",
)
"""Elements that say when an entry was published, the surest first; what follows says at least when it changed."""
_NAMED_ENTITY: Final = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]{1,30});")
_BARE_AMPERSAND: Final = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});)")
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class Entry(
    Struct, frozen=True, rename={"published_at": "date_published", "link": "url"}, omit_defaults=True
):
    """The fields of an entry that are used, named as in JSON Feed."""

    title: str | None = None
    link: str | None = None
    published_at: str | None = None
    """As written; `slots` reads it."""


class _JsonFeed(Struct, frozen=True):
    version: str = _VERSION
    items: list[Entry] = msgspec.field(default_factory=list)


def is_feed(text: str) -> bool:
    """Whether a text is a feed, by its beginning."""
    return bool(_XML_FEED.match(text) or _JSON_FEED.match(text))


def read_feed(text: str, place: str, *, address: str | None = None, timezone: str | None = None) -> str:
    """Parse a feed to the JSON Feed that `split_feed` takes.

    Args:
        text: The feed.
        place: Where it is from, for errors.
        address: Where it was read, to which links are relative.
        timezone: The IANA zone of times that name none; without it those are left out.

    Raises:
        SplitError: It cannot be read, or has no entries with titles.
    """
    found = _XML_FEED.match(text)
    if found is None:
        feed = _JsonFeed(items=_decoded(text, place).items)
    elif found[1].lower() == "sitemapindex":
        raise SplitError(place, "an index of sitemaps; give the news sitemap that it names")
    else:
        feed = _JsonFeed(items=list(_entries(text, place)))
    if address is not None or timezone is not None:
        feed = _JsonFeed(items=[_completed(entry, address, timezone) for entry in feed.items])
    return msgspec.json.encode(feed).decode()


def split_feed(feed: str, place: str) -> Split:
    """The entries of a JSON Feed as slots, in their order; one without a title is empty.

    Raises:
        SplitError: It is no JSON Feed, has no titles, or more than MAX_SLOTS entries.
    """
    entries = _decoded(feed, place).items
    if len(entries) > MAX_SLOTS:
        raise SplitError(
            place, f"{len(entries):,} entries, more than {MAX_SLOTS:,}; give a newer part of the feed"
        )
    titles = [entry.title or "" for entry in entries]
    texts = [" ".join(title.split()) if len(title) <= MAX_TITLE else "" for title in titles]
    slots = tuple(
        Slot(
            slot.text,
            truncated=slot.truncated,
            link=entry.link if slot.text else None,
            published_at=_instant(entry.published_at) if slot.text else None,
        )
        for slot, entry in zip(slots_of(texts), entries, strict=True)
    )
    if not any(slot.text for slot in slots):
        raise SplitError(place, "a feed without entries that have a title; there is no headline in it")
    return Split(slots, None, 1.0)


def _decoded(feed: str, place: str) -> _JsonFeed:
    try:
        return msgspec.json.decode(feed, type=_JsonFeed)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise SplitError(place, f"is no JSON Feed: {error}") from None


def _entries(text: str, place: str) -> Iterator[Entry]:
    """The entries of an XML feed, whatever namespaces it uses."""
    from lxml import etree  # noqa: PLC0415 (5 ms to import, and most pages are no feeds)

    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, load_dtd=False, no_network=True, recover=True, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    # XML knows five entities by name; the others are HTML's, which feeds use all the same.
    text = _NAMED_ENTITY.sub(lambda match: html.escape(html.unescape(match[0])), _NOT_XML.sub("", text))
    text = _BARE_AMPERSAND.sub("&amp;", text)
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        raise SplitError(place, f"XML that cannot be read: {error}") from None
    if root is None:
        raise SplitError(place, "XML without content")
    for element in root.iter(etree.Element):
        if _name(element) in _ENTRIES and element is not root:
            yield _entry(element)


def _entry(element: Any) -> Entry:
    title = other_title = link = guid = None
    times: dict[str, str] = {}
    # A sitemap has its title and its date one step further in, under `news:news`.
    for child in [*element, *(inner for outer in element if _name(outer) == "news" for inner in outer)]:
        name, said = _name(child), "".join(child.itertext()).strip()
        if name == "title" and title is None and _is_own(child):
            title = said
        elif name == "title" and other_title is None:
            other_title = said
        elif name in {"link", "loc"} and link is None and child.get("rel", "alternate") == "alternate":
            link = child.get("href") or said or None
        elif name == "guid" and child.get("isPermaLink", "true") == "true":
            guid = said
        elif name in _TIMES:
            times.setdefault(name, said)
    said_at = next((times[name] for name in _TIMES if name in times), None)
    return Entry(title or other_title or "", link or guid, said_at)


def _is_own(element: Any) -> bool:
    """Whether an element is of its parent's vocabulary: `media:title` names the picture of an entry, not the entry."""
    tag, around = element.tag, element.getparent().tag
    return bool(tag.rpartition("}")[0] == around.rpartition("}")[0])


def _name(element: Any) -> str:
    """An element's name without its namespace, in small letters."""
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(tag, str) else ""


def _completed(entry: Entry, address: str | None, timezone: str | None) -> Entry:
    """An entry whose link is absolute and whose time names its zone, as far as they can be told."""
    link, published_at = entry.link, entry.published_at
    if link is not None and address is not None:
        with suppress(ValueError):
            link = urljoin(address, link)
    if published_at is not None and timezone is not None and _instant(published_at) is None:
        published_at = _local(published_at.strip(), timezone) or published_at
    return Entry(entry.title, link, published_at)


def _local(written: str, timezone: str) -> str | None:
    """A time without a zone, as it is in that zone; None where it is no time."""
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        with suppress(ValueError, OverflowError, TypeError, IndexError):
            moment = parse(written)
            if moment.tzinfo is None:
                return moment.replace(tzinfo=ZoneInfo(timezone)).isoformat()
    return None


def _instant(written: str | None) -> str | None:
    """A time in RFC 3339 or in RFC 822, as RSS has it; None where it is neither, or names no zone."""
    if written is None:
        return None
    with suppress(ValueError, OverflowError):
        return format_instant(parse_instant(written.strip()))
    with suppress(ValueError, OverflowError, TypeError, IndexError):
        moment = parsedate_to_datetime(written.strip())
        if moment.tzinfo is not None:
            return format_instant(round(moment.timestamp() * 1000))
    return None
