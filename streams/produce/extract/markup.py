"""Parse HTML within limits, and lay an element out flat: its elements and its runs of text, in order.

Everything else works on that outline, so that a page is walked once and never deeper than Python's stack.
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser, LexborNode

from streams.errors import InputError
from streams.produce.extract.visibility import is_hidden, is_never_shown
from streams.produce.plain import plain

MAX_DEPTH: Final = 5_000
"""Elements open inside each other: at 20,000 the parser takes half a second, at 200,000 two minutes."""

MAX_SELF_CLOSED: Final = 20_000
"""Elements like `<path/>` inside SVG drawings, which a parser may take for open ones."""

_TAG: Final = re.compile(r"""<(/?)([a-z][a-z0-9-]*+)((?:[^<>"']|"[^"]*+"|'[^']*+')*+)>""", re.IGNORECASE)
_NEVER_DEEP: Final = frozenset(
    {
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source",
        "track", "wbr", "p", "li", "dt", "dd", "option", "tr", "td", "th",
    }
)  # fmt: skip
"""Elements without content, or closed by the next of their kind."""

_DROPPED: Final = ["script", "style", "noscript", "template", "iframe", "svg", "head", "select", "textarea"]

BLOCKS: Final = frozenset(
    {
        "address", "article", "aside", "blockquote", "br", "dd", "details", "div", "dl", "dt",
        "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr",
        "li", "main", "marquee", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "tbody",
        "td", "th", "tr", "ul",
    }
)  # fmt: skip
FORMATTING: Final = frozenset(
    {
        "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "del", "em", "font", "i", "ins", "mark",
        "q", "s", "strike", "strong", "sub", "sup", "tt", "u", "var",
    }
)  # fmt: skip
"""Elements that dress words of a text; their neighbours belong to the same sentence."""
_NOTHING: Final = frozenset({"wbr"})

_SPACES: Final = re.compile("[ \t\n\r\f]+")
"""What HTML collapses to one space; no-break spaces stay."""
_PART_OF_WORD: Final = re.compile(
    r"\b(?:hl|highlight(?:ed)?|drop-?cap|initial|letter|keyword|search)\b", re.IGNORECASE
)


class Element(Struct, frozen=True, gc=False):
    """An element of an outline: where it hangs, what it is called, and which runs of text are in it."""

    tag: str
    called: str
    """Its class and id."""
    href: str | None
    parent: int
    """The number of the element around it; -1 is the root."""
    depth: int
    """1 for the root's children."""
    path: int
    """The same number for all elements to which the same tags lead."""
    aside: bool
    """Whether it is hidden from screen readers, as copies for endless scrolling are."""
    rank: int
    """How many siblings of the same tag and class stand before it."""


class Run(Struct, frozen=True, gc=False):
    """Text without markup in it: the element it stands in, and what parts it from the run before."""

    text: str
    element: int
    gap: str
    """Nothing, a space, or a line break."""
    touches: bool = False
    """Whether it touches the run before though it is another word: `<em>Sport</em>Ferry`."""


class Outline(Struct, frozen=True):
    """An element laid out: `starts[n]` and `ends[n]` bound the runs of element n."""

    elements: list[Element]
    runs: list[Run]
    starts: list[int]
    ends: list[int]
    nodes: list[LexborNode]

    def text(self, start: int = 0, end: int | None = None) -> str:
        """The text of runs as shown, blocks on lines of their own."""
        runs = self.runs[start:end]
        return runs[0].text + "".join([run.gap + run.text for run in runs[1:]]) if runs else ""

    def inside(self, number: int) -> str:
        """The text of an element."""
        return self.text(self.starts[number], self.ends[number])


def parse(page: str, place: str) -> LexborHTMLParser:
    """Parse HTML without what is never shown; refuse nesting that would take a parser minutes.

    Raises:
        InputError: Elements are nested too deeply.
    """
    if _is_too_deep(page):
        raise InputError(place, f"HTML nested more than {MAX_DEPTH:,} elements deep; give the strip alone")
    tree = LexborHTMLParser(page)
    tree.strip_tags(_DROPPED)
    return tree


def _is_too_deep(page: str) -> bool:
    """Whether elements may be open beyond the limits, counted by name without parsing."""
    if page.count("<") - page.count("</") <= MAX_DEPTH:
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
        if total > MAX_DEPTH or self_closed > MAX_SELF_CLOSED:
            return True
    return False


def outline(root: LexborNode) -> Outline:
    """Lay out what is shown of an element; what is hidden in it stays out, and so do its menus and forms."""
    drawn = _Drawn()
    for node, entered in _walk(root):
        if node.is_text_node:
            if entered:
                drawn.write(node.text_content or "")
        elif entered:
            drawn.enter(node)
        else:
            drawn.leave(node.tag or "")
    return Outline(drawn.elements, drawn.runs, drawn.starts, drawn.ends, drawn.nodes)


class _Drawn:
    """An outline while it is drawn."""

    def __init__(self) -> None:
        self.elements: list[Element] = []
        self.runs: list[Run] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.nodes: list[LexborNode] = []
        self._open: list[int] = []
        self._paths: dict[tuple[int, str], int] = {}
        self._ranks: dict[tuple[int, str, str], int] = {}
        self._gap = ""
        self._closed = False

    def enter(self, node: LexborNode) -> None:
        tag = node.tag or ""
        attributes = node.attributes
        parent = self._open[-1] if self._open else -1
        above = self.elements[parent].path if parent >= 0 else -1
        called = attributes.get("class") or ""
        sibling = (parent, tag, called)
        if identity := attributes.get("id"):
            called = f"{called} {identity}"
        rank = self._ranks.get(sibling, 0)
        self._ranks[sibling] = rank + 1
        number = len(self.elements)
        self.elements.append(
            Element(
                tag,
                called,
                attributes.get("href") if tag == "a" else None,
                parent,
                len(self._open) + 1,
                self._paths.setdefault((above, tag), len(self._paths)),
                attributes.get("aria-hidden") == "true",
                rank,
            )
        )
        self.nodes.append(node)
        self.starts.append(len(self.runs))
        self.ends.append(len(self.runs))
        self._open.append(number)
        self._part(tag, called, opening=True)

    def leave(self, tag: str) -> None:
        number = self._open.pop()
        self.ends[number] = len(self.runs)
        self._part(tag, self.elements[number].called, opening=False)

    def write(self, content: str) -> None:
        if "&" in content and "<" not in content:
            content = plain(content)  # escaped twice: `[&amp;#8230;]` is no number in brackets
        text = _SPACES.sub(" ", content)
        shown = text.strip(" ")
        if not shown:
            if text and not self._gap:
                self._gap = " "
            return
        if text[0] == " " and not self._gap:
            self._gap = " "
        touches = bool(
            not self._gap and self.runs and _are_two_words(self.runs[-1].text, shown, parted=self._closed)
        )
        if touches:
            self._gap = " "
        inside = self._open[-1] if self._open else -1
        self.runs.append(Run(shown, inside, self._gap if self.runs else "", touches))
        self._gap = " " if text[-1] == " " else ""
        self._closed = False

    def _part(self, tag: str, called: str, *, opening: bool) -> None:
        """Set the gap that a tag puts before the next text: a line break for blocks, a space between other elements."""
        if tag in BLOCKS:
            self._gap = "\n"
        elif tag in _NOTHING or self._gap:
            pass
        elif tag in FORMATTING or (called and _PART_OF_WORD.search(called)):
            if opening and self._closed:
                self._gap = " "
        else:
            self._gap = " "
        self._closed = not opening and tag not in _NOTHING


def _are_two_words(before: str, after: str, *, parted: bool) -> bool:
    """Whether text that touches at a tag is two words all the same: `SportFerry`, `14:00Ferry`, `LIVEFerry`."""
    if not parted:
        return False
    last, first = before[-1], after[0]
    return (
        (last.islower() and first.isupper())
        or (last.isdigit() and first.isalpha())
        or (last in ":،؛;" and first.isalnum())
        or (len(before) > 1 and before.isupper() and _CAPITALIZED.match(after) is not None)
    )


_CAPITALIZED: Final = re.compile(r"[\"'“‘«(]?[^\W\d_a-z][a-zà-ÿ]")
"""A word with a capital, as it stands behind a tag in capitals: `VIDEOFerry`."""


def _walk(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Every node shown below `root` as it is entered (True) and, after all below it, left (False)."""
    turns: dict[tuple[int, str], bool] = {}
    node = root.first_child
    while node is not None:
        if not (node.is_element_node and _is_passed_over(node, turns)):
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


def _is_passed_over(node: LexborNode, turns: dict[tuple[int, str], bool]) -> bool:
    """Whether a node is not for readers.

    A hidden item is for them where one like it beside it is shown: a script shows them in turn. `turns` remembers
    that of each parent and tag.
    """
    if is_never_shown(node):
        return True
    if not is_hidden(node):
        return False
    parent, tag = node.parent, node.tag or ""
    if parent is None or tag in FORMATTING or tag == "span":
        return True
    key = parent.mem_id, tag
    if key not in turns:
        turns[key] = any(
            child.tag == tag and not is_hidden(child) for child in parent.iter(include_text=False)
        )
    return not turns[key]
