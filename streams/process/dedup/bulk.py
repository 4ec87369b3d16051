"""Bulk operations of an inverted index, by sorting arrays of numbers: index many texts, count shared slots.

Most of the time of indexing a word is the cache misses of looking it up and of appending to its posting. Here each
distinct word is looked up once and each posting gets its slots at once; the rest is sorting numbers.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from mmap import mmap
from typing import Final, Generic, TypeVar

import numpy as np

from streams.process.vocabulary import NO_NUMBER, Numbers, Vocabulary

T = TypeVar("T")

_TRUE: Final = b"\1"
_PIECE: Final = 1 << 17
"""How many gathered numbers are sorted at once, which takes some milliseconds."""
_SAMPLED: Final = 64
"""Every 64th gathered number is sampled, to find where to cut them into steps."""


def _room(numbers: int) -> Numbers:
    """An array that is returned to the system when freed; the allocator could keep memory below other allocations."""
    room: Numbers = np.frombuffer(mmap(-1, numbers * np.dtype(np.int64).itemsize), np.int64)
    return room


class Gathered(Generic[T]):
    """The slots of each group, gathered from many texts before they are appended to postings.

    Args:
        group_of: The group of a word; words without one are left out. Groups must be hashable.
    """

    def __init__(self, group_of: Callable[[str], T | None]) -> None:
        self._groups: dict[T, int] = {}
        """The number of each group."""
        # No method of its own, which would refer to it: it takes much memory, and must be freed when it is used up.
        self._vocabulary = Vocabulary(partial(_number_of, group_of, self._groups))
        self._gathered: list[Numbers] = []
        """Sorted pieces of numbers, each combining group number and slot; a piece is freed when it is used up."""
        self._piece: Numbers = np.empty(0, np.int64)
        """The next piece, not sorted yet."""
        self._filled = 0
        """How many numbers the next piece has."""

    def add(self, text: bytes, first: int) -> None:
        """Gather some texts.

        Args:
            text: A line for each text: words in UTF-8, single spaces between them; the first line has slot `first`, the
                next the next.
            first: A slot below 2**31.
        """
        numbers, lines = self._vocabulary.look_up(text)
        found = (numbers << 32 | (lines + first))[numbers != NO_NUMBER]
        if self._filled + len(found) > len(self._piece):
            self._end_piece()
            self._piece = _room(max(_PIECE, len(found)))
        self._piece[self._filled : self._filled + len(found)] = found
        self._filled += len(found)

    def _end_piece(self) -> None:
        piece = self._piece[: self._filled]
        piece[:] = _sorted_by_group(piece)
        self._gathered.append(piece)
        self._filled = 0

    def hand_out(self, at_once: int) -> Iterator[list[tuple[T, bytes]]]:
        """Each group with its distinct slots, ascending, as native 32-bit integers; about `at_once` slots per step."""
        self._end_piece()
        groups = list(self._groups)
        sample = np.sort(np.concatenate([found[::_SAMPLED] for found in self._gathered]))
        cuts = np.unique(sample[:: max(1, at_once // _SAMPLED)] >> 32)[1:].tolist()
        edges = np.array([0, *cuts, len(groups)], np.int64) << 32
        parts = [np.searchsorted(found, edges).tolist() for found in self._gathered]
        for place in range(len(edges) - 1):
            pieces = zip(self._gathered, parts, strict=True)
            found = _sorted_by_group(
                np.concatenate([piece[at[place] : at[place + 1]] for piece, at in pieces])
            )
            found = found[_first_of_equal(found)]  # a word can stand twice in a text
            numbers = found >> 32
            starts = np.flatnonzero(_first_of_equal(numbers))
            data = (found & 0xFFFFFFFF).astype(np.uint32).tobytes()
            ends = [*starts.tolist(), len(found)]
            yield [
                (groups[number], data[4 * start : 4 * end])
                for number, (start, end) in zip(numbers[starts].tolist(), pairwise(ends), strict=True)
            ]


def _number_of(group_of: Callable[[str], T | None], groups: dict[T, int], word: str) -> int:
    """The number of a word's group."""
    group = group_of(word)
    return NO_NUMBER if group is None else groups.setdefault(group, len(groups))


def shared(postings: "Sequence[array[int]]", fewest: int) -> dict[int, int]:
    """The slots that occur in at least `fewest` of some postings, with the number of postings.

    Args:
        postings: Native 32-bit integers (`array("I")`); each slot occurs at most once in a posting.
        fewest: 2 or more.
    """
    slots = np.frombuffer(bytearray().join(postings), np.uint32)
    slots.sort()
    again = slots[fewest - 1 :]
    is_again = again == slots[: 1 - fewest]
    if _TRUE not in is_again.tobytes():  # so it is for most, and quicker seen than by an index of nothing
        return {}
    found = again[is_again]
    return {slot: count + fewest - 1 for slot, count in Counter(found.tolist()).items()}


def _sorted_by_group(numbers: Numbers) -> Numbers:
    """Numbers by group, those of a group in the order in which they come: a radix sort, 16 bits at a time.

    numpy has one for integers of 16 bits. Its sort of 64 bits took four times as long on an AMD processor.
    """
    if not len(numbers):
        return numbers
    groups = numbers >> 32
    groups -= groups.min()  # of a step, often less than 65,536 apart
    order = np.argsort(groups.astype(np.uint16), kind="stable")
    if groups.max() >> 16:
        order = order[np.argsort((groups >> 16).astype(np.uint16)[order], kind="stable")]
    return numbers[order]


def _first_of_equal(ascending: Numbers) -> Numbers:
    """A mask of the positions in sorted numbers at which a new value begins."""
    return np.concatenate(([True], ascending[1:] != ascending[:-1]))[: len(ascending)]
