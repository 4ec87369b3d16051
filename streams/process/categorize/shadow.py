"""Shadow mode of a taught topic: which of the published headlines it would match."""

from collections import Counter
from typing import Final

import msgspec

from schemas.events import Language, Text
from streams.process.categorize.model import Categorizer
from streams.process.categorize.taught import Taught, TaughtScorer
from streams.process.fold import fold

_MOST_SHOWN: Final = 10
_KEPT: Final = 200
"""How many headlines near the threshold are kept."""


class Doubt(msgspec.Struct, frozen=True):
    """A headline near the threshold, with its distance in nats: positive if it matches, negative if not."""

    text: Text
    language: Language
    category: str
    above: float


class Overlap(msgspec.Struct, frozen=True):
    """How many headlines of a category the topic would match, and the total."""

    category: str
    taken: int
    of: int


class Shadow(msgspec.Struct, frozen=True, kw_only=True):
    """The headlines that a version would have matched."""

    topic: str
    version: int
    headlines: int
    taken: int
    days: int
    """The number of days on which the headlines were shown; 0 if unknown."""
    per_day: dict[str, int]
    """The number that would have matched, by date (UTC)."""
    overlap: tuple[Overlap, ...]
    """The matches by current category, most first."""
    doubtful: tuple[Doubt, ...]
    """The headlines nearest to the threshold on either side, most certain first."""


class Shadowing:
    """Collects the result over a stream of headlines."""

    def __init__(self, topic: str, taught: Taught) -> None:
        self._topic = topic
        self._taught = taught
        self._scorer = TaughtScorer(taught)
        self._categorizer = Categorizer()
        self._all: Counter[str] = Counter()
        self._taken: Counter[str] = Counter()
        self._days: set[str] = set()
        self._taken_on: Counter[str] = Counter()
        self._above: list[Doubt] = []
        self._below: list[Doubt] = []

    def see(self, text: str, language: str, category: str, observed_at: str | None = None) -> bool:
        """Whether the topic would take a headline, which has a category now and was shown at an instant."""
        folded = fold(text)
        above = self._scorer.score(folded, language, self._categorizer.shares(folded, language))
        self._all[category] += 1
        day = observed_at[: len("2026-03-11")] if observed_at else None
        if day:
            self._days.add(day)
        if above >= 0:
            self._taken[category] += 1
            if day:
                self._taken_on[day] += 1
        _keep(self._above if above >= 0 else self._below, Doubt(text, language, category, round(above, 2)))
        return above >= 0

    def result(self) -> Shadow:
        """The result so far."""
        near = [*_nearest(self._above), *_nearest(self._below)]
        return Shadow(
            topic=self._topic,
            version=self._taught.version,
            headlines=self._all.total(),
            taken=self._taken.total(),
            days=len(self._days),
            per_day={day: self._taken_on[day] for day in sorted(self._days)},
            overlap=tuple(
                Overlap(category, taken, self._all[category]) for category, taken in self._taken.most_common()
            ),
            doubtful=tuple(sorted(near, key=lambda doubt: -doubt.above)),
        )


def _keep(doubts: list[Doubt], doubt: Doubt) -> None:
    doubts.append(doubt)
    if len(doubts) > _KEPT:
        doubts[:] = _nearest(doubts)


def _nearest(doubts: list[Doubt]) -> list[Doubt]:
    """The nearest to the threshold, each different text once."""
    found = {doubt.text: doubt for doubt in sorted(doubts, key=lambda doubt: abs(doubt.above))}
    return list(found.values())[:_MOST_SHOWN]
