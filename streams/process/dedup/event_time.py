"""Event time: the stage's watermark over the times that sources report, robust against single wrong clocks.

Strips vote. The *agreed* time is supported by most of the recent strips, and event time is the end of the latest bucket
in which a live headline was seen, at most `DOUBTED_MS` above the agreed time. A sighting that is further ahead is
*doubted*, for example each one of a source whose clock is a year ahead. It is decided like any other, but its headline
is stored with the stage's event time and with the *claim*, which is the time that the source reported.

All of this depends only on the records and their order, and the state of the vote is a changelog record too. So a
restart and a replay decide as the first run did.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from schemas.events import ClaimedTime, EventTime
from schemas.instants import EARLIEST, LATEST, format_instant, parse_instant

HOUR_MS: Final = 60 * 60 * 1000
BUCKET_MS: Final = 10 * 60 * 1000
"""The length of a bucket. Last-seen times count in whole buckets, because they are written once per bucket."""
AGREED_MS: Final = HOUR_MS
"""How far (ms) ahead of what is agreed a strip still agrees: so often, in event time, most strips have to say more."""
DOUBTED_MS: Final = 6 * HOUR_MS
"""How far (ms) sightings may move event time from what is agreed, and how far behind it a strip agrees: a daily rubric
that is 6 h late is still over 16 h from the next."""
BELIEVED_MS: Final = 31 * 24 * HOUR_MS
"""How far (ms) ahead a doubted time may be and still be taken as the sighting's own, as after an idle weekend."""
FEW: Final = 8
"""With fewer live headlines little can be lost: as many strips as support the agreed time are enough to move it on."""
ENOUGH: Final = 16
"""The most strips that are counted as support of the agreed time."""
RUBRIC_GAP_MS: Final = 16 * HOUR_MS
"""How long (ms) after its last sighting a rubric is the next one ("Weather today")."""
_NEXT_MS: Final = 2 * HOUR_MS
"""How much (ms) later the agreed time may become at once and still have the support that it had, were that enough."""
_ALONE: Final = 8
"""The number of buckets in which a single source must contradict several others before it is believed."""
_SAID: Final = 6
"""The most claims that are stored for one headline."""


def bucket_end(instant: int) -> int:
    """The end of an instant's ten-minute bucket, in ms: the first instant of the next one."""
    return _end_of(instant // BUCKET_MS)


@lru_cache(maxsize=1 << 14)
def _end_of(bucket: int) -> int:
    return (bucket + 1) * BUCKET_MS


class Contradiction(NamedTuple):
    """A strip whose time is above or below the agreed one: its source, and the end of its bucket (ms)."""

    by: str
    end: int


class Agreement(Struct, frozen=True, kw_only=True):
    """The agreed time: a majority vote with bounded memory, after Boyer and Moore (1981).

    A strip that agrees cancels the oldest contradiction of each side, or adds to the support if there is none. Once the
    contradictions on one side outnumber the support, they win: the hour that most of them name becomes the agreed time,
    and the count starts again.
    """

    end: int
    """The agreed time: the end of a bucket, in ms."""
    last: tuple[str, int] | None
    """Source and time (ms) of the last strip that was counted, so that a strip counts once. None if unknown."""
    support: int
    """The number of strips that agreed with it; at most `ENOUGH`."""
    by: str | None
    """The source of all of these strips; None if they have several."""
    later: tuple[Contradiction, ...] = ()
    """The contradictions above it, in order of arrival; at most `ENOUGH` + 1."""
    earlier: tuple[Contradiction, ...] = ()
    """The contradictions below it, likewise."""

    @property
    def quiet(self) -> tuple[int, int]:
        """The range of times (ms, half-open) of strips that change nothing."""
        if self.support < ENOUGH or self.later or self.earlier:
            return (0, 0)
        return (max(self.end - BUCKET_MS - DOUBTED_MS, EARLIEST), min(self.end + AGREED_MS, LATEST + 1))


def hear(before: Agreement | None, by: str, at: int, *, is_few: bool) -> Agreement:
    """The agreement after one more strip; the same object if the strip changes nothing.

    Args:
        before: The agreement before; None before the first strip.
        by: The strip's source.
        at: Its time, in ms.
        is_few: Whether there are fewer than `FEW` live headlines.
    """
    said = Contradiction(by, bucket_end(at))
    if before is None:
        return Agreement(end=said.end, last=(by, at), support=1, by=by)
    if (by, at) == before.last:
        return before
    later, earlier = before.later, before.earlier
    if said.end - before.end > AGREED_MS:
        later, earlier = _and(later, said), earlier[1:]
    elif before.end - said.end > DOUBTED_MS:
        later, earlier = later[1:], _and(earlier, said)
    elif later or earlier:
        later, earlier = later[1:], earlier[1:]
    else:
        return _supported(before, by, at)
    if (later, earlier) == (before.later, before.earlier):
        return before
    return _weighed(replace(before, last=(by, at), later=later, earlier=earlier), is_few=is_few)


def _supported(before: Agreement, by: str, at: int) -> Agreement:
    if before.support == ENOUGH:
        return before
    return replace(before, last=(by, at), support=before.support + 1, by=by if by == before.by else None)


def _weighed(agreement: Agreement, *, is_few: bool) -> Agreement:
    more = agreement.support + 1
    if _have(agreement.later, agreement, agreement.support if is_few else more):
        return _agreed_on(_named_by_most(agreement.later, min), agreement.later, agreement)
    if _have(agreement.earlier, agreement, more):
        return _agreed_on(_named_by_most(agreement.earlier, max), agreement.earlier, agreement)
    return agreement


def _and(said: tuple[Contradiction, ...], more: Contradiction) -> tuple[Contradiction, ...]:
    """Add a contradiction. If there are too many, drop one whose bucket others name too, to keep distinct buckets."""
    if len(said) <= ENOUGH:
        return (*said, more)
    if more in said:
        return said
    named = Counter(end for _, end in (*said, more))
    leaving = next((place for place, (_, end) in enumerate(said) if named[end] > 1), 0)
    return (*said[:leaving], *said[leaving + 1 :], more)


def _have(said: Sequence[Contradiction], agreement: Agreement, votes: int) -> bool:
    """Whether contradictions win with this many votes. A single source against several also needs `_ALONE` buckets."""
    if len(said) < votes:
        return False
    is_alone = agreement.by is None and len({by for by, _ in said}) == 1
    return not is_alone or len({end for _, end in said}) >= _ALONE


def _named_by_most(said: Sequence[Contradiction], nearest: Callable[[Iterable[int]], int]) -> int:
    """The start of the hour (`AGREED_MS`) that has most contradictions; among equals the nearest to the agreed time."""
    named = {one: sum(one <= end <= one + AGREED_MS for _, end in said) for _, one in said}
    most = max(named.values())
    return nearest(end for end, count in named.items() if count == most)


def _agreed_on(end: int, said: Sequence[Contradiction], before: Agreement) -> Agreement:
    """Agree on a time that contradictions named. Full support is kept if that is at most `_NEXT_MS` later."""
    with_it = [each.by for each in said if end <= each.end <= end + AGREED_MS]
    is_handed_on = before.support == ENOUGH and 0 < end - before.end <= _NEXT_MS
    sources = {*with_it, before.by} if is_handed_on else set(with_it)
    return Agreement(
        end=end,
        last=before.last,
        support=ENOUGH if is_handed_on else min(len(with_it), ENOUGH),
        by=sources.pop() if len(sources) == 1 else None,
    )


def event_time(now: int, agreement: Agreement) -> EventTime:
    """The changelog record of event time and the agreement."""
    return EventTime(
        reached=format_instant(now),
        agreed=format_instant(agreement.end),
        support=agreement.support,
        by=agreement.by,
        last=None if agreement.last is None else _claimed(agreement.last),
        later=tuple(map(_claimed, agreement.later)),
        earlier=tuple(map(_claimed, agreement.earlier)),
    )


def _claimed(said: tuple[str, int]) -> ClaimedTime:
    by, at = said
    return ClaimedTime(by=by, at=format_instant(at))


def agreement_of(row: EventTime) -> Agreement:
    """The agreement from a changelog record.

    Raises:
        ValueError: An instant is invalid.
    """
    return Agreement(
        end=parse_instant(row.agreed),
        last=None if row.last is None else (row.last.by, parse_instant(row.last.at)),
        support=row.support,
        by=row.by,
        later=tuple(Contradiction(claim.by, parse_instant(claim.at)) for claim in row.later),
        earlier=tuple(Contradiction(claim.by, parse_instant(claim.at)) for claim in row.earlier),
    )


class Claims(Struct, frozen=True):
    """The doubted times at which sources claimed to have shown a headline."""

    said: tuple[tuple[str, int], ...]
    """Source and time (ms), the last one last; at most `_SAID`."""
    now: int
    """The event time of the stage at these claims."""

    @property
    def at(self) -> int:
        """The latest claim's time."""
        return self.said[-1][1]

    def and_said(self, by: str, at: int) -> "Claims":
        """These claims with one more."""
        return Claims((*self.said, (by, at)), self.now)

    def says(self, by: str, at: int) -> bool:
        """Whether one more claim says nothing new: its source claimed that bucket before, or `_SAID` are remembered."""
        end = bucket_end(at)
        return len(self.said) >= _SAID or any(
            by == who and end == bucket_end(when) for who, when in self.said
        )


class Moment(Struct, frozen=True):
    """A sighting's position in event time. All times are in ms, and ends of buckets unless stated otherwise."""

    own: int
    """The bucket that the sighting is assigned to; its distance from a headline's last sighting is measured from it."""
    reached: int
    """The stage's event time, including this sighting."""
    seen_at: int
    """The instant that is stored as its headline's last sighting."""
    kind: Literal["", "ahead", "late"] = ""
    """Whether its time is doubted, or so far behind that nothing of then is live."""

    @property
    def is_doubted(self) -> bool:
        """Whether it is too far ahead for event time to follow."""
        return self.kind == "ahead"


@lru_cache(maxsize=1 << 10)
def moment(timestamp: int, now: int, agreed: int, window: int) -> Moment:
    """The position of a sighting in event time. Cached: the slots of a strip have one time.

    Args:
        timestamp: The sighting's time.
        now: Event time of the stage, the end of a bucket; 0 before the first sighting.
        agreed: The time that strips agree on, the end of a bucket.
        window: How long headlines stay live.
    """
    end = bucket_end(timestamp)
    if not now:
        return Moment(end, end, timestamp)
    stage = now - BUCKET_MS
    if end - agreed > DOUBTED_MS:
        return Moment(end if end - now <= BELIEVED_MS else now, now, stage, "ahead")
    if now - end > window:
        return Moment(now, now, stage, "late")
    return Moment(end, max(end, now), timestamp)


def without_outliers(ends: Iterable[int], vouched: AbstractSet[int]) -> int:
    """The event time of a state that an earlier release left, which wrote none: its latest bucket to be believed.

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
