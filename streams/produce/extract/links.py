"""The absolute URL of a headline's link, or None.

Links come from pages and are not trusted: only http and https, of limited length, without characters that URLs cannot
have.
"""

import re
from typing import Final
from urllib.parse import urljoin, urlsplit

from streams.errors import InputError
from streams.produce.extract.limits import tree_of

MAX_LINK: Final = 2_048
"""The longest URL that is kept, in characters."""

_BLANKS: Final = re.compile(r"[\s\x00-\x1f\x7f]+")
_BASE: Final = (
    ("base[href]", "href"),
    ("link[rel=canonical]", "href"),
    ('meta[property="og:url"]', "content"),
)
"""The elements in which a page states its own URL, in order of precedence."""
_SAYS_ADDRESS: Final = re.compile(r"<base\b|canonical|og:url", re.IGNORECASE)
_HEAD: Final = 131_072
"""How many characters at the start of a page are searched for its URL."""


def address_of(page: str, read_from: str | None = None) -> str | None:
    """The address against which a page's links are to be read; None where nobody says it.

    Args:
        page: Its head can say it: a `base` always counts, what else it says only where nobody knows better.
        read_from: The address that the page was read from, where that is known.
    """
    end = page.find("</head", 0, _HEAD)
    head = page[: end if end > 0 else _HEAD]
    if not _SAYS_ADDRESS.search(head):
        return read_from
    try:
        tree = tree_of(head, "its head")
    except InputError:
        return read_from
    for selector, attribute in _BASE:
        node = tree.css_first(selector)
        address = node.attributes.get(attribute) if node is not None else None
        if address and (absolute := resolve(address, read_from)):
            return absolute
        if read_from is not None:
            return read_from
    return None


def resolve(href: str | None, address: str | None) -> str | None:
    """The absolute URL of a link; None if there is none, or it does not lead to a page."""
    if not href or len(href) > MAX_LINK:
        return None
    href = href.strip()
    if not href or href.startswith("#") or _BLANKS.search(href):
        return None
    try:
        absolute = urljoin(address, href) if address else href
        parts = urlsplit(absolute)
        named = bool(parts.hostname)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not named or parts.username or len(absolute) > MAX_LINK:
        return None
    return absolute
