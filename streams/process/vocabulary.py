"""Numbers of words, looked up for the words of many texts at once, by sorting and indexing arrays of numbers.

Most of the time of looking up a word in a dictionary is spent waiting for memory, one word after another. Arrays are
indexed for all words together, so that the processor waits for many of them at a time.
"""

import secrets
from collections.abc import Callable
from typing import Any, Final

import numpy as np

Numbers = np.ndarray[Any, np.dtype[Any]]

NO_NUMBER: Final = -1
"""The number of a word that is left out."""
_PLACE_BITS: Final = 18
"""The table of words has this many bits: a quarter of a million words, whose numbers are found without a dictionary."""
_EMPTY: Final = 0
"""The fingerprint of the empty word, which has no number, and of empty places of the table."""
_SPACE: Final = ord(" ")
_LINE_END: Final = ord("\n")


class _Fingerprints:
    """Fingerprints of words after Karp and Rabin (1987): a polynomial of the bytes at a random base, modulo 2**64.

    They are computed for all words at once, in a third of the time in which Python would split and hash the words.
    """

    def __init__(self) -> None:
        self._base = secrets.randbits(64) | 1
        self._powers: Numbers = np.empty(0, np.uint64)
        """The powers of the base, from 1 on."""
        self._inverse: Numbers = np.empty(0, np.uint64)
        """The powers of its inverse, which make a fingerprint independent of the word's position in the text."""

    def of(self, data: Numbers, starts: Numbers, ends: Numbers) -> Numbers:
        """The fingerprints of the words between start and end positions in a text's bytes; 0 for an empty word."""
        if len(data) >= len(self._powers):
            self._powers = _powers(self._base, 2 * len(data) + 1)
            self._inverse = _powers(pow(self._base, -1, 1 << 64), 2 * len(data) + 1)
        sums = np.zeros(len(data) + 1, np.uint64)
        digits = np.add(data, 1, dtype=np.uint64)  # so that a NUL counts
        digits *= self._powers[: len(data)]
        np.cumsum(digits, out=sums[1:])
        found: Numbers = (sums[ends] - sums[starts]) * self._inverse[starts]
        return found


def _powers(base: int, number: int) -> Numbers:
    powers = np.full(number, base, np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)


class Vocabulary:
    """The number of each word.

    Args:
        meet: Gives the number of a word that is looked up for the first time: 0 or more, or `NO_NUMBER`.
    """

    def __init__(self, meet: Callable[[str], int]) -> None:
        self._meet = meet
        self._fingerprints = _Fingerprints()
        self._met: dict[int, int] = {_EMPTY: NO_NUMBER}
        """The number of each known word, by its fingerprint."""
        self._words: Numbers = np.full(1 << _PLACE_BITS, _EMPTY, np.uint64)
        """The same as a table: at each place the first fingerprint whose highest bits are the place."""
        self._numbers: Numbers = np.full(1 << _PLACE_BITS, NO_NUMBER, np.int32)

    def look_up(self, text: bytes) -> tuple[Numbers, Numbers]:
        """The number of each word of some texts, in order, and the line in which it stands, from 0.

        Args:
            text: A line for each text: words in UTF-8, single spaces between them. An empty line has an empty word.
        """
        data = np.frombuffer(text, np.uint8)
        ends = np.flatnonzero((data == _SPACE) | (data == _LINE_END))
        lines = np.concatenate(([0], np.cumsum(data[ends] == _LINE_END)))
        starts = np.concatenate(([0], ends + 1))
        ends = np.concatenate((ends, [len(data)]))
        return self._numbers_of(text, starts, ends, self._fingerprints.of(data, starts, ends)), lines

    def _numbers_of(self, text: bytes, starts: Numbers, ends: Numbers, words: Numbers) -> Numbers:
        """The number of each word, from the table, else from the dictionary."""
        places = words >> np.uint64(64 - _PLACE_BITS)
        numbers: Numbers = self._numbers[places].astype(np.int64)
        others = np.flatnonzero(self._words[places] != words)
        met = self._met
        numbers[others] = [
            met[word] if word in met else self._enter(word, text[starts[at] : ends[at]])
            for at, word in zip(others.tolist(), words[others].tolist(), strict=True)
        ]
        return numbers

    def _enter(self, word: int, written: bytes) -> int:
        """Enter a new word; returns its number."""
        number = self._met[word] = self._meet(written.decode("utf-8", "surrogatepass"))
        place = word >> 64 - _PLACE_BITS
        if self._words[place] == _EMPTY:
            self._words[place], self._numbers[place] = word, number
        return number
