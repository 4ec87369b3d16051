"""Gathers the evidence for an explanation: from a cluster's topics, or from the output of `ticker run`."""

from typing import IO, Any

import msgspec

from schemas.events import (
    UNREADABLE,
    CategorizedHeadline,
    Correction,
    Duplicate,
    Event,
    EventTime,
    SeenHeadline,
)
from schemas.topics import CORRECTIONS, DUPLICATES, HEADLINES, SEEN
from streams.errors import InputError
from streams.explain.explanation import Evidence, Known, Swallowed, known, swallowed
from streams.kafka.connect import administration
from streams.kafka.subscribe import subscribe
from streams.kafka.topics import partitions_of
from streams.settings import Connection


async def from_cluster(connection: Connection, *, prefix: str, patience: float) -> Evidence:
    """All headlines, near duplicates, states of live headlines and corrections that are on the topics now.

    Exact duplicates are not there one by one: they are counted in the sightings of the live headline.
    """
    seen: dict[str, SeenHeadline] = {}
    published: list[CategorizedHeadline] = []
    dropped: list[Swallowed] = []
    corrections: dict[bytes, Correction] = {}
    async with administration(connection, patience=patience) as client:
        names = [topic.on(prefix) for topic in (HEADLINES, DUPLICATES, SEEN, CORRECTIONS)]
        partitions = await partitions_of(client, names)
    readers: dict[str, Any] = {
        HEADLINES.on(prefix): CategorizedHeadline,
        DUPLICATES.on(prefix): Duplicate,
        SEEN.on(prefix): SeenHeadline | Correction | EventTime,
        CORRECTIONS.on(prefix): Correction,
    }
    options = connection.aiokafka_options()
    async for record in subscribe(options, partitions, since=None, follow=False):
        if record.value is None:
            corrections.pop(record.key, None)
            continue
        event: Event = _event(record, readers[record.topic])
        match event:
            case SeenHeadline(alias_of=None):
                seen[event.id] = event
            case Correction():
                corrections[record.key] = event
            case CategorizedHeadline():
                published.append(event)
            case Duplicate():
                dropped.append(swallowed(event))
    published.sort(key=lambda headline: headline.observed_at)
    told = [known(headline, seen.get(headline.id)) for headline in published]
    return Evidence(told, dropped, tuple(corrections.values()))


def from_run(file: IO[bytes], place: str) -> Evidence:
    """The evidence in JSON lines of `ticker run --dropped`.

    Raises:
        InputError: A line is not one of these.
    """
    published: list[Known] = []
    swallowed: list[Swallowed] = []
    for number, line in enumerate(file, 1):
        try:
            row = msgspec.json.decode(line)
            if "dropped" in row:
                swallowed.append(msgspec.convert(row, Swallowed))
            else:
                published.append(msgspec.convert(row, Known))
        except (*UNREADABLE, TypeError) as error:
            raise InputError(f"{place}:{number}", f"no line of `ticker run`: {error}") from error
    return Evidence(published, swallowed)


def _event(record: Any, event_type: Any) -> Event:
    try:
        event: Event = msgspec.json.decode(record.value, type=event_type)
    except UNREADABLE as error:
        place = f"{record.topic}/{record.partition}/{record.offset}"
        raise InputError(place, f"not what the topic holds: {error}") from error
    return event
