"""Divide an item of a strip into cells: texts at one place of its markup.

Words that are separated by formatting only are one cell. A separate element is another cell, and so is a bold time or
label at the beginning or end.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
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
"""Parts of an item that are not a headline, by their names."""

_INLINE: Final = FORMATTING | {"span", "a", "small", "label", "time", "wbr"}
_RANKS: Final = 3
"""Siblings of one tag and class whose places are told apart."""
_MAX_CLIMB: Final = 64
"""Elements around a text that are looked at: an item is not built deeper."""
_BOLD: Final = "bold"
_MOST_GLUED: Final = 3
"""Words of the longest section that stands before a headline."""
_FEWEST_WORDS: Final = 4
"""So many elements in a row that hold a word each are a sentence."""
_FEWEST_ROWS: Final = 3
_MOST: Final = 0.6
_NEARLY_ALL: Final = 0.8
"""The shares of a strip's items of which what holds for them holds for the strip."""


class Cell(Struct, frozen=True):
    """Text at one place of an item: runs that only formatting parts."""

    text: str
    place: tuple[str, ...]
    """Tags, classes and ranks down to the element; equal for cells at the same place of other items."""
    parts: frozenset[Part | None]
    """The parts that the names of the elements around it indicate."""
    link: int | None
    """The number of the link around it."""
    block: int
    """The number of the block around it; the item's where only inline elements are between."""
    mixed: bool
    """Whether it is a word or more of a sentence: an inline element between texts."""
    gap: str
    """The gap between the previous cell and this one."""


def cells_of(drawn: Outline, item: int, sections: frozenset[int] = frozenset()) -> list[Cell]:
    """The cells of an item in the order of the page; the runs in `sections` are cells of their own, and sections."""
    cells: list[Cell] = []
    places: Counter[tuple[str, ...]] = Counter()
    talking = _talking(drawn, item)
    for owner, first, last in _owned(drawn, item, talking):
        for begin, stop, bold in _parted(drawn, owner, first, last, sections):
            cell = _cell(drawn, item, owner, (begin, stop), talking, bold=bold)
            if begin in sections:
                cell = replace(cell, parts=cell.parts | {"section"})
            cells.append(replace(cell, place=(*cell.place, f"text {min(places[cell.place], _RANKS)}")))
            places[cell.place] += 1
    return _with_words_joined(cells) if len(cells) >= _FEWEST_WORDS else cells


def _with_words_joined(cells: list[Cell]) -> list[Cell]:
    """Cells of which those that are words of one sentence, each in an element of its own, are one.

    Pages that draw word by word write `<span>Four</span> <span>hurt</span> …`: no number among them is a counter.
    """
    joined: list[Cell] = []
    for _, alike in groupby(cells, key=lambda cell: (cell.block, cell.link, cell.parts, kind_of_place(cell))):
        row = list(alike)
        if len(row) < _FEWEST_WORDS or any(cell.gap == "\n" for cell in row[1:]) or not _are_words(row):
            joined += row
            continue
        text = row[0].text + "".join((cell.gap or "") + cell.text for cell in row[1:])
        joined.append(replace(row[0], text=text))
    return joined


def kind_of_place(cell: Cell) -> tuple[str, ...]:
    """The tags and classes of a place without ranks."""
    return tuple(step.rpartition(".")[0] for step in cell.place[:-1])


def _are_words(cells: Sequence[Cell]) -> bool:
    return all(" " not in cell.text for cell in cells) and len({cell.text for cell in cells}) > 1


def _bounds(drawn: Outline, item: int) -> tuple[int, int]:
    return (0, len(drawn.runs)) if item == WHOLE else (drawn.starts[item], drawn.ends[item])


def _talking(drawn: Outline, item: int) -> set[int]:
    """The elements of an item that have text of their own."""
    start, end = _bounds(drawn, item)
    return {run.element for run in drawn.runs[start:end]}


def _owned(drawn: Outline, item: int, talking: set[int]) -> Iterator[tuple[int, int, int]]:
    """The runs of an item that stand in one element on one line: the element, the first run, the one after the last."""
    start, end = _bounds(drawn, item)
    owners = [_owner(drawn, run.element, item, talking) for run in drawn.runs[start:end]]
    first = 0
    while first < len(owners):
        last = first + 1
        while last < len(owners) and owners[last] == owners[first] and drawn.runs[start + last].gap != "\n":
            last += 1
        yield owners[first], start + first, start + last
        first = last


def bold_sections(drawn: Outline, items: Sequence[int]) -> frozenset[int]:
    """The runs in bold that are the section of their item: `<b>Sport</b> Rovers win`, but not `<b>Rovers</b> win`.

    A word that formatting sets off at the beginning is a section where most items have one there, of few kinds, or
    where a sentence begins anew behind each. Arabic has no capitals to tell a new sentence by.
    """
    leads = [lead for item in items for lead in _leads(drawn, item)]
    rows = len({item for item, _ in leads})
    if len(items) < _FEWEST_ROWS or rows < _MOST * len(items):
        return frozenset()
    said = [drawn.runs[run].text for _, run in leads]
    kinds = len({text.casefold() for text in said})
    anew = sum(1 for _, run in leads if _begins_anew(drawn.runs[run + 1].text))
    marked = sum(text.endswith((":", "：")) for text in said)
    few = 2 * kinds <= len(said)
    uncased = not any(character.isupper() or character.islower() for text in said for character in text)
    if (few and (marked or uncased or anew >= _MOST * len(said))) or (
        anew >= _NEARLY_ALL * len(said) and not marked
    ):
        return frozenset(run for _, run in leads)
    return frozenset()


def _leads(drawn: Outline, item: int) -> Iterator[tuple[int, int]]:
    """The item, and its run of a word or a few that formatting sets off before others in the same element."""
    for owner, first, last in _owned(drawn, item, _talking(drawn, item)):
        run = drawn.runs[first]
        if last - first > 1 and run.element != owner and len(run.text.split()) <= _MOST_GLUED:
            yield item, first
            return


def _begins_anew(text: str) -> bool:
    """Whether a text begins with a capital, though it is no Title In Capitals."""
    words = [word for word in text.split() if word[0].isalpha()]
    capitals = sum(word[0].isupper() for word in words)
    return bool(words) and words[0][0].isupper() and capitals <= _MOST * len(words)


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


def _parted(
    drawn: Outline, owner: int, start: int, end: int, sections: frozenset[int]
) -> list[tuple[int, int, bool]]:
    """Cut the runs of one owner where bold clocks and labels stand at their ends.

    Each piece is its first run, the one after its last, and whether it is such a clock or label.
    """
    first, last = start, end
    while last - first > 1 and (first in sections or _stands_apart(drawn, owner, first)):
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
