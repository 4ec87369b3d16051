"""An index of the live headlines of one language: finds the one that a new headline repeats or updates.

An inverted index: each stem has a posting, the list of the live headlines in which it stands. A new headline's rarest
stems are looked up, rarest first; headlines that share enough of them are rated by token set ratio, and the likeliest
are compared word by word (`compare`). So "Ferry sinks off Crete" is compared with the few headlines that have both
"ferry" and "crete", not with all that have "off".

The answer of `find` depends only on the set of live headlines, not on their order or on removed ones: stem frequencies
are counted over live headlines, and ties go to the smaller key. So an index that is rebuilt from the state in any order
gives the same answers.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain, islice
from math import ceil
from operator import attrgetter
from types import ModuleType
from typing import TYPE_CHECKING, Final, Generic, Self, TypeAlias, TypeVar

from msgspec import Struct
from rapidfuzz import fuzz

from streams.process.dedup.compare import Relation, compare_words
from streams.process.dedup.reading import split_words
from streams.process.dedup.slots import Slots
from streams.process.dedup.texts import folded_lines, folded_of, text_of
from streams.process.dedup.words import Lexicon, lexicon, take_apart
from streams.process.fold import QUESTION

if TYPE_CHECKING:
    from streams.process.dedup.bulk import Gathered

_POSTINGS: Final = 300
"""How many headlines a search may find in the postings that it reads after those of the two rarest stems.

If "crete" stands in 4 live headlines, "ferry" in 90, "sinks" in 200 and "island" in 5,000, the first three are read.
"""
_LONGEST_POSTING: Final = 20_000
"""A stem that occurs in more live headlines than this is not looked up."""
_STEMS: Final = 7
"""A search looks up at most this many stems."""
_FEWEST_STEMS: Final = 2
"""A candidate shares at least two stems, unless only one was looked up."""
_FOUND: Final = 0.4
"""The share of the searched stems that a candidate needs."""
_SHARED: Final = 0.6
"""Share of the best candidate's stems that another one needs: beside one that shares 5, those that share 3."""
_RATED: Final = 24
"""This many candidates, those that share most stems, are rated by token set ratio."""
_COMPARED: Final = 5
"""This many candidates, the best rated, are compared word by word."""
_RATIO: Final = 80.0
"""Token set ratio, 0 to 100, below which no edit that merges was seen."""
_REMEMBERED_WORDS: Final = 1 << 17
"""The size of the cache from words to postings; a full cache is cleared."""
_PACKED_AT_ONCE: Final = 1_000
"""How many slots of a posting are compacted for each headline that is removed."""
_NEVER: Final = 2**62
_LAST_SLOT: Final = 2**31 - 1
_MANY: Final = 2_000
"""From this many headlines on, sorting their numbers is faster than looking at each."""
_ADDED_AT_ONCE: Final = 500
"""How many headlines one step of `add_all` adds, which takes some milliseconds."""
_SLOTS_AT_ONCE: Final = 20_000
"""How many slots one step of `add_all` adds to postings."""


class Indexed(Struct, gc=False, eq=False, kw_only=True):
    """The part of a live headline that the index needs: its fold key, its folded text and the text as first seen."""

    key: bytes
    texts: bytes
    """The packed folded text, text, id and chain (`texts.pack`)."""
    bucket_end: int = _NEVER
    """The end of the event-time bucket in which it was last seen, in ms."""
    slot: int = -1
    """Its number in the index, which the index sets; -1 while it is in none."""

    @property
    def folded(self) -> str:
        """The text folded."""
        return folded_of(self.texts)

    @property
    def text(self) -> str:
        """The text as first seen."""
        return text_of(self.texts)


HeadlineT = TypeVar("HeadlineT", bound=Indexed)


if TYPE_CHECKING:
    _Array: TypeAlias = array[int]
else:
    _Array = array


class _Posting(_Array):
    """The slots of the headlines in which a stem stands, as native 32-bit integers. Postings are equal by identity.

    Removing a headline only decreases the count. Its slot stays, and readers skip it because no live headline has that
    slot. Once more than half of the slots are dead, the posting is compacted, a few slots with each further removal:
    compacting a posting of a million at once would take 0.1 s.

    It is an array, and does not have one: each object less that is looked at saves a cache miss, for every word.
    """

    __slots__ = ("live", "packed", "stem")
    __hash__ = object.__hash__  # type: ignore[assignment] # of an array it is None
    __eq__ = object.__eq__

    def __new__(cls, _: str) -> Self:
        return super().__new__(cls, "I")  # type: ignore[return-value] # as the type of `array.__new__` does not say

    def __init__(self, stem: str) -> None:
        self.stem = stem
        self.live = 0
        """The number of slots of live headlines."""
        self.packed: tuple[array[int], int] | None = None
        """During a compaction: the live slots so far, and how many slots were examined; otherwise None."""

    def free(self, live: Slots[HeadlineT]) -> None:
        """Count one slot as dead, and compact a few slots if most are dead."""
        self.live -= 1
        if 2 * self.live < len(self):
            packed, done = self.packed or (array("I"), 0)
            end = done + _PACKED_AT_ONCE
            packed.extend(live.live(self[done:end]))
            if end < len(self):
                self.packed = packed, end
            else:
                self[:], self.packed = packed, None


_NOTHING_ASKED: Final[tuple[str, set[_Posting]]] = ("", set())


class _Words(dict[str, _Posting | None]):
    """A cache from words to their stems' postings; None for words that can be dropped.

    One look-up for each word is most of the cost of indexing a headline.
    """

    def __init__(self, words: Lexicon) -> None:
        super().__init__()
        self._droppable = words.droppable
        self._same = words.same
        self._by_stem: dict[str, _Posting] = {}

    def __missing__(self, word: str) -> _Posting | None:
        found = None
        if word not in self._droppable and word != QUESTION:
            word_stem = stem(self._same(word))
            found = self._by_stem.get(word_stem)
            if found is None:
                found = self._by_stem[word_stem] = _Posting(word_stem)
        self[word] = found
        return found

    def forget(self) -> None:
        """Clear the cache, and remove stems without live headlines."""
        self.clear()
        self._by_stem = {stem: posting for stem, posting in self._by_stem.items() if posting.live}


_rarity: Final = attrgetter("live")
_rarity_and_stem: Final = attrgetter("live", "stem")


class NearIndex(Generic[HeadlineT]):
    """An incremental index over the live headlines of a language. Not thread-safe."""

    def __init__(self, language: str) -> None:
        self._lexicon: Lexicon = lexicon(language)
        self._live: Slots[HeadlineT] = Slots()
        self._words = _Words(self._lexicon)
        self._asked = _NOTHING_ASKED
        """The folded text that was looked up last, and its postings: a headline that is not found is added next."""
        self._gathered: Gathered[_Posting] | None = None
        """Slots that are not in postings yet; removing their headline decreases the count before it was increased."""

    def __len__(self) -> int:
        return len(self._live)

    def add(self, headline: HeadlineT, folded: str | None = None) -> None:
        """Add a headline that is not in the index. `folded` is its folded text, if the caller has it."""
        if self._live.next > _LAST_SLOT:
            self._renumber()
        slot = headline.slot = self._live.append(headline)
        for posting in self._postings(headline.folded if folded is None else folded):
            posting.append(slot)
            posting.live += 1

    def add_all(self, headlines: Iterable[HeadlineT]) -> Iterator[None]:
        """Add headlines, and those that were gathered, step by step. `find` must not be called before the last step.

        For many headlines this is faster than `add` for each.
        """
        coming = iter(headlines)
        if self._gathered is None:
            first = list(islice(coming, _MANY))
            if len(first) < _MANY:
                for number, headline in enumerate(first, 1):
                    self.add(headline)
                    if number % _ADDED_AT_ONCE == 0:
                        yield
                return
            coming = chain(first, coming)
        while some := list(islice(coming, _ADDED_AT_ONCE)):
            self.gather(some)
            yield
        yield from self._hand_out()

    def gather(self, headlines: Sequence[HeadlineT]) -> None:
        """Collect headlines that `add_all` will index. They can be removed, but not found, before that."""
        if self._gathered is None:
            if self._live.next > _LAST_SLOT // 2:
                self._renumber()  # so that there is room for a thousand million
            self._asked = _NOTHING_ASKED
            self._gathered = bulk().Gathered(self._words.__getitem__)
        self._gathered.add(folded_lines([headline.texts for headline in headlines]), self._live.next)
        for slot, headline in enumerate(headlines, self._live.next):
            headline.slot = slot
        self._live.extend(headlines)
        if len(self._words) > _REMEMBERED_WORDS:
            self._words.clear()

    def _hand_out(self) -> Iterator[None]:
        gathered, self._gathered = self._gathered, None
        for found in () if gathered is None else gathered.hand_out(_SLOTS_AT_ONCE):
            for posting, slots in found:
                posting.frombytes(slots)
                posting.live += len(slots) // posting.itemsize
            yield

    def remove(self, headline: HeadlineT) -> None:
        """Remove a headline."""
        self._live.remove(headline.slot)
        headline.slot = -1
        for posting in self._postings(headline.folded):
            posting.free(self._live)

    def find(
        self, folded: str, text: str, *, oldest: int = 0, but: HeadlineT | None = None
    ) -> tuple[HeadlineT, Relation] | None:
        """The live headline that this one repeats, or else the nearest that it updates, and the relation.

        Changes and details go from the live headline to this one.

        Args:
            folded: Its folded text.
            text: Its text.
            oldest: Headlines whose bucket ended before this have expired, although they are still in the index.
            but: A headline that is left out too.
        """
        candidates = self._candidates(folded, oldest, but)
        if not candidates:
            return None
        words = split_words(text, folded)
        found: list[tuple[bool, float, bytes, HeadlineT, Relation]] = []
        for candidate in candidates:
            live = split_words(candidate.text, candidate.folded)
            relation = compare_words(live, words, self._lexicon).relation
            if relation.relation != "distinct":
                is_update = relation.relation == "update"
                found.append((is_update, -relation.score, candidate.key, candidate, relation))
        if not found:
            return None
        *_, nearest, relation = min(found, key=lambda rank: rank[:3])
        return nearest, relation

    def _candidates(self, folded: str, oldest: int, but: HeadlineT | None) -> list[HeadlineT]:
        """The live headlines worth comparing, the most likely first."""
        searched = self._rarest(folded)
        fewest = max(min(len(searched), _FEWEST_STEMS), ceil(_FOUND * len(searched)))
        live = self._live
        shared = _shared if len(live) < _MANY or fewest < _FEWEST_STEMS else bulk().shared
        hits = [
            (-n, headline)
            for slot, n in shared(searched, fewest).items()
            if (headline := live.get(slot)) is not None
            and headline.bucket_end >= oldest
            and headline is not but
        ]
        if not hits:
            return []
        enough = _SHARED * min(n for n, _ in hits)
        likeliest = sorted((hit for hit in hits if hit[0] <= enough), key=_by_count_and_key)[:_RATED]
        rated = [
            (-fuzz.token_set_ratio(folded, headline.folded, score_cutoff=_RATIO), headline.key, headline)
            for _, headline in likeliest
        ]
        return [headline for ratio, _, headline in sorted(rated)[:_COMPARED] if ratio]

    def _rarest(self, folded: str) -> Sequence[_Posting]:
        """The postings to search: those of the two rarest stems, and more while they are short."""
        postings = [posting for posting in self._postings(folded) if posting.live]
        if len(postings) <= _STEMS and sum([posting.live for posting in postings]) <= _POSTINGS:
            return postings  # so few that all are searched
        postings.sort(key=_rarity)
        number = _searched(postings)
        if 0 < number < len(postings) and postings[number].live == postings[number - 1].live:
            # Among those that are as rare as the last one that is searched, the stem decides.
            postings.sort(key=_rarity_and_stem)
        return postings[:number]

    def _postings(self, folded: str) -> set[_Posting]:
        """The postings of a headline's stems. Words that can be dropped are not indexed."""
        if len(self._words) > _REMEMBERED_WORDS and self._gathered is None:
            self._words.forget()
            self._asked = _NOTHING_ASKED
        asked, postings = self._asked
        if asked != folded:
            postings = set(map(self._words.__getitem__, folded.split()))  # type: ignore[arg-type] # None goes next
            postings.discard(None)
            self._asked = folded, postings
        return postings

    def _renumber(self) -> None:
        """Renumber the live headlines from 0, once in two thousand million slots."""
        headlines = list(self._live)
        self._live = Slots()
        self._words = _Words(self._lexicon)
        self._asked = _NOTHING_ASKED
        for headline in headlines:
            self.add(headline)


def _by_count_and_key(hit: tuple[int, Indexed]) -> tuple[int, bytes]:
    return hit[0], hit[1].key


@cache
def bulk() -> ModuleType:
    """The module that needs numpy, imported late: the import takes 0.1 s, which does not pay for few headlines."""
    from streams.process.dedup import bulk  # noqa: PLC0415

    return bulk


def _searched(postings: Sequence[_Posting]) -> int:
    """How many of a headline's postings are searched, shortest first."""
    budget = _POSTINGS
    for number, posting in enumerate(postings):
        most = _LONGEST_POSTING if number < _FEWEST_STEMS else budget
        if number == _STEMS or posting.live > most:
            return number
        budget -= posting.live
    return len(postings)


def _shared(postings: "Sequence[array[int]]", fewest: int) -> dict[int, int]:
    """The slots that occur in at least `fewest` of some postings, with the number of postings."""
    counts = Counter(chain.from_iterable(postings))
    return {slot: count for slot, count in counts.items() if count >= fewest}


def stem(word: str) -> str:
    """The stem by which candidates are found: a word without its Arabic prefixes or its Latin plural."""
    if "\u0600" <= word[0] <= "\u06ff":
        return take_apart(word).stem
    return word[:-1] if len(word) > len("sss") and word.endswith("s") else word
