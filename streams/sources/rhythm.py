"""How often a source shows something new, by hour and weekday, and how long a silence of it is nothing special.

Visits that brought something new are counted for each of the 168 hours of a week. A silence is measured not in hours
but in how many such visits were to be expected in it: in a night of few headlines it lasts long, and is short all the
same. What a source kept silent for before it may keep silent for again.
"""

from typing import Final

from msgspec import Struct, field

HOURS: Final = 168
_HOUR_MS: Final = 3_600_000
_PRIOR: Final = 2.0
"""How many hours of an hour's own past weigh as much as what is known of that time of day, and of the source."""
_LONGEST_STEP_MS: Final = _HOUR_MS
"""What lies between two visits counts for an hour at most: while nobody looked, nothing was missed."""
_USUAL: Final = 12.0
"""News to be expected for which a source may be silent: by chance alone once in 160,000 silences."""
_MARGIN: Final = 1.25
_NEW_DAY: Final = 3.0
"""A weekday that was not seen yet is judged by the others, and so with so much more patience."""
_SEEN_HOURS: Final = 6.0
_LEARNT_HOURS, _LEARNT_NEWS = 48.0, 20.0
_FULL_HOURS: Final = 8.0
"""Hours of one hour's past from which on the older half of it fades."""


class Rhythm(Struct):
    """The past of a source as far as its news are concerned; hours are of the source's week, Monday first."""

    news: list[float] = field(default_factory=lambda: [0.0] * HOURS)
    """Visits with something new, by hour of the week."""
    hours: list[float] = field(default_factory=lambda: [0.0] * HOURS)
    """How long it was watched, by hour of the week."""
    waited: float = 0.0
    """News that were to be expected since the last one."""
    longest: float = 0.0
    """The longest silence that was nothing special, in the same measure."""
    hour: int = -1
    """The hour of the week for which `rate` and `patience` were made."""
    rate: float = 0.0
    """News an hour that are to be expected now."""
    patience: float = 0.0
    """News to be expected for which it may be silent now."""


def pass_time(rhythm: Rhythm, hour: int, elapsed: int, *, is_new: bool) -> None:
    """A visit in an hour of the week, `elapsed` ms after the one before; `is_new` when it brought something new."""
    step = min(elapsed, _LONGEST_STEP_MS) / _HOUR_MS
    if hour != rhythm.hour:
        _enter(rhythm, hour)
    rhythm.hours[hour] += step
    if not is_new:
        rhythm.waited += rhythm.rate * step
        return
    if rhythm.longest < rhythm.waited <= 2 * rhythm.patience:
        rhythm.longest = rhythm.waited
    rhythm.waited = 0.0
    rhythm.news[hour] += 1.0


def is_silent(rhythm: Rhythm) -> bool:
    """Whether nothing new came for longer than is usual."""
    return 0.0 < rhythm.patience < rhythm.waited


def allowed_seconds(rhythm: Rhythm) -> float | None:
    """For how long it may show nothing new from this hour on, a week at most; None before that is known."""
    if rhythm.patience <= 0:
        return None
    left, overall = rhythm.patience, _overall(rhythm)
    for number in range(HOURS):
        rate = _rate(rhythm, (rhythm.hour + number) % HOURS, overall)
        if rate >= left:
            return (number + left / rate) * 3600
        left -= rate
    return HOURS * 3600.0


def _overall(rhythm: Rhythm) -> float:
    """News an hour, of all hours."""
    return (sum(rhythm.news) + 1) / (sum(rhythm.hours) + 1)


def _rate(rhythm: Rhythm, hour: int, overall: float) -> float:
    """News that are to be expected in an hour of the week: by its own past, by that time of day, by the source's."""
    news, hours = rhythm.news, rhythm.hours
    of_day = (sum(news[hour % 24 :: 24]) + _PRIOR * overall) / (sum(hours[hour % 24 :: 24]) + _PRIOR)
    return (news[hour] + _PRIOR * of_day) / (hours[hour] + _PRIOR)


def _enter(rhythm: Rhythm, hour: int) -> None:
    """Another hour of the week has begun."""
    news, hours = rhythm.news, rhythm.hours
    if hours[hour] > _FULL_HOURS:
        news[hour], hours[hour] = news[hour] / 2, hours[hour] / 2
    rhythm.hour = hour
    rhythm.rate = _rate(rhythm, hour, _overall(rhythm))
    day = hour - hour % 24
    factor = 1.0 if sum(hours[day : day + 24]) >= _SEEN_HOURS else _NEW_DAY
    is_known = sum(hours) >= _LEARNT_HOURS and sum(news) >= _LEARNT_NEWS
    rhythm.patience = factor * max(_USUAL, _MARGIN * rhythm.longest) if is_known else 0.0
