"""Parse HTML, and flatten an element to an outline: its elements and its runs of text, in document order.

All other modules work on the outline. So a page is traversed once, and without recursion, which deep pages would break.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser, LexborNode

from streams.produce.extract.limits import tree_of
from streams.produce.extract.visibility import NO_PLACE, Attributes, is_hidden, is_never_shown
from streams.produce.plain import plain

_DROPPED: Final = ["script", "style", "noscript", "template", "iframe", "head", "select", "textarea"]

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

_MAX_CALLED: Final = 2_000
"""Characters of an element's class and id that are kept."""

_SPACES: Final = re.compile("[ \t\n\r\f]+")
"""What HTML collapses to one space; no-break spaces stay."""
_IN_WORDS: Final = re.compile(r"emoji|smil|icon|flag", re.IGNORECASE)
"""Pictures that stand for a character, and part no headlines as others do: `<img class="emoji">`."""
_PART_OF_WORD: Final = re.compile(
    r"\b(?:hl|highlight(?:ed)?|drop-?cap|initial|letter|keyword|search)\b", re.IGNORECASE
)


class Element(Struct, frozen=True, gc=False):
    """An element of an outline: its parent, its names, and its runs of text."""

    tag: str
    called: str
    """Its class and id."""
    href: str | None
    parent: int
    """The number of its parent; -1 is the root."""
    depth: int
    """1 for the root's children."""
    path: int
    """A number that is equal for all elements with the same tags on the path from the root."""
    aside: bool
    """Whether it is hidden from screen readers, as copies for endless scrolling are."""
    rank: int
    """How many siblings of the same tag and class stand before it."""
    whole: tuple[str, ...] = ()
    """What its attributes say that can have a headline in full."""


class Run(Struct, frozen=True, gc=False):
    """Text without markup: its element, and the gap between the previous run and this one."""

    text: str
    element: int
    gap: str
    """Nothing, a space, or a line break."""
    touches: bool = False
    """Whether it touches the run before though it is another word: `<em>Sport</em>Ferry`."""
    seam: bool = False
    """Whether only what nobody sees is between it and the run before: a comment, a script, something hidden."""


def text_of(runs: Sequence[Run]) -> str:
    """The text of runs as shown, blocks on lines of their own."""
    return runs[0].text + "".join([run.gap + run.text for run in runs[1:]]) if runs else ""


class Outline(Struct, frozen=True):
    """An element laid out: `starts[n]` and `ends[n]` bound the runs of element n."""

    elements: list[Element]
    runs: list[Run]
    starts: list[int]
    ends: list[int]

    def text(self, start: int = 0, end: int | None = None) -> str:
        """The text of runs as shown, blocks on lines of their own."""
        return text_of(self.runs[start:end])

    def inside(self, number: int) -> str:
        """The text of an element."""
        return self.text(self.starts[number], self.ends[number])


def parse(page: str, place: str) -> LexborHTMLParser:
    """Parse HTML, and remove what is never shown; of a drawing an element without text stays, as an icon is one.

    Raises:
        InputError: The page exceeds the limits of the parser.
    """
    tree = tree_of(page, place)
    tree.strip_tags(_DROPPED)
    for drawing in reversed(tree.css("svg")):  # those inside others first, for they go with these
        for part in list(drawing.iter(include_text=True)):
            part.decompose()
    return tree


def outline(root: LexborNode) -> Outline:
    """The outline of an element, without hidden elements, menus and forms."""
    drawn = _Drawn()
    _read(root, drawn)
    return Outline(drawn.elements, drawn.runs, drawn.starts, drawn.ends)


def lines_of(root: LexborNode) -> list[str]:
    """The lines of an element's outline, without making the outline, in a third of the time."""
    told = _Told()
    _read(root, told)
    return "".join([run.gap + run.text for run in told.runs]).split("\n")


_TEXT: Final = "-text"
"""What the parser calls a run of text."""


def _read(root: LexborNode, told: "_Told") -> None:
    """Report every shown element and text below `root` to `told`, in document order."""
    turns: dict[tuple[int, str], bool] = {}
    top = root.mem_id
    enter, leave, write = told.enter, told.leave, told.write
    node = root.first_child
    while node is not None:
        tag = node.tag or ""
        if tag == _TEXT:
            write(node.text_content or "")
        elif node.is_element_node and tag not in NO_PLACE:
            attributes = node.attributes
            called = ""
            if attributes:
                called = attributes.get("class") or ""
                if identity := attributes.get("id"):
                    called = f"{called} {identity}"
            if not (attributes and _is_passed_over(node, tag, attributes, turns)):
                enter(tag, called[:_MAX_CALLED] if called else called, attributes)
                if (child := node.first_child) is not None:
                    node = child
                    continue
                leave()
        while (following := node.next) is None:
            above = node.parent
            if above is None or above.mem_id == top:
                return
            node = above
            leave()
        node = following


_Kind = Literal["block", "word", "formatting", "nothing"]
"""How an element parts the texts around it: a line of its own, another word, the same word perhaps, or not at all."""


@lru_cache(maxsize=1 << 12)
def _kind_of(tag: str, called: str) -> _Kind:
    if tag in BLOCKS or (tag == "img" and not _IN_WORDS.search(called)):
        return "block"
    if tag in _NOTHING:
        return "nothing"
    return "formatting" if tag in FORMATTING or _PART_OF_WORD.search(called) else "word"


_SEPARATES: Final = frozenset("•|·●◆■★✦►▶❖│¦‖◇○▪▸※♦")
"""Symbols that are no part of the words beside them where each stands in an element of its own: `A<b>•</b>B`."""


def _is_spaced_out(text: str) -> bool:
    """Whether HTML shows a text with less white space than it has; five searches by C are faster than a pattern."""
    return "\n" in text or "  " in text or "\t" in text or "\r" in text or "\f" in text


class _Told:
    """Collects the runs of text of an element."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self._around: list[_Kind] = []
        self._gap = ""
        self._closed = False
        self._after_text = False

    def enter(self, tag: str, called: str, attributes: Attributes) -> None:  # noqa: ARG002 (outlines read them)
        kind = _kind_of(tag, called)
        self._around.append(kind)
        self._after_text = False
        if kind == "block":
            self._gap = "\n"
        elif not self._gap and (kind == "word" or (kind == "formatting" and self._closed)):
            self._gap = " "
        self._closed = False

    def leave(self) -> None:
        kind = self._around.pop()
        if kind == "block":
            self._gap = "\n"
        elif kind == "word" and not self._gap:
            self._gap = " "
        self._closed = kind != "nothing"
        self._after_text = False

    def write(self, content: str) -> None:
        if "&" in content and "<" not in content:
            content = plain(content)  # escaped twice: `[&amp;#8230;]` is no number in brackets
        text = _SPACES.sub(" ", content) if _is_spaced_out(content) else content
        shown = text.strip(" ")
        if not shown:
            if text and not self._gap:
                self._gap = " "
            return
        if text[0] == " " and not self._gap:
            self._gap = " "
        touches = False
        if not self.runs:
            self._gap = ""
        elif not self._gap:
            before = self.runs[-1].text
            touches = self._closed and _are_two_words(before, shown)
            if touches or shown in _SEPARATES or before in _SEPARATES:
                self._gap = " "
        self.runs.append(Run(shown, self._inside(), self._gap, touches, self._after_text))
        self._after_text = True
        self._gap = " " if text[-1] == " " else ""
        self._closed = False

    def _inside(self) -> int:
        """The number of the element that is read; -1 is the root, or all where none is numbered."""
        return -1


class _Drawn(_Told):
    """Collects an outline."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self._open: list[int] = []
        self._paths: dict[tuple[int, str], int] = {}
        self._ranks: dict[tuple[int, str, str], int] = {}

    def enter(self, tag: str, called: str, attributes: Attributes) -> None:
        super().enter(tag, called, attributes)
        parent = self._open[-1] if self._open else -1
        above = self.elements[parent].path if parent >= 0 else -1
        sibling = (parent, tag, attributes.get("class") or "")
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
                _whole(attributes) if attributes else (),
            )
        )
        self.starts.append(len(self.runs))
        self.ends.append(len(self.runs))
        self._open.append(number)

    def leave(self) -> None:
        self.ends[self._open.pop()] = len(self.runs)
        super().leave()

    def _inside(self) -> int:
        return self._open[-1] if self._open else -1


_IN_FULL: Final = (
    "title", "aria-label", "data-title", "data-full", "data-full-title", "data-fulltitle", "data-headline",
    "data-text", "data-original-title", "data-tooltip",
)  # fmt: skip
"""Attributes in which sites keep a headline that they show cut short."""


def _whole(attributes: Attributes) -> tuple[str, ...]:
    return tuple([value for name in _IN_FULL if name in attributes and (value := attributes[name])])


def _are_two_words(before: str, after: str) -> bool:
    """Whether text that touches at a tag is two words all the same: `SportFerry`, `14:00Ferry`, `LIVEFerry`."""
    last, first = before[-1], after[0]
    return (
        (last.islower() and first.isupper())
        or (last.isdigit() and first.isalpha())
        or (last in ":،؛;" and first.isalnum())
        or (len(before) > 1 and before.isupper() and _CAPITALIZED.match(after) is not None)
    )


_CAPITALIZED: Final = re.compile(r"[\"'“‘«(]?[^\W\d_a-z][a-zà-ÿ]")
"""A word with a capital, as it stands behind a tag in capitals: `VIDEOFerry`."""


def _is_passed_over(
    node: LexborNode, tag: str, attributes: Attributes, turns: dict[tuple[int, str], bool]
) -> bool:
    """Whether a node is not for readers.

    A hidden item is for them where one like it beside it is shown: a script shows them in turn. `turns` remembers
    that of each parent and tag.
    """
    if "role" in attributes and is_never_shown(tag, attributes):
        return True
    if not is_hidden(attributes):
        return False
    parent = node.parent
    if parent is None or tag in FORMATTING or tag == "span":
        return True
    key = parent.mem_id, tag
    if key not in turns:
        turns[key] = any(
            child.tag == tag and not is_hidden(child.attributes) for child in parent.iter(include_text=False)
        )
    return not turns[key]
