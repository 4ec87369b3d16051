"""The elements of a page that could be its strip, their rank, and the reasons why others are rejected.

An element is a candidate by its name, or by a label next to it. The texts of its slots decide: a ticker of prices is
not a strip, whatever its name. If two candidates have nearly the same score, the page is refused instead of guessed.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Final

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser, LexborNode

from streams.errors import SplitError
from streams.produce.extract.found import Found, headlines_in, in_element
from streams.produce.extract.names import (
    BREAKING,
    LATEST,
    is_place_of_others,
    is_place_of_sayings,
    likeness,
    part,
    unaccented,
)
from streams.produce.extract.reading import HEADLINES, PROSE, holds_headline, kind_of, read
from streams.produce.extract.visibility import NO_PLACE, is_hidden, is_never_shown
from streams.produce.labels import announces_sayings, is_label, is_of_popular, is_of_sayings, is_urgent

MAX_CONTAINERS: Final = 30
"""The most elements with a ticker's name that are examined, most certain names first."""

MAX_CONTAINER: Final = 262_144
"""Characters of HTML beyond which an element is not a ticker, whatever its name."""

MAX_LOOKED_INTO: Final = 1_048_576
"""The most characters of HTML of all examined elements together."""

_SINGLE: Final = -0.5
"""Added to the score of a single headline, which is less certainly a ticker than a list."""

ALIKE: Final = 0.25
"""If the scores of two strips differ by less than this, the page is refused instead of guessed."""

_FEWEST_ITEMS: Final = 3
"""So many siblings of one ticker's name are taken for items, and the element that holds them for the ticker."""

_MAX_APART: Final = 3
"""How far above the items of a ticker the element that holds them all can be."""

MOST_AROUND: Final = 2
"""How many times longer than its headlines the text of an element is whose name and label are a strip's."""

_Key = tuple[int, str, str]
"""Where an element hangs, its tag and its class."""

_CALLED: Final = (
    "marquee,[class],[id],[role],[aria-label],[data-testid],[data-component],[data-module],[data-widget]"
)
_NAMES: Final = ("class", "id", "data-testid", "data-component", "data-module", "data-widget")
_OTHER_NAMES: Final = frozenset(_NAMES[1:])
_OWN_TAG: Final = re.compile(r"<([a-z][a-z0-9]*-[a-z0-9-]*)", re.IGNORECASE)
_MAX_OWN_TAGS: Final = 100
_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_MOST_EXAMPLE: Final = 40


class Rival(Struct, frozen=True):
    """An element that could be the page's strip: the strip in it, its score, and why it is accepted or rejected."""

    element: str
    """The element as a selector: `div.news-ticker`."""
    found: Found | None
    """None if the element was rejected."""
    score: float
    why: str


def named(tree: LexborHTMLParser, page: str, address: str | None, separator: str | None) -> list[Rival]:
    """The elements with a ticker's name: strips before rejected ones, best score first."""
    rivals: list[Rival] = []
    looked_into = 0
    shown: set[str] = set()
    for sure, _, node in _containers(tree, page)[:MAX_CONTAINERS]:
        rival = _place(node, sure) or _judge(node, sure, address, separator)
        looked_into += len(node.html or "")
        if rival.found is not None:
            texts = set(headlines_in(rival.found.split))
            if texts <= shown:
                continue
            shown |= texts
        rivals.append(rival)
        if looked_into > MAX_LOOKED_INTO:
            break
    return sorted(rivals, key=lambda rival: (rival.found is None, -rival.score))


def _containers(tree: LexborHTMLParser, page: str) -> list[tuple[float, int, LexborNode]]:
    """Elements with a ticker's name, the surest first; where items have that name, the element that holds them."""
    tags = {tag.lower() for tag in _OWN_TAG.findall(page)}
    own = sorted(tag for tag in tags if likeness(tag) > 0)[:_MAX_OWN_TAGS]
    named_nodes: list[tuple[float, LexborNode, list[tuple[LexborNode, _Key]]]] = []
    # An element is found once, whichever of these it has: a list of selectors finds it once for each.
    for node in tree.css(f":is({','.join([_CALLED, *own])})"):
        tag = node.tag or ""
        if tag in {"html", "body"}:
            continue
        sure = _sureness(node, tag)
        if sure:
            named_nodes.append((sure, node, _holders(node, tag, sure)))
    alike = Counter(key for _, _, holders in named_nodes for _, key in holders)
    containers: dict[int, tuple[float, int, LexborNode]] = {}
    for order, (sure, node, holders) in enumerate(named_nodes):
        holder = next((above for above, key in holders if alike[key] >= _FEWEST_ITEMS), node)
        if holder.tag not in {"html", "body"}:
            before = containers.get(holder.mem_id)
            if before is None or before[0] < sure:
                containers[holder.mem_id] = (sure, order, holder)
    return sorted(containers.values(), key=lambda item: (-item[0], item[1]))


def _holders(node: LexborNode, tag: str, sure: float) -> list[tuple[LexborNode, _Key]]:
    """What could hold an element with others of its name, the nearest first.

    That is its parent; and what is further up where it is surely a ticker's item, a headline in a slide of its own. A
    badge that says no more than "Breaking" on the cards of a page is none.
    """
    called = node.attributes.get("class") or ""
    apart = sure > LATEST and holds_headline((node.text(deep=True) or "").strip())
    holders: list[tuple[LexborNode, _Key]] = []
    above = node.parent
    while above is not None and len(holders) < (_MAX_APART if apart else 1):
        holders.append((above, (above.mem_id, tag, called)))
        above = above.parent
    return holders


def _sureness(node: LexborNode, tag: str) -> float:
    """The evidence of an element's names that it is a ticker, as by `likeness`."""
    attributes = node.attributes
    called = attributes.get("class") or ""
    if not (len(attributes) == 1 and called) and not _OTHER_NAMES.isdisjoint(attributes):
        called = " ".join([value for name in _NAMES if (value := attributes.get(name))])
    if tag == "marquee" or attributes.get("role") == "marquee":
        called = f"ticker {called}"
    elif "-" in tag:
        called = f"{tag} {called}"
    sure = likeness(called) if called else 0.0
    label = attributes.get("aria-label")
    if not label or not is_label(label) or (sure < 0 and not (tag in NO_PLACE and is_urgent(label))):
        return sure
    return max(sure, LATEST, likeness("-".join(unaccented(label).split())))


def _place(node: LexborNode, sure: float) -> Rival | None:
    """Why an element is rejected by its name or its place in the page; None if it is not."""
    why = "its name is that of something else" if sure < 0 else _unfit_place(node, sure)
    return Rival(described(node), None, sure, why) if why else None


def _unfit_place(node: LexborNode, sure: float) -> str | None:
    """Why a place holds no strip. Themes give the bar of a ticker the role of a menu: its own name is surer."""
    above: LexborNode | None = node
    while above is not None and above.tag not in {"body", "html", None}:
        named_otherwise = above is not node and _is_called_otherwise(above)
        form = above.tag == "form" and not _is_page(above)
        named_so = above is node and above.tag in _NAMED_BARS and sure >= BREAKING
        menu = not named_so and is_never_shown(above.tag or "", above.attributes)
        if menu and sure >= BREAKING and above.attributes.get("role") == "navigation":
            menu = above.tag in NO_PLACE
        if menu or named_otherwise or form:
            return f"it stands in {described(above)}: a menu, footer, dialog or form"
        if is_hidden(above.attributes):
            return "it is hidden"
        above = above.parent
    return "it holds the whole page" if _holds_page(node) else None


_NAMED_BARS: Final = frozenset({"nav", "footer"})
"""Tags of menus that are a strip where their own name is that of one."""


def _is_called_otherwise(node: LexborNode) -> bool:
    """Whether an element is called as what holds no strip, or as a ticker of something else: `product-marquee`."""
    called = node.attributes.get("class") or ""
    return is_place_of_others(called) or likeness(called) < 0


def _holds_page(node: LexborNode) -> bool:
    """Whether an element holds the page's main part, its title, or a menu and a footer or sidebar.

    A strip can have each headline in an `h1`.
    """
    if node.css_first("main") is not None or 0 < len(node.css("h1")) < _FEWEST_ITEMS:
        return True
    return node.css_first("nav") is not None and node.css_first("footer,aside") is not None


def _is_page(form: LexborNode) -> bool:
    """Whether a form is drawn around the whole page, as ASP.NET does."""
    parent = form.parent
    return parent is not None and 2 * len(form.html or "") >= len(parent.html or "")


def _judge(node: LexborNode, sure: float, address: str | None, separator: str | None) -> Rival:
    """Extract the strip of an element, and judge how its texts read."""
    called = described(node)
    found = in_element(node, address, separator, longest=MAX_CONTAINER, alone=sure >= BREAKING)
    if found is None:
        return Rival(called, None, sure, "nothing in it repeats, no separator stands out")
    texts = headlines_in(found.split)
    if announces_sayings(texts[0]) or stands_in_others(node, 0, MOST_AROUND * sum(map(len, texts))):
        return Rival(called, None, sure, "its label or name says that it is no news")
    if 2 * len(node.css("blockquote")) >= len(texts):
        return Rival(called, None, sure, "its slots are quotations")
    reading = read(texts)
    if reading.headlines < _least(sure, len(texts)):
        return Rival(called, None, sure, f"its slots are {reading.mostly}: {texts[0][:_MOST_EXAMPLE]!r}")
    listed = 0.3 * math.log2(min(len(texts), 8)) if len(texts) > 1 else _SINGLE
    score = round(sure + 2 * reading.headlines + listed, 2)
    return Rival(
        called, found, score, f"name {sure:.1f}, {reading.headlines:.0%} headlines, {len(texts)} slots"
    )


def stands_in_others(node: LexborNode, root: int, longest: int) -> bool:
    """Whether a node is, or is in, an element that is named or labelled as what is no news.

    Elements are looked at as far as they have no more than so many characters.
    """
    above: LexborNode | None = node
    while above is not None and above.mem_id != root and above.tag not in {"body", "html"}:
        if above.is_element_node:
            if len(above.text(deep=True) or "") > longest:
                return False
            called = " ".join([value for name in _NAMES if (value := above.attributes.get(name))])
            if (
                _sureness(above, above.tag or "") < 0
                or is_place_of_sayings(called)
                or _is_labelled_sayings(above)
            ):
                return True
        above = above.parent
    return False


def _is_labelled_sayings(node: LexborNode) -> bool:
    """Whether the label of proverbs, prayers and the like stands first in an element, or alone before it."""
    before = node.prev
    while before is not None and not (before.is_element_node and before.tag not in NO_PLACE):
        before = before.prev
    beside = (before.text(deep=True) or "").strip() if before is not None else ""
    first = next((text for run in node.traverse(include_text=True) if (text := _text_of(run))), "")
    return is_of_sayings(first.rstrip(" :")) or is_of_sayings(beside.rstrip(" :"))


def _text_of(run: LexborNode) -> str:
    return (run.text_content or "").strip() if run.is_text_node else ""


def _least(sure: float, slots: int) -> float:
    """The share of an element's slots that must read like headlines: more where its name says less, all of two."""
    if sure >= BREAKING:
        return _MOST_OF_PAIR if slots == _PAIR else HEADLINES
    return 1.0 if slots == _PAIR else _MORE_HEADLINES


_PAIR: Final = 2
_MOST_OF_PAIR: Final = 0.7
"""A headline and a short one; one headline and something else is no strip of two."""
_MORE_HEADLINES: Final = 0.55


def labelled(body: LexborNode, address: str | None, separator: str | None) -> list[Rival]:
    """The elements in which a label stands before headlines: `Breaking News`, `عاجل`."""
    rivals: list[Rival] = []
    cards: Counter[tuple[str, str]] = Counter()
    judged = 0
    for label in _labels(body):
        node = _beside(label, body)
        if node is None:
            continue
        alike = node.tag or "", node.attributes.get("class") or ""
        if cards[alike] == _MOST_CARDS or not _names_strip(label, node, body):
            continue
        if judged == MAX_CONTAINERS:
            break
        judged += 1
        rival = _judge(node, LATEST, address, separator)
        # A badge on a card stands before one headline, and the summary below it.
        if (
            rival.found is None
            or _holds_page(node)
            or sum(1 for text in headlines_in(rival.found.split) if kind_of(text) not in PROSE)
            < _FEWEST_BESIDE
        ):
            cards[alike] += 1
        else:
            rivals.append(rival)
    return sorted(rivals, key=lambda rival: -rival.score)


_FEWEST_BESIDE: Final = 2
_MOST_CARDS: Final = 4
"""So many elements of one tag and class that hold a label and no strip are cards: the others are, too."""
_UP: Final = 3
"""How many elements around a label are tried as the strip that it names."""


def _labels(body: LexborNode) -> Iterator[LexborNode]:
    """The runs of text that are a label, and the pictures of an urgent one: others may be a site's name."""
    for run in body.traverse(include_text=True):
        if (
            run.is_text_node
            and is_label(text := (run.text_content or "").strip())
            and not is_of_popular(text)
        ):
            yield run
    for picture in body.css(_PICTURES):
        if is_urgent((picture.attributes.get("alt") or "").strip()):
            yield picture


_PICTURES: Final = ",".join(
    f'img[alt*="{word}" i]' for word in ("عاجل", "breaking", "urgent", "alert", "flash")
)
"""Pictures of which some are an urgent label; the parser finds them a hundred times faster than a look at each."""


def _beside(label: LexborNode, body: LexborNode) -> LexborNode | None:
    """The nearest element that holds a label and more."""
    fewest = 1 if label.tag == "img" else 2
    around = islice(_upward(label, body.mem_id), _UP)
    return next((above for above in around if _holds(above, fewest)), None)


def _names_strip(label: LexborNode, node: LexborNode, body: LexborNode) -> bool:
    """Whether a label in an element is seen, and none of a menu, or of a heading, which names a part of the page.

    A heading that says `Breaking` names a strip where no pictures or paragraphs stand beside its headlines.
    """
    for above in _upward(label, body.mem_id):
        if _is_unseen(above) or _is_called_otherwise(above):
            return False
        if above.tag in _HEADINGS and not (
            is_urgent((label.text_content or "").strip()) and node.css_first(_OF_CARDS) is None
        ):
            return False
    return True


_OF_CARDS: Final = "img,p,picture,figure,h1,h2"
"""What a list of cards has beside their headlines."""


def _upward(node: LexborNode, root: int) -> Iterator[LexborNode]:
    above = node.parent
    while above is not None and above.mem_id != root:
        yield above
        above = above.parent


def _is_unseen(node: LexborNode) -> bool:
    attributes = node.attributes
    return is_never_shown(node.tag or "", attributes) or is_hidden(attributes)


def _holds(node: LexborNode, fewest: int) -> bool:
    """Whether an element holds so many runs of text that are seen."""
    told = 0
    for run in node.traverse(include_text=True):
        if run.is_text_node and (run.text_content or "").strip() and not _is_for_screen_readers(run.parent):
            told += 1
            if told == fewest:
                return True
    return False


def _is_for_screen_readers(node: LexborNode | None) -> bool:
    called = node.attributes.get("class") if node is not None else None
    return bool(called) and part("", called or "") == "unseen"


def surest(rivals: list[Rival], place: str) -> tuple[Found, ...]:
    """The strips of rivals, best score first.

    Raises:
        SplitError: Two strips with different headlines have nearly the same score.
    """
    strips = [rival for rival in rivals if rival.found is not None]
    if len(strips) > 1:
        first, second = strips[:2]
        if first.score - second.score < ALIKE and _are_rivals(first, second):
            raise SplitError(
                place,
                f"two lists could be the strip, {_quoted(first)} and {_quoted(second)}; pin one with "
                f"--selector {first.element!r}",
            )
    return tuple(rival.found for rival in strips if rival.found is not None)


def _are_rivals(first: Rival, second: Rival) -> bool:
    """Whether two strips compete: both are lists or both single headlines, and they share no headline."""
    assert first.found
    assert second.found
    one, other = headlines_in(first.found.split), headlines_in(second.found.split)
    return (len(one) > 1) == (len(other) > 1) and set(one).isdisjoint(other)


def _quoted(rival: Rival) -> str:
    assert rival.found
    return f"{rival.element} ({headlines_in(rival.found.split)[0][:_MOST_EXAMPLE]!r} …)"


def described(node: LexborNode) -> str:
    """An element as a selector."""
    attributes = node.attributes
    if identity := attributes.get("id"):
        return f"{node.tag}#{identity}"
    classes = (attributes.get("class") or "").split()
    return ".".join([node.tag or "", *classes[:2]])
