"""Find where headlines begin in a strip that has nothing between them but times, counts or names of sections.

A time: `21:40 Ferry … 21:12 Bakers …` (`timed`). A count: `1. Ferry … 2. Bakers …`, `a) Ferry … b) Bakers …`, from one
on, without a gap. A section in brackets: `[Sport] Rovers … [World] Envoys …`.
"""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from streams.produce.counting import COUNTS, begins_with_letter, numbers_of, written_with
from streams.produce.labels import is_section
from streams.produce.timed import (
    FEWEST,
    LONGEST,
    MOST_BEFORE,
    SHORTEST,
    is_label_or_nothing,
    most_are_small,
    starts_after_times,
    starts_before_times,
)

OPENING_STRENGTH: Final = 6.0
"""The evidence of one opening that a slot begins there: about −log of the rate of such clocks in headlines."""

_TRACE: Final = re.compile(r"[\d①❶\[【(]")
_HINT: Final = re.compile(
    r"\d[:hH]\d\d|\d ?\w+ ago|[Ii]l y a \d|منذ \d|(?<!\d)[0٠]?[1١](?!\d)|[①❶]|(?<!\S)[\[【(](?=\w)"
)
"""What one of the first openings has; a trace of it is looked for before, for most texts have none."""

_SECTIONS: Final = re.compile(r"(?<!\S)([\[【(])\s*([^\W\d_][^\[\]【】()\d]{1,23})[\]】)]\s*")
_MOST_WORDS: Final = 3
_ROUND_KNOWN: Final = 0.6
"""The share of labels in round brackets that are names of sections: others put an aside or an abbreviation there."""


class Openings(Struct, frozen=True):
    """Where slots begin, and the symbols that belong to what begins them, so that they part nothing."""

    starts: tuple[int, ...] = ()
    symbols: str = ""


_NONE: Final = Openings()


def openings(text: str) -> Openings:
    """Where the clocks, numbers or sections begin that stand before headlines; nowhere where they do not."""
    found = None
    if _TRACE.search(text, 0, MOST_BEFORE) and _HINT.search(text, 0, MOST_BEFORE):
        found = _at(starts_after_times(text)) or _counts(text) or _sections(text)
    elif begins_with_letter(text):
        found = _counts(text)
    return found or _at(starts_before_times(text)) or _NONE


def _at(starts: tuple[int, ...]) -> Openings | None:
    return Openings(starts) if starts else None


def _counts(text: str) -> Openings | None:
    """Counts that are written alike and go on from one, once or again and again as strips without end do."""
    found = [(match, written_with(match)) for match in COUNTS.finditer(text)]
    if not found or not found[0][1].strip() or not is_label_or_nothing(text[: found[0][0].start()]):
        return None
    alike = [match for match, written in found if written == found[0][1]]
    numbers = numbers_of(alike)
    last = max(numbers, default=0)
    if last < FEWEST or numbers != [*range(1, last + 1)] * (len(numbers) // last):
        return None
    if alike[0]["letter"] and most_are_small(text, [match.end() for match in alike]):
        return None
    return _spaced(text, alike, found[0][1])


def _sections(text: str) -> Openings | None:
    """Names in brackets, of a few words each, that stand before headlines and nowhere else."""
    found = [match for match in _SECTIONS.finditer(text) if len(match[2].split()) <= _MOST_WORDS]
    if len(found) < FEWEST or not is_label_or_nothing(text[: found[0].start()]):
        return None
    if len({(match[1], match[2][0].islower()) for match in found}) > 1:
        return None
    if found[0][1] == "(" and sum(is_section(match[2]) for match in found) < _ROUND_KNOWN * len(found):
        return None
    return _spaced(text, found, "[]【】()")


def _spaced(text: str, found: Sequence[re.Match[str]], symbols: str) -> Openings | None:
    """The openings if as much stands behind each as a headline has; in a note inside a headline there is less."""
    ends = [*(match.start() for match in found[1:]), len(text)]
    lengths = [len(text[match.end() : end].strip()) for match, end in zip(found, ends, strict=True)]
    if min(lengths) < SHORTEST or max(lengths) > LONGEST:
        return None
    return Openings(tuple([match.start() for match in found]), symbols)
