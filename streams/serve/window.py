"""The window: the newest headlines in memory, in order of arrival, from which all pages, feeds and events are made.

It keeps a bounded number of headlines. The oldest are dropped, together with their near duplicates and sightings.
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
"""The most near duplicates that are kept for a headline; the newest are kept."""


class Sightings(Struct, frozen=True, gc=False):
    """A headline's sightings, from the pipeline's state: how many, the last one, and their sources."""

    sightings: int
    last_seen: str
    sources: tuple[str, ...]


class Entry(Struct, gc=False, eq=False):
    """One headline or update in the window."""

    number: int
    """Its number in order of arrival, from 0 at the start of the process."""
    headline: CategorizedHeadline
    folded: str
    """The headline's folded text."""
    partition: int
    offset: int
    position: Position
    """The position of a reader that has received this entry and all before it."""
    taken_at: float
    """When it arrived in this process, in seconds since the epoch."""


class Window:
    """The newest `size` headlines.

    Args:
        size: The number of headlines to keep.
        partitions: The partition count of `ticker.headlines`.
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
        """Chains that a correction has ended; corrected headlines are published again with other ids."""
        self._kept_from = [0] * partitions
        """By partition, the first offset whose headline is in the window."""
        self.position: Position = (0,) * partitions
        """The position of a reader that has received everything."""

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def newest_at(self) -> float:
        """When the newest headline arrived, in seconds since the epoch; 0 before the first."""
        return self._entries[self._next - 1].taken_at if self._entries else 0.0

    @property
    def begins(self) -> int:
        """The number of the oldest headline in the window."""
        return self._first

    @property
    def end(self) -> int:
        """The number of the next headline; it changes with each arrival."""
        return self._next

    def begin(self, position: Position) -> None:
        """Note the position from which the log is read."""
        self.position = position
        self._kept_from = list(position)

    def add(self, headline: CategorizedHeadline, partition: int, offset: int) -> Entry:
        """Add a headline; drops the oldest if there are too many."""
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
        """Note a near duplicate, if the headline that it was merged into is in the window."""
        if duplicate.winner in self._by_id:
            known = self._variants.get(duplicate.winner, ())
            self._variants[duplicate.winner] = (*known, duplicate)[-MAX_VARIANTS:]

    def see(self, headline_id: str, sightings: Sightings) -> bool:
        """Note a headline's sightings; says whether it is in the window."""
        if headline_id not in self._by_id:
            return False
        self._sightings[headline_id] = sightings
        return True

    def correct(self, chains: Iterable[str]) -> list[str]:
        """Hide chains that a correction has ended; gives those that were visible."""
        ended = [chain for chain in chains if chain in self._chains and chain not in self._corrected]
        self._corrected.update(ended)
        return ended

    def sightings(self, headline_id: str) -> Sightings | None:
        """A headline's sightings; None if unknown."""
        return self._sightings.get(headline_id)

    def variants(self, headline_id: str) -> Sequence[Duplicate]:
        """The near duplicates that were merged into a headline, oldest first."""
        return self._variants.get(headline_id, ())

    def by_id(self, headline_id: str) -> Entry | None:
        """The entry of a headline; None if it is not in the window."""
        number = self._by_id.get(headline_id)
        return None if number is None else self._entries[number]

    def chain(self, chain: str) -> Sequence[Entry]:
        """The entries of a headline and its updates that are in the window, in order of arrival."""
        return [self._entries[number] for number in self._chains.get(chain, ())]

    def is_newest_wording(self, entry: Entry) -> bool:
        """Whether an entry is the visible one of its chain: the last that is not late, else the last.

        A chain that a correction has ended has no visible entry.
        """
        if entry.headline.chain in self._corrected:
            return False
        chain = self._chains[entry.headline.chain]
        for number in reversed(chain):
            if not self._entries[number].headline.late:
                return number == entry.number
        return chain[-1] == entry.number

    def newest(self, wanted: Filter, *, before: int | None = None) -> Iterator[Entry]:
        """The wanted entries, newest first, each chain once in its newest wording; only numbers below `before`."""
        start = self._next if before is None else min(before, self._next)
        for number in range(start - 1, self._first - 1, -1):
            entry = self._entries[number]
            if wants(wanted, entry) and self.is_newest_wording(entry):
                yield entry

    def reaches(self, position: Position) -> bool:
        """Whether the window has everything that a reader at a position has not received yet."""
        return all(offset >= kept for offset, kept in zip(position, self._kept_from, strict=True))

    def slice(self, start: int, stop: int) -> Sequence[Entry]:
        """The entries with numbers from `start` to `stop` (excluded); `start` must be in the window."""
        return [self._entries[number] for number in range(start, min(stop, self._next))]

    def own_topics(self) -> frozenset[str]:
        """The slugs of users' own topics among the headlines in the window."""
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
        """The headline with equal values shared between headlines: topic scores alone are larger than most texts."""
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
        if len(self._scores) > 10_000:  # noqa: PLR2004 (never reached: confidences have two decimals)
            self._scores.clear()
        return self._scores.setdefault(score, score)


def wants(wanted: Filter, entry: Entry) -> bool:
    """Whether a filter wants an entry."""
    headline = entry.headline
    return wanted.wants(
        topic=headline.category, language=headline.language, source=headline.source, folded=entry.folded
    )
