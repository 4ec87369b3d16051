"""Real events: headlines of any corpus through the whole pipeline, and every record that it would write to a topic."""

from collections.abc import Iterable, Iterator
from itertools import count, islice
from typing import Final

import msgspec
from msgspec import Struct

from schemas.events import Event, encode, type_name
from schemas.topics import CURRENT, DECISIONS, DUPLICATES, HEADLINES, SEEN
from streams.engine.local.engine import LocalEngine
from streams.errors import SplitError
from streams.pipeline import STAGES
from streams.produce.observation import observe
from streams.produce.sightings import sightings
from streams.produce.strips import strip_of

_SEPARATOR: Final = " ❚ "
_IN_A_STRIP: Final = 20
_START_MS: Final = 1_773_216_000_000
_EVERY_MS: Final = 60_000
_SOURCES: Final = 40
_WRITTEN: Final = (DECISIONS, SEEN, HEADLINES, CURRENT, DUPLICATES)

Line = tuple[str, bytes]
"""The type of an event, and its JSON."""


class _Typed(Struct, frozen=True):
    """The type that every event names."""

    type: str


def events(headlines: Iterable[str]) -> Iterator[Line]:
    """The strips of headlines, a minute apart, their sightings, and all that the stages make of them."""
    written: list[Line] = []

    def write(event: Event | bytes | None) -> None:
        if isinstance(event, bytes):  # a state record, which its processor encodes itself
            written.append((msgspec.json.decode(event, type=_Typed).type, event))
        elif event is not None:  # a tombstone has no schema
            written.append((type_name(type(event)), encode(event)))

    def fail(letter: object) -> None:
        raise AssertionError(letter)

    engine = LocalEngine(
        STAGES,
        subscribers={topic.name: lambda record: write(record.value) for topic in _WRITTEN},
        dead_letters=fail,
    )
    remaining = (text.replace(_SEPARATOR.strip(), " ") for text in headlines)
    for number in count():
        texts = list(islice(remaining, _IN_A_STRIP))
        if not texts:
            return
        observation = observe(
            place=f"strip {number}",
            source=f"source-{number % _SOURCES}",
            observed_at=_START_MS + number * _EVERY_MS,
            text=_SEPARATOR.join(texts),
            is_page=False,
            separator=_SEPARATOR,
        )
        try:
            strip, slots = strip_of(observation)
        except SplitError:
            continue  # no strip, no event
        write(strip)
        records = sightings(strip, slots).records
        for record in records:
            write(record.value)
        engine.process(records)
        yield from written
        written.clear()
