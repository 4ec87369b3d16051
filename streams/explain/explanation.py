"""Why a headline was published or swallowed, by what, when, and where else it was seen."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal, Protocol, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from schemas.events import CategorizedHeadline, Change, Correction, Duplicate
from streams.process.categorize.model import Categorizer, Reason
from streams.process.fold import fold

_ID: Final = re.compile(r"[0-9a-f]{20}-\d+")

Outcome = Literal["published", "update", "duplicate", "near duplicate", "unknown"]


class Known(Struct, frozen=True, kw_only=True):
    """A headline that was published, with what was known of it last."""

    id: str
    text: str
    language: str
    source: str
    observed_at: str
    topic: str | None = None
    model: str | None = None
    """The categorizer's version that decided, with those of the taught topics that held."""
    last_seen: str | None = None
    sightings: int | None = None
    sources: tuple[str, ...] = ()
    updates: str | None = None
    changes: tuple[Change, ...] = ()


class Swallowed(Struct, frozen=True, kw_only=True):
    """A sighting that was not published, as an event or a line of `ticker run --dropped` tells it."""

    id: str
    text: str
    source: str
    observed_at: str
    winner: str
    rule: str
    detail: str | None = None


class Seen(Protocol):
    """What the pipeline's state says of a live headline; `SeenHeadline` says it, and a window in memory."""

    @property
    def last_seen(self) -> str:
        """When it was shown last."""

    @property
    def sightings(self) -> int:
        """How often it was shown."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Who showed it."""


def known(headline: CategorizedHeadline, seen: Seen | None) -> Known:
    """A headline as its event and the pipeline's state tell of it."""
    return Known(
        id=headline.id,
        text=headline.text,
        language=headline.language,
        source=headline.source,
        observed_at=headline.observed_at,
        topic=headline.topic,
        model=headline.model,
        # The state keeps a headline whose time is doubted at an earlier event time than it was shown at.
        last_seen=max(seen.last_seen, headline.observed_at) if seen else None,
        sightings=seen.sightings if seen else None,
        sources=seen.sources if seen else (),
        updates=headline.updates,
        changes=headline.changes,
    )


def swallowed(duplicate: Duplicate) -> Swallowed:
    """A near duplicate as its event tells of it."""
    return Swallowed(
        id=duplicate.id,
        text=duplicate.text,
        source=duplicate.source,
        observed_at=duplicate.observed_at,
        winner=duplicate.winner,
        rule=duplicate.rule,
        detail=duplicate.detail,
    )


_CandidateT = TypeVar("_CandidateT", Known, Swallowed)
_Matches = Callable[[Known | Swallowed], bool]


class Evidence(Struct, frozen=True):
    """What the pipeline left behind, each in the order in which it happened."""

    published: Sequence[Known]
    swallowed: Sequence[Swallowed]
    corrections: Sequence[Correction] = ()


class Explanation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a headline.

    `headline` is the one that readers see: itself, or the one that swallowed it. `swallowed` says how.
    """

    query: str
    outcome: Outcome
    headline: Known | None = None
    swallowed: Swallowed | None = None
    variants: tuple[Swallowed, ...] = field(default_factory=tuple)
    """Other sightings that the same headline swallowed, each different text once."""
    updated_by: tuple[Known, ...] = field(default_factory=tuple)
    """Later headlines with other facts."""
    corrections: tuple[Correction, ...] = field(default_factory=tuple)
    """What people put right about any of these texts."""
    why: tuple[Reason, ...] = field(default_factory=tuple)
    """What speaks for the headline's surest topic, with the rules that were given, as they were when it was shown."""
    why_by: str | None = None
    """The version that says so, where it is not the one that decided."""


def reasoned(explanation: Explanation, categorizer: Categorizer) -> Explanation:
    """With the reasons for the headline's topic; what a person gave it has none."""
    headline = explanation.headline
    if headline is None:
        return explanation
    at = headline.observed_at
    why = categorizer.why(headline.text, fold(headline.text), headline.language, headline.source, at)
    version = categorizer.version_at(at)
    return replace(explanation, why=why, why_by=None if headline.model in {None, version} else version)


def is_id(query: str) -> bool:
    """Whether a query is a sighting's or headline's id rather than a text."""
    return _ID.fullmatch(query) is not None


def explain(query: str, evidence: Evidence) -> Explanation:
    """What became of the headline with this id or text, and what was corrected about it; of several, the last."""
    explanation = _explain(query, evidence)
    texts = {shown.text for shown in (explanation.headline, explanation.swallowed) if shown is not None}
    folded = {fold(text) for text in (texts if is_id(query) else {query, *texts})}
    about = tuple(each for each in evidence.corrections if folded.intersection(map(fold, each.texts)))
    return replace(explanation, corrections=about)


def _explain(query: str, evidence: Evidence) -> Explanation:
    matches = _by_id(query) if is_id(query) else _by_text(query)
    published = _last(known for known in evidence.published if matches(known))
    if published is not None:
        outcome: Outcome = "update" if published.updates else "published"
        return _explanation(query, outcome, published, None, evidence)
    swallowed = _last(sighting for sighting in evidence.swallowed if matches(sighting))
    if swallowed is None:
        return Explanation(query=query, outcome="unknown")
    winner = _last(known for known in evidence.published if known.id == swallowed.winner)
    outcome = "duplicate" if swallowed.rule == "exact" else "near duplicate"
    return _explanation(query, outcome, winner, swallowed, evidence)


def _explanation(
    query: str, outcome: Outcome, headline: Known | None, swallowed: Swallowed | None, evidence: Evidence
) -> Explanation:
    if headline is None:
        return Explanation(query=query, outcome=outcome, swallowed=swallowed)
    variants = {
        sighting.text: sighting
        for sighting in evidence.swallowed
        if sighting.winner == headline.id and sighting.text != headline.text
    }
    if swallowed is not None:
        variants.pop(swallowed.text, None)
    return Explanation(
        query=query,
        outcome=outcome,
        headline=headline,
        swallowed=swallowed,
        variants=tuple(variants.values()),
        updated_by=tuple(known for known in evidence.published if known.updates == headline.id),
    )


def _by_id(query: str) -> _Matches:
    return lambda candidate: candidate.id == query


def _by_text(query: str) -> _Matches:
    folded = fold(query)
    return lambda candidate: fold(candidate.text) == folded


def _last(candidates: Iterable[_CandidateT]) -> _CandidateT | None:
    last = None
    for candidate in candidates:
        last = candidate
    return last
