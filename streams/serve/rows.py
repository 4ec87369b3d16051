"""A headline as the API and the board show it: its event, its sightings, and its earlier wordings."""

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from schemas.events import CategorizedHeadline
from schemas.mediatopics import Labels
from streams.serve.window import Entry, Window

RIGHT_TO_LEFT: Final = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
"""Languages whose script runs from right to left (ISO 639)."""

Direction = Literal["rtl", "ltr", "auto"]


class Wording(Struct, frozen=True, kw_only=True):
    """An earlier wording of a headline, before an update."""

    id: str
    text: str
    source: str
    observed_at: str


class HeadlineRow(Struct, frozen=True, kw_only=True):
    """A live headline in its newest wording.

    `number` orders the rows and is a value for the parameter `before`; it holds only for the same process.
    """

    number: int
    headline: CategorizedHeadline
    direction: Direction
    first_seen: str
    sightings: int | None
    """The number of its sightings; null if unknown."""
    sources: tuple[str, ...]
    """The sources that showed it, the first one first."""
    swallowed: int
    """The number of near duplicates that were merged into it."""
    earlier: tuple[Wording, ...]
    """Earlier wordings that are still in the window, oldest first."""


class Page(Struct, frozen=True, kw_only=True):
    """Headlines, newest first. With `position` as its parameter `after`, `/events` continues from this answer."""

    position: str
    headlines: Sequence[HeadlineRow]


class TopicRow(Struct, frozen=True):
    """A topic that a filter can name; a user's own has no labels."""

    slug: str
    labels: Labels | None


def direction(language: str) -> Direction:
    """The direction of a language's script; `auto` lets the browser decide by the letters."""
    if language == "und":
        return "auto"
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def row(window: Window, entry: Entry) -> HeadlineRow:
    """The row of an entry, from the window's data about its chain."""
    headline = entry.headline
    chain = [other for other in window.chain(headline.chain) if other.number < entry.number]
    seen = window.sightings(headline.id)
    swallowed = window.variants(headline.id)
    sources = dict.fromkeys(
        (
            headline.source,
            *(seen.sources if seen is not None else ()),
            *(variant.source for variant in swallowed),
        )
    )
    return HeadlineRow(
        number=entry.number,
        headline=headline,
        direction=direction(headline.language),
        first_seen=min([headline.observed_at, *(other.headline.observed_at for other in chain)]),
        sightings=None if seen is None else seen.sightings,
        sources=tuple(sources),
        swallowed=len(swallowed),
        earlier=tuple(
            Wording(
                id=other.headline.id,
                text=other.headline.text,
                source=other.headline.source,
                observed_at=other.headline.observed_at,
            )
            for other in chain
        ),
    )
