"""Anomaly detection for sources: judges each strip by the past of its source. Pure; time is that of the visits.

A strip that does not fit is *in doubt*: its shape, its separator, or all of its headlines are new. It is held back at
once, unless nearly all of its headlines are known. With the second visit in doubt the source changes its state, so
that one odd answer raises no alarm; the new state is reported as a `SourceState`. If the doubt lasts for hours while
the doubted strip keeps changing, the site itself has changed: then the strip is accepted (*taken over*).
"""

import statistics
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime, tzinfo
from hashlib import blake2b
from typing import Final, Literal

from msgspec import Struct, field

from schemas.events import Pin, SourceState
from schemas.instants import format_instant
from streams.sources.pins import propose
from streams.sources.rhythm import Rhythm, allowed_seconds, is_silent, pass_time
from streams.sources.visit import Reading, Visit
from streams.sources.walls import wall_of

State = Literal[
    "learning", "well", "silent", "missing", "misshapen", "resplit", "misplaced", "walled", "failing"
]

_REMEMBERED: Final = 256
"""The most recent headlines of a source that are remembered as known."""
_SHAPES: Final = 30
"""The most recent strips whose shapes (number and length of headlines, separator) are usual."""
_LEARNT: Final = 5
"""Strips after which a source is judged."""
_FAR: Final = 1.6
"""The factor beyond the usual range from which a number or length is in doubt."""
_FEWEST_APART: Final = 4
"""The least difference to the usual number of headlines that is in doubt."""
_WELL_KNOWN: Final = 0.8
"""The share of known headlines with which a strip in doubt is published all the same."""
_FEWEST_SLOTS: Final = 5
"""A strip with fewer headlines may be all new at any time."""
_OFTEN_NEW: Final = 0.02
"""If more than this share of a source's strips was all new, an all-new strip is not in doubt."""
_EXCUSES: Final = 2
"""A strip of n new headlines is in doubt if fewer than n / (2 + `_EXCUSES` x `Past.replaced`) were to be expected."""
_SUSPECTED: Final = 0.2
"""The share of headlines in common with strips that were held back which makes a strip one of them."""
_FAILURES: Final = 3
"""Consecutive failed visits after which the state is `failing`."""
_TAKEN_OVER_MS: Final = 24 * 3_600_000
"""How long a strip is held back before it is taken over."""
_REPLACED_MS: Final = 2 * 3_600_000
"""The same for a strip of the usual shape with only new headlines, which big news can cause."""
_FEWEST_NEWS: Final = 3
"""Different strips (in more than their order) that must have been held back before the last one is taken over."""
_TOLD_AGAIN_MS: Final = 3_600_000
"""How often a state that did not change is reported again, with new figures."""
_WEIGHT: Final = 1 / 200
"""The weight of a visit in the moving averages of unchanged and failed visits."""
_NO_VISITOR: Final = frozenset({401, 402, 403, 407, 451})
_HOUR_MS: Final = 3_600_000
_64_BITS: Final = (1 << 64) - 1


class Past(Struct):
    """What the watch has learnt of a source; times are in ms since the epoch, 0 for never."""

    rhythm: Rhythm = field(default_factory=Rhythm)
    entry: str = ""
    """The settings by which it was requested and read (`streams.sources.reading.asked`)."""
    state: State = "learning"
    since: int = 0
    detail: str = ""
    pin: Pin | None = None
    held: bool = False
    last_visit: int = 0
    last_well: int = 0
    last_change: int = 0
    told_at: int = 0
    unchanged: float = 0.0
    failed: float = 0.0
    failures: int = 0
    strips: int = 0
    """Strips that were published."""
    all_new: float = 0.0
    """The share of strips with only new headlines."""
    replaced: int = 0
    """How often a strip with only new headlines was held back and later proved right."""
    new_of_news: float = 1.0
    """The average number of new headlines in a strip that has any."""
    counts: list[int] = []
    lengths: list[float] = []
    separators: list[str | None] = []
    recent: dict[int, None] = {}
    """Hashes of known headlines, most recent last."""
    doubt: Literal["", "missing", "misshapen", "resplit", "misplaced", "walled"] = ""
    """The doubt at the last visit."""
    doubted_since: int = 0
    doubted: list[int] = []
    """Hashes of different strips that were held back."""
    suspects: dict[int, None] = {}
    """Hashes of those strips' headlines, most recent last."""
    zone_hour: int = -1
    """The current hour of the source's week."""
    zone_until: int = 0
    """When that hour ends."""


class _Doubt(Struct, frozen=True):
    kind: Literal["missing", "misshapen", "resplit", "misplaced", "walled"]
    detail: str


class Watch:
    """Judges readings (`streams.sources.visit.Judge`), each by the past of its source.

    Args:
        pasts: The past of each source; updated in place.
        zone: Gives a source's time zone.
    """

    def __init__(
        self,
        pasts: MutableMapping[str, Past],
        *,
        zone: Callable[[str], tzinfo] = lambda _: UTC,
    ) -> None:
        self._pasts = pasts
        self._zone = zone
        self._told: list[SourceState] = []

    def told(self) -> list[SourceState]:
        """Take the states to report since the last call: those that changed, and every hour those that did not."""
        told, self._told = self._told, []
        return told

    def judge(self, reading: Reading) -> bool:
        """Learn from a reading; says whether its strip may be published.

        After a change of a source's settings, the shapes of its strips are learnt anew.
        """
        visit = reading.visit
        entry = visit.asked
        past = self._pasts.get(visit.source) or Past(since=visit.at, last_visit=visit.at, entry=entry)
        if past.entry != entry:
            past = Past(
                rhythm=past.rhythm,
                since=visit.at,
                last_visit=past.last_visit,
                last_change=past.last_change,
                recent=past.recent,
                entry=entry,
            )
        elapsed, past.last_visit = visit.at - past.last_visit, visit.at
        before = past.state, past.held
        may = self._judged(past, reading, elapsed)
        if (past.state, past.held) != before or visit.at - past.told_at >= _TOLD_AGAIN_MS:
            past.told_at = visit.at
            self._told.append(_state(visit.source, past))
        self._pasts[visit.source] = past
        return may

    def _judged(self, past: Past, reading: Reading, elapsed: int) -> bool:
        visit = reading.visit
        is_unchanged = visit.outcome == "unchanged" or (reading.strip is not None and reading.is_same)
        past.unchanged += _WEIGHT * (is_unchanged - past.unchanged)
        is_failed = not visit.is_well
        past.failed += _WEIGHT * (is_failed - past.failed)
        if is_failed:
            _fail(past, visit)
            return False
        past.failures = 0
        hour = self._hour(past, visit)
        if is_unchanged:
            pass_time(past.rhythm, hour, elapsed, is_new=False)
            self._as_before(past, visit)
            return True
        if reading.strip is None:
            pass_time(past.rhythm, hour, elapsed, is_new=False)
            _be_in_doubt(past, reading, _missing(reading), held=past.strips >= _LEARNT)
            return False
        keys = [_key(slot.text) for slot in reading.headlines]
        known = sum(key in past.recent for key in keys)
        if past.strips >= _LEARNT and (doubt := _doubt(past, reading, keys, known)):
            is_known = known >= _WELL_KNOWN * len(keys)
            if not is_known and not _is_taken_over(past, visit, doubt, keys):
                pass_time(past.rhythm, hour, elapsed, is_new=False)
                _be_in_doubt(past, reading, doubt, held=True)
                _remember(past.suspects, keys)
                return False
            _be_in_doubt(past, reading, doubt, held=False)
            if not is_known:
                past.replaced += doubt.kind == "misplaced"
                _clear(past, visit, f"taken over after hours in which it was {doubt.kind}: {doubt.detail}")
        else:
            past.replaced += past.doubt == "misplaced" and _is_suspected(past, keys)
            _clear(past, visit)
        pass_time(past.rhythm, hour, elapsed, is_new=known < len(keys))
        _take(past, reading, keys, known)
        if not past.doubt or visit.at - past.doubted_since >= _TAKEN_OVER_MS:
            _learn_looks(past, reading, keys)
        return True

    def _as_before(self, past: Past, visit: Visit) -> None:
        """Note a visit that showed the same as the last successful one."""
        past.last_well = visit.at
        if past.doubt and not past.held:
            # The strip in doubt was published, and is still shown.
            _enter(past, past.doubt, visit, past.detail)
        elif past.doubt or past.state not in {"well", "learning", "silent"}:
            _clear(past, visit)
        if is_silent(past.rhythm) and past.state in {"well", "learning"}:
            since = (visit.at - past.last_change) / _HOUR_MS
            missed = f"{past.rhythm.waited:.0f} visits with something new were to be expected"
            _enter(past, "silent", visit, f"nothing new for {since:.1f} h, in which {missed}")

    def _hour(self, past: Past, visit: Visit) -> int:
        """The hour of the source's week, from Monday 0:00 in its time zone."""
        if visit.at >= past.zone_until or past.zone_hour < 0:
            local = datetime.fromtimestamp(visit.at / 1000, self._zone(visit.source))
            past.zone_hour = local.weekday() * 24 + local.hour
            past.zone_until = (
                visit.at + _HOUR_MS - (local.minute * 60 + local.second) * 1000 - visit.at % 1000
            )
        return past.zone_hour


def _key(text: str) -> int:
    """A hash of a headline by which it is recognized within one source; case does not matter."""
    return int.from_bytes(blake2b(text.casefold().encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _missing(reading: Reading) -> _Doubt:
    visit = reading.visit
    wall = wall_of(visit.body or "", visit.address, visit.answered_by)
    if wall is not None:
        return _Doubt("walled", wall)
    return _Doubt("missing", reading.trouble or "no strip is found")


def _doubt(past: Past, reading: Reading, keys: list[int], known: int) -> _Doubt | None:
    """Why a strip does not fit the source's past; None if it does."""
    assert reading.strip is not None
    doubt = _unusual(past, reading, keys) or _all_new(past, reading, keys, known)
    if doubt is not None and known < _WELL_KNOWN * len(keys) and reading.visit.body:
        wall = wall_of(reading.visit.body, reading.visit.address, reading.visit.answered_by)
        if wall is not None:
            return _Doubt("walled", wall)
    return doubt


def _unusual(past: Past, reading: Reading, keys: list[int]) -> _Doubt | None:
    assert reading.strip is not None
    least, most = min(past.counts), max(past.counts)
    count = len(keys)
    apart = max(count - most, least - count)
    if apart >= _FEWEST_APART and not least / _FAR <= count <= most * _FAR:
        return _Doubt("misshapen", f"{count} headlines; {least} to {most} were usual")
    length = _length(reading)
    shortest, longest = min(past.lengths), max(past.lengths)
    if keys and not shortest / _FAR <= length <= longest * _FAR:
        usual = f"{shortest:.0f} to {longest:.0f} were usual"
        return _Doubt("misshapen", f"headlines of about {length:.0f} characters; {usual}")
    if reading.strip.separator not in past.separators:
        return _Doubt(
            "resplit",
            f"the separator is {_shown(reading.strip.separator)}, not {_shown(past.separators[-1])}",
        )
    return None


def _all_new(past: Past, reading: Reading, keys: list[int], known: int) -> _Doubt | None:
    """The doubt about a strip whose headlines are all new, though fewer news were to be expected in the time."""
    is_judged = past.rhythm.patience > 0 and past.all_new <= _OFTEN_NEW
    if known or len(keys) < _FEWEST_SLOTS or not is_judged:
        return None
    until = past.doubted_since if _is_suspected(past, keys) else reading.visit.at
    hours = (until - past.last_well) / _HOUR_MS
    if past.rhythm.rate * hours * past.new_of_news >= len(keys) / (2 + _EXCUSES * past.replaced):
        return None
    return _Doubt(
        "misplaced",
        f"none of {len(keys)} headlines was shown before, {hours * 60:.0f} minutes after the last strip",
    )


def _is_suspected(past: Past, keys: list[int]) -> bool:
    """Whether a strip resembles those that were held back."""
    return sum(key in past.suspects for key in keys) >= max(1, _SUSPECTED * len(keys))


def _is_taken_over(past: Past, visit: Visit, doubt: _Doubt, keys: list[int]) -> bool:
    """Whether a strip in doubt is now accepted: it was shown for long enough, kept changing, and there is no pin."""
    key = sum(keys) & _64_BITS
    if key not in past.doubted and len(past.doubted) < _FEWEST_NEWS:
        past.doubted.append(key)
    patience = _REPLACED_MS if doubt.kind == "misplaced" else _TAKEN_OVER_MS
    long_enough = past.doubted_since and visit.at - past.doubted_since >= patience
    return bool(long_enough) and len(past.doubted) >= _FEWEST_NEWS and past.pin is None


def _be_in_doubt(past: Past, reading: Reading, doubt: _Doubt, *, held: bool) -> None:
    """Note a doubt; the second consecutive one changes the source's state."""
    visit = reading.visit
    is_second = bool(past.doubt)
    past.doubt, past.held = doubt.kind, held
    past.doubted_since = past.doubted_since or visit.at
    if not is_second:
        past.detail = doubt.detail
        return
    if past.state != doubt.kind:
        past.pin = _pin(past, reading, doubt)
    _enter(past, doubt.kind, visit, doubt.detail)


def _pin(past: Past, reading: Reading, doubt: _Doubt) -> Pin | None:
    if doubt.kind == "resplit" and reading.strip is not None and reading.strip.separator:
        evidence = f"{doubt.detail}; with it the page has {reading.strip.slots} slots"
        return Pin(separator=reading.strip.separator, evidence=evidence[:1000])
    body = reading.visit.body
    if not body or doubt.kind == "walled":
        return None
    return propose(body, reading.visit.address, lambda text: _key(text) in past.recent)


def _enter(past: Past, state: State, visit: Visit, detail: str) -> None:
    if past.state != state:
        past.state, past.since = state, visit.at
    past.detail = detail[:1000]


def _clear(past: Past, visit: Visit, detail: str = "") -> None:
    """End all doubt."""
    past.doubt, past.held, past.pin, past.doubted_since = "", False, None, 0
    past.doubted, past.suspects = [], {}
    _enter(past, "well" if past.strips + 1 >= _LEARNT else "learning", visit, detail)


def _fail(past: Past, visit: Visit) -> None:
    """Note a failed visit."""
    past.failures += 1
    if visit.status in _NO_VISITOR and past.failures > 1:
        _enter(past, "walled", visit, f"it answers {visit.status}: {visit.problem}")
    elif past.failures >= _FAILURES and past.state in {"well", "learning", "silent"}:
        _enter(past, "failing", visit, visit.problem or visit.outcome)


def _take(past: Past, reading: Reading, keys: list[int], known: int) -> None:
    """Learn from a strip that is published."""
    assert reading.strip is not None
    new = len(keys) - known
    if past.strips and keys:
        past.all_new += (float(known == 0) - past.all_new) / min(past.strips, 100)
    if new:
        past.last_change = reading.visit.at
        past.new_of_news += (new - past.new_of_news) * 0.05
    past.strips += 1
    past.last_well = reading.visit.at
    _remember(past.recent, keys)


def _learn_looks(past: Past, reading: Reading, keys: list[int]) -> None:
    """Learn the usual number of headlines, their length and the separator."""
    assert reading.strip is not None
    for kept, value in ((past.counts, len(keys)), (past.lengths, _length(reading))):
        kept.append(value)  # type: ignore[arg-type]
        del kept[:-_SHAPES]
    past.separators.append(reading.strip.separator)
    del past.separators[:-_SHAPES]


def _remember(known: dict[int, None], keys: list[int]) -> None:
    for key in keys:
        known.pop(key, None)
        known[key] = None
    while len(known) > max(_REMEMBERED, 2 * len(keys)):
        del known[next(iter(known))]


def _length(reading: Reading) -> float:
    """The median of the headlines' lengths, in characters."""
    lengths = [len(slot.text) for slot in reading.headlines]
    return float(statistics.median_low(lengths)) if lengths else 0.0


def _state(source: str, past: Past) -> SourceState:
    return SourceState(
        source=source,
        state=past.state,
        since=format_instant(past.since),
        detail=past.detail or None,
        held=past.held,
        last_visit=format_instant(past.last_visit),
        last_change=format_instant(past.last_change) if past.last_change else None,
        rhythm=_rounded(allowed_seconds(past.rhythm)),
        unchanged=round(min(1.0, max(0.0, past.unchanged)), 3),
        failed=round(min(1.0, max(0.0, past.failed)), 3),
        pin=past.pin,
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else float(round(seconds))


def _shown(separator: str | None) -> str:
    return "markup" if separator is None else repr(separator)
