"""Find the clocks before the headlines of a strip that has nothing else between them: `21:40 Ferry … 21:12 Bakers …`.

Sites show the newest headline first. So the clocks of a strip go back in time, and those of a timetable, of prayers or
of a programme do not: by that the two are told.
"""

import re
from itertools import pairwise
from typing import Final

from streams.produce.labels import is_label

CLOCK_STRENGTH: Final = 6.0
"""The evidence of one clock that a slot begins there: about −log of the rate of such clocks in headlines."""

FEWEST_CLOCKS: Final = 3

_CLOCK: Final = re.compile(r"(?<!\S)[\[(]?(\d{1,2})[:hH](\d\d)\b")
HINT: Final = re.compile(r"\d[:hH]\d\d")
"""What every clock has, and is looked for first: most texts have none, and this is found sooner."""
MOST_BEFORE: Final = 40
"""Characters within which the first clock ends: a label can stand before it."""
_HOURS, _MINUTES = 24, 60
_EVENING, _MORNING = 18 * _MINUTES, 6 * _MINUTES
"""Minutes of the day between which a strip of one night turns back: `0:20 … 23:55 …`."""


def clock_starts(text: str) -> tuple[int, ...]:
    """Where the clocks begin that stand before headlines and go back in time; empty where they do not."""
    if HINT.search(text, 0, MOST_BEFORE) is None:
        return ()
    first = _CLOCK.search(text, 0, MOST_BEFORE)
    if first is None or not _is_label_or_nothing(text[: first.start()]):
        return ()
    clocks = [clock for clock in _CLOCK.finditer(text) if int(clock[1]) < _HOURS and int(clock[2]) < _MINUTES]
    minutes = [_MINUTES * int(clock[1]) + int(clock[2]) for clock in clocks]
    if len(clocks) < FEWEST_CLOCKS or minutes[0] == minutes[-1] or not _goes_back(minutes):
        return ()
    return tuple([clock.start() for clock in clocks])


def _is_label_or_nothing(text: str) -> bool:
    bare = text.strip(" \t\n\xa0:|•-–—")
    return not bare or is_label(bare)


def _goes_back(minutes: list[int]) -> bool:
    """Whether no time is later than the one before, but for one turn at midnight."""
    turns = [(before, after) for before, after in pairwise(minutes) if after > before]
    return not turns or (len(turns) == 1 and turns[0][0] < _MORNING and turns[0][1] >= _EVENING)
