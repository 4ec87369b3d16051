"""Learns how often a source shows something new, by hour and weekday, to tell when its silence is unusual.

News (visits that brought something new) are counted for each of the 168 hours of a week. A silence is measured not in
hours but in the number of news to be expected in it. Example: five hours at night, when one in two hours brings news,
are a silence of 2.5; one hour at noon with ten news is a silence of 10. A source may be silent for somewhat longer than
its longest silence so far.
"""

from typing import Final

from msgspec import Struct, field

HOURS: Final = 168
_HOUR_MS: Final = 3_600_000
_PRIOR: Final = 2.0
"""The weight of the prior, in hours: an hour's rate is shrunk to that of its time of day, and that to the source's."""
_LONGEST_STEP_MS: Final = _HOUR_MS
"""The most time between two visits that counts: while the source was not visited, nothing is known of it."""
_USUAL: Final = 12.0
"""The expected news for which a source may be silent: by chance alone (Poisson) once in 160,000 silences."""
_MARGIN: Final = 1.25
"""A source may be silent for so many times its longest silence so far."""
_NEW_DAY: Final = 3.0
"""The factor by which a source may be silent longer on a weekday that was not observed yet."""
_SEEN_HOURS: Final = 6.0
"""Hours of a weekday after which it counts as observed."""
_LEARNT_HOURS, _LEARNT_NEWS = 48.0, 20.0
"""Hours and news after which a source's rhythm is known."""
_FULL_HOURS: Final = 8.0
"""When an hour of the week was observed for more hours than this, its counts are halved, so that old ones fade."""


class Rhythm(Struct):
    """A source's rhythm; hours of the week are in the source's time zone, from Monday 0:00."""

    news: list[float] = field(default_factory=lambda: [0.0] * HOURS)
    """Visits with something new, by hour of the week."""
    hours: list[float] = field(default_factory=lambda: [0.0] * HOURS)
    """Hours for which it was observed, by hour of the week."""
    waited: float = 0.0
    """The current silence: news to be expected since the last visit with something new."""
    longest: float = 0.0
    """The longest silence so far that was not unusual, in expected news."""
    hour: int = -1
    """The hour of the week for which `rate` and `patience` hold."""
    rate: float = 0.0
    """Expected news an hour."""
    patience: float = 0.0
    """The longest usual silence, in expected news; 0 while the rhythm is not known."""


def pass_time(rhythm: Rhythm, hour: int, elapsed: int, *, is_new: bool) -> None:
    """Learn from a visit in an hour of the week, `elapsed` ms after the last; `is_new` if it brought something new."""
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
    """Whether the current silence is unusual."""
    return 0.0 < rhythm.patience < rhythm.waited


def allowed_seconds(rhythm: Rhythm) -> float | None:
    """Seconds for which it may show nothing new from this hour on, a week at most; None while that is not known."""
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
    """News an hour, over all hours."""
    return (sum(rhythm.news) + 1) / (sum(rhythm.hours) + 1)


def _rate(rhythm: Rhythm, hour: int, overall: float) -> float:
    """Expected news in an hour of the week, shrunk to the time of day's average and to `overall`."""
    news, hours = rhythm.news, rhythm.hours
    of_day = (sum(news[hour % 24 :: 24]) + _PRIOR * overall) / (sum(hours[hour % 24 :: 24]) + _PRIOR)
    return (news[hour] + _PRIOR * of_day) / (hours[hour] + _PRIOR)


def _enter(rhythm: Rhythm, hour: int) -> None:
    """Begin another hour of the week."""
    news, hours = rhythm.news, rhythm.hours
    if hours[hour] > _FULL_HOURS:
        news[hour], hours[hour] = news[hour] / 2, hours[hour] / 2
    rhythm.hour = hour
    rhythm.rate = _rate(rhythm, hour, _overall(rhythm))
    day = hour - hour % 24
    factor = 1.0 if sum(hours[day : day + 24]) >= _SEEN_HOURS else _NEW_DAY
    is_known = sum(hours) >= _LEARNT_HOURS and sum(news) >= _LEARNT_NEWS
    rhythm.patience = factor * max(_USUAL, _MARGIN * rhythm.longest) if is_known else 0.0
