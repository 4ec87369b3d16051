"""Makes a reading of a visit: its strip, whether that is the same as the last one, or why there is none.

For an unchanged page the last strip is taken again, with the visit's time, at no cost. `settle` remembers a reading,
together with the validators of its answer, once its strip has been published.
"""

import re
from collections.abc import MutableMapping
from datetime import UTC, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from schemas.events import Strip
from schemas.instants import format_instant
from streams.errors import InputError, SplitError
from streams.process.dedup.event_time import BUCKET_MS
from streams.produce.extract import resplit
from streams.produce.feeds import is_feed
from streams.produce.observation import Format, observe
from streams.produce.sightings import strip_id
from streams.produce.split import Slot
from streams.produce.strips import strip_of
from streams.sources.memory import Due, Known, Memory
from streams.sources.off_loop import off_loop
from streams.sources.registry import Registry, Source
from streams.sources.visit import Kind, Reading, Visit
from streams.sources.watch import Past, Watch

_SITEMAP: Final = re.compile(
    r"[^<]{0,200}(?:<[?!][^>]{0,500}>\s*){0,20}<(?:\w{1,20}:)?urlset[\s>]", re.IGNORECASE
)
_SCRIPT: Final = "script"


def kind_of(body: str) -> Kind:
    """The kind of a body, by its beginning."""
    if is_feed(body):
        if body.lstrip().startswith("{"):
            return "json"
        return "sitemap" if _SITEMAP.match(body) else "feed"
    return "json" if body.lstrip()[:1] in {"{", "["} else "page"


def asked(source: Source) -> str:
    """All settings by which a source is requested and read, as one text: a change of it forgets the last answer."""
    parts = (
        source.place,
        source.kind,
        source.selector,
        source.separator,
        source.timezone,
        *sorted(source.headers),
    )
    return "\0".join("" if part is None else str(part) for part in parts)


def is_due(reading: Reading, published_at: int) -> bool:
    """Whether a strip has to be published: a different one at once, the same one once in each ten-minute bucket.

    The deduplicate stage keeps last-seen times in ten-minute buckets of event time: a second sighting in the same
    bucket changes no decision.
    """
    return not reading.is_same or reading.visit.at // BUCKET_MS != published_at // BUCKET_MS


class Reader:
    """Reads visits; knows the strip that each source showed last.

    Args:
        memory: Where those strips are kept.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._slots: dict[str, tuple[Slot, ...]] = {}

    async def read(self, source: Source, visit: Visit) -> Reading:
        """The reading of a changed or unchanged visit; a large page is searched in a thread."""
        if visit.body is None:
            return self._last(visit)
        try:
            strip, slots = await off_loop(len(visit.body), strip_in, source, visit, visit.body)
        except InputError as error:
            return Reading(visit=visit, problem=error)
        last = self._memory.strips.get(source.id)
        is_same = last is not None and _texts(slots) == _texts(self._slots_of(last))
        return Reading(visit=visit, strip=strip, slots=slots, is_same=is_same)

    def settle(self, reading: Reading, *, published: bool) -> None:
        """Remember a reading once its strip is published, or need not be; its `asked` may be out of date by now."""
        visit, strip, memory = reading.visit, reading.strip, self._memory
        if strip is None:
            return
        name = visit.source
        known = Known(
            asked=visit.asked,
            validators=visit.validators,
            answered_by=visit.answered_by,
            digest=visit.digest,
            fresh_for=visit.fresh_for,
        )
        if memory.known.get(name) != known:
            memory.known[name] = known
        if not reading.is_same or name not in memory.strips:
            memory.strips[name] = strip
            self._slots[name] = reading.slots
        if published:
            memory.dues[name] = replace(memory.dues.get(name, Due()), published_at=visit.at)

    def forget(self, source: str) -> None:
        """Forget the last strip of a source whose settings changed, or that was removed."""
        self._slots.pop(source, None)
        self._memory.strips.pop(source, None)
        self._memory.known.pop(source, None)

    def _last(self, visit: Visit) -> Reading:
        """The last strip, with the visit's time; a reading without strip if there was none."""
        last = self._memory.strips.get(visit.source)
        if last is None:
            return Reading(visit=visit)
        observed_at = format_instant(visit.at)
        strip = replace(
            last, id=strip_id(visit.source, observed_at, last.text), observed_at=observed_at, traceparent=None
        )
        return Reading(visit=visit, strip=strip, slots=self._slots_of(last), is_same=True)

    def _slots_of(self, strip: Strip) -> tuple[Slot, ...]:
        slots = self._slots.get(strip.source)
        if slots is None:
            slots = self._slots[strip.source] = resplit(strip.text, strip.format, strip.separator).slots
        return slots


def strip_in(source: Source, visit: Visit, body: str) -> tuple[Strip, tuple[Slot, ...]]:
    """The strip in a body, and its slots.

    Raises:
        InputError: There is none, or the body is not of the kind that the source's entry says.
    """
    text, form, selector = _as_read(source, visit, body)
    observation = observe(
        place=visit.answered_by or visit.address,
        source=source.id,
        observed_at=visit.at,
        text=text,
        format=form,
        separator=source.separator,
        address=visit.answered_by if visit.host else None,
        timezone=source.timezone,
    )
    return strip_of(observation, selector=selector)


def _as_read(source: Source, visit: Visit, body: str) -> tuple[str, Format | None, str | None]:
    """The text to search for the strip, its format, and the selector of the strip in it.

    Raises:
        SplitError: The body is not of the kind that the source's entry says.
    """
    found = visit.kind or kind_of(body)
    wanted = source.kind
    if is_feed(body):
        if wanted == "page":
            raise SplitError(visit.address, f"a {found}, and its entry says that it is a page")
        return body, "feed", None
    if wanted in {"feed", "sitemap"}:
        raise SplitError(visit.address, f"a {found}, and its entry says that it is a {wanted}")
    if found == "json":
        # JSON is read as if it were embedded in a page's script.
        kept_in = body.replace("</", "<\\/")
        return f'<script type="application/json">{kept_in}</script>', "html", _SCRIPT
    if wanted == "json":
        raise SplitError(visit.address, "no JSON, and its entry says that it is")
    return body, None, source.selector


def _texts(slots: tuple[Slot, ...]) -> list[tuple[str, bool]]:
    """What decides whether two strips are the same: texts and their order, not links, as they may change every time."""
    return [(slot.text, slot.truncated) for slot in slots]


def watching(pasts: MutableMapping[str, Past], registry: Registry) -> Watch:
    """A watch over the sources of a registry, each with its own time zone."""

    def zone(name: str) -> tzinfo:
        source = registry.source(name)
        return ZoneInfo(source.timezone) if source is not None and source.timezone else UTC

    return Watch(pasts, zone=zone)
