"""The scores of a headline for all topics in one integer: a lane of 32 bits for each topic, all added at once.

A headline's integer is the sum of those of its words and word pairs; a word's integer is computed once and cached. A
lane holds a signed number: a negative one borrows from the lane above, and a constant that is added before the lanes
are read undoes that. (SIMD within a register; Lamport, "Multiple byte processing with full-word instructions", 1975.
Here the register is Python's integer.)
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import exp
from struct import Struct as Layout
from typing import Final, TypeAlias

from streams.process.categorize.features import (
    LONGEST_BEGINNING,
    SHORTEST_BEGINNING,
    content_word,
    word_forms,
    word_stems,
)

MOST_WEIGHT: Final = 10_000
"""The largest allowed weight or bias: a lane can hold the sum of two hundred thousand of them."""
_LANE: Final = 32
_NOTHING: Final = 1 << (_LANE - 1)
"""What a lane holds for a score of 0: half of its range, so that a score below 0 borrows nothing."""
REMEMBERED_WORDS: Final = 100_000

Weights = Mapping[str, Sequence[int]]
"""By feature: topic index, weight, topic index, weight …"""


class Scorer:
    """Shares of the topics by the weights of one language.

    Args:
        language: The language of the words.
        bias: The score of an empty headline, by topic.
        weights: The weights of features, in hundredths of a nat.
    """

    def __init__(self, language: str, bias: Sequence[int], weights: Weights) -> None:
        # The lane above the topics counts known features: a headline without any gives no evidence.
        self._layout = Layout(f"<{len(bias) + 1}I")
        self._zeros = _packed([_NOTHING] * (len(bias) + 1))
        self._bias = _packed(bias)
        self._weights = _PackedWeights(weights, len(bias))
        self.words = _Words(language, self._weights)
        self.pairs: Mapping[str, _Pairs] = self._weights.pairs
        """By the stem that they begin with, the pairs that have weights."""

    def powers(self, folded: str) -> tuple[list[int], int]:
        """Every topic's weight in the softmax of the scores, and their sum; nothing where no feature is known.

        A topic's share, not calibrated, is its weight in the sum.
        """
        *scores, known = self.numbers(self._bias + self._score(folded))
        if not known:
            return [], 0
        highest = max(scores)
        try:
            powers = [POWERS[highest - score] for score in scores]
        except IndexError:
            powers = [_power(highest - score) for score in scores]
        return powers, sum(powers)

    def numbers(self, lanes: int) -> list[int]:
        """The numbers in the lanes of an integer: the score of each topic, and how many features are known."""
        held = self._layout.unpack((lanes + self._zeros).to_bytes(self._layout.size, "little"))
        return [number - _NOTHING for number in held]

    def _score(self, folded: str) -> int:
        words = list(filter(None, map(self.words.__getitem__, folded.split())))
        total = sum([word[0] for word in words])
        for at in [at for at, word in enumerate(words) if word[2]]:
            following = words[at + 1 : at + 3]
            if following and following[0][3]:
                total += sum(map(self._weights.packed, pair_rows(words[at], following)))
        return total


def pair_rows(first: "Word", following: "Sequence[Word]") -> Sequence[Sequence[int]]:
    """The rows of weights of the pairs that a word makes with the one or two content words after it."""
    return [row for pairs in first[2] for row in pairs.rows(following)]


class _Pairs:
    """The pair features (`features.pair_features`) that begin with one stem, and what they add."""

    def __init__(self) -> None:
        self.add: dict[str, Sequence[int]] = {}
        """By what follows the stem, one other stem or two: the row of the pair's weights."""
        self.has_threes = False

    def rows(self, following: "Sequence[Word]") -> Sequence[Sequence[int]]:
        """The rows of the pairs that this stem makes with the one or two words after it."""
        add = self.add
        second = following[0][1]
        rows = [add[stem] for stem in second if stem in add]
        if self.has_threes and len(following) > 1:
            rows += filter(None, [add.get(f"{second[-1]} {following[1][1][-1]}")])
        return rows


Word: TypeAlias = tuple[int, tuple[str, ...], tuple[_Pairs, ...], bool]
"""What a word adds to a headline's score, its stems, the known pairs that begin with one of them, and whether one of
them comes second in any known pair."""


class _PackedWeights:
    """Weights as integers of lanes; `pairs` and `longest` say which features can have some."""

    def __init__(self, weights: Weights, topics: int) -> None:
        self._weights = weights
        self._feature = 1 << (_LANE * topics)
        self.pairs: defaultdict[str, _Pairs] = defaultdict(_Pairs)
        """By the stem that they begin with."""
        self.seconds: set[str] = set()
        """The stems that come second in one of them."""
        self.longest: defaultdict[str, int] = defaultdict(int)
        """By the first letters of the beginnings that have weights, how long the longest of them is."""
        for feature, row in weights.items():
            head, blank, following = feature.partition(" ")
            if blank:
                self.pairs[head].add[following] = row
                self.pairs[head].has_threes |= " " in following
                self.seconds.add(following.partition(" ")[0])
            elif feature.endswith("*"):
                start = feature[:SHORTEST_BEGINNING]
                self.longest[start] = max(self.longest[start], len(feature) - 1)

    def score(self, feature: str) -> int:
        """What a feature adds; 0 for one that is not known."""
        row = self._weights.get(feature)
        return 0 if row is None else self.packed(row)

    def packed(self, row: Sequence[int]) -> int:
        """A row of weights in their lanes."""
        pairs = zip(row[::2], row[1::2], strict=True)
        return self._feature + sum([weight << (_LANE * topic) for topic, weight in pairs])


class _Words(dict[str, Word | None]):
    """Words of folded headlines; None for those that tell no topic."""

    def __init__(self, language: str, weights: _PackedWeights) -> None:
        super().__init__()
        self._language = language
        self._weights = weights

    def __missing__(self, word: str) -> Word | None:
        if len(self) >= REMEMBERED_WORDS:
            self.clear()
        found = self[word] = self._learn(word)
        return found

    def _learn(self, word: str) -> Word | None:
        content = content_word(word, self._language)
        if content is None:
            return None
        stems = word_stems(content, self._language)
        features = (*stems, *self._beginnings(content, stems))
        heads = tuple(self._weights.pairs[stem] for stem in stems if stem in self._weights.pairs)
        is_second = not self._weights.seconds.isdisjoint(stems)
        return sum(map(self._weights.score, features)), stems, heads, is_second

    def _beginnings(self, word: str, stems: tuple[str, ...]) -> dict[str, None]:
        """Of the beginnings among a word's features (`features.word_features`), those that can have weights."""
        return {
            f"{form[:length]}*": None
            for form in word_forms(word, stems)
            for longest in [self._weights.longest.get(form[:SHORTEST_BEGINNING], 0)]
            for length in range(SHORTEST_BEGINNING, min(len(form), longest, LONGEST_BEGINNING) + 1)
        }


def _power(below: int) -> int:
    """The weight in the softmax of a score that is so far below the highest, in hundredths of a nat: `_ONE` for that.

    It is a whole number, so that a sum of several is the same in whatever order they are added.
    """
    return round(_ONE * exp(-below / 100))


_ONE: Final = 1 << 40
POWERS: Final = list(map(_power, range(1 << 12)))
"""Those of nearly all scores, worked out in advance; all others are 0."""


def _packed(lanes: Sequence[int]) -> int:
    return sum(number << (_LANE * lane) for lane, number in enumerate(lanes))
