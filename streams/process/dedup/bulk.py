"""What an inverted index of many headlines does by sorting numbers: take in many texts at once, count shared slots.

To look a word up where memory is cold takes longer than anything else of indexing it. Here each distinct
word is looked up once, and what is left is sorting numbers.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
Numbers = np.ndarray[Any, np.dtype[Any]]


def slots_by(
    group_of: Callable[[str], T | None], texts: Sequence[str], first: int
) -> Iterator[tuple[T, bytes]]:
    """The slots of each group, ascending, each once, as native 32-bit integers.

    Args:
        group_of: The group of a word; words without one are left out. Groups must be hashable.
        texts: Words with single spaces between them; the first text has slot `first`, the next the next.
        first: A slot below 2**31.

    Words are told apart by Python's own 64-bit hash.
    """
    words = " ".join(texts).split(" ")
    counts = np.fromiter(map(str.count, texts, repeat(" ")), np.int64, len(texts)) + 1
    hashes = np.fromiter(map(hash, words), np.int64, len(words))
    order = np.argsort(hashes)
    new = _first_of_equal(hashes[order])
    numbers: dict[T, int] = {}
    number_of = [
        -1 if (group := group_of(word) if word else None) is None else numbers.setdefault(group, len(numbers))
        for word in map(words.__getitem__, order[new].tolist())
    ]
    slots = np.repeat(np.arange(first, first + len(texts), dtype=np.int64), counts)
    pairs = (np.array(number_of, np.int64)[np.cumsum(new) - 1] << 32) | slots[order]
    pairs = np.sort(pairs[pairs >= 0])
    pairs = pairs[_first_of_equal(pairs)]
    ends = np.searchsorted(pairs, np.arange(1, len(numbers) + 1, dtype=np.int64) << 32).tolist()
    data = (pairs & 0xFFFFFFFF).astype(np.uint32).tobytes()
    for group, start, end in zip(numbers, [0, *ends], ends, strict=False):
        yield group, data[4 * start : 4 * end]


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
