"""Finds and splits the strip of an observation."""

from schemas.events import Strip
from schemas.instants import format_instant
from streams.errors import SplitError
from streams.produce.extract import Found, find_strips, resplit
from streams.produce.observation import Observation
from streams.produce.sightings import strip_id
from streams.produce.split import Slot


def strip_of(
    observation: Observation, *, separator: str | None = None, selector: str | None = None
) -> tuple[Strip, tuple[Slot, ...]]:
    """The strip that an observation shows, and its slots; of several strips in a page, the most certain one.

    Args:
        observation: A page to search, or a strip.
        separator: The text between slots; None takes the observation's, or else detects it.
        selector: A CSS selector of the strip's items in an HTML page.

    Raises:
        SplitError: There is no strip, or no separator that can be determined without guessing.
    """
    pinned = observation.separator if separator is None else separator
    found = _find(observation, pinned, selector)
    observed_at = format_instant(observation.observed_at)
    strip = Strip(
        id=strip_id(observation.source, observed_at, found.text),
        source=observation.source,
        observed_at=observed_at,
        text=found.text,
        format=found.format,
        slots=len(found.split.slots),
        separator=found.split.separator,
        pinned=pinned is not None,
        confidence=found.split.confidence,
    )
    return strip, found.split.slots


def _find(observation: Observation, separator: str | None, selector: str | None) -> Found:
    text, place, form = observation.text, observation.place, observation.format
    if observation.is_page:
        return find_strips(
            text,
            place,
            format=form,
            selector=selector,
            separator=separator,
            address=observation.address,
            timezone=observation.timezone,
        )[0]
    try:
        return Found(text, form or "text", resplit(text, form or "text", separator))
    except SplitError as error:
        raise SplitError(place, error.problem) from error
