"""Remove the copies that endless scrolling adds to a strip: copied elements, items marked as clones, repeated slots."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from msgspec.structs import replace

from streams.produce.extract.markup import Element, Outline
from streams.produce.furniture import is_furniture
from streams.produce.split import SHORTEST_HEADLINE

_FEWEST: Final = 2
_FEWEST_OF_ONE: Final = 3


def without_copies(drawn: Outline) -> Outline:
    """An outline in which of elements side by side that show the same headlines the first stays.

    `<div><div>A B C</div><div>A B C</div></div>` is a strip and its copy, however deep the headlines stand in each. So
    goes an element that says all of them in one text.
    """
    around: defaultdict[int, list[int]] = defaultdict(list)
    for number, element in enumerate(drawn.elements):
        if drawn.ends[number] > drawn.starts[number]:
            around[element.parent].append(number)
    copies = [copy for numbers in around.values() for copy in _copies(drawn, numbers)]
    once = _without(drawn, copies) if copies else drawn
    return _without(once, wholes) if (wholes := _wholes(once)) else once


_MOST_COMPARED: Final = 200
_LONGER: Final = 1.5
"""How many times longer than a usual text one is that says two, at least."""
_NEARLY_ALL: Final = 0.7


def _wholes(drawn: Outline) -> list[int]:
    """The elements that say in one piece what others say each, as a copy for printers does: `<p>A; B; C</p>`."""
    texts = {run.text for run in drawn.runs if len(run.text) >= SHORTEST_HEADLINE}
    if not _FEWEST < len(texts) <= _MOST_COMPARED:
        return []
    least = _LONGER * sorted(map(len, texts))[len(texts) // 2]
    wholes: list[int] = []
    for run in drawn.runs:
        if len(run.text) < least or run.element < 0:
            continue
        told = [len(text) for text in texts if len(text) < len(run.text) and text in run.text]
        alone = drawn.ends[run.element] - drawn.starts[run.element] == 1
        if alone and len(told) >= _FEWEST and sum(told) >= _NEARLY_ALL * len(run.text):
            wholes.append(run.element)
    return wholes


def _copies(drawn: Outline, numbers: Sequence[int]) -> Sequence[int]:
    """All but the first of elements that hold the same headlines, and with them all that their parent says."""
    first, *others = numbers
    runs = drawn.ends[first] - drawn.starts[first]
    if not others or any(drawn.ends[other] - drawn.starts[other] != runs for other in others):
        return ()
    shown = [run.text for run in drawn.runs[drawn.starts[first] : drawn.ends[first]]]
    told = {text for text in shown if len(text) >= SHORTEST_HEADLINE and not is_furniture(text)}
    if len(numbers) < _fewest(len(told)) or not told:
        return ()
    for other in others:
        if [run.text for run in drawn.runs[drawn.starts[other] : drawn.ends[other]]] != shown:
            return ()
    parent = drawn.elements[first].parent
    start, end = (drawn.starts[parent], drawn.ends[parent]) if parent >= 0 else (0, len(drawn.runs))
    inside = {run for number in numbers for run in range(drawn.starts[number], drawn.ends[number])}
    beside = (drawn.runs[run].text for run in range(start, end) if run not in inside)
    return others if all(map(is_furniture, beside)) else ()


def _without(drawn: Outline, gone: Sequence[int]) -> Outline:
    """An outline without some elements and what is in them."""
    runs_gone = bytearray(len(drawn.runs))
    elements_gone = bytearray(len(drawn.elements))
    for number in gone:
        elements_gone[number] = 1
        start, end = drawn.starts[number], drawn.ends[number]
        runs_gone[start:end] = b"\1" * (end - start)
    for number, element in enumerate(drawn.elements):
        if element.parent >= 0 and elements_gone[element.parent]:
            elements_gone[number] = 1
    moved = list(accumulate((1 - left_out for left_out in elements_gone), initial=0))
    reached = list(accumulate((1 - left_out for left_out in runs_gone), initial=0))
    kept = [number for number, left_out in enumerate(elements_gone) if not left_out]
    return Outline(
        [_under(drawn.elements[number], moved) for number in kept],
        [
            replace(run, element=moved[run.element] if run.element >= 0 else run.element)
            for run, left_out in zip(drawn.runs, runs_gone, strict=True)
            if not left_out
        ],
        [reached[drawn.starts[number]] for number in kept],
        [reached[drawn.ends[number]] for number in kept],
    )


def _under(element: Element, moved: Sequence[int]) -> Element:
    return replace(element, parent=moved[element.parent]) if element.parent >= 0 else element


def without_clones(texts: Sequence[str], copied: Sequence[bool], cloned: Sequence[bool]) -> list[int]:
    """Which items stay when the copies go: marked ones whose text stands in another, and whole repetitions.

    `copied` are all that are marked; `cloned` those that are called clones, which go first: a slider hides all slides
    but the one that it shows, and puts a clone of its last before its first.
    """
    slides = {text for text, clone in zip(texts, cloned, strict=True) if not clone}
    told = {text for text, mark in zip(texts, copied, strict=True) if not mark}
    kept: list[int] = []
    for number, (text, mark, clone) in enumerate(zip(texts, copied, cloned, strict=True)):
        if not ((mark and text in told) or (clone and text in slides)):
            kept.append(number)
            told.add(text)
    return kept[: len(without_repetitions([texts[number] for number in kept]))]


def without_repetitions(texts: list[str]) -> list[str]:
    """The texts once, where they are whole copies of the same, and perhaps the beginning of one more."""
    if texts.count(texts[0] if texts else "") < _FEWEST:
        return texts
    for length in range(1, len(texts) // _FEWEST + 1):
        if texts[length] == texts[0] and texts[length:] == texts[:-length]:
            return texts[:length] if len(texts) >= _fewest(length) * length else texts
    return texts


def _fewest(headlines: int) -> int:
    """How often so many headlines must stand for the others to be copies: one alone may be shown twice on purpose."""
    return _FEWEST if headlines > 1 else _FEWEST_OF_ONE
