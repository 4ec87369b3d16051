"""An outgoing strip: an observation's strip, split into sightings and ready to be published, or the reason against it.

`pack` and `unpack` convert it to bytes and back, for the spool on disk.
"""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from schemas.events import Sighting, Strip
from schemas.headers import SOURCE_HEADER
from schemas.instants import format_instant, parse_instant
from schemas.topics import MAX_AHEAD_MS
from streams.errors import RecordError
from streams.observe.trace import traceparent
from streams.produce.observation import TIMES, Observation
from streams.produce.sightings import RejectedSlot, StripSightings, sightings
from streams.produce.split import Slot
from streams.produce.strips import strip_of
from streams.stage import EventRecord


class Outgoing(Struct, frozen=True):
    """A strip with its sightings; `problem` is the reason if the strip as a whole becomes a dead letter."""

    strip: Strip
    found: StripSightings
    problem: RecordError | None = None

    @property
    def dead_letters(self) -> int:
        """How many slots become dead letters."""
        return len(self.found.rejected) if self.problem is None else self.strip.slots - self.found.empty


class _Packed(Struct, frozen=True, omit_defaults=True):
    """An outgoing strip in the spool's format; later versions only add optional fields, as with events."""

    strip: Strip
    keys: list[bytes]
    sightings: list[Sighting]
    empty: int = 0
    rejected: list[tuple[int, str, str]] = []
    problem: str | None = None


_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(_Packed).decode


def prepare(
    observation: Observation, *, separator: str | None = None, selector: str | None = None
) -> Outgoing:
    """Find an observation's strip, split it, and make its sightings (`strip_of`, `sightings`).

    Raises:
        SplitError: There is no strip, or no separator that can be determined without guessing.
    """
    return outgoing_of(*strip_of(observation, separator=separator, selector=selector))


def outgoing_of(strip: Strip, slots: Sequence[Slot]) -> Outgoing:
    """Make the sightings of a strip from its slots; a new trace starts here."""
    strip = replace(strip, traceparent=traceparent(strip.id))
    found = sightings(strip, slots)
    return Outgoing(strip, found, _ahead(found.timestamp))


def _ahead(observed_at: int) -> RecordError | None:
    """The reason against a strip whose time (ms since the epoch) is further in the future than brokers accept."""
    ahead_ms = observed_at - time.time_ns() // 1_000_000
    if ahead_ms <= MAX_AHEAD_MS:
        return None
    return RecordError(
        f"{format_instant(observed_at)} is {timedelta(seconds=ahead_ms // 1000)} ahead of this clock;"
        f" allowed: {TIMES}"
    )


def pack(outgoing: Outgoing) -> bytes:
    """An outgoing strip as bytes."""
    found = outgoing.found
    events = [record.value for record in found.records]
    return _pack(
        _Packed(
            outgoing.strip,
            [record.key for record in found.records],
            [event for event in events if isinstance(event, Sighting)],
            found.empty,
            [(slot.slot, slot.text, str(slot.error)) for slot in found.rejected],
            None if outgoing.problem is None else str(outgoing.problem),
        )
    )


def unpack(data: bytes) -> Outgoing:
    """The outgoing strip that `pack` encoded.

    Raises:
        msgspec.MsgspecError: The bytes are not of `pack`, or of an incompatible version.
        ValueError: The fields contradict each other.
    """
    packed = _unpack(data)
    headers = ((SOURCE_HEADER, packed.strip.source.encode()),)
    at = parse_instant(packed.strip.observed_at)
    pairs = zip(packed.keys, packed.sightings, strict=True)
    found = StripSightings(
        [EventRecord(key, sighting, at, headers) for key, sighting in pairs],
        packed.empty,
        [RejectedSlot(slot, text, RecordError(error)) for slot, text, error in packed.rejected],
        at,
    )
    return Outgoing(packed.strip, found, None if packed.problem is None else RecordError(packed.problem))
