"""Proposes a selector for a page that is no longer read rightly: the element with the headlines shown before."""

from collections.abc import Callable
from typing import Final

from schemas.events import Pin
from streams.errors import InputError
from streams.produce.extract import survey

_FEWEST: Final = 2
_MOST_SEARCHED: Final = 1 << 19
"""The longest page that is searched, in characters: the search blocks the event loop."""
_SHARE: Final = 0.3
"""The least share of an element's headlines that must be known."""


def propose(page: str, place: str, is_known: Callable[[str], bool]) -> Pin | None:
    """The element of a page with the largest share of known headlines, and the evidence for it; None without one.

    Args:
        page: The page's HTML.
        place: Where it was read, for errors.
        is_known: Whether this source showed a headline before.
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
