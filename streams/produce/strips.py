"""Find and split the strips of an observation."""

from collections.abc import Iterator

from schemas.events import Strip
from schemas.instants import format_instant
from streams.produce.extract import extract, resplit
from streams.produce.read import Observation
from streams.produce.sightings import strip_id
from streams.produce.split import Slot


def strips(
    observation: Observation, *, separator: str | None = None, selector: str | None = None
) -> Iterator[tuple[Strip, tuple[Slot, ...]]]:
    """The strips that an observation shows, each with its slots.

    Args:
        observation: A page to search, or a strip.
        separator: What stands between slots; found when neither this nor the observation says it.
        selector: A CSS selector of the strip's items in an HTML page.

    Raises:
        SplitError: There is no strip, or no separator that can be told without guessing.
    """
    return iter(())
