"""What an inverted index of many headlines does by sorting numbers: take in many texts, count shared slots.

To look a word up where memory is cold takes longer than anything else of indexing it, and to hand a slot to its
group as much again. Here each distinct word is looked up once and each group is handed its slots once; what is left is
sorting numbers.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, repeat
from typing import Any, Final, Generic, TypeVar

import numpy as np

T = TypeVar("T")
Numbers = np.ndarray[Any, np.dtype[Any]]

_NO_GROUP: Final = -1
_MERGED: Final = 32
"""So many gathered pieces are made one."""
_SAMPLED: Final = 64
"""Of the gathered numbers every so many say where to cut them."""


class Gathered(Generic[T]):
    """The slots of each group, gathered from many texts before they are handed out.

    Words are told apart by Python's own 64-bit hash.

    Args:
        group_of: The group of a word; words without one are left out. Groups must be hashable.
    """

    def __init__(self, group_of: Callable[[str], T | None]) -> None:
        self._group_of = group_of
        self._groups: dict[T, int] = {}
        """The number of each group."""
        self._hashes: Numbers = np.array([hash("")])
        """Of the words that were met, ascending."""
        self._numbers: Numbers = np.array([_NO_GROUP])
        """The number of each one's group."""
        self._gathered: list[Numbers] = []
        """Group number and slot as one number, ascending, for each `add` or many of them."""
        self._merged = 0
        """How many of those are of many: large ones go back to the system when they are done with."""

    def add(self, texts: Sequence[str], first: int) -> None:
        """Gather some texts.

        Args:
            texts: Words with single spaces between them; the first text has slot `first`, the next the next.
            first: A slot below 2**31.
        """
        words = " ".join(texts).split(" ")
        counts = np.fromiter(map(str.count, texts, repeat(" ")), np.int64, len(texts)) + 1
        hashes = np.fromiter(map(hash, words), np.int64, len(words))
        numbers = self._numbers_of(words, hashes)
        slots = np.repeat(np.arange(first, first + len(texts), dtype=np.int64), counts)
        found = np.sort((numbers << 32 | slots)[numbers != _NO_GROUP])
        self._gathered.append(found[_first_of_equal(found)])
        if len(self._gathered) - self._merged == _MERGED:
            self._gathered[self._merged :] = [np.sort(np.concatenate(self._gathered[self._merged :]))]
            self._merged += 1

    def _numbers_of(self, words: Sequence[str], hashes: Numbers) -> Numbers:
        """The number of each word's group, looked up where the word is new."""
        places = np.searchsorted(self._hashes, hashes)
        numbers = self._numbers.take(places, mode="clip")
        unmet = np.flatnonzero(self._hashes.take(places, mode="clip") != hashes)
        if len(unmet):
            new, at, which = np.unique(hashes[unmet], return_index=True, return_inverse=True)
            found = np.array([self._number(words[place]) for place in unmet[at].tolist()])
            numbers[unmet] = found[which]
            places = np.searchsorted(self._hashes, new)
            self._hashes = np.insert(self._hashes, places, new)
            self._numbers = np.insert(self._numbers, places, found)
        return numbers

    def _number(self, word: str) -> int:
        group = self._group_of(word)
        return _NO_GROUP if group is None else self._groups.setdefault(group, len(self._groups))

    def hand_out(self, at_once: int) -> Iterator[list[tuple[T, bytes]]]:
        """Each group with its slots: ascending, each once, native 32-bit integers; about `at_once` slots in a step."""
        if not self._gathered:
            return
        groups = list(self._groups)
        sample = np.sort(np.concatenate([found[::_SAMPLED] for found in self._gathered]))
        cuts = np.unique(sample[:: max(1, at_once // _SAMPLED)] >> 32)[1:].tolist()
        edges = np.array([0, *cuts, len(groups)], np.int64) << 32
        parts = [np.searchsorted(found, edges).tolist() for found in self._gathered]
        for place in range(len(edges) - 1):
            found = np.sort(
                np.concatenate(
                    [
                        found[at[place] : at[place + 1]]
                        for found, at in zip(self._gathered, parts, strict=True)
                    ]
                )
            )
            numbers = found >> 32
            starts = np.flatnonzero(_first_of_equal(numbers))
            data = (found & 0xFFFFFFFF).astype(np.uint32).tobytes()
            ends = [*starts.tolist(), len(found)]
            yield [
                (groups[number], data[4 * start : 4 * end])
                for number, (start, end) in zip(numbers[starts].tolist(), pairwise(ends), strict=True)
            ]


def shared(postings: "Sequence[array[int]]", fewest: int) -> dict[int, int]:
    """The slots that stand in at least `fewest` of some postings, and in how many.

    Args:
        postings: Native 32-bit integers (`array("I")`); in one posting each slot stands once.
        fewest: 2 or more.
    """
    slots = np.frombuffer(b"".join(postings), np.uint32).copy()
    slots.sort()
    again = slots[fewest - 1 :]
    found = again[again == slots[: 1 - fewest]]
    if not len(found):
        return {}
    return {slot: count + fewest - 1 for slot, count in Counter(found.tolist()).items()}


def _first_of_equal(ascending: Numbers) -> Numbers:
    """Where in sorted numbers another one begins."""
    return np.concatenate(([True], ascending[1:] != ascending[:-1]))[: len(ascending)]
