"""When a source is visited next: pure rules over how often it changes, how it fails and what its answers ask for.

A source that changes is visited more often and one that does not less often, within its bounds: the interval
settles where about one visit in five finds a change (multiplicative decrease and increase). Freshness that an
answer states (`max-age`, `Expires`, a feed's `ttl`) is waited for within the bounds; `Retry-After` beyond them.
"""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from msgspec import Struct

from streams.sources.registry import Source

MAX_RETRY_AFTER_S: Final = 7 * 86_400.0
"""The longest Retry-After that is kept, in seconds: a site that says more is asked again after a week."""
JITTER: Final = 0.1
"""The share of an interval by which a visit may come earlier, so that sources do not march in step."""
_SHRINK: Final = 0.67
_GROW: Final = 1.1
_MOST_DOUBLINGS: Final = 16
_MAX_AGE: Final = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)
_TTL: Final = re.compile(r"<ttl>\s*(\d{1,6})\s*</ttl>", re.IGNORECASE)
_PERIOD: Final = re.compile(
    r"<(?:\w+:)?updatePeriod>\s*(hourly|daily|weekly|monthly|yearly)\s*<", re.IGNORECASE
)
_FREQUENCY: Final = re.compile(r"<(?:\w+:)?updateFrequency>\s*(\d{1,4})\s*<", re.IGNORECASE)
_PERIODS: Final = {
    "hourly": 3600.0,
    "daily": 86_400.0,
    "weekly": 604_800.0,
    "monthly": 2_592_000.0,
    "yearly": 31_536_000.0,
}
_HEAD: Final = 20_000
"""Characters of a feed in which it says how often it changes."""


class Bounds(Struct, frozen=True):
    """The least and the most seconds between two visits that all go well."""

    shortest: float = 60.0
    longest: float = 900.0

    def of(self, source: Source) -> "Bounds":
        """The bounds of a source: its own, where it has them."""
        shortest = self.shortest if source.shortest is None else source.shortest
        longest = self.longest if source.longest is None else source.longest
        return Bounds(shortest, max(shortest, longest))


def adapted(interval: float, bounds: Bounds, *, changed: bool) -> float:
    """The interval after a visit that went well, in seconds; 0 stands for one that is not known yet."""
    grown = (interval or bounds.shortest) * (_SHRINK if changed else _GROW)
    return min(max(grown, bounds.shortest), bounds.longest)


def backed_off(interval: float, failures: int, ceiling: float) -> float:
    """Seconds until a source is tried again that failed so many times in a row (at least once)."""
    doubled = interval * 2.0 ** min(failures, _MOST_DOUBLINGS)
    return max(interval, min(doubled, ceiling))


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds for which an answer asks to be left alone; None where it does not, or says it in no known way.

    Args:
        headers: Of the answer, by name in small letters.
        now: Seconds since the epoch. A date is taken against the server's own clock (`Date`) where it shows one.
    """
    written = headers.get("retry-after", "").strip()
    if written.isascii() and written.isdecimal():
        return min(float(written[:12]), MAX_RETRY_AFTER_S)
    until = _moment(written)
    if until is None:
        return None
    server = _moment(headers.get("date", ""))
    return min(max(until - (now if server is None else server), 0.0), MAX_RETRY_AFTER_S)


def fresh_for(headers: Mapping[str, str]) -> float:
    """Seconds for which an answer says that it stays fresh; 0 where it does not say so.

    Source: RFC 9111, 4.2.1 and 4.2.3; `s-maxage` is for shared caches.
    """
    control = headers.get("cache-control", "").lower()
    if "no-cache" in control or "no-store" in control:
        return 0.0
    if found := _MAX_AGE.search(control):
        age = headers.get("age", "").strip()
        spent = float(age[:10]) if age.isascii() and age.isdecimal() else 0.0
        return max(0.0, float(found[1]) - spent)
    expires, date = _moment(headers.get("expires", "")), _moment(headers.get("date", ""))
    return max(0.0, expires - date) if expires is not None and date is not None else 0.0


def feed_ttl(feed: str) -> float:
    """Seconds for which a feed says that it need not be read again (`ttl`, `sy:updatePeriod`); 0 where it does not."""
    head = feed[:_HEAD]
    if found := _TTL.search(head):
        return 60.0 * int(found[1])
    if found := _PERIOD.search(head):
        often = _FREQUENCY.search(head)
        return _PERIODS[found[1].lower()] / max(1, int(often[1]) if often else 1)
    return 0.0


def _moment(written: str) -> float | None:
    """A date of HTTP in seconds since the epoch."""
    try:
        moment = parsedate_to_datetime(written)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
