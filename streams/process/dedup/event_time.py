"""Event time: how far the stage has come by what sources say, so that no clock alone moves it far.

The event time of a stage is the end of the latest bucket in which a live headline was seen. A sighting up to
`DOUBTED_MS` ahead of it moves it. One that is further ahead, or further behind than `BELIEVED_MS`, is *doubted*: a
source whose clock is a year ahead shows such ones. It is decided on as any other, and its headline is remembered with
the time of the stage and with the claim, which is the time that the source gave. Event time moves only by the claims
of several strips that nobody contradicts, and then all at once.

All of it is decided from the records and their order, and comes back from the changelog records of live headlines: a
restart and a replay decide as the first run did.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import islice
from typing import Final, Literal

from msgspec import Struct

HOUR_MS: Final = 60 * 60 * 1000
BUCKET_MS: Final = 10 * 60 * 1000
"""Last-seen times decide in whole buckets, because that is how often they are written."""
DOUBTED_MS: Final = 6 * HOUR_MS
"""How far (ms) one sighting may move event time: a daily rubric that is 6 h late is still over 16 h from the next."""
BELIEVED_MS: Final = 31 * 24 * HOUR_MS
"""How far (ms) ahead a doubted time may be and still be taken as the sighting's own, as after an idle weekend."""
FEW: Final = 8
"""With fewer live headlines nothing says what is usual, and little can be lost: any time up to `BELIEVED_MS` ahead
moves event time."""
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
    """The doubted times at which sources said that they showed one headline."""

    said: tuple[tuple[str, int], ...]
    """Source and time (ms), the last one last; at most `_SAID`."""
    now: int
    """The event time of the stage when they said so."""
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
        """Whether one more claim says nothing new: its source claimed that bucket before, or `_SAID` are remembered."""
        end = bucket_end(at)
        return len(self.said) >= _SAID or any(
            by == who and end == bucket_end(when) for who, when in self.said
        )


class Moment(Struct, frozen=True):
    """A sighting's place in event time. All in ms; ends of buckets where not said otherwise."""

    own: int
    """The bucket that the sighting is taken to be in: its distance from a headline's last sighting goes by this."""
    reached: int
    """How far the stage has come, this sighting included."""
    seen_at: int
    """The instant that is remembered as its headline's last sighting."""
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
        self._said.update(said)
        return says_new

    def remove(self, claims: Claims) -> None:
        """The headline has gone, or claims more."""
        for end, count in _ends(claims).items():
            self._said[end] -= count
            if self._said[end] <= 0:
                del self._said[end]

    def verdict(self, is_ahead: bool, usual: Callable[[], Iterable[str]]) -> int | None:
        """The end of the bucket that event time moves to; None while the claims do not suffice.

        They suffice where they come from two sources or lie in three buckets, and besides come from most of the sources
        that were heard last or lie in six buckets. So one source among others moves event time only after an hour in
        which nobody contradicted it. Of the claimed times, the one nearest to event time is taken.

        Args:
            is_ahead: Whether to go by the claims ahead, or by those behind.
            usual: Gives the sources that were heard at the event time of the stage, each once. It is asked where
                that matters, for no more than are needed: there may be a million headlines to look through.
        """
        claims = [(by, end) for ahead, by, end in self._said if ahead is is_ahead]
        sources, buckets = {by for by, _ in claims}, {end for _, end in claims}
        if len(sources) < 2 and len(buckets) < _STRIPS:  # noqa: PLR2004 (a second one)
            return None
        if len(buckets) < _MANY_STRIPS:
            others = (source for source in usual() if source not in sources)
            if sum(1 for _ in islice(others, len(sources) + 1)) > len(sources):
                return None
        return min(buckets) if is_ahead else max(buckets)


def _ends(claims: Claims) -> Counter[tuple[bool, str, int]]:
    ends = ((by, bucket_end(at)) for by, at in claims.said)
    return Counter((end > claims.now, by, end) for by, end in ends)


def without_outliers(ends: Iterable[int], vouched: AbstractSet[int]) -> int:
    """The event time of a state: its latest bucket that can be believed.

    A release that believed every clock may have left changelog records far ahead. What lies above a gap of more
    than `BELIEVED_MS`, and was not confirmed by others, is left out.

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
