"""Compare two results of the pipeline: headlines and merges gained and lost, categories that flipped."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

import msgspec
from msgspec import Struct

from schemas.cloudevents import CANARY_SOURCE
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

    @property
    def category(self) -> str:
        """Its category's slug."""
        return slug_of(self.topic)


class Merged(Struct, frozen=True, kw_only=True):
    """A sighting that one side swallowed as a near duplicate."""

    id: str
    text: str
    source: str
    winner: str
    winner_text: str
    rule: str
    observed_at: str = ""


class Flip(Struct, frozen=True, kw_only=True):
    """A headline of both sides that changed its category."""

    id: str
    text: str
    source: str
    old: str
    new: str


class Result(Struct, kw_only=True):
    """What one side made of its input."""

    headlines: dict[str, Shown] = {}
    merges: dict[str, Merged] = {}

    def only(self, ids: AbstractSet[str]) -> "Result":
        """What it made of these sightings."""
        return Result(
            headlines={key: row for key, row in self.headlines.items() if key in ids},
            merges={key: row for key, row in self.merges.items() if key in ids},
        )


class Difference(Struct, frozen=True, kw_only=True):
    """What B has and A has not, and the other way round."""

    headlines: tuple[int, int]
    """Of A and of B."""
    common: int
    gained: tuple[Shown, ...]
    lost: tuple[Shown, ...]
    merges_gained: tuple[Merged, ...]
    merges_lost: tuple[Merged, ...]
    flips: tuple[Flip, ...]

    @property
    def flip_share(self) -> float:
        """Flips among the headlines of both."""
        return len(self.flips) / self.common if self.common else 0.0

    def flips_by_topic(self) -> list[tuple[str, str, int]]:
        """Old category, new category, headlines; the most first."""
        counts = Counter((flip.old, flip.new) for flip in self.flips)
        return [(old, new, count) for (old, new), count in counts.most_common()]

    def flips_by_source(self) -> list[tuple[str, int]]:
        """Source, headlines; the most first."""
        return Counter(flip.source for flip in self.flips).most_common()


class _Row(Struct, frozen=True, kw_only=True):
    """A line of `ticker run` or a value of a category or duplicates topic: whatever they have in common."""

    id: str
    text: str
    source: str
    language: str = ""
    observed_at: str = ""
    topic: str | None = None
    dropped: str | None = None
    winner: str | None = None
    winner_text: str = ""
    rule: str = ""


_EXACT: Final = "duplicate"
_decode: Final = msgspec.json.Decoder(_Row).decode


class Collector:
    """Collects a result row by row.

    Args:
        since: The earliest event time that counts, in ms.
        until: The event time that is too late, in ms.
        canary: Whether what the canary showed counts too.
    """

    def __init__(self, *, since: int | None = None, until: int | None = None, canary: bool = False) -> None:
        self._since = since
        self._until = until
        self._canary = canary
        self.result = Result()

    def add(self, data: bytes, place: str) -> None:
        """Take a row: a line or a value.

        Raises:
            InputError: It is neither a headline nor a merge.
        """
        try:
            row = _decode(data)
            inside = self._inside(row)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
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
            )
        else:
            self.result.merges[row.id] = Merged(
                id=row.id,
                text=row.text,
                source=row.source,
                winner=row.winner,
                winner_text=row.winner_text,
                rule=row.rule,
                observed_at=row.observed_at,
            )

    def _inside(self, row: _Row) -> bool:
        if row.source == CANARY_SOURCE and not self._canary:
            return False
        if self._since is None and self._until is None:
            return True
        time = parse_instant(row.observed_at)
        return (self._since is None or time >= self._since) and (self._until is None or time < self._until)


def compare(old: Result, new: Result) -> Difference:
    """What changed from one result to another.

    Headlines are the same by id; where a build numbers slots otherwise, by source, time and text.
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
    )


def _twins(old: Mapping[str, Shown | Merged], new: Mapping[str, Shown | Merged]) -> dict[str, str]:
    """Ids of the same thing on both sides: old to new."""
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


def rows(difference: Difference) -> Iterator[dict[str, Any]]:
    """The difference as rows for JSON Lines, a summary first."""
    yield {
        "kind": "summary",
        "headlines": difference.headlines,
        "common": difference.common,
        "gained": len(difference.gained),
        "lost": len(difference.lost),
        "merges_gained": len(difference.merges_gained),
        "merges_lost": len(difference.merges_lost),
        "flips": len(difference.flips),
        "flip_share": round(difference.flip_share, 6),
    }
    for kind in ("gained", "lost", "merges_gained", "merges_lost", "flips"):
        for row in getattr(difference, kind):
            yield {"kind": kind, **msgspec.structs.asdict(row)}


def markdown(difference: Difference, *, most: int = 50) -> str:
    """The difference for a pull request; at most so many rows of each table."""
    old, new = difference.headlines
    summary = (
        f"**{len(difference.flips):,} category flips** of {difference.common:,} headlines of both"
        f" ({difference.flip_share:.2%}); headlines {old:,} → {new:,}:"
        f" {len(difference.gained):,} gained, {len(difference.lost):,} lost; merges"
        f" {len(difference.merges_gained):,} gained, {len(difference.merges_lost):,} lost."
    )
    tables = [
        _table("Flips by category", ("old", "new", "headlines"), difference.flips_by_topic(), most),
        _table("Flips by source", ("source", "headlines"), difference.flips_by_source(), most),
        _table(
            "Flips",
            ("headline", "source", "old", "new"),
            [(flip.text, flip.source, flip.old, flip.new) for flip in difference.flips],
            most,
        ),
        *(
            _table(
                f"Headlines {name}",
                ("headline", "source", "category"),
                [(row.text, row.source, row.category) for row in shown],
                most,
            )
            for name, shown in (("gained", difference.gained), ("lost", difference.lost))
        ),
        *(
            _table(
                f"Merges {name}",
                ("swallowed", "by", "rule"),
                [(row.text, row.winner_text, row.rule) for row in merged],
                most,
            )
            for name, merged in (("gained", difference.merges_gained), ("lost", difference.merges_lost))
        ),
    ]
    return "\n".join([summary, "", *(table for table in tables if table)])


def _table(title: str, columns: tuple[str, ...], lines: Iterable[tuple[Any, ...]], most: int) -> str:
    """A Markdown table; nothing where there is no line."""
    found = list(lines)
    if not found:
        return ""
    cells = [
        " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in line) for line in found[:most]
    ]
    more = [f"\n… and {len(found) - most:,} more"] if len(found) > most else []
    rule = " | ".join("---" for _ in columns)
    return "\n".join(
        [
            f"#### {title}",
            "",
            f"| {' | '.join(columns)} |",
            f"| {rule} |",
            *(f"| {c} |" for c in cells),
            *more,
            "",
        ]
    )
