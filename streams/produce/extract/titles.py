"""Extract the headline of each item of a strip, without times, sections, summaries and calls to action next to it.

An item is divided into cells, which are texts at one place of its markup. The cells at the same place of all items are
a column. A column shows what a single cell does not: that every item has the same text there, or a time, or one of few
words.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from streams.produce.extract.cells import ASIDE, WHOLE, Cell, bold_sections, cells_of, kind_of_place
from streams.produce.extract.markup import Outline
from streams.produce.extract.reading import PROSE, holds_headline, kind_of
from streams.produce.furniture import is_furniture, news_among, without_bullet
from streams.produce.separators import EDGE
from streams.produce.split import ELLIPSES, LONGEST_HEADLINE, SHORTEST_HEADLINE

_MOST: Final = 0.6
"""The share of items for which something must hold to hold for the whole strip."""
_FEW_WORDS: Final = 3
_LEAST_SHARE: Final = 0.5
"""A link with at least this share of an item's text is its headline; with less, it is a word of a sentence."""
_REPEATED: Final = 2
_MOST_BEFORE: Final = 3
"""Words that stand before a headline in the `title` of its link: `Permanent link to`."""
_MANY: Final = 3
"""From so many items on, a column of short texts can be told from headlines that happen to be short."""


_BOLD: Final = ("b.", "strong.")
_OPEN_BRACKET: Final = re.compile(r"(?<=\S)\s*[\[(]\s*\Z")
"""What is left of `[more]` when its link is gone."""


class Title(Struct, frozen=True):
    """The headline of an item, and where its link leads as the page writes it."""

    text: str
    href: str | None


def titles(drawn: Outline, items: Sequence[int]) -> list[Title]:
    """The headline of each item; one that has none, only furniture, gives empty text."""
    sections = bold_sections(drawn, items)
    rows = [cells_of(drawn, item, sections) for item in items]
    rows = _without(rows, _is_aside_by_name)
    news = _news_like_furniture(rows)
    rows = _without(rows, lambda cell: is_furniture(cell.text) and cell.text not in news)
    columns = _columns(rows)
    fixed = {
        place
        for place, cells in columns.items()
        if _is_fixed(cells, len(rows)) and not _are_first_lines(cells, rows)
    }
    rows = _without(rows, lambda cell: cell.place in fixed)
    titled = {place for place, cells in columns.items() if _are_titles(cells, len(rows))}
    titled = titled or _in_bold(rows)
    found = [_title(drawn, item, row, titled) for item, row in zip(items, rows, strict=True)]
    told = [
        replace(title, text="") if is_furniture(title.text) and title.text not in news else title
        for title in found
    ]
    return _without_colons(told)


def _without(rows: list[list[Cell]], judge: Callable[[Cell], bool]) -> list[list[Cell]]:
    """Rows without the cells that are judged to be no headline, where they leave one in most rows."""
    kept = [[cell for cell in row if not judge(cell)] for row in rows]
    before = sum(1 for row in rows if _could_be_headline(row))
    after = sum(1 for row in kept if _could_be_headline(row))
    return kept if after >= _MOST * before else rows


def _could_be_headline(row: Iterable[Cell]) -> bool:
    return holds_headline(" ".join(cell.text for cell in row)[:LONGEST_HEADLINE])


def _is_aside_by_name(cell: Cell) -> bool:
    return not ASIDE.isdisjoint(cell.parts)


def _without_colons(found: list[Title]) -> list[Title]:
    """Titles without the colon that most end with: it stood before what was left out, as in `Ferry … : 10:05`."""
    texts = [title.text for title in found if title.text]
    if len(texts) < _REPEATED or sum(text.endswith(_COLONS) for text in texts) < _MOST * len(texts):
        return found
    return [replace(title, text=title.text.rstrip(_COLON_OR_SPACE)) for title in found]


_COLONS: Final = (":", "：")
_COLON_OR_SPACE: Final = " \xa0" + "".join(_COLONS)


def _news_like_furniture(rows: Sequence[Sequence[Cell]]) -> frozenset[str]:
    """The texts that are written as furniture, and are headlines as the others of their column are."""
    told: frozenset[str] = frozenset()
    for cells in _columns(rows).values():
        asides = [cell.text for cell in cells if is_furniture(cell.text)]
        if asides and sum(holds_headline(cell.text) for cell in cells) >= _MOST * len(cells):
            told |= news_among(asides, len(cells))
    return told


def _columns(rows: Iterable[Sequence[Cell]]) -> dict[tuple[str, ...], list[Cell]]:
    columns: defaultdict[tuple[str, ...], list[Cell]] = defaultdict(list)
    for row in rows:
        for cell in row:
            columns[cell.place].append(cell)
    return columns


def _is_fixed(cells: Sequence[Cell], rows: int) -> bool:
    """Whether a column says the same everywhere, or a word or two of few kinds: a site's name, a section.

    With a colon it may be who speaks: `Minister: …` is a section only where few of them come again and again.
    """
    texts = {cell.text for cell in cells}
    if rows < _REPEATED or len(cells) < max(_REPEATED, _MOST * rows):
        return False
    if len(texts) == 1 or rows < _MANY:
        return len(texts) == 1
    short = all(len(text.split()) <= _FEW_WORDS and len(text) <= 2 * SHORTEST_HEADLINE for text in texts)
    spoken = any(text.endswith(_COLONS) for text in texts)
    return short and (not spoken or (len(cells) >= _MANY and 2 * len(texts) <= len(cells)))


def _are_first_lines(cells: Sequence[Cell], rows: Iterable[Sequence[Cell]]) -> bool:
    """Whether a column is the first line of titles over two: `<span>Old mill</span><br><span>burns down</span>`.

    Its texts are of some words, never the same, and the next line is an element like theirs in the same link.
    """
    texts = {cell.text for cell in cells}
    some_words = sum(" " in text for text in texts)
    if len(texts) < len(cells) or some_words < _MOST * len(texts):
        return False
    following = {id(cell): after for row in rows for cell, after in pairwise(row)}
    return all(_goes_on(cell, following.get(id(cell))) for cell in cells)


def _goes_on(cell: Cell, after: Cell | None) -> bool:
    return (
        after is not None
        and cell.link is not None
        and after.link == cell.link
        and after.gap == "\n"
        and kind_of_place(after) == kind_of_place(cell)
    )


def _are_titles(cells: Sequence[Cell], rows: int) -> bool:
    """Whether a column is named a title, and reads so in most items."""
    named = sum(1 for cell in cells if "title" in cell.parts and holds_headline(cell.text))
    return named >= _MOST * rows


def _in_bold(rows: Sequence[Sequence[Cell]]) -> set[tuple[str, ...]]:
    """The one column of headlines in bold, where other words stand beside it: `<b>Ferry …</b><span>by …</span>`."""
    columns = _columns(row for row in rows if len(row) > 1)
    bold = [
        place
        for place, cells in columns.items()
        if place[0].startswith(_BOLD)
        and sum(not cell.mixed and kind_of(cell.text) == "headlines" for cell in cells) >= _MOST * len(rows)
    ]
    return set(bold) if len(bold) == 1 and len(rows) >= _REPEATED else set()


def _title(drawn: Outline, item: int, row: Sequence[Cell], titled: set[tuple[str, ...]]) -> Title:
    """The headline among what is left of an item: what is named so, else its longest link, else what is left."""
    chosen = [cell for cell in row if cell.place in titled] or _longest_link(row) or _best_block(row)
    text = _joined(chosen)
    link = next((cell.link for cell in chosen if cell.link is not None), None)
    if link is None:
        link = _link_around(drawn, item)
    href = drawn.elements[link].href if link is not None else _only_href(drawn, item)
    if text.endswith(ELLIPSES):
        text = _whole(drawn, item, text)
    return Title(text, href)


def _whole(drawn: Outline, item: int, cut: str) -> str:
    """A headline that the page cuts short, in full where the `title` or `aria-label` of its link or item has it."""
    shown = cut.rstrip("….[]() ")
    if len(shown) < SHORTEST_HEADLINE:
        return cut
    for number in _elements_of(drawn, item):
        for said in drawn.elements[number].whole:
            before, begins, rest = " ".join(said.split()).partition(shown)
            if begins and rest and len(said) <= LONGEST_HEADLINE and len(before.split()) <= _MOST_BEFORE:
                return shown + rest
    return cut


def _elements_of(drawn: Outline, item: int) -> Iterator[int]:
    """The link around an item, the item, and the elements in it."""
    link = _link_around(drawn, item)
    if link is not None:
        yield link
    depth = 0 if item == WHOLE else drawn.elements[item].depth
    number = max(item, 0)
    while number < len(drawn.elements) and (number == item or drawn.elements[number].depth > depth):
        yield number
        number += 1


def _joined(cells: Sequence[Cell]) -> str:
    if not cells:
        return ""
    text = cells[0].text + "".join((cell.gap or "") + cell.text for cell in cells[1:])
    return without_bullet(_OPEN_BRACKET.sub("", " ".join(text.split("\n"))).strip(EDGE)).strip(EDGE)


def _longest_link(row: Sequence[Cell]) -> list[Cell]:
    """The cells of the link that is a headline; none where links are words of a sentence."""
    links: defaultdict[int, list[Cell]] = defaultdict(list)
    for cell in row:
        if cell.link is not None:
            links[cell.link].append(cell)
    headlines = [cells for cells in links.values() if holds_headline(_joined(_best_block(cells)))]
    if not headlines:
        return []
    best = max(
        headlines,
        key=lambda cells: (
            kind_of(_joined(_best_block(cells))) not in PROSE,
            len(_joined(_best_block(cells))),
        ),
    )
    if any(cell.mixed for cell in best) and not _is_most_of(best, row):
        return []
    return _best_block(best)


def _is_most_of(cells: Sequence[Cell], row: Sequence[Cell]) -> bool:
    return sum(len(cell.text) for cell in cells) >= _LEAST_SHARE * sum(len(cell.text) for cell in row)


def _best_block(row: Sequence[Cell]) -> list[Cell]:
    """Of cells in blocks of their own the first that reads like a headline; of words in a row all of them."""
    by_block: defaultdict[int, list[Cell]] = defaultdict(list)
    for cell in row:
        by_block[cell.block].append(cell)
    blocks = {block: _without_words_apart(cells) for block, cells in by_block.items()}
    for cells in blocks.values():
        if kind_of(_joined(cells)) == "headlines":
            return cells
    return next((cells for cells in blocks.values() if holds_headline(_joined(cells))), list(row))


def _without_words_apart(cells: list[Cell]) -> list[Cell]:
    """Cells without those of one word, or of prose, that stand in elements of their own beside a headline."""
    if not any(not cell.mixed and kind_of(cell.text) == "headlines" for cell in cells):
        return cells
    return [cell for cell in cells if cell.mixed or not _stands_beside(cell.text)]


def _stands_beside(text: str) -> bool:
    return (len(text.split()) == 1 and not text.endswith(":")) or kind_of(text) in PROSE


def _link_around(drawn: Outline, item: int) -> int | None:
    number = item
    while number >= 0:
        if drawn.elements[number].tag == "a":
            return number
        number = drawn.elements[number].parent
    return None


def _only_href(drawn: Outline, item: int) -> str | None:
    """Where the links of an item lead, if all to one place: that of its picture or of "Read more"."""
    hrefs = {
        href
        for number in _elements_of(drawn, item)
        if number != item and (href := drawn.elements[number].href)
    }
    return hrefs.pop() if len(hrefs) == 1 else None
