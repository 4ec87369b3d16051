"""Feeds of the newest headlines: Atom (RFC 4287) and JSON Feed 1.1. An update replaces its headline's entry."""

from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree as ET

import msgspec

from streams.serve.rows import HeadlineRow

ENTRIES: Final = 50
"""Headlines of one feed."""
ATOM: Final = "application/atom+xml"
JSON_FEED: Final = "application/feed+json"

_ATOM: Final = "http://www.w3.org/2005/Atom"
_XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_EPOCH: Final = "1970-01-01T00:00:00.000Z"


def atom(rows: Sequence[HeadlineRow], *, title: str, address: str, home: str) -> bytes:
    """An Atom feed.

    Args:
        rows: Headlines, newest first.
        title: The feed's title.
        address: The feed's own URL.
        home: The URL of the page that shows the same headlines.
    """
    ET.register_namespace("", _ATOM)
    feed = ET.Element(f"{{{_ATOM}}}feed")
    _add(feed, "id", address)
    _add(feed, "title", title)
    _add(feed, "updated", max((row.headline.observed_at for row in rows), default=_EPOCH))
    _add(feed, "link", rel="self", type=ATOM, href=address)
    _add(feed, "link", rel="alternate", type="text/html", href=home)
    for row in rows:
        feed.append(_atom_entry(row, home))
    written: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return written


def _atom_entry(row: HeadlineRow, home: str) -> ET.Element:
    headline = row.headline
    entry = ET.Element(f"{{{_ATOM}}}entry")
    entry.set(_XML_LANG, headline.language)
    _add(entry, "id", _identity(row))
    _add(entry, "title", headline.text, type="text")
    _add(entry, "published", row.first_seen)
    _add(entry, "updated", max(row.first_seen, headline.observed_at))
    _add(entry, "link", rel="alternate", href=headline.link or f"{home}#{headline.chain}")
    author = _add(entry, "author")
    _add(author, "name", headline.source)
    _add(entry, "category", term=headline.category)
    if text := _summary(row):
        _add(entry, "summary", text, type="text")
    return entry


def json_feed(rows: Sequence[HeadlineRow], *, title: str, address: str, home: str) -> bytes:
    """A JSON Feed; arguments as for `atom`."""
    items = [
        {
            "id": _identity(row),
            "url": row.headline.link or f"{home}#{row.headline.chain}",
            "title": row.headline.text,
            "content_text": _summary(row) or row.headline.text,
            "language": row.headline.language,
            "date_published": row.first_seen,
            "date_modified": max(row.first_seen, row.headline.observed_at),
            "authors": [{"name": row.headline.source}],
            "tags": [row.headline.category],
        }
        for row in rows
    ]
    return msgspec.json.encode(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": title,
            "home_page_url": home,
            "feed_url": address,
            "items": items,
        }
    )


def _add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    element.text = text
    return element


def _identity(row: HeadlineRow) -> str:
    """An id that a headline shares with its updates, so that feed readers replace the entry."""
    return f"urn:ticker:{row.headline.chain}"


def _summary(row: HeadlineRow) -> str:
    """What an update changed, `3 → 17`; empty for a headline that is not an update."""
    return ", ".join(f"{change.before or '–'} → {change.after or '–'}" for change in row.headline.changes)
