"""Find the items of a ticker's element: its repeated elements, without the advertisements among them."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from msgspec import Struct

from streams.produce.extract.markup import Outline
from streams.produce.extract.names import is_of_others, is_promoted, part
from streams.produce.extract.reading import FIGURES, holds_headline, kind_of
from streams.produce.furniture import is_furniture, says_promoted
from streams.produce.split import MAX_SLOTS

MAX_ITEM_DEPTH: Final = 10
"""How far below its container an item can be."""

COVERED: Final = 0.5
"""The share of a container's text that its items must hold: a page's body holds its ticker too."""

_FEWEST: Final = 2
"""Items that repeat."""
_MOST_CALL_WORDS: Final = 4
_MOST_COLUMNS: Final = 4
_UNEQUAL: Final = 1.7
"""How many times longer one column's texts are than another's where both belong to one item."""


class Group(Struct, frozen=True):
    """Elements to which the same tags lead, and how many of them hold a headline."""

    members: list[int]
    headlines: int


def groups_of(drawn: Outline) -> list[Group]:
    """The groups of elements that could be items, the outermost first."""
    by_path: defaultdict[int, list[int]] = defaultdict(list)
    for number, element in enumerate(drawn.elements):
        if element.depth <= MAX_ITEM_DEPTH:
            by_path[element.path].append(number)
    mixed = [both for members in by_path.values() if (both := _with_others_between(drawn, members))]
    groups = [
        Group(members, sum(1 for member in members if _holds_headline(drawn, member)))
        for members in (*by_path.values(), *mixed)
        if len(members) <= MAX_SLOTS
    ]
    groups.sort(key=lambda group: drawn.elements[group.members[0]].depth)
    return [group for group in groups if group.headlines]


def _with_others_between(drawn: Outline, links: Sequence[int]) -> list[int]:
    """Links of one element and the headlines between them that lead nowhere: `<a>A</a><span>B</span><a>C</a>`.

    None where there are none, or where they are parts of an item: their names, or a length of their own, tell.
    """
    parents = {drawn.elements[number].parent for number in links}
    if drawn.elements[links[0]].tag != "a" or len(parents) > 1:
        return []
    (parent,) = parents
    first = max(parent, 0)
    others: list[int] = []
    for number in range(first, len(drawn.elements)):
        element = drawn.elements[number]
        if element.parent == parent and element.tag == "span":
            if part(element.tag, element.called) or kind_of(drawn.inside(number)) != "headlines":
                return []
            others.append(number)
        elif element.depth < drawn.elements[links[0]].depth and number > links[-1]:
            break
    if not others or any(kind_of(drawn.inside(number)) != "headlines" for number in links):
        return []
    lengths = sorted((_mean_length(drawn, links), _mean_length(drawn, others)))
    return sorted([*links, *others]) if lengths[1] < _UNEQUAL * lengths[0] else []


def _holds_headline(drawn: Outline, number: int) -> bool:
    """Whether one of an element's lines could be a headline."""
    if drawn.starts[number] == drawn.ends[number]:
        return False
    if part(drawn.elements[number].tag, drawn.elements[number].called) in {"unseen", "icon"}:
        return False
    return any(holds_headline(line.strip()) for line in drawn.inside(number).split("\n"))


def items_of(drawn: Outline) -> list[int] | None:
    """The elements that are the items: those of the outermost group with most headlines; None where none are."""
    best: Group | None = None
    told = [0 if is_furniture(run.text) else len(run.text) for run in drawn.runs]
    before = [0, *accumulate(told)]
    for group in groups_of(drawn):
        if len(group.members) < _FEWEST or (best is not None and group.headlines <= best.headlines):
            continue
        if not _covers(drawn, group.members, before):
            continue
        if best is None or not _are_columns(drawn, best.members, group.members):
            best = group
    return best.members if best else None


def _covers(drawn: Outline, members: Sequence[int], before: Sequence[int]) -> bool:
    """Whether items hold most of the text, what stands between two in one parent counted to the first.

    `before[n]` is how many characters stand in the runs before run n, furniture left out.
    """
    held = 0
    reached = 0
    for member, following in zip(members, [*members[1:], None], strict=True):
        start, end = drawn.starts[member], drawn.ends[member]
        if following is not None and drawn.elements[following].parent == drawn.elements[member].parent:
            end = max(end, drawn.starts[following])
        if end > reached:
            held += before[end] - before[max(start, reached)]
            reached = end
    return held >= COVERED * before[-1]


def _are_columns(drawn: Outline, outer: Sequence[int], inner: Sequence[int]) -> bool:
    """Whether elements inside items are parts of these, such as title and summary, and no items themselves.

    Parts come in the same number in every item and differ from each other as columns of a table do; slides with
    three headlines each hold alike ones.
    """
    held: dict[int, list[int]] = {number: [] for number in outer}
    for member in inner:
        above = drawn.elements[member].parent
        while above >= 0 and above not in held:
            above = drawn.elements[above].parent
        if above < 0:
            return False
        held[above].append(member)
    rows = [row for row in held.values() if row]
    most = max(len(row) for row in rows)
    if len(rows) < _FEWEST or not 1 < most <= _MOST_COLUMNS:
        return False
    columns = [[row[n] for row in rows if n < len(row)] for n in range(most)]
    texts = [[drawn.inside(number) for number in column] for column in columns]
    if any(column == texts[0] for column in texts[1:]):
        return True  # the same title twice in each item, for its picture and for itself
    names = {tuple(sorted({drawn.elements[number].called for number in column})) for column in columns}
    if len(names) == most and most > 1:
        return True
    lengths = [_mean_length(drawn, column) for column in columns]
    return max(lengths) >= _UNEQUAL * min(lengths)


def _mean_length(drawn: Outline, numbers: Sequence[int]) -> float:
    return max(1.0, sum(len(drawn.inside(number)) for number in numbers) / len(numbers))


def without_separators(drawn: Outline, members: Sequence[int]) -> list[int]:
    """The items but those that show a symbol and no word: they stand between the others."""
    return [
        member
        for member in members
        if drawn.starts[member] == drawn.ends[member] or any(map(str.isalnum, drawn.inside(member)))
    ]


def without_others(drawn: Outline, members: Sequence[int]) -> list[int]:
    """The items without the advertisements and prices among them, where these are the fewer.

    A price is told by its name and its text together: `Inflation at 4.5 %` is news, whatever it looks like.
    """
    members = [m for m in members if not _is_call(drawn, m)] or members
    kept = [
        m for m in members if not (_is_promotion(drawn, m) or _is_figure(drawn, m) or _is_in_others(drawn, m))
    ]
    return kept if 2 * len(kept) > len(members) else list(members)


def _is_call(drawn: Outline, member: int) -> bool:
    """Whether an item is called a button or the like, and says a few words: `<a class="more">The whole file</a>`."""
    element = drawn.elements[member]
    return (
        part(element.tag, element.called) == "call" and len(drawn.inside(member).split()) <= _MOST_CALL_WORDS
    )


def _is_in_others(drawn: Outline, member: int) -> bool:
    """Whether an item stands in a part of the strip that is called otherwise: `social-links` beside the headlines."""
    number = drawn.elements[member].parent
    while number >= 0:
        if is_of_others(drawn.elements[number].called):
            return True
        number = drawn.elements[number].parent
    return False


def _is_figure(drawn: Outline, member: int) -> bool:
    return is_of_others(drawn.elements[member].called) and kind_of(drawn.inside(member)) in FIGURES


def _is_promotion(drawn: Outline, member: int) -> bool:
    """Whether an item, or an element that holds all its text, is called so; or one of its texts says so."""
    start, end = drawn.starts[member], drawn.ends[member]
    number, depth = member, drawn.elements[member].depth
    while number < len(drawn.elements) and (number == member or drawn.elements[number].depth > depth):
        if (drawn.starts[number], drawn.ends[number]) == (start, end) and is_promoted(
            drawn.elements[number].called
        ):
            return True
        number += 1
    return end - start > 1 and any(says_promoted(run.text) for run in drawn.runs[start:end])
