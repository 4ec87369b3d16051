"""A table of live objects by number: each new object gets the next number, and numbers are never reused.

A dictionary would need 34 bytes more for each object. A page is freed when all of its objects are removed.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_BITS: Final = 8
_PAGE: Final = 1 << _BITS


class _Page(Generic[T]):
    """A run of consecutive numbers."""

    __slots__ = ("items", "live")

    def __init__(self) -> None:
        self.items: list[T | None] = []
        self.live = 0
        """The number of objects in the page."""


class Slots(Generic[T]):
    """Objects by number."""

    def __init__(self) -> None:
        self._pages: dict[int, _Page[T]] = {}
        self.next = 0
        """The number of the next object."""
        self._live = 0

    def __len__(self) -> int:
        return self._live

    def __iter__(self) -> Iterator[T]:
        """All objects, in the order of their numbers."""
        return (item for page in self._pages.values() for item in page.items if item is not None)

    def append(self, item: T) -> int:
        """Add an object; returns its number."""
        slot = self.next
        page = self._pages.get(slot >> _BITS)
        if page is None:
            page = self._pages[slot >> _BITS] = _Page()
        page.items.append(item)
        page.live += 1
        self._live += 1
        self.next += 1
        return slot

    def extend(self, items: Sequence[T]) -> None:
        """Add objects, with consecutive numbers."""
        self._live += len(items)
        taken = 0
        while taken < len(items):
            page = self._pages.setdefault(self.next >> _BITS, _Page())
            some = items[taken : taken + _PAGE - len(page.items)]
            page.items.extend(some)
            page.live += len(some)
            taken += len(some)
            self.next += len(some)

    def remove(self, slot: int) -> None:
        """Remove the object with a number, which must exist."""
        page = self._pages[slot >> _BITS]
        page.items[slot % _PAGE] = None
        page.live -= 1
        self._live -= 1
        if not page.live and len(page.items) == _PAGE:
            del self._pages[slot >> _BITS]

    def get(self, slot: int) -> T | None:
        """The object with a number; None if it was removed."""
        page = self._pages.get(slot >> _BITS)
        return None if page is None else page.items[slot % _PAGE]

    def live(self, slots: Iterable[int]) -> Iterator[int]:
        """Those of some numbers whose object was not removed."""
        pages = self._pages
        for slot in slots:
            page = pages.get(slot >> _BITS)
            if page is not None and page.items[slot % _PAGE] is not None:
                yield slot
