"""Limits that protect the HTML parser: within them 4 MiB take seconds, beyond them minutes or all memory.

Some rules of HTML take quadratic time in the size of a page, and the parser, which is written in C, blocks all other
work meanwhile. Parts that no reader would miss are removed; a page whose structure exceeds the limits is refused. All
limits are checked without parsing, by counting tags as https://html.spec.whatwg.org/multipage/parsing.html would parse
them.
"""

import re
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from streams.errors import InputError

MAX_DEPTH: Final = 5_000
"""The most elements nested in each other."""
MAX_SELF_CLOSED: Final = 20_000
"""The most self-closed elements such as `<path/>` in SVG drawings, which a parser may treat as open."""
MAX_ATTRIBUTES: Final = 200
"""The most attributes of a tag that are kept: the parser compares each with all before it."""
_MAX_STEPS: Final = 1_000_000_000
"""Elements open inside each other, times tags: many tags look through all that are open. Three seconds or so."""
_MAX_REOPENED: Final = 1_000_000
"""Elements that a parser may make of those that are left open (`<b class=1>`), anew in every paragraph: 340 MB."""
_MOST_OF: Final = {"<html": 20, "<body": 20, "<option": 5_000}
"""Tags of a kind: all roots' attributes are those of one element; each choice is compared with those before it."""

_TAG: Final = re.compile(r"""<(/?)([a-z][a-z0-9-]*+)((?:[^<>"']|"[^"]*+"|'[^']*+')*+)>""", re.IGNORECASE)
_ATTRIBUTE: Final = r"""(?:[\s/]*+=?[^\s/>=]{1,64}+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+)?+)"""
_MANY_ATTRIBUTES: Final = rf"(<[a-z][^\s/>]{{0,64}}+{_ATTRIBUTE}{{{MAX_ATTRIBUTES}}}+){_ATTRIBUTE}++"
_HAS_MANY_ATTRIBUTES: Final = re.compile(_MANY_ATTRIBUTES)
_INSTEAD: Final = "<wbr"
"""A void tag that replaces a removed one."""
_FORMATTING: Final = "b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u"
"""The elements that a paragraph opens anew when the one before left them open."""
_WITH_ATTRIBUTES: Final = re.compile(rf"<(?:{_FORMATTING})[\s/]")
_FORMATTING_TAG: Final = re.compile(rf"<(/?)({_FORMATTING})(?=[\s/>])([^>]*+)")
_ALIKE: Final = 3
"""Of elements that are alike, so many are opened anew."""
_NEVER_DEEP: Final = frozenset(
    {
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source",
        "track", "wbr", "p", "li", "dt", "dd", "option", "tr", "td", "th",
    }
)  # fmt: skip
"""Elements without content, or closed by the next of their kind."""


def tree_of(page: str, place: str) -> LexborHTMLParser:
    """Parse HTML that keeps to the limits, without the attributes and choices that are beyond them.

    Raises:
        InputError: Elements are nested too deeply, or too many are left open.
    """
    tags = page.count("<")
    small = page.lower()
    deepest = min(MAX_DEPTH, _MAX_STEPS // max(1, tags))
    if _is_too_deep(page, deepest):
        but = "" if deepest == MAX_DEPTH else f", or {deepest:,} with so many tags"
        raise InputError(
            place, f"HTML nested more than {MAX_DEPTH:,} elements deep{but}; give the strip alone"
        )
    if _reopened(small, tags) > _MAX_REOPENED:
        raise InputError(place, "HTML that leaves too many elements open, such as <b>; give the strip alone")
    return LexborHTMLParser(_without_excess(page, small))


def _without_excess(page: str, small: str) -> str:
    """A page without excess attributes and tags; `small` is the page in lower case."""
    if _HAS_MANY_ATTRIBUTES.search(small):
        page = re.sub(_MANY_ATTRIBUTES, r"\1", page, flags=re.IGNORECASE)
    for tag, most in _MOST_OF.items():
        if small.count(tag) > most:
            page = re.sub(rf"{tag}(?=[\s/>])", _INSTEAD, page, flags=re.IGNORECASE)
    return page


def _reopened(small: str, tags: int) -> int:
    """How many elements a parser would make at most of those that are left open, of a page in small letters."""
    most_kinds = _ALIKE * (_FORMATTING.count("|") + 1) + len(_WITH_ATTRIBUTES.findall(small))
    if most_kinds * tags <= _MAX_REOPENED:
        return 0
    found = _FORMATTING_TAG.findall(small)
    alike: dict[tuple[str, str], int] = {}
    left_open: dict[str, list[str]] = {}
    now = most = 0
    for closes, name, attributes in found:
        of_name = left_open.setdefault(name, [])
        if not closes:
            of_name.append(attributes)
        elif of_name:
            attributes = of_name.pop()  # noqa: PLW2901 (those of the tag that is closed)
        else:
            continue
        before = alike.get((name, attributes), 0)
        after = alike[name, attributes] = before + (-1 if closes else 1)
        now += min(after, _ALIKE) - min(before, _ALIKE)
        most = max(most, now)
    return most * tags


def _is_too_deep(page: str, most: int) -> bool:
    """Whether more elements may be open than that, or more that close themselves than may be."""
    if page.count("<") - page.count("</") <= most:
        return False  # not as many are opened at all
    depth: dict[str, int] = {}
    total = self_closed = 0
    for match in _TAG.finditer(page):
        tag = match[2].lower()
        if tag in _NEVER_DEEP:
            continue
        if match[3].endswith("/") and depth.get("svg"):
            self_closed += 1
            continue
        before = depth.get(tag, 0)
        depth[tag] = max(0, before + (-1 if match[1] else 1))
        total += depth[tag] - before
        if total > most or self_closed > MAX_SELF_CLOSED:
            return True
    return False
