"""Find the strips of a page, from the strongest evidence to the weakest: names, labels, lines, `noscript`, data."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from streams.errors import InputError, SplitError
from streams.produce.extract.candidates import MOST_AROUND, Rival, labelled, named, stands_in_others, surest
from streams.produce.extract.embedded import (
    FOR_PROGRAMS,
    completed,
    declared,
    set_aside,
    undeclared,
    with_data,
)
from streams.produce.extract.found import (
    Found,
    based,
    headlines_in,
    in_element,
    reads_well,
    resplit,
    tidied,
    without_words_beside,
)
from streams.produce.extract.limits import tree_of
from streams.produce.extract.lines import in_text, is_no_prose, rank, strip_lines
from streams.produce.extract.links import address_of
from streams.produce.extract.markup import lines_of, parse
from streams.produce.feeds import is_feed, read_feed, split_feed
from streams.produce.furniture import is_furniture
from streams.produce.labels import announces_sayings
from streams.produce.observation import Format
from streams.produce.split import MAX_CHARACTERS, MAX_SLOTS, split

_HTML: Final = re.compile(
    r"<(?:!doctype html|html|head|body|div|section|ul|ol|li|a|span|p|marquee|table|nav|script|meta)[\s>/]",
    re.IGNORECASE,
)
_ALONE: Final = 0.7
"""The share of a page's text that headlines must be for the page to be a list of them and nothing else."""
_OF_A_PAGE: Final = "nav,footer,aside,header,main,article,form,h1,h2"
"""Elements that a whole page has, and a list of headlines given alone has not."""

_NO_PAGE: Final = LexborHTMLParser("<p>")
"""What selectors are tried on before there is a page."""
_FEWEST: Final = 4
"""Headlines that symbols part in a line of a page, at least: three pieces are one sentence with an aside."""

_MOST_TRIMMED: Final = 5
"""Lines of a page's text, the best ones, that are looked for in its elements."""

_Finder = Callable[[], list[Rival]]
_Parsed = Callable[[], LexborHTMLParser]


def find_strips(
    page: str,
    place: str,
    *,
    format: Format | None = None,  # noqa: A002
    selector: str | None = None,
    separator: str | None = None,
    address: str | None = None,
    timezone: str | None = None,
) -> tuple[Found, ...]:
    """Every strip of a page, at least one, most certain first.

    Args:
        page: The text of the page.
        place: Where it is from, for errors.
        format: What it is written in; None looks.
        selector: CSS selector of the strip in an HTML page, or, where it matches several elements, of its
            items; of a script, the lists in it are read.
        separator: The pinned separator, as `split` takes it.
        address: Where the page was read, to which its links are relative where it says nothing else.
        timezone: The IANA zone of times of a feed that name none.

    Raises:
        SplitError: No strip is found without guessing.
        InputError: HTML that cannot be read: nested too deeply, or the selector is wrong.
    """
    if (format or looks_like(page)) == "feed":
        return (_in_feed(page, place, selector, address, timezone),)
    if (format or looks_like(page)) == "html":
        address = address_of(page, address)
        if selector is not None:
            return (_selected(page, place, selector, separator, address),)
        return _in_html(page, place, separator, address)
    if selector is not None:
        raise InputError(place, "a selector picks elements of HTML, and this is plain text; leave it out")
    return in_text(page, place, separator)


def survey(
    page: str,
    place: str,
    *,
    format: Format | None = None,  # noqa: A002 (the word of the contract)
    separator: str | None = None,
    address: str | None = None,
) -> list[Rival]:
    """All candidates for the strip of a page, best first, then the rejected ones, each with the reason.

    Raises:
        InputError: The text has no strip, or the HTML is nested too deeply.
    """
    written_in = format or looks_like(page)
    if written_in == "feed":
        return [Rival("feed", _in_feed(page, place, None, address, None), 1.0, "its entries are the slots")]
    if written_in == "text":
        return [
            Rival(
                "text", found, len(headlines_in(found.split)) * found.split.confidence, "separators stand out"
            )
            for found in in_text(page, place, separator)
        ]
    passed_over: list[Rival] = []
    whole = cache(lambda: with_data(page, place))
    for find in _finders(page, place, separator, address_of(page, address), whole):
        rivals = find()
        if any(rival.found for rival in rivals):
            return [*rivals, *passed_over]
        passed_over += rivals
    why = "a list for a program: read it with --selector"
    return [*passed_over, *(replace(rival, found=None, why=why) for rival in _in_programs(whole()))]


def looks_like(page: str) -> Format:
    """The format of a page: a feed by its beginning, HTML by a common tag, else text."""
    if is_feed(page):
        return "feed"
    return "html" if _HTML.search(page) else "text"


def _in_feed(page: str, place: str, selector: str | None, address: str | None, timezone: str | None) -> Found:
    if selector is not None:
        raise InputError(place, "a selector picks elements of HTML, and this is a feed; leave it out")
    feed = read_feed(page, place, address=address, timezone=timezone)
    return Found(feed, "feed", split_feed(feed, place))


def _in_html(page: str, place: str, separator: str | None, address: str | None) -> tuple[Found, ...]:
    whole = cache(lambda: with_data(page, place))
    for find in _finders(page, place, separator, address, whole):
        if strips := surest(find(), place):
            return strips
    raise SplitError(place, _no_strip(whole()))


def _finders(
    page: str, place: str, separator: str | None, address: str | None, whole: _Parsed
) -> Iterator[_Finder]:
    """The ways to find a strip, in order; each is tried if those before it found none. `whole` includes the scripts."""
    tree = parse(page, place)
    yield lambda: completed(named(tree, page, address, separator), whole, address)
    body = tree.body
    if body is not None:
        _drop_forms(body)
        yield lambda: labelled(body, address, separator)
        yield lambda: _unnamed(body, address, separator)
    for part in set_aside(page):
        yield lambda part=part: _in_part(part, place, address, separator)  # type: ignore[misc]
    yield lambda: declared(whole(), address)


def _drop_forms(body: LexborNode) -> None:
    """Take the forms off a page, but for one that is drawn around all of it."""
    forms = body.css("form")
    half = len(body.html or "") // 2 if forms else 0
    for form in forms:
        if len(form.html or "") < half:
            form.decompose()


def _unnamed(body: LexborNode, address: str | None, separator: str | None) -> list[Rival]:
    """Lines of a page's text that are a strip each; else the page, where it is a list of headlines and no more."""
    lines = [line.strip(" ") for line in lines_of(body)]
    strips = [
        found
        for found in strip_lines(lines, separator)
        if separator is not None or (is_no_prose(found, _FEWEST) and not _is_of_others(found, body))
    ]
    if not strips:
        if separator is None and body.css_first(_OF_A_PAGE) is not None:
            return []
        alone = in_element(body, address, separator, longest=MAX_CHARACTERS, alone=False)
        if alone is None or not (separator is not None or _is_list_alone(alone, lines)):
            return []
        strips = [alone]
    strips.sort(key=rank)
    if separator is None:
        strips[:_MOST_TRIMMED] = [without_words_beside(found, body) for found in strips[:_MOST_TRIMMED]]
    return [
        Rival("the page's text", found, -number, "separators stand out")
        for number, found in enumerate(strips)
    ]


def _is_of_others(found: Found, body: LexborNode) -> bool:
    """Whether the element of a line is named or labelled as what is no news: the line is not found in spite of that."""
    first, text, *_ = headlines_in(found.split)
    runs = (run for run in body.traverse(include_text=True) if run.is_text_node)
    run = next((run for run in runs if text in (run.text_content or "")), None)
    return announces_sayings(first) or (
        run is not None and stands_in_others(run, body.mem_id, MOST_AROUND * len(found.text))
    )


def _is_list_alone(found: Found, lines: list[str]) -> bool:
    """Whether a strip reads like headlines, and these are nearly all that the page says."""
    told = sum(len(line) for line in lines if not is_furniture(line))
    return reads_well(found) and sum(map(len, headlines_in(found.split))) >= _ALONE * told


def _in_part(part: str, place: str, address: str | None, separator: str | None) -> list[Rival]:
    """The strip of what is set aside for readers without scripts."""
    tree = parse(part, place)
    if rivals := [rival for rival in named(tree, part, address, separator) if rival.found]:
        return rivals
    return _unnamed(tree.body, address, separator) if tree.body is not None else []


def selector_problem(selector: str) -> str:
    """Why a text is no CSS selector; empty if it is one."""
    try:
        _NO_PAGE.css(selector)
    except SelectolaxError as error:
        return str(error)
    except UnicodeError:
        return "It has characters that are not Unicode."
    return ""


def _selected(page: str, place: str, selector: str, separator: str | None, address: str | None) -> Found:
    tree = parse(page, place)
    try:
        nodes = tree.css(selector)
        data = [] if any(node.text(strip=True) for node in nodes) else tree_of(page, place).css(selector)
    except SelectolaxError as error:
        raise InputError(place, f"the selector {selector!r} is not CSS: {error}") from None
    if lists := undeclared(data, address):
        return surest(lists, place)[0]
    if not nodes:
        raise SplitError(place, f"nothing on the page matches the selector {selector!r}; check it there")
    if len(nodes) > MAX_SLOTS:
        raise SplitError(place, f"{len(nodes):,} elements match {selector!r}, more than {MAX_SLOTS:,}")
    if len(nodes) == 1:
        found = in_element(nodes[0], address, separator, longest=MAX_CHARACTERS)
        shown = "\n".join(lines_of(nodes[0]))
        return found or Found(shown, "text", tidied(split(shown, separator, place=place)))
    fragment = based("<ul>" + "".join(f"<li>{_content(node)}</li>" for node in nodes) + "</ul>", address)
    return Found(fragment, "html", resplit(fragment, "html"))


def _content(node: LexborNode) -> str:
    """What an item holds; of an item that is a link, the link too."""
    return (node.html if node.tag == "a" else node.inner_html) or ""


def _no_strip(page: LexborHTMLParser) -> str:
    """What to do about a page without a strip; a list in a program is named, for it can be pinned."""
    hint = "no ticker stands out on the page; pin its element, or its items, with --selector '.ticker li'"
    lists = _in_programs(page)
    if not lists or lists[0].found is None:
        return hint
    first = headlines_in(lists[0].found.split)[0]
    return f"{hint}; a list for a program begins with {first[:40]!r}: read it with --selector {lists[0].element!r}"


def _in_programs(page: LexborHTMLParser) -> list[Rival]:
    return undeclared(page.css(_FOR_PROGRAMS), None)


_FOR_PROGRAMS: Final = ",".join(["script:not([src])", *(f"[{name}]" for name in FOR_PROGRAMS)])
"""Elements whose data a program reads, and which a selector can pick."""
