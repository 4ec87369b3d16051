"""A strip that was found, and how an element of HTML is read as one."""

import re
from contextlib import suppress
from html import escape
from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from selectolax.lexbor import LexborNode

from streams.errors import SplitError
from streams.produce.extract.bare import bare_headlines
from streams.produce.extract.cells import WHOLE
from streams.produce.extract.copies import without_clones, without_copies, without_repetitions
from streams.produce.extract.items import items_of, without_others, without_separators
from streams.produce.extract.links import address_of, resolve
from streams.produce.extract.markup import Element, Outline, Run, outline, parse, text_of
from streams.produce.extract.reading import FIGURES, HEADLINES, PROSE, holds_headline, kind_of, read
from streams.produce.extract.titles import titles
from streams.produce.extract.visibility import NO_PLACE
from streams.produce.feeds import read_feed, split_feed
from streams.produce.furniture import (
    is_furniture,
    says_promoted,
    tidy,
    without_announcement,
    without_label,
    without_notes,
)
from streams.produce.observation import Format
from streams.produce.separators import EDGE
from streams.produce.split import LONGEST_HEADLINE, SHORTEST_HEADLINE, Slot, Split, slots_of, split

_CLONE: Final = re.compile(r"(?:clone|duplicate)(?![\w-]*-(?:active|next|prev)\b)", re.IGNORECASE)
"""How sliders mark copies; `slide-duplicate-prev` marks the slide whose copy stands before the one that is shown."""
_MOST_BESIDE: Final = 3
"""Words of the longest label or link beside the text of a strip."""
_HEADLINE_SHARE: Final = 0.5
"""The share of an element's text that a single headline must be for the element to be a strip of one."""


class Found(Struct, frozen=True):
    """A strip that a page shows.

    `text` in `format` is all that `resplit` needs, with the separator of `split` as pin, to give the slots
    again.
    """

    text: str
    format: Format
    split: Split


def resplit(text: str, format: Format, separator: str | None = None) -> Split:  # noqa: A002
    """Split what a strip carries again: the same text and separator give the same slots.

    Raises:
        SplitError: As `split`.
    """
    if format == "text":
        return tidied(split(text, separator))
    if format == "feed":
        return split_feed(read_feed(text, "strip"), "strip")
    address = address_of(text)
    drawn = _drawn(text)
    if separator is not None:
        return tidied(split(drawn.text(), separator))
    found = items(drawn, address) or single(drawn, address)
    if found is None:
        raise SplitError("strip", "a fragment of HTML without items; pin its selector")
    return found


def _drawn(fragment: str) -> Outline:
    root = parse(fragment, "strip").body
    if root is None:
        raise SplitError("strip", "a fragment of HTML without content; pin its selector")
    return without_copies(outline(root))


def tidied(found: Split) -> Split:
    """A split text without what the site puts into most of its slots, and without the copies of all of it."""
    texts = [slot.text for slot in found.slots]
    bare = without_announcement(tidy(_once(without_notes(texts))))
    return found if bare == texts else replace(found, slots=slots_of(bare))


def _once(texts: list[str]) -> list[str]:
    """The texts without whole copies of them, which begin behind the empty slot of a label: `News • A • B • A • B`."""
    if texts and not texts[0]:
        once = without_repetitions(texts[1:])
        return texts if len(once) == len(texts) - 1 else ["", *once]
    return without_repetitions(texts)


def items(drawn: Outline, address: str | None) -> Split | None:
    """The items of an element as slots; None where it has no repeated elements that hold its text."""
    members = items_of(drawn)
    if members is None:
        return None
    members = without_others(drawn, without_separators(drawn, members))
    shown = [
        (title, member)
        for title, member in zip(titles(drawn, members), members, strict=True)
        if title.text or drawn.starts[member] == drawn.ends[member]
    ]
    texts = [title.text for title, _ in shown]
    cloned = [_is_cloned(drawn, member) for _, member in shown]
    copied = [clone or _is_aside(drawn, member) for clone, (_, member) in zip(cloned, shown, strict=True)]
    kept = without_clones(texts, copied, cloned)
    links = [resolve(shown[number][0].href, address) for number in kept]
    texts = tidy([texts[number] for number in kept])
    plausible = sum(1 for text in texts if SHORTEST_HEADLINE <= len(text) <= LONGEST_HEADLINE)
    if not plausible:
        return None
    written = sum(map(bool, texts))
    return Split(_linked(texts, links), None, round(plausible / written, 3))


def single(drawn: Outline, address: str | None) -> Split | None:
    """The one headline of an element that holds nothing else but a label, a clock and the like; None elsewhere."""
    (title,) = titles(drawn, [WHOLE])
    told = [run.text for run in drawn.runs if not is_furniture(run.text)]
    if _is_of_scraps(drawn, told) or any(says_promoted(run.text) for run in drawn.runs):
        return None
    summaries = [text for text in told if kind_of(text) in PROSE and text not in title.text]
    whole = sum(map(len, told)) - (len(summaries[0]) if len(summaries) == 1 else 0)
    text = without_label(title.text)
    if not holds_headline(text) or len(text) < _HEADLINE_SHARE * whole or not _says(told, title.text):
        return None
    return Split(_linked([text], [resolve(title.href, address)]), None, 1.0)


def _says(told: list[str], text: str) -> bool:
    """Whether half of a text is no furniture, and no word that is said again and again."""
    return sum(len(run) for run in set(told) if run in text) >= _HEADLINE_SHARE * len(text)


_MOST_SCRAPS: Final = 2
"""Lines over which a headline runs; more of a word or a few are what items show whose headlines are missing."""


def _is_of_scraps(drawn: Outline, told: list[str]) -> bool:
    """Whether an element says the same again and again, or a word or a few on each of its lines."""
    if len(told) > _MOST_SCRAPS and len(set(told)) == 1:
        return True
    lines = drawn.text().split("\n")
    return len(lines) > _MOST_SCRAPS and all(len(text.split()) <= _MOST_BESIDE for text in (*lines, *told))


def _linked(texts: list[str], links: list[str | None]) -> tuple[Slot, ...]:
    slots = slots_of(texts)
    return tuple(
        replace(slot, link=link) if link and slot.text else slot
        for slot, link in zip(slots, links, strict=True)
    )


def _is_cloned(drawn: Outline, number: int) -> bool:
    """Whether an item, or the list that it is in, is called a copy."""
    return any(_CLONE.search(element.called) for element in _item_and_list(drawn, number))


def _is_aside(drawn: Outline, number: int) -> bool:
    """Whether an item, or the list that it is in, is hidden from screen readers."""
    return any(element.aside for element in _item_and_list(drawn, number))


def _item_and_list(drawn: Outline, number: int) -> list[Element]:
    return [drawn.elements[each] for each in (number, drawn.elements[number].parent) if each >= 0]


def headlines_in(found: Split) -> list[str]:
    """The texts of the slots that have one."""
    return [slot.text for slot in found.slots if slot.text]


def in_element(
    node: LexborNode, address: str | None, separator: str | None, *, longest: int, alone: bool = True
) -> Found | None:
    """The strip in an element: its items, its text split by a separator, or (`alone`) its only headline.

    The element is read as its fragment says: hostile markup does not parse to the same tree twice. One that is a menu
    by its tag alone is read for what is in it.
    """
    fragment = f"<div>{node.inner_html or ''}</div>" if node.tag in NO_PLACE else node.html or ""
    if len(fragment) > longest:
        return None
    drawn = _drawn(fragment)
    listed = items(drawn, address) if separator is None else None
    as_listed = Found(based(fragment, address), "html", listed) if listed is not None else None
    parted = None if listed is not None and _are_items(listed) else _in_words(drawn, separator)
    if listed is not None and len(headlines_in(listed)) > 1:
        return parted if parted and len(headlines_in(parted.split)) > _PAIR else as_listed
    if parted is not None:
        return parted
    if as_listed is not None and alone and _is_said(drawn, as_listed.split) and not _is_row(as_listed.split):
        return as_listed
    if alone and separator is None and (only := single(drawn, address)) and _is_headline(only):
        return Found(based(fragment, address), "html", only)
    return None


_PAIR: Final = 2


def _between_elements(runs: list[Run], separator: str | None) -> str | None:
    """The text with line breaks for signs in elements of their own, where headlines have such a sign inside as well.

    In `A <b>|</b> Opinion | B <b>|</b> C` the elements part the headlines, and the second bar is one's own.
    """
    sign = (separator or "").strip(EDGE)
    alone = sum(1 for run in runs if run.text == sign)
    if not sign or alone < _PAIR or alone == sum(run.text.count(sign) for run in runs):
        return None
    pieces: list[list[Run]] = [[]]
    for run in runs:
        if run.text == sign:
            pieces.append([])
        else:
            pieces[-1].append(run)
    return "\n".join([text_of(piece).replace("\n", " ") for piece in pieces])


def _are_items(listed: Split) -> bool:
    """Whether slots are headlines each, and no pair of a few words and the strip's whole text behind them."""
    texts = headlines_in(listed)
    return len(texts) > _PAIR or (
        len(texts) == _PAIR and min(len(text.split()) for text in texts) > _MOST_BESIDE
    )


def _in_words(drawn: Outline, separator: str | None) -> Found | None:
    """The strip in the text of an element; None where nothing parts it in two headlines or more."""
    runs = _said(drawn)
    best: Found | None = None
    with suppress(SplitError):
        shown = text_of(runs)
        found = tidied(split(shown, separator))
        if len(headlines_in(found)) > 1 and (separator is not None or not _is_with_summary(found)):
            best = Found(shown, "text", found)
            if (pieces := _between_elements(runs, found.separator)) is not None:
                return Found(pieces, "text", tidied(split(pieces, "\n")))
            if len(within := _parted_by(drawn, runs, found.separator)) < len(runs):
                best = Found(text_of(within), "text", tidied(split(text_of(within), separator)))
    if best is None and separator is None and (bare := bare_headlines(drawn)):
        best = Found("\n".join(bare), "text", tidied(split("\n".join(bare), "\n")))
    return best


def _is_with_summary(found: Split) -> bool:
    """Whether two lines are a headline and what is said of it below."""
    texts = headlines_in(found)
    return len(texts) == _PAIR and "\n" in (found.separator or "") and kind_of(texts[1]) in PROSE


def _said(drawn: Outline) -> list[Run]:
    """The runs of an element without labels, calls, times and bylines in elements of their own: `<b>Breaking</b>`."""
    return [run for run in drawn.runs if not _is_beside(drawn, run)] or drawn.runs


def _parted_by(drawn: Outline, runs: list[Run], separator: str | None) -> list[Run]:
    """The runs without the few words that stand beside the one element in which all separators are.

    In `<b>Watch</b><p>A • B • C</p><a>Archive</a>` the headlines are the paragraph's. An element that begins or ends
    with a separator has a slot beside it, and stays with it.
    """
    sign = (separator or "").strip(EDGE)
    having = [number for number, run in enumerate(runs) if sign and sign in run.text]
    if not having:
        return runs
    owner = _around(drawn, runs[having[0]].element, runs[having[-1]].element)
    within = [number for number, run in enumerate(runs) if _is_in(drawn, run.element, owner)]
    first, last = within[0], within[-1]
    before, after = runs[:first], runs[last + 1 :]
    if not before and not after:
        return runs
    if runs[first].text.startswith(sign) or not _are_few_words(before):
        first = 0
    if runs[last].text.endswith(sign) or not _are_few_words(after):
        last = len(runs) - 1
    return runs[first : last + 1]


def without_words_beside(found: Found, body: LexborNode) -> Found:
    """The strip of a line without the few words beside the one run of text in which all its separators are."""
    sign = (found.split.separator or "").strip(EDGE)
    if not sign:
        return found
    signs = found.text.count(sign)
    for run in body.traverse(include_text=True):
        text = (run.text_content or "").strip() if run.is_text_node else ""
        if text.count(sign) != signs or text.startswith(sign) or text.endswith(sign):
            continue
        before, stands, after = found.text.partition(text)
        if stands and max(len(before.split()), len(after.split())) <= _MOST_BESIDE:
            with suppress(SplitError):
                return Found(text, "text", tidied(split(text)))
    return found


def _around(drawn: Outline, one: int, other: int) -> int:
    """The nearest element that holds two; -1 is the root."""
    while one != other:
        if one > other:
            one = drawn.elements[one].parent
        else:
            other = drawn.elements[other].parent
    return one


def _is_in(drawn: Outline, element: int, owner: int) -> bool:
    while element > owner:
        element = drawn.elements[element].parent
    return element == owner


def _are_few_words(runs: list[Run]) -> bool:
    return sum(len(run.text.split()) for run in runs) <= _MOST_BESIDE


def _is_beside(drawn: Outline, run: Run) -> bool:
    alone = run.element >= 0 and drawn.ends[run.element] - drawn.starts[run.element] == 1
    return alone and any(map(str.isalnum, run.text)) and is_furniture(run.text)


def _is_headline(found: Split) -> bool:
    return kind_of(found.slots[0].text) == "headlines" and not _is_row(found)


def _is_said(drawn: Outline, listed: Split) -> bool:
    """Whether the one headline of items is one: more than the calls and sections of items without any."""
    told = [run.text for run in drawn.runs if not is_furniture(run.text)]
    return all(slot.truncated or _says(told, slot.text) for slot in listed.slots if slot.text)


_SIGNS: Final = re.compile(r"\s[|•·■●▪*◄►]\s")
_MOST_PIECES: Final = 3
"""So many pieces between bars has a headline with its rubric and its outlet; more are a row of something else."""


def _is_row(found: Split) -> bool:
    """Whether a single slot is a row of things too short for headlines: `Aries: a calm day | Taurus: … | …`."""
    texts = headlines_in(found)
    pieces = _SIGNS.split(texts[0]) if len(texts) == 1 else []
    figures = sum(kind_of(piece) in FIGURES for piece in pieces)
    return len(pieces) > _MOST_PIECES or (len(pieces) > 1 and 2 * figures > len(pieces))


def based(fragment: str, address: str | None) -> str:
    """A fragment that carries the address of its page, so that its links are told again."""
    return f'<base href="{escape(address)}">{fragment}' if address and "href" in fragment else fragment


def reads_well(found: Found) -> bool:
    """Whether a strip's texts read like headlines."""
    texts = headlines_in(found.split)
    return bool(texts) and read(texts).headlines >= HEADLINES
