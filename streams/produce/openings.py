"""Find where headlines begin in a strip that has nothing between them but clocks, counts or names of sections.

A clock: `21:40 Ferry … 21:12 Bakers …`. Sites show the newest headline first, so the clocks of a strip go back in time,
and those of a timetable, of prayers or of a programme do not: by that the two are told. They can stand behind the
headlines as well: `Ferry … 21:40 Bakers … 21:12`. A count: `1. Ferry … 2. Bakers …`, `a) Ferry … b) Bakers …`, from one
on, without a gap. A section in brackets: `[Sport] Rovers … [World] Envoys …`.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct

from streams.produce.counting import BEGINS_WITH_LETTER, COUNTS, numbers_of, written_with
from streams.produce.labels import is_label, is_section

OPENING_STRENGTH: Final = 6.0
"""The evidence of one opening that a slot begins there: about −log of the rate of such clocks in headlines."""

_FEWEST: Final = 3

_MOST_BEFORE: Final = 40
"""Characters within which the first opening ends: a label can stand before it."""

_CLOCK: Final = re.compile(
    r"(?<!\S)[\[(]?(?:\d{1,2}[/.-]\d{1,2}(?:[/.-]\d{2,4})?[,،]?\s(?:à\s|-\s)?)?(\d{1,2})[:hH](\d\d)\b"
)
_TRACE: Final = re.compile(r"[\d①❶\[【().\]:/–—-]")
_HINT: Final = re.compile(
    r"\d[:hH]\d\d|(?<!\d)[0٠]?[1١](?!\d)|[①❶]|(?<!\S)[\[【(](?=\w)|" + BEGINS_WITH_LETTER
)
"""What one of the first openings has; a trace of it is looked for before, for most texts have none."""
_HOURS, _MINUTES = 24, 60
_EVENING, _MORNING = 18 * _MINUTES, 6 * _MINUTES
"""Minutes of the day between which a strip of one night turns back: `0:20 … 23:55 …`."""

_CLOCK_BEHIND: Final = re.compile(rf"{_CLOCK.pattern}[\])]?(?:\s*[-–—|•·*,;.]?\s+(?=\S)|\W*\Z)")
_CLOCK_LAST: Final = re.compile(r"\d[:hH]\d\d\W*\Z")
_BEFORE_TIMES: Final = frozenset(
    word
    for words in (
        "at by from to until till before after around about since and or between of in the",
        "à de dès vers jusqu'à jusqu’à avant après et ou entre en dans depuis pour",
        "الساعة ساعة حتى قبل بعد من إلى الى في عند منذ بين على تمام حدود أو و",
    )
    for word in words.split()
)
"""Words behind which a time belongs to its sentence."""
_SECTIONS: Final = re.compile(r"(?<!\S)([\[【(])\s*([^\W\d_][^\[\]【】()\d]{1,23})[\]】)]\s*")
_MOST_WORDS: Final = 3
_SHORTEST: Final = 12
_LONGEST: Final = 250
"""Characters between two numbers or sections: those of a headline."""
_FEW: Final = 0.2
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
    if _TRACE.search(text, 0, _MOST_BEFORE) and _HINT.search(text, 0, _MOST_BEFORE):
        found = _clocks(text) or _counts(text) or _sections(text)
    if (
        found is None
        and not text[-1:].isalpha()
        and _CLOCK_LAST.search(text, max(0, len(text) - _MOST_BEFORE))
    ):
        found = _clocks_behind(text)
    return found or _NONE


def _clocks(text: str) -> Openings | None:
    first = _CLOCK.search(text, 0, _MOST_BEFORE)
    if first is None or not _is_label_or_nothing(text[: first.start()]):
        return None
    clocks = [clock for clock in _CLOCK.finditer(text) if int(clock[1]) < _HOURS and int(clock[2]) < _MINUTES]
    minutes = [_MINUTES * int(clock[1]) + int(clock[2]) for clock in clocks]
    if len(clocks) < _FEWEST or minutes[0] == minutes[-1] or not _goes_back(minutes):
        return None
    return Openings(tuple([clock.start() for clock in clocks]))


def _clocks_behind(text: str) -> Openings | None:
    """Where headlines begin that have their clock behind them; nowhere where a clock belongs to a sentence."""
    clocks = list(_CLOCK_BEHIND.finditer(text))
    minutes = [_MINUTES * int(clock[1]) + int(clock[2]) for clock in clocks]
    if len(clocks) < _FEWEST or minutes[0] == minutes[-1] or not _goes_back(minutes):
        return None
    if any(int(clock[1]) >= _HOURS or int(clock[2]) >= _MINUTES for clock in clocks):
        return None
    starts = [0, *(clock.end() for clock in clocks[:-1])]
    between = [text[start : clock.start()].split() for start, clock in zip(starts, clocks, strict=True)]
    lengths = [len(" ".join(words)) for words in between]
    if min(lengths) < _SHORTEST or max(lengths) > _LONGEST or _most_are_small(text, starts):
        return None
    if any(words[-1].casefold() in _BEFORE_TIMES for words in between):
        return None
    return Openings(tuple(starts))


def _most_are_small(text: str, starts: Sequence[int]) -> bool:
    """Whether more than a few of what begins there begins with a small letter, as clauses do and headlines do not."""
    return sum(text[start].islower() for start in starts) > _FEW * len(starts)


def _is_label_or_nothing(text: str) -> bool:
    bare = text.strip(" \t\n\xa0:|•-–—")
    return not bare or is_label(bare)


def _goes_back(minutes: list[int]) -> bool:
    """Whether no time is later than the one before, but for one turn at midnight."""
    turns = [(before, after) for before, after in pairwise(minutes) if after > before]
    return not turns or (len(turns) == 1 and turns[0][0] < _MORNING and turns[0][1] >= _EVENING)


def _counts(text: str) -> Openings | None:
    """Counts that are written alike and go on from one, once or again and again as strips without end do."""
    found = [(match, written_with(match)) for match in COUNTS.finditer(text)]
    if not found or not found[0][1].strip() or not _is_label_or_nothing(text[: found[0][0].start()]):
        return None
    alike = [match for match, written in found if written == found[0][1]]
    numbers = numbers_of(alike)
    last = max(numbers, default=0)
    if last < _FEWEST or numbers != [*range(1, last + 1)] * (len(numbers) // last):
        return None
    if alike[0]["letter"] and _most_are_small(text, [match.end() for match in alike]):
        return None
    return _spaced(text, alike, found[0][1])


def _sections(text: str) -> Openings | None:
    """Names in brackets, of a few words each, that stand before headlines and nowhere else."""
    found = [match for match in _SECTIONS.finditer(text) if len(match[2].split()) <= _MOST_WORDS]
    if len(found) < _FEWEST or not _is_label_or_nothing(text[: found[0].start()]):
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
    if min(lengths) < _SHORTEST or max(lengths) > _LONGEST:
        return None
    return Openings(tuple([match.start() for match in found]), symbols)
