"""Propose what would read a page rightly again: the element that shows what was shown before."""

from collections.abc import Callable
from typing import Final

from schemas.events import Pin
from streams.errors import InputError
from streams.produce.extract import survey

_FEWEST: Final = 2
_MOST_SEARCHED: Final = 1 << 19
"""Characters of a page beyond which nothing is proposed: everybody else waits while it is searched."""
_SHARE: Final = 0.3
"""The share of an element's headlines that must be known."""


def propose(page: str, place: str, is_known: Callable[[str], bool]) -> Pin | None:
    """The element of a page most of whose headlines were shown before, with that as evidence; None without one.

    Args:
        page: The page.
        place: Where it was read.
        is_known: Whether a headline was shown by this source before.
    """
    if len(page) > _MOST_SEARCHED:
        return None
    try:
        rivals = survey(page, place)
    except InputError:
        return None
    best: tuple[float, Pin] | None = None
    for rival in rivals:
        if rival.found is None:
            continue
        texts = [slot.text for slot in rival.found.split.slots if slot.text]
        known = sum(map(is_known, texts))
        share = known / len(texts) if texts else 0.0
        if known >= _FEWEST and share >= _SHARE and (best is None or share > best[0]):
            evidence = f"{known} of its {len(texts)} headlines were shown before"
            best = share, Pin(selector=rival.element, evidence=evidence)
    return best[1] if best else None
