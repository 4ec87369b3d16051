"""When a source is visited next: pure functions of its changes, its failures and its answers' headers.

The interval adapts within bounds: it is multiplied by 0.67 after a change and by 1.1 otherwise, which settles where
about one visit in five finds a change. Freshness that an answer states (`max-age`, `Expires`, a feed's `ttl`) is
waited for within the bounds, `Retry-After` also beyond them.
"""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from msgspec import Struct

from streams.sources.registry import Source

MAX_RETRY_AFTER_S: Final = 7 * 86_400.0
"""The longest Retry-After that is obeyed, in seconds: a site that says more is visited again after a week."""
JITTER: Final = 0.1
"""The share of an interval by which a visit may come earlier, so that visits of different sources spread."""
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
"""Characters at the beginning of a feed in which its `ttl` or update period is looked for."""


class Bounds(Struct, frozen=True):
    """The least and the most seconds between successful visits."""

    shortest: float = 60.0
    longest: float = 900.0

    def of(self, source: Source) -> "Bounds":
        """The bounds of a source: its own if it has any, else these."""
        shortest = self.shortest if source.shortest is None else source.shortest
        longest = self.longest if source.longest is None else source.longest
        return Bounds(shortest, max(shortest, longest))


def adapted(interval: float, bounds: Bounds, *, changed: bool) -> float:
    """The interval after a successful visit, in seconds; `interval` is the one before, 0 for none."""
    grown = (interval or bounds.shortest) * (_SHRINK if changed else _GROW)
    return min(max(grown, bounds.shortest), bounds.longest)


def backed_off(interval: float, failures: int, ceiling: float) -> float:
    """Exponential backoff: seconds until a source is visited again after `failures` consecutive failures (≥ 1)."""
    doubled = interval * 2.0 ** min(failures, _MOST_DOUBLINGS)
    return max(interval, min(doubled, ceiling))


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """An answer's Retry-After, in seconds; None if it has none, or an invalid one.

    Args:
        headers: The answer's headers, by lower-case name.
        now: Seconds since the epoch. A date is compared with the server's own clock (`Date`), if the answer has it.
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
    """The freshness lifetime that is left of an answer, in seconds; 0 if it states none.

    Source: RFC 9111, 4.2.1 and 4.2.3, without `s-maxage`, which is for shared caches.
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
    """Seconds for which a feed need not be read again, by its `ttl` or `sy:updatePeriod`; 0 if it states neither."""
    head = feed[:_HEAD]
    if found := _TTL.search(head):
        return 60.0 * int(found[1])
    if found := _PERIOD.search(head):
        often = _FREQUENCY.search(head)
        return _PERIODS[found[1].lower()] / max(1, int(often[1]) if often else 1)
    return 0.0


def _moment(written: str) -> float | None:
    """An HTTP date, in seconds since the epoch; None if it is invalid."""
    try:
        moment = parsedate_to_datetime(written)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
