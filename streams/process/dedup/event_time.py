"""Event time: how far the stage has come by what sources say, so that no clock alone moves it far.

The event time of a stage is the latest bucket of any live headline, as it always was. New is what may move it:
a sighting up to `DOUBTED_MS` ahead of it does; one that is further ahead, or further behind than `BELIEVED_MS`, is
*doubted*. It is decided on as any other, its headline is remembered with the time of the stage and with the claim,
and only claims of several strips that nobody contradicts move event time, all at once.

All of it is decided from the records and their order, and comes back from the live headlines' rows: a restart and a
replay decide as the first run did.
"""

from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Final, Literal

from msgspec import Struct

HOUR_MS: Final = 60 * 60 * 1000
BUCKET_MS: Final = 10 * 60 * 1000
"""Last-seen times decide in whole buckets, because that is how often they are written."""
DOUBTED_MS: Final = 6 * HOUR_MS
"""How far one sighting may move event time. With it a daily rubric is still told from yesterday's (16 h)."""
BELIEVED_MS: Final = 31 * 24 * HOUR_MS
"""How far a doubted time is still taken as what the sighting itself is about, such as after an idle weekend."""
FEW: Final = 8
"""Live headlines below which there is no telling what is usual, and little to lose: any believed time moves."""
_STRIPS: Final = 3
"""Buckets of claims that make up for a second source."""
_MANY_STRIPS: Final = 6
"""Buckets of claims that make up for the majority: an hour in which nobody contradicted."""
_SAID: Final = 6
"""Claims that are remembered of one headline."""


def bucket_end(instant: int) -> int:
    """The end of an instant's ten-minute bucket, in ms: the first instant of the next one."""
    return _end_of(instant // BUCKET_MS)


@lru_cache(maxsize=1 << 14)
def _end_of(bucket: int) -> int:
    return (bucket + 1) * BUCKET_MS


class Claims(Struct, frozen=True):
    """What sources said of when they showed a headline, and was doubted."""

    said: tuple[tuple[str, int], ...]
    """Source and time (ms), the last one last; at most `_SAID`."""
    now: int
    """The event time of the stage then."""
    believed: bool = False
    """Whether others confirmed the last of them."""

    @property
    def at(self) -> int:
        """The time that was claimed last."""
        return self.said[-1][1]

    def and_said(self, by: str, at: int) -> "Claims":
        """The same with one more."""
        return Claims((*self.said, (by, at)), self.now)

    def says(self, by: str, at: int) -> bool:
        """Whether another claim says nothing new: it is there, in its bucket, or there are enough."""
        end = bucket_end(at)
        return len(self.said) >= _SAID or any(
            by == who and end == bucket_end(when) for who, when in self.said
        )


class Moment(Struct, frozen=True):
    """A sighting's place in event time. All in ms; ends of buckets where not said otherwise."""

    own: int
    """When it is taken to have been, for itself: what it is compared by."""
    reached: int
    """How far the stage has come, this sighting included."""
    seen_at: int
    """The instant that its headline was seen at, as it is remembered."""
    kind: Literal["", "ahead", "late"] = ""
    """Whether its time is doubted, or so far behind that nothing of then is live."""
    is_doubted: bool = False


def moment(timestamp: int, now: int, *, window: int, live: int) -> Moment:
    """Where a sighting stands.

    Args:
        timestamp: The sighting's time.
        now: Event time of the stage, the end of a bucket; 0 before the first sighting.
        window: How long headlines stay live.
        live: How many there are.
    """
    end = bucket_end(timestamp)
    if not now or (live < FEW and abs(end - now) <= BELIEVED_MS and end >= now):
        return Moment(end, max(end, now), timestamp)
    stage = now - BUCKET_MS
    if end - now > DOUBTED_MS:
        return Moment(end if end - now <= BELIEVED_MS else now, now, stage, "ahead", is_doubted=True)
    if now - end > window:
        return Moment(now, now, stage, "late", is_doubted=now - end > BELIEVED_MS)
    return Moment(end, max(end, now), timestamp)


class Evidence:
    """The claims that stand against the event time of the stage, since it moved last.

    Whenever it moves, by sightings that nobody doubts, the claims are contradicted and their count begins again.
    """

    def __init__(self) -> None:
        self._said: Counter[tuple[bool, str, int]] = Counter()

    def clear(self) -> None:
        """Begin again."""
        self._said.clear()

    def add(self, claims: Claims) -> bool:
        """Count the claims of a headline; whether they say something new."""
        said = _ends(claims)
        says_new = not said.keys() <= self._said.keys()
        self._said += said
        return says_new

    def remove(self, claims: Claims) -> None:
        """The headline has gone, or claims more."""
        self._said -= _ends(claims)

    def verdict(self, is_ahead: bool, usual: AbstractSet[str]) -> int | None:
        """The end of the bucket that event time moves to; None while the claims do not suffice.

        They do where they are of two sources or of strips in three buckets, and of most of the sources that were heard
        last or of strips in six buckets. Of the times claimed, the nearest is taken.

        Args:
            is_ahead: Whether to go by the claims ahead, or by those behind.
            usual: The sources that were heard at the event time of the stage.
        """
        claims = [(by, end) for ahead, by, end in self._said if ahead is is_ahead]
        sources, buckets = {by for by, _ in claims}, {end for _, end in claims}
        if len(sources) < 2 and len(buckets) < _STRIPS:  # noqa: PLR2004 (a second one)
            return None
        if 2 * len(sources) < len(sources | usual) and len(buckets) < _MANY_STRIPS:
            return None
        return min(buckets) if is_ahead else max(buckets)


def _ends(claims: Claims) -> Counter[tuple[bool, str, int]]:
    ends = ((by, bucket_end(at)) for by, at in claims.said)
    return Counter((end > claims.now, by, end) for by, end in ends)


def without_outliers(ends: Iterable[int], vouched: AbstractSet[int]) -> int:
    """The event time of a state: its latest bucket that can be believed.

    A release that believed every clock may have left rows far ahead. What lies above a gap of more than
    `BELIEVED_MS`, and was not confirmed by others, is left out.

    Args:
        ends: The ends of buckets in which headlines were seen last.
        vouched: Those that a claim was confirmed for.
    """
    latest = believed = 0
    for end in sorted(ends):
        if latest and end - latest > BELIEVED_MS and not any(each >= end for each in vouched):
            return believed
        latest = believed = end
    return believed
