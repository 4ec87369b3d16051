"""The live headlines of one language, and which of them a new headline repeats or updates.

Candidates share rare stems with the new headline (an inverted index, rarest postings first, up to a
budget), the likeliest by shared stems and by token set ratio are compared word by word (`compare`).

What `find` answers depends on the live headlines alone, not on the order in which they came or on those
that went: how often a stem occurs is counted over live headlines, and ties go to the smaller key. So an
index that is rebuilt from the state in any order decides as the one that was lost.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from math import ceil
from typing import Final

from msgspec import Struct
from rapidfuzz import fuzz

from streams.process.dedup.compare import Relation, compare_words
from streams.process.dedup.reading import split_words
from streams.process.dedup.words import Lexicon, lexicon, take_apart

_POSTINGS: Final = 300
"""How many postings a search reads, once it has read those of the two rarest stems."""
_LONGEST_POSTING: Final = 20_000
"""A stem in more live headlines than this finds nothing."""
_STEMS: Final = 7
_FEWEST_STEMS: Final = 2
_FOUND: Final = 0.4
"""Share of the stems searched that a candidate needs."""
_SHARED: Final = 0.6
"""Share of the most shared stems that a candidate needs."""
_RATED: Final = 24
_COMPARED: Final = 5
_RATIO: Final = 80.0
"""Token set ratio, 0 to 100, below which no edit that merges was seen."""
_REMEMBERED_WORDS: Final = 1 << 17
_LAST_SLOT: Final = 2**32 - 1


class Live(Struct, frozen=True, gc=False):
    """A live headline: its fold key, its folded text and the text as first seen."""

    key: bytes
    folded: str
    text: str


class _Posting:
    """The slots of a stem. Those that were freed stay until they are the most; `live` counts the others."""

    __slots__ = ("live", "slots")

    def __init__(self, slots: Iterable[int]) -> None:
        self.slots = array("I", slots)
        self.live = len(self.slots)


class _Stems(dict[str, str]):
    """Words and their stems, `""` for words that can be dropped; forgets all when it has grown too large."""

    def __init__(self, words: Lexicon) -> None:
        super().__init__()
        self._droppable = words.droppable

    def __missing__(self, word: str) -> str:
        if len(self) > _REMEMBERED_WORDS:
            self.clear()
        found = self[word] = "" if word in self._droppable else stem(word)
        return found


class NearIndex:
    """An incremental index over the live headlines of a language. Not thread-safe."""

    def __init__(self, language: str) -> None:
        self._lexicon: Lexicon = lexicon(language)
        self._live: dict[int, Live] = {}
        self._slot_of: dict[bytes, int] = {}
        self._postings: dict[str, int | _Posting] = {}
        self._next_slot = 0
        self._stem_of = _Stems(self._lexicon)

    def __len__(self) -> int:
        return len(self._live)

    def __contains__(self, key: bytes) -> bool:
        return key in self._slot_of

    def add(self, key: bytes, folded: str, text: str) -> None:
        """Make a headline live. A key that is live already takes the new texts."""
        self.remove(key)
        if self._next_slot > _LAST_SLOT:
            self._renumber()
        slot = self._next_slot
        self._next_slot += 1
        self._live[slot] = Live(key, folded, folded if folded == text else text)
        self._slot_of[key] = slot
        postings = self._postings
        for stem in self._stems(folded):
            posting = postings.get(stem)
            if posting is None:
                postings[stem] = slot
            elif isinstance(posting, int):
                postings[stem] = _Posting((posting, slot))
            else:
                posting.slots.append(slot)
                posting.live += 1

    def remove(self, key: bytes) -> None:
        """Let a headline go; one that is not live is left alone."""
        slot = self._slot_of.pop(key, None)
        if slot is None:
            return
        headline = self._live.pop(slot)
        for stem in self._stems(headline.folded):
            self._unpost(stem)

    def find(self, folded: str, text: str) -> tuple[bytes, Relation] | None:
        """The live headline that this one repeats, or else the nearest that it updates, and the relation.

        Changes and details go from the live headline to this one.
        """
        candidates = self._candidates(folded)
        if not candidates:
            return None
        words = split_words(text, folded)
        found: list[tuple[bool, float, bytes, Relation]] = []
        for candidate in candidates:
            live = split_words(candidate.text, candidate.folded)
            relation = compare_words(live, words, self._lexicon).relation
            if relation.relation != "distinct":
                found.append((relation.relation == "update", -relation.score, candidate.key, relation))
        if not found:
            return None
        *_, key, relation = min(found, key=lambda rank: rank[:3])
        return key, relation

    def _candidates(self, folded: str) -> list[Live]:
        """The live headlines worth comparing, the likeliest first."""
        searched = self._rarest(folded)
        fewest = max(min(len(searched), _FEWEST_STEMS), ceil(_FOUND * len(searched)))
        live = self._live
        hits = [(-n, live[slot]) for slot, n in _shared(searched, fewest).items() if slot in live]
        if not hits:
            return []
        enough = _SHARED * min(n for n, _ in hits)
        likeliest = sorted((hit for hit in hits if hit[0] <= enough), key=_by_count_and_key)[:_RATED]
        rated = [
            (-fuzz.token_set_ratio(folded, headline.folded, score_cutoff=_RATIO), headline.key, headline)
            for _, headline in likeliest
        ]
        return [headline for ratio, _, headline in sorted(rated)[:_COMPARED] if ratio]

    def _rarest(self, folded: str) -> list[Sequence[int]]:
        """The postings to search: the two rarest stems, and more while they are short."""
        counted = sorted((self._count(stem), stem) for stem in self._stems(folded))
        chosen: list[Sequence[int]] = []
        budget = _POSTINGS
        for count, stem in counted:
            if not count:
                continue
            if count > (_LONGEST_POSTING if len(chosen) < _FEWEST_STEMS else budget):
                break
            posting = self._postings[stem]
            chosen.append((posting,) if isinstance(posting, int) else posting.slots)
            budget -= count
            if len(chosen) == _STEMS:
                break
        return chosen

    def _count(self, stem: str) -> int:
        posting = self._postings.get(stem)
        if posting is None:
            return 0
        return 1 if isinstance(posting, int) else posting.live

    def _stems(self, folded: str) -> set[str]:
        """The stems of a headline. Words that can be dropped are not indexed."""
        stems = set(map(self._stem_of.__getitem__, folded.split()))
        stems.discard("")
        return stems

    def _unpost(self, stem: str) -> None:
        posting = self._postings[stem]
        if isinstance(posting, int) or posting.live == 1:
            del self._postings[stem]
            return
        posting.live -= 1
        if 2 * posting.live < len(posting.slots):
            posting.slots = array("I", filter(self._live.__contains__, posting.slots))

    def _renumber(self) -> None:
        """Give the live headlines the lowest slots, once in four thousand million."""
        headlines = list(self._live.values())
        self._live.clear()
        self._slot_of.clear()
        self._postings.clear()
        self._next_slot = 0
        for headline in headlines:
            self.add(headline.key, headline.folded, headline.text)


def _by_count_and_key(hit: tuple[int, Live]) -> tuple[int, bytes]:
    return hit[0], hit[1].key


def _shared(postings: Sequence[Sequence[int]], fewest: int) -> Counter[int]:
    """The slots that stand in at least `fewest` of some postings (shortest first), and in how many.

    Such a slot stands in one of the shorter postings, so that the longest are looked through, not kept.
    """
    if fewest < _FEWEST_STEMS:
        return Counter(chain.from_iterable(postings))
    seen: set[int] = set()
    again: set[int] = set()
    for place, slots in enumerate(postings):
        again.update(seen.intersection(slots))
        if place <= len(postings) - fewest:
            seen.update(slots)
    counts = (
        Counter(chain.from_iterable(again.intersection(slots) for slots in postings)) if again else Counter()
    )
    return Counter({slot: count for slot, count in counts.items() if count >= fewest})


def stem(word: str) -> str:
    """What candidates are found by: a word without its Arabic prefixes or its Latin plural."""
    if "\u0600" <= word[0] <= "\u06ff":
        return take_apart(word).stem
    return word[:-1] if len(word) > len("sss") and word.endswith("s") else word
