"""Read an item of a strip in cells: texts that stand at one place of its markup.

Words that formatting parts are one cell; an element of its own is another, and so is a bold clock or label at an end.
"""

from collections import Counter
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from streams.produce.extract.markup import FORMATTING, Outline
from streams.produce.extract.names import Part, part
from streams.produce.furniture import is_furniture
from streams.produce.labels import is_label
from streams.produce.separators import EDGE

WHOLE: Final = -1
"""In place of an item's number: all of the outline is the item."""

ASIDE: Final[frozenset[Part | None]] = frozenset(
    {"time", "section", "byline", "counter", "summary", "call", "unseen", "icon"}
)
"""Parts of an item that are no headline by their names."""

_INLINE: Final = FORMATTING | {"span", "a", "small", "label", "time", "wbr"}
_RANKS: Final = 3
"""Siblings of one tag and class whose places are told apart."""
_MAX_CLIMB: Final = 64
"""Elements around a text that are looked at: an item is not built deeper."""
_BOLD: Final = "bold"
_MOST_GLUED: Final = 3
"""Words of the longest section that stands before a headline."""


class Cell(Struct, frozen=True):
    """Text at one place of an item: runs that only formatting parts."""

    text: str
    place: tuple[str, ...]
    """The same for cells at the same place of other items: tags, classes and ranks down to the element."""
    parts: frozenset[Part | None]
    """What the elements around it are called as."""
    link: int | None
    """The number of the link around it."""
    block: int
    """The number of the block around it; the item's where only inline elements are between."""
    mixed: bool
    """Whether it is a word or more of a sentence: an inline element between texts."""
    gap: str
    """What parts it from the cell before."""


def cells_of(drawn: Outline, item: int) -> list[Cell]:
    """The cells of an item in the order of the page."""
    start, end = (0, len(drawn.runs)) if item == WHOLE else (drawn.starts[item], drawn.ends[item])
    talking = {run.element for run in drawn.runs[start:end]}
    owners = [_owner(drawn, run.element, item, talking) for run in drawn.runs[start:end]]
    cells: list[Cell] = []
    places: Counter[tuple[str, ...]] = Counter()
    first = 0
    while first < len(owners):
        last = first + 1
        while last < len(owners) and owners[last] == owners[first] and drawn.runs[start + last].gap != "\n":
            last += 1
        for begin, stop, bold in _parted(drawn, owners[first], start + first, start + last):
            cell = _cell(drawn, item, owners[first], (begin, stop), talking, bold=bold)
            cells.append(replace(cell, place=(*cell.place, f"text {min(places[cell.place], _RANKS)}")))
            places[cell.place] += 1
        first = last
    return cells


def _owner(drawn: Outline, number: int, item: int, talking: set[int]) -> int:
    """The element that a run stands in, formatting left out: `<a><b>x</b> y</a>` is all the link's.

    Where the element around has no text but in formatting, as in `<a><b>x</b><i>y</i></a>`, each is its own.
    """
    for _ in range(_MAX_CLIMB):
        if number in {item, WHOLE}:
            break
        element = drawn.elements[number]
        formatting = element.tag in FORMATTING and element.parent in talking
        if not formatting or part(element.tag, element.called) in ASIDE:
            break
        number = element.parent
    return number


def _parted(drawn: Outline, owner: int, start: int, end: int) -> list[tuple[int, int, bool]]:
    """Cut the runs of one owner where bold clocks and labels stand at their ends.

    Each piece is its first run, the one after its last, and whether it is such a clock or label.
    """
    first, last = start, end
    while last - first > 1 and _stands_apart(drawn, owner, first):
        first += 1
    while (
        last - first > 1 and _stands_apart(drawn, owner, last - 1) and not is_label(drawn.runs[last - 1].text)
    ):
        last -= 1
    before = [(run, run + 1, True) for run in range(start, first)]
    after = [(run, run + 1, True) for run in range(last, end)]
    return [*before, (first, last, False), *after]


def _stands_apart(drawn: Outline, owner: int, run: int) -> bool:
    if drawn.runs[run].element == owner:
        return False
    return is_furniture(drawn.runs[run].text) or _is_glued_before(drawn, run)


def _is_glued_before(drawn: Outline, run: int) -> bool:
    """Whether a few words touch the text after them: no sentence is written so, but a section before a headline."""
    following = drawn.runs[run + 1 : run + 2]
    words = drawn.runs[run].text.split()
    return bool(following) and following[0].touches and len(words) <= _MOST_GLUED and words[-1][-1].isalpha()


def _cell(
    drawn: Outline, item: int, owner: int, runs: tuple[int, int], talking: set[int], *, bold: bool
) -> Cell:
    place: list[str] = [_BOLD] if bold else []
    parts: set[Part | None] = set()
    link = block = None
    number = owner
    for _ in range(_MAX_CLIMB):
        if number in {item, WHOLE}:
            break
        element = drawn.elements[number]
        place.append(f"{element.tag}.{element.called}.{min(element.rank, _RANKS)}")
        parts.add(part(element.tag, element.called))
        if element.tag == "a":
            link = number
        if block is None and element.tag not in _INLINE:
            block = number
        number = element.parent
    if link is None and item != WHOLE and drawn.elements[item].tag == "a":
        link = item
    inside = owner not in {item, WHOLE}
    mixed = inside and drawn.elements[owner].tag in _INLINE and drawn.elements[owner].parent in talking
    return Cell(
        drawn.text(*runs).strip(EDGE),
        tuple(place),
        frozenset(parts),
        link,
        item if block is None else block,
        mixed,
        drawn.runs[runs[0]].gap,
    )
