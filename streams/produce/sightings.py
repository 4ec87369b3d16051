"""Makes sightings of a strip's slots: fold key, language and deterministic ids.

The same strip gives the same ids on every machine and in every replay.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

from schemas.events import LINK_PATTERN, MAX_LINK, MAX_TEXT, Sighting, Strip
from schemas.headers import SOURCE_HEADER
from schemas.instants import parse_instant
from streams.errors import RecordError
from streams.process.fold import fold, fold_key
from streams.process.language import detect
from streams.produce.plain import is_damaged
from streams.produce.split import Slot
from streams.stage import EventRecord

_is_link: Final = re.compile(LINK_PATTERN).fullmatch
_MEMO: Final = 1 << 16
"""Texts whose fold key and language are cached: a strip repeats most of what it showed a minute ago."""


class RejectedSlot(NamedTuple):
    """A slot whose text cannot be a headline."""

    slot: int
    text: str
    error: RecordError


class StripSightings(NamedTuple):
    """What a strip's slots became: slots = `empty` + `records` + `rejected`."""

    records: list[EventRecord]
    empty: int
    rejected: list[RejectedSlot]
    timestamp: int
    """When the strip was observed, in ms since the epoch."""


def _link(link: str | None) -> str | None:
    """A link that events can carry; None for one that is too long or not an address."""
    fits = link is not None and len(link) <= MAX_LINK and _is_link(link)
    return link if fits else None


def strip_id(source: str, observed_at: str, text: str) -> str:
    """The id of a strip: 80 bits of BLAKE2b over source, time and text, in hexadecimal.

    The text is part of it, because one page can show two strips at the same moment.
    """
    content = f"{source}\0{observed_at}\0{text}".encode("utf-8", "surrogatepass")
    return blake2b(content, digest_size=10).hexdigest()


@lru_cache(maxsize=_MEMO)
def identify(text: str) -> tuple[bytes, str]:
    """The fold key and the language of a headline."""
    folded = fold(text)
    return fold_key(folded), detect(folded)


def _problem(text: str) -> str | None:
    """The reason why a slot's text cannot be a headline; None if it can."""
    if len(text) > MAX_TEXT:
        return f"{len(text):,} characters; a headline has at most {MAX_TEXT:,}"
    if is_damaged(text):
        return "most of its characters are lost or wrongly decoded; mend the encoding at the source"
    return None


def sightings(strip: Strip, slots: Sequence[Slot]) -> StripSightings:
    """The sightings of a strip, one for each slot that shows a headline, keyed by fold key."""
    records: list[EventRecord] = []
    rejected: list[RejectedSlot] = []
    empty = 0
    timestamp = parse_instant(strip.observed_at)
    headers = ((SOURCE_HEADER, strip.source.encode()),)
    for number, slot in enumerate(slots):
        text = slot.text
        if not text:
            empty += 1
            continue
        if problem := _problem(text):
            rejected.append(RejectedSlot(number, text, RecordError(problem)))
            continue
        key, language = identify(text)
        sighting = Sighting(
            id=f"{strip.id}-{number}",
            source=strip.source,
            observed_at=strip.observed_at,
            slot=number,
            text=text,
            language=language,
            truncated=slot.truncated,
            link=_link(slot.link),
            published_at=slot.published_at,
            traceparent=strip.traceparent,
        )
        records.append(EventRecord(key, sighting, timestamp, headers))
    return StripSightings(records, empty, rejected, timestamp)
