"""Score many headlines at once, as arrays of numbers: what `Scorer` does for one, with the same results."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from streams.process.categorize.scores import POWERS, REMEMBERED_WORDS, Scorer, Word, pair_rows
from streams.process.vocabulary import NO_NUMBER, Numbers, Vocabulary

_POWERS: Final = np.array([*POWERS, 0], np.int64)
_NONE: Final = -1
_STEMS: Final = 2
"""The most stems of a word."""


class BulkScorer:
    """Shares of the topics, of many headlines together.

    Args:
        scorer: Scores words and pairs.
        bias: The score of an empty headline, by topic.
        least: The least share with which a topic is mentioned.
        steps: Shares in rising order; a confidence is how many of them a share reaches.
    """

    def __init__(
        self, scorer: Scorer, bias: Sequence[int], *, least: float = 0, steps: Sequence[float] = ()
    ) -> None:
        self._scorer = scorer
        self._least = least
        self._steps = np.array(steps, np.float64)
        self._bias = np.array([*bias, 0], np.int64)
        self._heads = {stem: number for number, stem in enumerate(scorer.pairs)}
        self._seconds: dict[str, int] = {}
        pairs = [
            (head, self._seconds.setdefault(following.partition(" ")[0], len(self._seconds)))
            for stem, head in self._heads.items()
            for following in scorer.pairs[stem].add
        ]
        self._pairs = np.array(sorted({self._pair(*pair) for pair in pairs}), np.int64)
        """The first two stems of every known pair or three, as one number each, in rising order."""
        self._forget()

    def _pair(self, head: Any, second: Any) -> Any:
        """A pair of stems, or an array of pairs, as one number."""
        return head * len(self._seconds) + second

    def _forget(self) -> None:
        """Begin again without any word."""
        self._vocabulary = Vocabulary(self._number_of)
        self._words: list[Word] = []
        """The words that can indicate a topic, by number."""
        self._rows: Numbers = np.zeros((1024, len(self._bias)), np.int32)
        """What each of them adds to the scores, and to the number of known features."""
        self._stems: Numbers = np.full((1024, 2, _STEMS), _NONE, np.int64)
        """Those of each word's stems that come first, and those that come second, in known pairs."""

    def _number_of(self, word: str) -> int:
        """Enter a new word; returns its number, or `NO_NUMBER` for one that tells no topic."""
        known = self._scorer.words[word]
        if known is None:
            return NO_NUMBER
        number = len(self._words)
        if number == len(self._rows):
            self._rows = np.concatenate((self._rows, np.zeros_like(self._rows)))
            self._stems = np.concatenate((self._stems, np.full_like(self._stems, _NONE)))
        self._words.append(known)
        self._rows[number] = self._scorer.numbers(known[0])
        for stems, numbers in zip(self._stems[number], (self._heads, self._seconds), strict=True):
            found = [numbers[stem] for stem in known[1] if stem in numbers]
            stems[: len(found)] = found
        return number

    def powers(self, folded: Sequence[str]) -> tuple[Numbers, Numbers]:
        """Of each headline every topic's weight in the softmax, and which of them have a known feature."""
        if len(self._words) > REMEMBERED_WORDS:
            self._forget()
        numbers, lines = self._vocabulary.look_up("\n".join(folded).encode("utf-8", "surrogatepass"))
        is_content = numbers != NO_NUMBER
        numbers, lines = numbers[is_content], lines[is_content]
        totals: Numbers = np.tile(self._bias, (len(folded), 1))
        if len(numbers):
            first = np.flatnonzero(np.concatenate(([True], lines[1:] != lines[:-1])))
            totals[lines[first]] += np.add.reduceat(self._rows[numbers], first, axis=0)
            self._add_pairs(totals, numbers, lines)
        scores = totals[:, :-1]
        below = scores.max(axis=1, keepdims=True) - scores
        return _POWERS[np.minimum(below, len(_POWERS) - 1)], totals[:, -1] > 0

    def _add_pairs(self, totals: Numbers, numbers: Numbers, lines: Numbers) -> None:
        """Add what neighbouring words say together. Few do, so those are looked at one by one."""
        if not len(self._pairs):
            return
        heads, seconds = self._stems[numbers[:-1], 0], self._stems[numbers[1:], 1]
        at = np.flatnonzero((heads[:, 0] != _NONE) & (seconds[:, 0] != _NONE) & (lines[1:] == lines[:-1]))
        heads, seconds = heads[at, :, np.newaxis], seconds[at, np.newaxis, :]
        pairs = np.where((heads != _NONE) & (seconds != _NONE), self._pair(heads, seconds), _NONE)
        nearest = np.minimum(np.searchsorted(self._pairs, pairs), len(self._pairs) - 1)
        at = at[(self._pairs[nearest] == pairs).any(axis=(1, 2))]
        third = np.minimum(at + 2, len(numbers) - 1)
        has_third = (third > at + 1) & (lines[third] == lines[at])
        columns = (lines[at], numbers[at], numbers[at + 1], np.where(has_third, numbers[third], NO_NUMBER))
        for line, head, *following in zip(*(column.tolist() for column in columns), strict=True):
            words = [self._words[number] for number in following if number != NO_NUMBER]
            for row in pair_rows(self._words[head], words):
                totals[line, -1] += 1
                for topic, weight in zip(row[::2], row[1::2], strict=True):
                    totals[line, topic] += weight

    def mentions(self, folded: Sequence[str]) -> list[list[tuple[int, int]]]:
        """The topics with enough of the share of each headline: their places and confidences, the surest first."""
        powers, is_known = self.powers(folded)
        totals = powers.sum(axis=1)
        headlines, places = np.nonzero(
            (powers >= (self._least * totals)[:, np.newaxis]) & is_known[:, np.newaxis]
        )
        shown = powers[headlines, places]
        order = np.lexsort((places, -shown, headlines))
        headlines, places, shown = headlines[order], places[order], shown[order]
        confidences: Numbers = np.searchsorted(self._steps, shown / totals[headlines], side="right")
        found: list[list[tuple[int, int]]] = [[] for _ in folded]
        for headline, place, confidence in zip(
            headlines.tolist(), places.tolist(), confidences.tolist(), strict=True
        ):
            found[headline].append((place, confidence))
        return found
