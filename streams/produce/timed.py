"""Find where headlines begin in a strip that has nothing between them but the time of each, before or behind it.

A clock: `21:40 Ferry … 21:12 Bakers …`, `Ferry … 21:40 Bakers … 21:12`. Sites show the newest headline first, so the
clocks of a strip go back in time, and those of a timetable, of prayers or of a programme do not: by that the two are
told. An age: `Ferry … 5 min ago Bakers … 1 hour ago`.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from streams.produce.labels import is_label

SHORTEST: Final = 12
LONGEST: Final = 250
"""Characters between two times, counts or sections: those of a headline."""
MOST_BEFORE: Final = 40
"""Characters within which the first opening ends: a label can stand before it."""
_SHORTEST_OF_FEWEST: Final = 25
"""The same where only three times stand behind texts: by chance those of a timetable go back ("Fez to Oujda 19:05")."""
FEWEST: Final = 3
"""Times, counts or sections that part headlines at least."""

_BEHIND: Final = r"(?:\W*\Z|\s*[-–—|•·*,;.]?\s+(?=\S))"
"""What stands between a time and the next headline, or the end."""
_CLOCK: Final = re.compile(
    r"(?<!\S)[\[(]?(?:\d{1,2}[/.-]\d{1,2}(?:[/.-]\d{2,4})?[,،]?\s(?:à\s|-\s)?)?(\d{1,2})[:hH](\d\d)\b"
)
_CLOCK_BEHIND: Final = re.compile(
    rf"{_CLOCK.pattern}(?:\s?(?:[ap]\.?m\b\.?|gmt|utc|[صم]\b))?[\])]?{_BEHIND}", re.IGNORECASE
)
_AGE: Final = (
    r"(?<!\S)[\[(]?(?:"
    r"\d{1,2}\s?(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)\s+ago"
    r"|il\s+y\s+a\s+\d{1,2}\s?(?:s|sec|secondes?|min|mn|minutes?|h|heures?|j|jours?)"
    r"|منذ\s+(?:\d{1,2}\s+)?(?:ثانية|ثوان|دقيقة|دقائق|دقيقتين|ساعة|ساعات|ساعتين|يوم|أيام|يومين)"
    r")(?!\w)\.?[\])]?"
)
_AGE_BEFORE: Final = re.compile(rf"{_AGE}(?=\W)", re.IGNORECASE)
_AGE_BEHIND: Final = re.compile(rf"{_AGE}{_BEHIND}", re.IGNORECASE)
_PERHAPS: Final = re.compile(r"\d(?::|h|H|\s?[a-zA-Z]+ ago| ?[a-zA-Z]{1,8}\W*\Z)")
"""What the last time of a text has, if one stands there."""
_DIGIT: Final = re.compile(r"\d")
_SINCE: Final = "منذ"
_MOST_BEHIND: Final = 20
_HOURS, _MINUTES = 24, 60
_EVENING, _MORNING = 18 * _MINUTES, 6 * _MINUTES
"""Minutes of the day between which a strip of one night turns back: `0:20 … 23:55 …`."""
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
_FEW: Final = 0.2


def starts_after_times(text: str) -> tuple[int, ...]:
    """Where the times stand that begin headlines; nowhere where they do not."""
    return _clocks(text) or _ages(text)


def starts_before_times(text: str) -> tuple[int, ...]:
    """Where headlines begin that have their times behind them; nowhere where a time belongs to a sentence."""
    end = text[-_MOST_BEHIND:]
    if not (_DIGIT.search(end) and _PERHAPS.search(end)) and _SINCE not in end:
        return ()
    clocks = list(_CLOCK_BEHIND.finditer(text))
    if clocks and all(_minutes([clock]) for clock in clocks) and _are_of_strip(_minutes(clocks)):
        return _between(text, clocks)
    return _between(text, list(_AGE_BEHIND.finditer(text)))


def is_label_or_nothing(text: str) -> bool:
    """Whether what stands before the first opening is at most a label."""
    bare = text.strip(" \t\n\xa0:|•-–—")
    return not bare or is_label(bare)


def most_are_small(text: str, starts: Sequence[int]) -> bool:
    """Whether more than a few of what begins there begins with a small letter, as clauses do and headlines do not."""
    return sum(text[start].islower() for start in starts) > _FEW * len(starts)


def _clocks(text: str) -> tuple[int, ...]:
    first = _CLOCK.search(text, 0, MOST_BEFORE)
    if first is None or not is_label_or_nothing(text[: first.start()]):
        return ()
    clocks = [clock for clock in _CLOCK.finditer(text) if _minutes([clock])]
    return tuple([clock.start() for clock in clocks]) if _are_of_strip(_minutes(clocks)) else ()


def _ages(text: str) -> tuple[int, ...]:
    first = _AGE_BEFORE.search(text, 0, MOST_BEFORE)
    if first is None or not is_label_or_nothing(text[: first.start()]):
        return ()
    ages = list(_AGE_BEFORE.finditer(text))
    starts = [age.start() for age in ages]
    ends = [*starts[1:], len(text)]
    between = [text[age.end() : end].strip(" \t\n\xa0:|•-–—") for age, end in zip(ages, ends, strict=True)]
    if len(ages) < FEWEST or not _are_long(between):
        return ()
    return (
        ()
        if most_are_small(" ".join(each[0] for each in between), range(0, 2 * len(ages), 2))
        else tuple(starts)
    )


def _between(text: str, times: Sequence[re.Match[str]]) -> tuple[int, ...]:
    """Where the texts begin that these times stand behind, if they are as long as headlines, and the last time last."""
    if len(times) < FEWEST or times[-1].end() < len(text):
        return ()
    starts = (0, *(time.end() for time in times[:-1]))
    between = [text[start : time.start()].strip() for start, time in zip(starts, times, strict=True)]
    if len(times) == FEWEST and min(map(len, between)) < _SHORTEST_OF_FEWEST:
        return ()
    if not _are_long(between) or most_are_small(text, starts):
        return ()
    return () if any(each.split()[-1].casefold() in _BEFORE_TIMES for each in between) else starts


def _are_long(texts: Sequence[str]) -> bool:
    lengths = list(map(len, texts))
    return min(lengths) >= SHORTEST and max(lengths) <= LONGEST


def _minutes(clocks: Sequence[re.Match[str]]) -> list[int]:
    """The minutes of the day that clocks show; what shows none, as a score may, is left out."""
    shown = [(int(clock[1]), int(clock[2])) for clock in clocks]
    return [_MINUTES * hour + minute for hour, minute in shown if hour < _HOURS and minute < _MINUTES]


def _are_of_strip(minutes: Sequence[int]) -> bool:
    """Whether several times are not all one, and none is later than the one before, but for one turn at midnight."""
    if len(minutes) < FEWEST or minutes[0] == minutes[-1]:
        return False
    turns = [(before, after) for before, after in pairwise(minutes) if after > before]
    return not turns or (len(turns) == 1 and turns[0][0] < _MORNING and turns[0][1] >= _EVENING)
