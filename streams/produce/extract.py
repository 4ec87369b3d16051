"""Find the strips of a page: the line or block of a text, the elements of an HTML page.

In HTML the markup splits: a ticker's items are its repeated elements. Only where there are none is the text
inside split by a separator. Every strip found carries the text or fragment from which `resplit` gives the
same slots again.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from operator import itemgetter
from typing import Final, Literal

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from streams.errors import InputError, SplitError
from streams.produce.separators import EDGE, unify_lines
from streams.produce.split import (
    LONGEST_HEADLINE,
    MAX_CHARACTERS,
    MAX_SLOTS,
    SHORTEST_HEADLINE,
    Split,
    slots_of,
    split,
)

Format = Literal["text", "html"]

MAX_DEPTH: Final = 5_000
"""Elements open inside each other: at 20,000 the parser takes half a second, at 200,000 two minutes."""

MAX_SELF_CLOSED: Final = 20_000
"""Elements like `<path/>` inside SVG drawings, which a parser may take for open ones."""

MAX_CONTAINERS: Final = 30
"""The most elements with a ticker's name that are looked into, the surest names first."""

MAX_CONTAINER: Final = 262_144
"""Characters of HTML beyond which an element is not a ticker, whatever its name."""

MAX_ITEM_DEPTH: Final = 8
"""How far below its container an item can be."""

MAX_LINES: Final = 2_000
"""The most lines of a page that are tried as strips, the first ones."""

MAX_BLOCKS: Final = 200
"""Likewise of blocks of lines; what follows is one more block."""

FEWEST_SLOTS: Final = 3
"""Headlines that a line or list must have to be taken for a strip where nothing is pinned."""

FEWEST_BETWEEN_DASHES: Final = 6
"""Likewise where the separator is a dash or slash: a paragraph has asides between dashes too."""

SHORTEST_LINE: Final = FEWEST_SLOTS * SHORTEST_HEADLINE

_HTML: Final = re.compile(
    r"<(?:!doctype html|html|head|body|div|section|ul|ol|li|a|span|p|marquee|table|nav|script|meta)[\s>/]",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"""<(/?)([a-z][a-z0-9-]*+)((?:[^<>"']|"[^"]*+"|'[^']*+')*+)>""", re.IGNORECASE)
_NEVER_DEEP: Final = frozenset(
    {
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source",
        "track", "wbr", "p", "li", "dt", "dd", "option", "tr", "td", "th",
    }
)  # fmt: skip
"""Elements without content, or closed by the next of their kind."""

_NAMED: Final = (
    re.compile(r"ticker|marquee|news-?(?:bar|strip|crawl)|crawler|شريط", re.IGNORECASE),
    re.compile(r"breaking|flash|urgent|hot-?news|عاجل", re.IGNORECASE),
    re.compile(r"latest|last-?news|headlines|scroll(?:er|ing)", re.IGNORECASE),
)
"""What classes and ids of tickers are called, the surest first."""

_COVERED: Final = 0.5
"""The share of a container's text that its items must hold: a page's body holds its ticker too."""

_IGNORED: Final = ["script", "style", "noscript", "template", "iframe", "svg", "head"]
_BLOCKS: Final = frozenset(
    {
        "address", "article", "aside", "blockquote", "br", "dd", "details", "div", "dl", "dt",
        "fieldset", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr",
        "li", "main", "marquee", "nav", "ol", "option", "p", "pre", "section", "table", "tbody",
        "td", "th", "tr", "ul",
    }
)  # fmt: skip
_CLONE: Final = re.compile(r"clone|duplicate", re.IGNORECASE)
_SPACES: Final = re.compile("[ \t\n\r\f]+")
"""What HTML collapses to one space; no-break spaces stay."""
_DASHES: Final = frozenset("-–—/")
_SENTENCE_SHARE: Final = 0.3
"""The share of lines that end as sentences do from which a block of lines is an article, not headlines."""


class Found(Struct, frozen=True):
    """A strip that a page shows.

    `text` in `format` is all that `resplit` needs, with the separator of `split` as pin, to give the slots
    again.
    """

    text: str
    format: Format
    split: Split


def find_strips(
    page: str,
    place: str,
    *,
    format: Format | None = None,  # noqa: A002 (the word of the contract)
    selector: str | None = None,
    separator: str | None = None,
) -> tuple[Found, ...]:
    """Every strip of a page, the one that is most surely a ticker first; at least one.

    Args:
        page: The text of the page.
        place: Where it is from, for errors.
        format: What it is written in; None looks.
        selector: CSS selector of the strip in an HTML page, or, where it matches several elements, of its
            items.
        separator: The pinned separator, as `split` takes it.

    Raises:
        SplitError: No strip is found without guessing.
        InputError: HTML that cannot be read: nested too deeply, or the selector is wrong.
    """
    if (format or looks_like(page)) == "html":
        return _in_html(page, place, selector, separator)
    if selector is not None:
        raise InputError(place, "a selector picks elements of HTML, and this is plain text; leave it out")
    return _in_text(page, place, separator)


def looks_like(page: str) -> Format:
    """What a page is written in: HTML where one of its usual tags stands."""
    return "html" if _HTML.search(page) else "text"


def resplit(text: str, format: Format, separator: str | None = None) -> Split:  # noqa: A002
    """Split what a strip carries again: the same text and separator give the same slots.

    Raises:
        SplitError: As `split`.
    """
    if format == "text":
        return split(text, separator)
    root = _parse(text, "strip").body
    found = _split_element(root, separator, "strip") if root else None
    if found is None:
        raise SplitError("strip", "a fragment of HTML without items; pin its selector")
    return found


# Plain text


def _in_text(page: str, place: str, separator: str | None) -> tuple[Found, ...]:
    text = unify_lines(page)
    lines = [line.strip(" \t") for line in text.split("\n")]
    if separator == "" or sum(map(bool, lines)) <= 1:
        # The strip is all that there is: say what is wrong with it, if anything.
        return (Found(page, "text", split(page, separator, place=place)),)
    strips = list(_strip_lines(lines, separator))
    if strips and separator is None and (whole := _broken_strip(page, lines)):
        strips.append(whole)
    if not strips:
        strips = list(_strip_blocks(text, separator))
    if not strips:
        problem = (
            f"no line is a strip of {FEWEST_SLOTS} headlines or more; pin what stands between them with "
            "--separator, or give the strip alone"
            if separator is None
            else f"the separator {separator!r} stands in no line; check it against the page"
        )
        raise SplitError(place, problem)
    return tuple(sorted(strips, key=_rank))


def _broken_strip(page: str, lines: list[str]) -> Found | None:
    """The page as one strip that is broken into lines: all of them are headlines, or several between symbols."""
    written = [line for line in lines if line]
    if len(written) > MAX_LINES or any(map(_ends_sentence, written)):
        return None
    found = _attempt(page, None)
    if (
        not found
        or found.separator is not None
        or not all(_is_plausible(s.text) for s in found.slots if s.text)
    ):
        return None
    return Found(page, "text", found)


def _rank(found: Found) -> float:
    """The more headlines and the surer, the earlier."""
    return -_headlines(found.split) * found.split.confidence


def _strip_lines(lines: list[str], separator: str | None) -> Iterator[Found]:
    """Lines that are a strip each."""
    fewest = FEWEST_SLOTS if separator is None else 2
    tried = 0
    for line in lines:
        if len(line) < SHORTEST_LINE and separator is None:
            continue
        tried += 1
        if tried > MAX_LINES:
            return
        found = _attempt(line, separator)
        if not found or _headlines(found) < fewest:
            continue
        if separator is None and _may_be_prose(line, found):
            continue
        yield Found(line, "text", found)


def _may_be_prose(line: str, found: Split) -> bool:
    """Whether a line among others could as well be a paragraph with asides between dashes."""
    dashed = found.separator is not None and found.separator.strip(EDGE) in _DASHES
    return dashed and (_headlines(found) < FEWEST_BETWEEN_DASHES or _ends_sentence(line))


def _ends_sentence(line: str) -> bool:
    return line.endswith(".") and not line.endswith("..")


def _strip_blocks(text: str, separator: str | None) -> Iterator[Found]:
    """Blocks of short lines that are a headline each, and no sentences."""
    fewest = FEWEST_SLOTS if separator is None else 2
    tight = re.split(r"\n[ \t]*\n\s*", text.strip(EDGE), maxsplit=MAX_BLOCKS)
    for block in [*tight, text] if len(tight) > 1 else tight:
        lines = [line.strip(EDGE) for line in block.split("\n") if line.strip(EDGE)]
        if not fewest <= len(lines) <= MAX_SLOTS:
            continue
        if any(len(line) > LONGEST_HEADLINE for line in lines):
            continue
        sentences = sum(map(_ends_sentence, lines))
        found = _attempt(block, separator) if sentences < _SENTENCE_SHARE * len(lines) else None
        if found and _headlines(found) >= fewest:
            yield Found(block, "text", found)


def _attempt(text: str, separator: str | None) -> Split | None:
    try:
        return split(text, separator)
    except SplitError:
        return None


def _headlines(found: Split) -> int:
    return sum(1 for slot in found.slots if slot.text)


# HTML


def _parse(page: str, place: str) -> LexborHTMLParser:
    """Parse HTML without what is never shown; refuse nesting that would take a parser minutes."""
    if _is_too_deep(page):
        raise InputError(place, f"HTML nested more than {MAX_DEPTH:,} elements deep; give the strip alone")
    tree = LexborHTMLParser(page)
    tree.strip_tags(_IGNORED)
    return tree


def _is_too_deep(page: str) -> bool:
    """Whether elements may be open beyond the limits, counted by name without parsing."""
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
        if total > MAX_DEPTH or self_closed > MAX_SELF_CLOSED:
            return True
    return False


def _in_html(page: str, place: str, selector: str | None, separator: str | None) -> tuple[Found, ...]:
    tree = _parse(page, place)
    if selector is not None:
        return (_selected(tree, place, selector, separator),)
    named = _named(tree, place, separator)
    if named:
        return named
    root = tree.body
    lines = [line.strip(" ") for line in _render(root).split("\n")] if root else []
    strips = sorted(_strip_lines(lines, separator), key=_rank)
    if not strips and root and (alone := _found(root, separator, place)):
        strips = [alone]
    if not strips:
        raise SplitError(
            place,
            "no ticker stands out on the page; pin its element, or its items, with --selector '.ticker li'",
        )
    return tuple(strips)


def _selected(tree: LexborHTMLParser, place: str, selector: str, separator: str | None) -> Found:
    try:
        nodes = tree.css(selector)
    except SelectolaxError as error:
        raise InputError(place, f"the selector {selector!r} is not CSS: {error}") from None
    if not nodes:
        raise SplitError(place, f"nothing on the page matches the selector {selector!r}; check it there")
    if len(nodes) > MAX_SLOTS:
        raise SplitError(place, f"{len(nodes):,} elements match {selector!r}, more than {MAX_SLOTS:,}")
    if len(nodes) == 1:
        found = _found(nodes[0], separator, place)
        return found or Found(shown := _render(nodes[0]), "text", split(shown, separator, place=place))
    fragment = "<ul>" + "".join(f"<li>{node.inner_html}</li>" for node in nodes) + "</ul>"
    return Found(fragment, "html", resplit(fragment, "html"))


def _named(tree: LexborHTMLParser, place: str, separator: str | None) -> tuple[Found, ...]:
    """The strips in elements that are called as tickers are; of nested ones the surest."""
    named = [
        (name, order, node)
        for order, node in enumerate(tree.css("marquee,[class],[id]"))
        if node.tag not in {"html", "body"} and (name := _name(node)) is not None
    ]
    named.sort(key=itemgetter(0, 1))
    kept: list[Found] = []
    shown: set[str] = set()
    for _, _, node in named[:MAX_CONTAINERS]:
        found = _found(node, separator, place, MAX_CONTAINER)
        texts = {slot.text for slot in found.split.slots if slot.text} if found else set()
        if found and not texts <= shown:
            kept.append(found)
            shown |= texts
    return tuple(kept)


def _name(node: LexborNode) -> int | None:
    """How surely an element is called as tickers are, 0 the surest; None where it is not."""
    if node.tag == "marquee":
        return 0
    attributes = node.attributes
    called = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    return next((rank for rank, pattern in enumerate(_NAMED) if pattern.search(called)), None)


def _found(
    node: LexborNode, separator: str | None, place: str, longest: int = MAX_CHARACTERS
) -> Found | None:
    """The strip in an element: its items, or else its text split by a separator."""
    fragment = node.html or ""
    if len(fragment) > longest:
        return None
    if separator is None and _split_element(node, None, place):
        # Hostile markup does not parse to the same tree twice: what the fragment says is what counts.
        with suppress(SplitError):
            return Found(fragment, "html", resplit(fragment, "html"))
    shown = _render(node)
    found = _attempt(shown, separator)
    return Found(shown, "text", found) if found and _headlines(found) > 1 else None


def _split_element(root: LexborNode, separator: str | None, place: str) -> Split | None:
    """The items of an element as slots; None where it has no repeated elements that hold its text."""
    if separator is not None:
        return split(_render(root), separator, place=place)
    groups: dict[tuple[str, ...], list[LexborNode]] = {}
    for path, node in _paths(root):
        groups.setdefault(path, []).append(node)
    whole = max(1, len(_render(root)))
    best: list[str] = []
    best_count = 0
    for path in sorted(groups, key=len):
        if not 1 < len(groups[path]) <= MAX_SLOTS:
            continue
        texts = _without_clones(groups[path])
        count = sum(map(_is_plausible, texts))
        covered = sum(map(len, texts)) * len(groups[path]) / max(1, len(texts))
        if count > best_count and covered >= _COVERED * whole:
            best, best_count = texts, count
    if not best_count:
        return None
    written = sum(map(bool, best))
    return Split(slots_of(best), None, round(best_count / written, 3))


def _is_plausible(text: str) -> bool:
    return SHORTEST_HEADLINE <= len(text) <= LONGEST_HEADLINE


def _walk(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Every node below `root` as it is entered (True) and, after all below it, left (False).

    Without recursion: a page can be nested deeper than Python's stack.
    """
    node = root.first_child
    while node is not None:
        yield node, True
        if node.first_child is not None:
            node = node.first_child
            continue
        yield node, False
        while node.next is None:
            node = node.parent
            if node is None or node.mem_id == root.mem_id:
                return
            yield node, False
        node = node.next


def _paths(root: LexborNode) -> Iterator[tuple[tuple[str, ...], LexborNode]]:
    """Every element near below `root` with the tags that lead to it, in the order of the page."""
    path: list[str] = []
    for node, entered in _walk(root):
        if not node.is_element_node:
            continue
        if entered:
            path.append(node.tag or "")
            if len(path) <= MAX_ITEM_DEPTH:
                yield tuple(path), node
        else:
            path.pop()


def _without_clones(items: list[LexborNode]) -> list[str]:
    """The texts of items, without the copies that endless scrolling appends."""
    texts = [_item_text(item) for item in items]
    marks = [_is_clone(item) for item in items]
    originals = {text for text, mark in zip(texts, marks, strict=True) if not mark}
    kept = [text for text, mark in zip(texts, marks, strict=True) if not (mark and text in originals)]
    for times in range(len(kept) // 2, 1, -1):
        length, rest = divmod(len(kept), times)
        if not rest and kept == kept[:length] * times:
            return kept[:length] if len(set(kept)) > 1 else kept
    return kept


def _is_clone(item: LexborNode) -> bool:
    """Whether the item, or the list that it is in, is marked as a copy."""
    node: LexborNode | None = item
    for _ in range(2):
        if node is None:
            return False
        attributes = node.attributes
        if attributes.get("aria-hidden") == "true" or _CLONE.search(attributes.get("class") or ""):
            return True
        node = node.parent
    return False


def _item_text(item: LexborNode) -> str:
    """What an item says: its one link where that is a headline (the rest is a time or a label), else all."""
    links = item.css("a")
    if len(links) == 1 and _is_plausible(link := _inline(links[0])):
        return link
    return _inline(item)


def _inline(node: LexborNode) -> str:
    return _SPACES.sub(" ", _render(node)).strip(EDGE)


def _render(root: LexborNode) -> str:
    """The text of an element as shown: blank collapsed, blocks on lines of their own."""
    parts: list[str] = []
    for node, entered in _walk(root):
        if node.is_text_node:
            if entered:
                parts.append(_SPACES.sub(" ", node.text_content or ""))
        elif node.tag in _BLOCKS:
            parts.append("\n")
    return "".join(parts)
