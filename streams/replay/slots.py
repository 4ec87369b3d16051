"""Compares, slot by slot, how this build's splitter and the recorded one split the strips of a replay."""

from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec
from aiokafka import TopicPartition

from schemas.events import UNREADABLE, Sighting
from schemas.instants import parse_instant
from schemas.topics import SIGHTINGS
from streams.kafka.connect import administration
from streams.kafka.reader import bounds, read_windows
from streams.kafka.topics import partitions_of
from streams.replay.apply import Ends
from streams.replay.diff import SlotChange, Slots
from streams.replay.plan import Plan
from streams.settings import Connection

_decode: Final = msgspec.json.Decoder(Sighting).decode
_Shown = dict[str, Sighting]


async def slot_changes(plan: Plan, ends: Ends, strips: set[str]) -> Slots:
    """Slots gained, lost and changed in the replayed strips, without the warm-up.

    Strips from before the oldest recorded sighting that retention has kept are left out.

    Args:
        plan: A plan of strips, whose sightings were made.
        ends: How to connect to both ends.
        strips: The ids of the strips.
    """
    begins = plan.begins or 0
    until = parse_instant(plan.until) if plan.until else None
    old: _Shown = {}
    async for is_first_left, record in _records(ends.source, plan.source.prefix, ends.patience):
        if is_first_left:
            begins = max(begins, record.timestamp)
        if (shown := _sighting(record)) is not None and shown.id.rpartition("-")[0] in strips:
            old[shown.id] = shown
    new: _Shown = {}
    async for _, record in _records(ends.target, plan.target.prefix, ends.patience):
        if (shown := _sighting(record)) is not None:
            before = old.get(shown.id)
            if before is not None and before.text == shown.text:
                del old[shown.id]
            else:
                new[shown.id] = shown

    def counts(shown: Sighting) -> bool:
        at = parse_instant(shown.observed_at)
        return at >= begins and (until is None or at < until)

    return _changes(
        {key: row for key, row in old.items() if counts(row)},
        {key: row for key, row in new.items() if counts(row)},
    )


def _sighting(record: Any) -> Sighting | None:
    with suppress(*UNREADABLE):
        return _decode(record.value or b"")
    return None


async def _records(
    connection: Connection, prefix: str, patience: float
) -> AsyncGenerator[tuple[bool, Any], None]:
    """Every sighting of a prefix, and whether it is the oldest that retention has kept in a truncated partition."""
    async with administration(connection, patience=patience) as client:
        places = await partitions_of(client, [SIGHTINGS.on(prefix)])
    options = connection.aiokafka_options()
    windows = await bounds(options, places)
    fresh: set[TopicPartition] = {place for place, (first, _) in windows.items() if first > 0}
    async for place, records in read_windows(options, windows):
        for record in records:
            yield place in fresh, record
            fresh.discard(place)


def _changes(old: Mapping[str, Sighting], new: Mapping[str, Sighting]) -> Slots:
    """Pair the slots of each strip: a text that moved to another slot is no change, another text in a slot is one."""
    gained: list[SlotChange] = []
    lost: list[SlotChange] = []
    changed: list[SlotChange] = []
    before, after = _by_strip(old), _by_strip(new)
    for strip in sorted(before.keys() | after.keys()):
        were, are = _without_moved(before.get(strip, ()), after.get(strip, ()))
        slots = {row.slot: row for row in are}
        for row in were:
            other = slots.pop(row.slot, None)
            if other is None:
                lost.append(_change(row, old=row.text, new=None))
            else:
                changed.append(_change(other, old=row.text, new=other.text))
        gained += [_change(row, old=None, new=row.text) for row in slots.values()]
    return Slots(gained=tuple(gained), lost=tuple(lost), changed=tuple(changed))


def _by_strip(shown: Mapping[str, Sighting]) -> Mapping[str, Sequence[Sighting]]:
    strips: defaultdict[str, list[Sighting]] = defaultdict(list)
    for row in shown.values():
        strips[row.id.rpartition("-")[0]].append(row)
    return strips


def _without_moved(
    old: Sequence[Sighting], new: Sequence[Sighting]
) -> tuple[Sequence[Sighting], Sequence[Sighting]]:
    texts: defaultdict[str, list[Sighting]] = defaultdict(list)
    for row in new:
        texts[row.text].append(row)
    were = [row for row in old if not (texts[row.text] and texts[row.text].pop())]
    return were, sorted((row for rows in texts.values() for row in rows), key=lambda row: row.slot)


def _change(row: Sighting, *, old: str | None, new: str | None) -> SlotChange:
    return SlotChange(
        id=row.id,
        text=row.text,
        source=row.source,
        observed_at=row.observed_at,
        language=row.language,
        old=old,
        new=new,
    )
