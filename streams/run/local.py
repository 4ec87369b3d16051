"""Run observations through the whole pipeline in one process and account for every slot."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec import Struct

from schemas.events import CategorizedHeadline, Change, Duplicate, Sighting, TopicScore
from schemas.instants import format_instant
from schemas.topics import CANARY, DUPLICATES, HEADLINES
from streams.engine.local.engine import DeadLetter, LocalEngine
from streams.errors import InputError
from streams.observe.account import Account
from streams.pipeline import DEDUPLICATE, stages
from streams.process.categorize.rules import Rule
from streams.process.dedup.deduplicator import DEFAULT_WINDOW_MS, Deduplicator
from streams.process.dedup.headline import LiveHeadline
from streams.produce.observation import Observation
from streams.produce.sightings import sightings
from streams.produce.strips import strip_of
from streams.stage import EventRecord, Record

_BATCH: Final = 4096
"""How many sightings the engine processes in one batch."""


class Published(Struct, frozen=True, kw_only=True):
    """A headline as `ticker run` prints it, as known when the headline or the input ended."""

    id: str
    text: str
    language: str
    source: str
    slot: int
    observed_at: str
    topic: str | None
    topics: tuple[TopicScore, ...]
    first_seen: str
    last_seen: str
    sightings: int
    sources: tuple[str, ...]
    truncated: bool
    category: str
    chain: str
    updates: str | None
    changes: tuple[Change, ...]
    late: bool = False
    link: str | None = None
    published_at: str | None = None


class Dropped(Struct, frozen=True, kw_only=True):
    """A sighting that was not published: which headline won, and by which rule."""

    id: str
    text: str
    language: str
    source: str
    slot: int
    observed_at: str
    dropped: str
    winner: str
    winner_text: str
    rule: str
    detail: str | None = None


class LocalRun:
    """One run of the pipeline without a broker.

    Args:
        published: Called with each headline when the headline or the input ends, in order of first sighting.
        dropped: Called with each sighting that is not published, as soon as that is decided.
        failed: Called with every input that cannot be read or split.
        window: How long a headline stays live after its last sighting, in ms of event time.
        at_once: Publish each headline when it is first seen, not with its final count at its end.
        rules: The user's own rules for topics.
        separator: The text between slots; detected in each strip when None.
        selector: A CSS selector of the strip's items in HTML pages.
    """

    def __init__(
        self,
        *,
        published: Callable[[Published], None],
        failed: Callable[[InputError], None],
        dropped: Callable[[Dropped], None] | None = None,
        window: int = DEFAULT_WINDOW_MS,
        at_once: bool = False,
        rules: Sequence[Rule] = (),
        separator: str | None = None,
        selector: str | None = None,
    ) -> None:
        self._published = published
        self._dropped = dropped
        self._failed = failed
        self._at_once = at_once
        self._separator = separator
        self._selector = selector
        self._categorized: dict[str, CategorizedHeadline] = {}
        self._ended: list[LiveHeadline] = []
        self._deduplicator = Deduplicator(window, witness=self)
        topology = stages(rules)
        self._engine = LocalEngine(
            topology,
            processors={DEDUPLICATE.name: self._deduplicator},
            subscribers={
                HEADLINES.name: self._on_categorized,
                CANARY.name: self._on_categorized,
                DUPLICATES.name: self._on_duplicate,
            },
            dead_letters=self._on_dead_letter,
        )
        self._strips = self._failures = self._slots = self._empty = self._dead_letters = 0

    def run(self, observations: Iterable[Observation]) -> Account:
        """Process all observations, then publish the headlines that are still live."""
        batch: list[EventRecord] = []
        for observation in observations:
            batch += self._split(observation)
            if len(batch) >= _BATCH or self._at_once:
                self._decide(batch)
                batch = []
        self._decide(batch)
        self._ended.extend(self._deduplicator.live())
        self._publish_ended()
        return self.account()

    def _decide(self, batch: list[EventRecord]) -> None:
        self._engine.process(batch)
        self._publish_ended()

    def _publish_ended(self) -> None:
        """Publish the headlines that have ended; all stages have processed them by now."""
        for headline in self._ended if not self._at_once else ():
            self._published(_published(self._categorized.pop(headline.id), headline))
        self._ended.clear()

    def fail(self, error: InputError) -> None:
        """Count and pass on an input that cannot be read or split."""
        self._failures += 1
        self._failed(error)

    def account(self) -> Account:
        """The input so far, counted by outcome."""
        counts = self._engine.counts[DEDUPLICATE.name]
        return Account(
            strips=self._strips,
            failed=self._failures,
            slots=self._slots,
            empty=self._empty,
            new=counts["new"],
            exact=counts["exact"],
            near=counts["near"],
            updates=counts["update"],
            dead_letters=self._dead_letters + counts["dead letter"],
        )

    def _split(self, observation: Observation) -> list[EventRecord]:
        try:
            strip, slots = strip_of(observation, separator=self._separator, selector=self._selector)
        except InputError as error:
            self.fail(error)
            return []
        found = sightings(strip, slots)
        self._strips += 1
        self._slots += len(slots)
        self._empty += found.empty
        self._dead_letters += len(found.rejected)
        for slot, text, problem in found.rejected:
            self._failed(InputError(f"{observation.place}, slot {slot}", f"{problem}: {text[:60]}…"))
        return found.records

    def _on_categorized(self, record: EventRecord) -> None:
        headline = record.value
        assert isinstance(headline, CategorizedHeadline)
        if self._at_once:
            self._published(_published(headline, None))
        else:
            self._categorized[headline.id] = headline

    def _on_duplicate(self, record: EventRecord) -> None:
        duplicate = record.value
        assert isinstance(duplicate, Duplicate)
        if self._dropped is not None:
            winner = (duplicate.winner, duplicate.winner_text)
            self._dropped(_dropped(duplicate, "near duplicate", winner, duplicate.rule, duplicate.detail))

    def _on_dead_letter(self, letter: DeadLetter) -> None:
        self._failed(InputError(f"stage {letter.stage}, key {letter.record.key!r}", str(letter.error)))

    def repeated(self, record: Record, winner: LiveHeadline, rule: str) -> None:
        """A record was swallowed as an exact duplicate (`deduplicator.Witness`)."""
        if self._dropped is not None:
            sighting = record.value
            assert isinstance(sighting, Sighting)
            self._dropped(_dropped(sighting, "duplicate", (winner.id, winner.text), rule))

    def ended(self, headline: LiveHeadline) -> None:
        """A headline has ended (`deduplicator.Witness`)."""
        self._ended.append(headline)


def _published(headline: CategorizedHeadline, live: LiveHeadline | None) -> Published:
    return Published(
        id=headline.id,
        text=headline.text,
        language=headline.language,
        source=headline.source,
        slot=headline.slot,
        observed_at=headline.observed_at,
        topic=headline.topic,
        topics=headline.topics,
        first_seen=headline.observed_at,
        last_seen=format_instant(live.last_shown) if live else headline.observed_at,
        sightings=live.sightings if live else 1,
        sources=tuple(source.decode() for source in live.sources) if live else (headline.source,),
        truncated=headline.truncated,
        category=headline.category,
        chain=headline.chain,
        updates=headline.updates,
        changes=headline.changes,
        late=headline.late,
        link=headline.link,
        published_at=headline.published_at,
    )


def _dropped(
    shown: Sighting | Duplicate, how: str, winner: tuple[str, str], rule: str, detail: str | None = None
) -> Dropped:
    return Dropped(
        id=shown.id,
        text=shown.text,
        language=shown.language,
        source=shown.source,
        slot=shown.slot,
        observed_at=shown.observed_at,
        dropped=how,
        winner=winner[0],
        winner_text=winner[1],
        rule=rule,
        detail=detail,
    )
