"""The newest headlines in memory, in the order in which they came: what every page, feed and reader is made of.

A bounded number of headlines is kept; the oldest go first, and with them what is known of them (the near
duplicates that they swallowed, how often they were shown).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from sys import intern
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from schemas.events import CategorizedHeadline, Duplicate, TopicScore
from streams.process.fold import fold
from streams.serve.filter import Filter
from streams.serve.position import Position

MAX_VARIANTS: Final = 20
"""Near duplicates that are kept for a headline; the newest are."""


class Sightings(Struct, frozen=True, gc=False):
    """How often a headline was shown, until when, and by whom, as the pipeline's state says."""

    sightings: int
    last_seen: str
    sources: tuple[str, ...]


class Entry(Struct, gc=False, eq=False):
    """One headline or update in the window.

    `number` counts up from the start of the process. `position` is where a reader is who has been given this
    entry and all before it.
    """

    number: int
    headline: CategorizedHeadline
    folded: str
    partition: int
    offset: int
    position: Position
    taken_at: float
    """When this process took it, in seconds since the epoch."""


class Window:
    """The newest `size` headlines.

    Args:
        size: Headlines that are kept.
        partitions: Partitions of the topic that they come from.
        clock: Seconds since the epoch.
    """

    def __init__(self, size: int, partitions: int, clock: Callable[[], float]) -> None:
        self._size = size
        self._clock = clock
        self._entries: dict[int, Entry] = {}
        self._first = 0
        self._next = 0
        self._by_id: dict[str, int] = {}
        self._chains: dict[str, tuple[int, ...]] = {}
        self._variants: dict[str, tuple[Duplicate, ...]] = {}
        self._sightings: dict[str, Sightings] = {}
        self._scores: dict[TopicScore, TopicScore] = {}
        self._corrected: set[str] = set()
        """Chains that a person's correction ended: what was right of them comes again, with other ids."""
        self._kept_from = [0] * partitions
        self.position: Position = (0,) * partitions
        """Where a reader is who has been given everything."""

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def newest_at(self) -> float:
        """When the newest headline came, in seconds since the epoch; 0 before the first."""
        return self._entries[self._next - 1].taken_at if self._entries else 0.0

    @property
    def begins(self) -> int:
        """The number of the oldest headline in the window."""
        return self._first

    @property
    def end(self) -> int:
        """The number that the next headline gets: it says whether something came."""
        return self._next

    def begin(self, position: Position) -> None:
        """Say from where the log is read: what lies below is not in the window and never was."""
        self.position = position
        self._kept_from = list(position)

    def add(self, headline: CategorizedHeadline, partition: int, offset: int) -> Entry:
        """Take a headline that has come; the oldest one goes when there are too many."""
        number, self._next = self._next, self._next + 1
        self.position = (*self.position[:partition], offset + 1, *self.position[partition + 1 :])
        entry = Entry(
            number=number,
            headline=self._shared(headline),
            folded=fold(headline.text),
            partition=partition,
            offset=offset,
            position=self.position,
            taken_at=self._clock(),
        )
        self._entries[number] = entry
        self._by_id[headline.id] = number
        self._chains[headline.chain] = (*self._chains.get(headline.chain, ()), number)
        if len(self._entries) > self._size:
            self._drop_oldest()
        return entry

    def swallow(self, duplicate: Duplicate) -> None:
        """Note a near duplicate of a headline that is in the window."""
        if duplicate.winner in self._by_id:
            known = self._variants.get(duplicate.winner, ())
            self._variants[duplicate.winner] = (*known, duplicate)[-MAX_VARIANTS:]

    def see(self, headline_id: str, sightings: Sightings) -> bool:
        """Note how often a headline was shown; whether it is in the window."""
        if headline_id not in self._by_id:
            return False
        self._sightings[headline_id] = sightings
        return True

    def correct(self, chains: Iterable[str]) -> list[str]:
        """Show chains no more that a correction ended; returns those that were shown."""
        ended = [chain for chain in chains if chain in self._chains and chain not in self._corrected]
        self._corrected.update(ended)
        return ended

    def sightings(self, headline_id: str) -> Sightings | None:
        """How often a headline was shown; None where that is not known."""
        return self._sightings.get(headline_id)

    def variants(self, headline_id: str) -> Sequence[Duplicate]:
        """The near duplicates that a headline swallowed, oldest first."""
        return self._variants.get(headline_id, ())

    def by_id(self, headline_id: str) -> Entry | None:
        """The entry of a headline; None when it is not in the window."""
        number = self._by_id.get(headline_id)
        return None if number is None else self._entries[number]

    def chain(self, chain: str) -> Sequence[Entry]:
        """A headline and its updates, as far as they are in the window, in the order in which they came."""
        return [self._entries[number] for number in self._chains.get(chain, ())]

    def is_newest_wording(self, entry: Entry) -> bool:
        """Whether readers should see this one of its chain: the last that is not late, else the last.

        None of a chain that was corrected.
        """
        if entry.headline.chain in self._corrected:
            return False
        chain = self._chains[entry.headline.chain]
        for number in reversed(chain):
            if not self._entries[number].headline.late:
                return number == entry.number
        return chain[-1] == entry.number

    def newest(self, wanted: Filter, *, before: int | None = None) -> Iterator[Entry]:
        """Wanted entries, newest first, each chain once in its newest wording; below a number where one is given."""
        start = self._next if before is None else min(before, self._next)
        for number in range(start - 1, self._first - 1, -1):
            entry = self._entries[number]
            if wants(wanted, entry) and self.is_newest_wording(entry):
                yield entry

    def reaches(self, position: Position) -> bool:
        """Whether all that a reader at a position has not been given yet is in the window."""
        return all(offset >= kept for offset, kept in zip(position, self._kept_from, strict=True))

    def slice(self, start: int, stop: int) -> Sequence[Entry]:
        """Entries by number, from `start` (in the window) to below `stop`, in order."""
        return [self._entries[number] for number in range(start, min(stop, self._next))]

    def own_topics(self) -> frozenset[str]:
        """Slugs of the headlines in the window."""
        return frozenset(score.slug for score in self._scores if score.slug is not None)

    def _drop_oldest(self) -> None:
        entry = self._entries.pop(self._first)
        self._first += 1
        self._kept_from[entry.partition] = entry.offset + 1
        headline = entry.headline
        if self._by_id.get(headline.id) == entry.number:
            del self._by_id[headline.id]
            self._variants.pop(headline.id, None)
            self._sightings.pop(headline.id, None)
        if rest := self._chains[headline.chain][1:]:
            self._chains[headline.chain] = rest
        else:
            del self._chains[headline.chain]
            self._corrected.discard(headline.chain)

    def _shared(self, headline: CategorizedHeadline) -> CategorizedHeadline:
        """The headline with one object for what many have alike: a topic's labels are longer than most headlines."""
        return replace(
            headline,
            chain=headline.id if headline.chain == headline.id else headline.chain,
            source=intern(headline.source),
            language=intern(headline.language),
            category=intern(headline.category),
            topic=headline.topic and intern(headline.topic),
            model=intern(headline.model),
            topics=tuple(self._shared_score(score) for score in headline.topics),
        )

    def _shared_score(self, score: TopicScore) -> TopicScore:
        if len(self._scores) > 10_000:  # noqa: PLR2004 (confidences have two decimals: there are not so many)
            self._scores.clear()
        return self._scores.setdefault(score, score)


def wants(wanted: Filter, entry: Entry) -> bool:
    """Whether a filter wants an entry."""
    headline = entry.headline
    return wanted.wants(
        topic=headline.category, language=headline.language, source=headline.source, folded=entry.folded
    )
