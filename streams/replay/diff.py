"""Compares two results of the pipeline: headlines and merges gained and lost, categories that flipped."""

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

import msgspec
from msgspec import Struct

from schemas.cloudevents import CANARY_SOURCE
from schemas.events import UNREADABLE, TopicScore
from schemas.instants import parse_instant
from schemas.mediatopics import slug_of
from streams.errors import InputError


class Shown(Struct, frozen=True, kw_only=True):
    """A headline as one side published it."""

    id: str
    text: str
    source: str
    language: str = ""
    observed_at: str = ""
    topic: str | None = None
    topics: tuple[TopicScore, ...] = ()
    model: str = ""
    corrected: str | None = None
    updates: str | None = None
    chain: str = ""

    @property
    def category(self) -> str:
        """Its category's slug."""
        return slug_of(self.topic)


class Merged(Struct, frozen=True, kw_only=True):
    """A sighting that one side merged into another headline as a near duplicate."""

    id: str
    text: str
    source: str
    winner: str
    winner_text: str
    rule: str
    language: str = ""
    observed_at: str = ""


class Flip(Struct, frozen=True, kw_only=True):
    """A headline of both sides with different categories."""

    id: str
    text: str
    source: str
    old: str
    new: str


class Relinked(Struct, frozen=True, kw_only=True):
    """A headline of both sides that is new on one and an update on the other; `old`, `new` are what it updates."""

    id: str
    text: str
    source: str
    old: str | None
    new: str | None
    language: str = ""


class SlotChange(Struct, frozen=True, kw_only=True):
    """A slot of a strip that the two splitters split differently; None on the side that has no such slot."""

    id: str
    text: str
    source: str
    old: str | None
    new: str | None
    language: str = ""
    observed_at: str = ""


class Slots(Struct, frozen=True, kw_only=True):
    """The slots that two splitters split differently."""

    gained: tuple[SlotChange, ...] = ()
    lost: tuple[SlotChange, ...] = ()
    changed: tuple[SlotChange, ...] = ()


class Result(Struct, kw_only=True):
    """One side's result: its headlines and merges, by id."""

    headlines: dict[str, Shown] = {}
    merges: dict[str, Merged] = {}

    def only(self, ids: AbstractSet[str]) -> "Result":
        """The part of the result that is about these sightings."""
        return Result(
            headlines={key: row for key, row in self.headlines.items() if key in ids},
            merges={key: row for key, row in self.merges.items() if key in ids},
        )


class Difference(Struct, frozen=True, kw_only=True):
    """The difference between two results, A (old) and B (new)."""

    headlines: tuple[int, int]
    """The numbers of headlines of A and of B."""
    common: int
    """The number of headlines that both have."""
    gained: tuple[Shown, ...]
    lost: tuple[Shown, ...]
    merges_gained: tuple[Merged, ...]
    merges_lost: tuple[Merged, ...]
    flips: tuple[Flip, ...]
    relinked: tuple[Relinked, ...] = ()
    slots_gained: tuple[SlotChange, ...] = ()
    slots_lost: tuple[SlotChange, ...] = ()
    slots_changed: tuple[SlotChange, ...] = ()

    @property
    def is_none(self) -> bool:
        """Whether there is no difference at all."""
        return not any(getattr(self, kind) for kind in KINDS)

    @property
    def is_of_nothing(self) -> bool:
        """Whether neither result has a headline, so that there was nothing to compare."""
        return self.is_none and not any(self.headlines)

    @property
    def flip_share(self) -> float:
        """The share of the common headlines whose category flipped."""
        return len(self.flips) / self.common if self.common else 0.0

    def flips_by_topic(self) -> list[tuple[str, str, int]]:
        """(old category, new category, headlines), the most first."""
        counts = Counter((flip.old, flip.new) for flip in self.flips)
        return [(old, new, count) for (old, new), count in counts.most_common()]

    def flips_by_source(self) -> list[tuple[str, int]]:
        """(source, headlines), the most first."""
        return Counter(flip.source for flip in self.flips).most_common()


class _Row(Struct, frozen=True, kw_only=True):
    """The common fields of a line of `ticker run` and a value of a category or duplicates topic."""

    id: str
    text: str
    source: str
    language: str = ""
    observed_at: str = ""
    topic: str | None = None
    topics: tuple[TopicScore, ...] = ()
    model: str = ""
    corrected: str | None = None
    updates: str | None = None
    chain: str = ""
    dropped: str | None = None
    winner: str | None = None
    winner_text: str = ""
    rule: str = ""


KINDS: Final = (
    *("gained", "lost", "merges_gained", "merges_lost", "flips", "relinked"),
    *("slots_gained", "slots_lost", "slots_changed"),
)
"""The kinds of rows of a difference: the names of its fields."""
_SAME_SLOTS: Final = Slots()
_EXACT: Final = "duplicate"
_decode: Final = msgspec.json.Decoder(_Row).decode


class Collector:
    """Collects a result row by row.

    Args:
        since: The earliest event time that counts, in ms.
        until: The end of the window, in ms; not included.
        canary: Whether the canary's headlines count too.
    """

    def __init__(self, *, since: int | None = None, until: int | None = None, canary: bool = False) -> None:
        self._since = since
        self._until = until
        self._canary = canary
        self.result = Result()

    def add(self, data: bytes, place: str) -> None:
        """Add a row: a line of `ticker run`, or a value of a topic.

        Raises:
            InputError: It is neither a headline nor a merge.
        """
        try:
            row = _decode(data)
            inside = self._inside(row)
        except (*UNREADABLE, ValueError) as error:
            raise InputError(place, f"neither a headline nor a dropped sighting: {error}") from None
        if not inside or row.dropped == _EXACT:
            return
        if row.winner is None:
            self.result.headlines[row.id] = Shown(
                id=row.id,
                text=row.text,
                source=row.source,
                language=row.language,
                observed_at=row.observed_at,
                topic=row.topic,
                topics=row.topics,
                model=row.model,
                corrected=row.corrected,
                updates=row.updates,
                chain=row.chain or row.id,
            )
        else:
            self.result.merges[row.id] = Merged(
                id=row.id,
                text=row.text,
                source=row.source,
                winner=row.winner,
                winner_text=row.winner_text,
                rule=row.rule,
                language=row.language,
                observed_at=row.observed_at,
            )

    def _inside(self, row: _Row) -> bool:
        if row.source == CANARY_SOURCE and not self._canary:
            return False
        if self._since is None and self._until is None:
            return True
        time = parse_instant(row.observed_at)
        return (self._since is None or time >= self._since) and (self._until is None or time < self._until)


def compare(old: Result, new: Result, slots: Slots = _SAME_SLOTS) -> Difference:
    """The difference between two results; `slots` are passed through.

    Two headlines are the same if they have the same id or, when a build numbers slots differently, the same source,
    time and text.
    """
    twins = _twins(old.headlines, new.headlines)
    gained = [new.headlines[key] for key in new.headlines.keys() - twins.values()]
    lost = [old.headlines[key] for key in old.headlines.keys() - twins.keys()]
    flips = [
        Flip(
            id=theirs,
            text=new.headlines[theirs].text,
            source=new.headlines[theirs].source,
            old=old.headlines[ours].category,
            new=new.headlines[theirs].category,
        )
        for ours, theirs in twins.items()
        if old.headlines[ours].topic != new.headlines[theirs].topic
    ]
    relinked = [
        Relinked(
            id=theirs,
            text=new.headlines[theirs].text,
            source=new.headlines[theirs].source,
            old=old.headlines[ours].updates,
            new=new.headlines[theirs].updates,
            language=new.headlines[theirs].language,
        )
        for ours, theirs in twins.items()
        # The id of the updated headline is not compared: in a replay it can be a later sighting of the same headline.
        if (old.headlines[ours].updates is None) != (new.headlines[theirs].updates is None)
    ]
    merged = _twins(old.merges, new.merges)
    return Difference(
        headlines=(len(old.headlines), len(new.headlines)),
        common=len(twins),
        gained=tuple(sorted(gained, key=_order)),
        lost=tuple(sorted(lost, key=_order)),
        merges_gained=tuple(
            sorted((new.merges[key] for key in new.merges.keys() - merged.values()), key=_order)
        ),
        merges_lost=tuple(sorted((old.merges[key] for key in old.merges.keys() - merged.keys()), key=_order)),
        flips=tuple(sorted(flips, key=lambda flip: (flip.old, flip.new, flip.id))),
        relinked=tuple(sorted(relinked, key=lambda row: row.id)),
        slots_gained=slots.gained,
        slots_lost=slots.lost,
        slots_changed=slots.changed,
    )


def _twins(old: Mapping[str, Shown | Merged], new: Mapping[str, Shown | Merged]) -> dict[str, str]:
    """The ids of rows that are the same on both sides, from old to new."""
    twins = {key: key for key in old if key in new}
    rest = {_sight(row): row.id for row in new.values() if row.id not in twins}
    for row in old.values():
        if row.id not in twins and (twin := rest.pop(_sight(row), None)) is not None:
            twins[row.id] = twin
    return twins


def _sight(row: Shown | Merged) -> tuple[str, str, str]:
    return row.source, row.observed_at, row.text


def _order(row: Shown | Merged) -> tuple[str, str]:
    return row.observed_at, row.id
