"""Explains a headline: whether it was published or dropped, by which rule, for which other headline."""

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
    """A published headline, with the latest state of it."""

    id: str
    text: str
    language: str
    source: str
    observed_at: str
    topic: str | None = None
    model: str | None = None
    """The version of the categorizer that decided, taught topics included."""
    last_seen: str | None = None
    sightings: int | None = None
    sources: tuple[str, ...] = ()
    updates: str | None = None
    changes: tuple[Change, ...] = ()


class Swallowed(Struct, frozen=True, kw_only=True):
    """A sighting that was dropped as a duplicate, from an event or a line of `ticker run --dropped`."""

    id: str
    text: str
    source: str
    observed_at: str
    winner: str
    rule: str
    detail: str | None = None


class Seen(Protocol):
    """The state of a live headline: a `SeenHeadline`, or one of a window in memory."""

    @property
    def last_seen(self) -> str:
        """When it was last seen."""

    @property
    def sightings(self) -> int:
        """The number of its sightings."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that showed it."""


def known(headline: CategorizedHeadline, seen: Seen | None) -> Known:
    """Combine a headline's event with its state, if it is live."""
    return Known(
        id=headline.id,
        text=headline.text,
        language=headline.language,
        source=headline.source,
        observed_at=headline.observed_at,
        topic=headline.topic,
        model=headline.model,
        # For a doubted time, the state has the event time of the stage, which is earlier.
        last_seen=max(seen.last_seen, headline.observed_at) if seen else None,
        sightings=seen.sightings if seen else None,
        sources=seen.sources if seen else (),
        updates=headline.updates,
        changes=headline.changes,
    )


def swallowed(duplicate: Duplicate) -> Swallowed:
    """A near duplicate, from its event."""
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
    """What the pipeline published and dropped, each in order of time."""

    published: Sequence[Known]
    swallowed: Sequence[Swallowed]
    corrections: Sequence[Correction] = ()


class Explanation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a headline.

    `headline` is the one that readers see: itself, or the winner into which it was merged. `swallowed` says how.
    """

    query: str
    outcome: Outcome
    headline: Known | None = None
    swallowed: Swallowed | None = None
    variants: tuple[Swallowed, ...] = field(default_factory=tuple)
    """Other sightings that were merged into the same headline, each different text once."""
    updated_by: tuple[Known, ...] = field(default_factory=tuple)
    """Later headlines with changed facts."""
    corrections: tuple[Correction, ...] = field(default_factory=tuple)
    """Corrections of any of these texts."""
    why: tuple[Reason, ...] = field(default_factory=tuple)
    """The reasons for the headline's surest topic, by the rules that were in force when it was shown."""
    why_by: str | None = None
    """The version that gave these reasons, if it is not the one that decided."""


def reasoned(explanation: Explanation, categorizer: Categorizer) -> Explanation:
    """Add the reasons for the headline's topic; there are none for a topic that a person gave it."""
    headline = explanation.headline
    if headline is None:
        return explanation
    at = headline.observed_at
    why = categorizer.why(headline.text, fold(headline.text), headline.language, headline.source, at)
    version = categorizer.version_at(at)
    return replace(explanation, why=why, why_by=None if headline.model in {None, version} else version)


def is_id(query: str) -> bool:
    """Whether a query is the id of a sighting or headline, not a text."""
    return _ID.fullmatch(query) is not None


def explain(query: str, evidence: Evidence) -> Explanation:
    """Explain the headline with this id or text (of several, the last), with its corrections."""
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
