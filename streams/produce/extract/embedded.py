"""Lists of headlines that a page carries as data: `noscript`, shadow roots, JSON in scripts and attributes.

They are read only if the page's markup shows no strip. JSON-LD lists and JSON scripts declare themselves as data, and
are read automatically. A list inside a program, or in an attribute that a program reads, is read only if a selector
picks the script or element, because it is unknown what the program does with the list. Scripts are never run.
"""

import math
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from html import escape, unescape
from itertools import islice
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser, LexborNode

from streams.errors import SplitError
from streams.produce.extract.candidates import Rival, described
from streams.produce.extract.found import Found, based, headlines_in, resplit
from streams.produce.extract.limits import tree_of
from streams.produce.extract.links import MAX_LINK
from streams.produce.extract.names import BREAKING, LATEST, likeness
from streams.produce.extract.reading import HEADLINES, read
from streams.produce.split import LONGEST_HEADLINE, MAX_SLOTS, split

MAX_SCRIPTS: Final = 50
"""The most scripts of a page whose data is read."""
MAX_JSON: Final = 4_194_304
"""The most characters of JSON of all these scripts together."""
MAX_LISTS: Final = 200
"""The most lists in these scripts that are read."""
MAX_NESTING: Final = 40
"""How deep a list can stand in JSON."""
FEWEST: Final = 3
"""Titles that a list needs."""

_TITLES: Final = ("title", "headline", "name", "titre", "text", "t", "label", "العنوان", "عنوان")
_LINKS: Final = ("url", "link", "href", "permalink", "@id", "u", "slug")
_INNER: Final = ("item", "node", "attributes", "fields", "article")
"""Keys under which a list's entries hold what they are about."""
_NO_NEWS: Final = frozenset(
    {"Product", "Offer", "Recipe", "Person", "Organization", "Place", "Event", "Course", "JobPosting", "Restaurant",
     "LocalBusiness", "VideoObject", "ImageObject", "SiteNavigationElement", "Book", "Movie", "MusicRecording"}
)  # fmt: skip
"""What the entries of a list of schema.org can be that are no headlines."""
_JSON_SCRIPT: Final = 'script[type*="json"],script#__NEXT_DATA__'
_FROM_ARRAY: Final = re.compile(r"[\[{]")
_ARRAY_IN_CODE: Final = re.compile(r"\[\s{0,200}[\[{\"']")
_SHADOW: Final = re.compile(r"<template\b[^<>]*\bshadowroot(?:mode)?\s*=[^<>]*>", re.IGNORECASE)
_SHADOW_END: Final = re.compile("</template", re.IGNORECASE)
_NOSCRIPT: Final = re.compile(r"<noscript\b[^<>]*>", re.IGNORECASE)
_FRAME: Final = re.compile(r"""\ssrcdoc\s{0,9}=\s{0,9}(?:"([^"]*+)"|'([^']*+)')""", re.IGNORECASE)
_FRAME_CONTENT: Final = "srcdoc"
_FRAME_TAG: Final = "<iframe"
_MAX_TAG: Final = 2_000
"""Characters of a frame's tag before its content."""
_NOSCRIPT_END: Final = re.compile("</noscript", re.IGNORECASE)


class _Entry(Struct, frozen=True):
    title: str
    link: str | None


class _Listed(Struct, frozen=True):
    """A list of titles in data, and how surely the keys that lead to it are a ticker's."""

    keys: str
    sure: float
    entries: list[_Entry]


def set_aside(page: str) -> Iterator[str]:
    """The HTML that a reader without scripts, with shadow roots or in a frame sees beside the page: a document each."""
    for opening, closing in ((_NOSCRIPT, _NOSCRIPT_END), (_SHADOW, _SHADOW_END)):
        position = 0
        for _ in range(MAX_SCRIPTS):
            match = opening.search(page, position)
            end = closing.search(page, match.end()) if match else None
            if match is None or end is None:
                break
            yield page[match.end() : end.start()]
            position = end.start()
    if _FRAME_CONTENT not in page:
        return
    for match in islice(_FRAME.finditer(page), MAX_SCRIPTS):
        tag = page.rfind("<", max(0, match.start() - _MAX_TAG), match.start())
        if page[tag : tag + len(_FRAME_TAG)].lower() == _FRAME_TAG:
            yield unescape(match[1] or match[2] or "")


def with_data(page: str, place: str) -> LexborHTMLParser:
    """The scripts of a page, parsed; all of it where elements have data in their attributes."""
    if any(name in page for name in FOR_PROGRAMS):
        return tree_of(page, place)
    return tree_of("".join(_scripts(page)), place)


FOR_PROGRAMS: Final = ("data-items", "data-news", "data-headlines", "data-titles", "data-feed")
"""Attributes in which sites keep lists for their programs."""


def _scripts(page: str) -> Iterator[str]:
    position = 0
    while match := _SCRIPT.search(page, position):
        end = _SCRIPT_END.search(page, match.end())
        position = end.start() if end else len(page)
        yield f"{page[match.start() : position]}</script>"


_SCRIPT: Final = re.compile(r"""<script\b(?:[^<>"']|"[^"]*+"|'[^']*+')*+>""", re.IGNORECASE)
_SCRIPT_END: Final = re.compile("</script", re.IGNORECASE)


def declared(tree: LexborHTMLParser, address: str | None, *, least: float = 0.0) -> list[Rival]:
    """The lists in scripts that declare themselves as JSON under a ticker's name so sure at least, surest first."""
    lists: list[_Listed] = []
    size = 0
    for node in tree.css(_JSON_SCRIPT)[:MAX_SCRIPTS]:
        code = node.text(deep=True)
        size += len(code)
        if size > MAX_JSON:
            break
        lists += _lists(_parsed(code.strip()), (_called(node),))
    return _rivals(
        [listed for listed in lists if listed.sure > 0 and listed.sure >= least], "script", address
    )


def completed(rivals: list[Rival], whole: Callable[[], LexborHTMLParser], address: str | None) -> list[Rival]:
    """The candidates, the first with all of its list where it shows one headline of it at a time.

    That is known where the shown headline stands in a list declared under a ticker's name, or in one in the attributes
    of the element itself.
    """
    found = rivals[0].found if rivals else None
    if found is None or found.format != "html" or len(shown := headlines_in(found.split)) != 1:
        return rivals
    for listed in (
        *_in_attributes(found.text, shown[0], address),
        *declared(whole(), address, least=BREAKING),
    ):
        if listed.found is not None and shown[0] in headlines_in(listed.found.split):
            why = f"{rivals[0].why}; it shows one of {listed.why}"
            return [replace(rivals[0], found=listed.found, why=why), *rivals[1:]]
    return rivals


def _in_attributes(fragment: str, shown: str, address: str | None) -> list[Rival]:
    """The lists in attributes of an element and what is in it, as JSON or with a separator, that hold a headline."""
    body = tree_of(fragment, "strip").body
    nodes = body.css("*")[:MAX_SCRIPTS] if body is not None else []
    lists: list[_Listed] = []
    for name, value in (each for node in nodes for each in node.attributes.items()):
        if not value or not name.startswith("data-") or len(value) > MAX_JSON:
            continue
        if (data := _parsed(value)) is not None:
            lists += _lists(data)
        elif shown in value:
            with suppress(SplitError):
                entries = [_Entry(slot.text, None) for slot in split(value).slots if slot.text]
                lists += [_Listed(name, LATEST, entries)] if len(entries) >= FEWEST else []
    return _rivals(lists, "attributes", address)


def undeclared(nodes: list[LexborNode], address: str | None) -> list[Rival]:
    """The lists in programs and in attributes of some elements, the surest first."""
    rivals: list[Rival] = []
    size = 0
    for node in nodes[: 10 * MAX_SCRIPTS]:
        for code in _codes(node):
            size += len(code)
            if size > MAX_JSON or len(rivals) > MAX_LISTS:
                break
            lists = [listed for value in _values(code) for listed in _lists(value)]
            rivals += _rivals(lists, described(node), address)
    return sorted(rivals, key=lambda rival: -rival.score)


def _codes(node: LexborNode) -> Iterator[str]:
    if node.tag == "script":
        yield node.text(deep=True)
    for name, value in node.attributes.items():
        if value and name.startswith(("data-", ":", "x-")) and _FROM_ARRAY.search(value):
            yield value


def _values(code: str) -> Iterator[Any]:
    """The JSON values that stand in a text: all of it, or arrays in the code of a program."""
    if (whole := _parsed(code.strip())) is not None:
        yield whole
        return
    reached = parsed = 0
    for start, end in sorted(_arrays(code))[:MAX_LISTS]:
        parsed += end - start
        if parsed > MAX_JSON:
            return
        if start >= reached and (value := _parsed(code[start:end])) is not None:
            yield value
            reached = end
    yield from _written_out(code)
    yield from _filled(code)


def _written_out(code: str) -> Iterator[Any]:
    """The values of JSON that a program parses from a string: `JSON.parse("[…]")`."""
    for match in islice(_JSON_PARSE.finditer(code), MAX_LISTS):
        if (text := _literal(match[1])) is not None and (value := _parsed(text)) is not None:
            yield value


def _filled(code: str) -> Iterator[list[str]]:
    """The arrays that a program fills one by one, as old tickers do: `news[0] = "…"; news[1] = "…";`."""
    arrays: dict[str, list[str]] = {}
    for match in islice(_ASSIGNED.finditer(code), MAX_SLOTS):
        if (text := _literal(match[2])) is not None:
            arrays.setdefault(match[1], []).append(text)
    yield from arrays.values()


_LITERAL: Final = r"""("(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+')"""
_JSON_PARSE: Final = re.compile(rf"JSON\.parse\(\s{{0,9}}{_LITERAL}", re.DOTALL)
_ASSIGNED: Final = re.compile(rf"\b([A-Za-z_]\w{{0,60}})\[\d{{1,4}}\]\s{{0,9}}=\s{{0,9}}{_LITERAL}")
_TO_ESCAPE: Final = re.compile(r"\\.|\"", re.DOTALL)
_ESCAPED: Final = {'"': '\\"', "\\'": "'"}


def _literal(written: str) -> str | None:
    """The text of a program's literal, read as JSON reads strings."""
    inside = written[1:-1]
    if written[0] == "'":
        inside = _TO_ESCAPE.sub(lambda match: _ESCAPED.get(match[0], match[0]), inside)
    text = _parsed(f'"{inside}"')
    return text if isinstance(text, str) else None


def _arrays(code: str) -> Iterator[tuple[int, int]]:
    """Where arrays of texts, objects or arrays begin and end, told by brackets outside of strings."""
    waiting: list[int] = []
    for match in _STRUCTURE.finditer(code):
        if match[0] in "[{":
            waiting.append(match.start())
        elif match[0] in "]}" and waiting:
            start = waiting.pop()
            if _ARRAY_IN_CODE.match(code, start):
                yield start, match.end()


_STRUCTURE: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)


def _parsed(code: str) -> Any:
    try:
        return msgspec.json.decode(code.encode("utf-8", "surrogatepass"))
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None


def _called(script: LexborNode) -> str:
    """How a script is called, as the key of all its data: `<script id="ticker-data" type="application/json">`."""
    return script.attributes.get("id") or "-".join((script.attributes.get("class") or "").split())


def _lists(value: Any, around: tuple[str, ...] = ()) -> list[_Listed]:
    """The lists of titles in a JSON value, without recursion."""
    found: list[_Listed] = []
    waiting: list[tuple[Any, tuple[str, ...]]] = [(value, around)]
    while waiting and len(found) < MAX_LISTS:
        current, keys = waiting.pop()
        if len(keys) > MAX_NESTING:
            continue
        if isinstance(current, dict):
            typed = " ".join(_types(current))
            waiting += [(inner, (*keys, f"{key} {typed}")) for key, inner in reversed(current.items())]
        elif isinstance(current, list):
            entries = [entry for item in current[:MAX_SLOTS] if (entry := _entry(item)) is not None]
            if len(entries) >= FEWEST and 2 * len(entries) >= len(current):
                named = ".".join(name for key in keys if (name := key.split(" ")[0]))
                found.append(_Listed(named, _sure(keys), entries))
            else:
                waiting += [(item, keys) for item in reversed(current)]
    return found


def _sure(keys: tuple[str, ...]) -> float:
    """How surely the keys that lead to a list are a ticker's; a list of schema.org says so itself."""
    if keys and "ItemList" in keys[-1].split(" ")[1:]:
        return LATEST
    sure = [likeness(key.split(" ")[0]) for key in keys]
    return min(sure, default=0.0) if min(sure, default=0.0) < 0 else max(sure, default=0.0)


def _entry(item: Any) -> _Entry | None:
    """The title of an entry of a list, and its link."""
    if isinstance(item, str):
        return _Entry(_plain(item), None) if 0 < len(item) <= 4 * LONGEST_HEADLINE else None
    if not isinstance(item, dict):
        return None
    inner = next((item[key] for key in _INNER if isinstance(item.get(key), dict)), None)
    for source in (item, inner):
        if not isinstance(source, dict):
            continue
        if not _NO_NEWS.isdisjoint(_types(source)):
            return None
        title = next((_string(source[key]) for key in _TITLES if _string(source.get(key))), None)
        if title:
            links = [_string(of.get(key)) for of in (source, item) for key in _LINKS]
            return _Entry(
                _plain(title), next((link for link in links if link and len(link) <= MAX_LINK), None)
            )
    return None


def _types(value: dict[str, Any]) -> list[str]:
    """What schema.org calls a thing: a type, or a list of them."""
    types = value.get("@type")
    return [each for each in (types if isinstance(types, list) else [types]) if isinstance(each, str)]


def _string(value: Any) -> str | None:
    """A text, or what one is wrapped in: `{"rendered": "…"}` (WordPress), `{"full": "…", "short": "…"}`."""
    if isinstance(value, dict):
        value = value.get("rendered") or value.get("full")
    return value if isinstance(value, str) and value.strip() else None


_MARKUP: Final = re.compile(r"</?[a-zA-Z][^<>]*>")


def _plain(title: str) -> str:
    return " ".join(_MARKUP.sub("", unescape(title)).split())


def _rivals(lists: list[_Listed], element: str, address: str | None) -> list[Rival]:
    """The lists of an element that read like headlines, the surest first; links are relative to the address."""
    rivals: list[Rival] = []
    for listed in lists:
        texts = [entry.title for entry in listed.entries if entry.title]
        reading = read(texts)
        if not texts or reading.headlines < HEADLINES or listed.sure < 0:
            continue
        fragment = based("<ul>" + "".join(map(_as_item, listed.entries)) + "</ul>", address)
        found = Found(fragment, "html", resplit(fragment, "html"))
        score = round(listed.sure + 2 * reading.headlines + 0.3 * math.log2(min(len(texts), 8)), 2)
        why = f"{len(texts)} titles in data, at {listed.keys or 'its top'}"
        rivals.append(Rival(element, found, score, why))
    return sorted(rivals, key=lambda rival: -rival.score)


def _as_item(entry: _Entry) -> str:
    if entry.link is None:
        return f"<li>{escape(entry.title)}</li>"
    return f'<li><a href="{escape(entry.link)}">{escape(entry.title)}</a></li>'
