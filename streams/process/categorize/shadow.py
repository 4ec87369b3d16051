"""A taught topic in the shadow: what it would take of headlines that are published as they are."""

from collections import Counter
from typing import Final

import msgspec

from schemas.events import Language, Text
from streams.process.categorize.model import Categorizer
from streams.process.categorize.taught import Taught, TaughtScorer
from streams.process.fold import fold

_MOST_SHOWN: Final = 10
_KEPT: Final = 200
"""How many headlines near the threshold are kept in mind while more come."""


class Doubt(msgspec.Struct, frozen=True):
    """A headline near the threshold: how far above it, in nats; below it, it is not taken."""

    text: Text
    language: Language
    category: str
    above: float


class Overlap(msgspec.Struct, frozen=True):
    """How many headlines of a category the topic would take, and of how many."""

    category: str
    taken: int
    of: int


class Shadow(msgspec.Struct, frozen=True, kw_only=True):
    """What a version would have taken."""

    topic: str
    version: int
    headlines: int
    taken: int
    days: int
    """On how many days the headlines were shown; 0 where nobody said when."""
    per_day: dict[str, int]
    """By date (UTC), how many would have been taken."""
    overlap: tuple[Overlap, ...]
    """By the category that they have now, the most taken first."""
    doubtful: tuple[Doubt, ...]
    """Those nearest to the threshold on either side, the surest first."""


class Shadowing:
    """Watches headlines go by."""

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
        """What was seen so far."""
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
