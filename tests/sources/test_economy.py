"""What is not published again decides nothing: a simulated day, every minute, with and without the economy."""

from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.events import ChainEnd, Duplicate, Headline, SeenHeadline
from schemas.instants import format_instant, parse_instant
from streams.process.dedup.deduplicator import Deduplicator
from streams.process.dedup.event_time import BUCKET_MS
from streams.sources.memory import Memory
from streams.sources.reading import Reader, is_due
from streams.sources.visit import Reading, Visit
from streams.stage import EventRecord
from tests.sources.world import page, source
from tests.support import HOUR, MINUTE, START, KeepingOutbox

Edition = tuple[str, ...]
PLACES = (
    "the harbour",
    "Fes",
    "the north",
    "Casablanca",
    "the coast",
    "the old town",
    "Agadir",
    "the valley",
)
KINDS = (
    "Fire destroys a workshop in {place}, {number} hurt",
    "Teachers in {place} end their strike after {number} days",
    "Record harvest in {place}: {number} tonnes of olives",
    "Police arrest {number} people in {place} after the match",
    "Rain closes {number} roads around {place}",
)


def editions(random: Random, minutes: int) -> Iterator[Edition]:
    """What a site shows, minute by minute: stories come, are retold with other numbers, come back, and go."""
    shown: list[str] = []
    for _ in range(minutes):
        if not shown or random.random() < 0.05:
            kind, place = random.choice(KINDS), random.choice(PLACES)
            shown = [kind.format(place=place, number=random.randint(2, 5)), *shown][:6]
        if random.random() < 0.02:
            random.shuffle(shown)
        yield tuple(shown)


def at_once(reading: Coroutine[Any, Any, Reading]) -> Reading:
    """What is read without a wait, as small pages are."""
    with pytest.raises(StopIteration) as done:
        reading.send(None)
    assert isinstance(done.value.value, Reading)
    return done.value.value


def readings(name: str, shown: Sequence[Edition], offset: int) -> Iterator[tuple[Reading, bool]]:
    """The readings of visits every minute, each with whether it has to be published."""
    memory = Memory()
    reader, one = Reader(memory), source("https://site.example/", id=name)
    before: Edition = ()
    for minute, edition in enumerate(shown):
        at = START + minute * MINUTE + offset
        is_other = edition != before
        visit = Visit(
            source=name,
            address="https://site.example/",
            at=at,
            outcome="changed" if is_other else "unchanged",
            body=page(*edition) if is_other else None,
        )
        reading = at_once(reader.read(one, visit))
        due = memory.dues.get(name)
        must = is_due(reading, due.published_at if due else 0)
        reader.settle(reading, published=must)
        before = edition
        yield reading, must


def records_of(reading: Reading) -> list[EventRecord]:
    from streams.produce.sightings import sightings  # noqa: PLC0415

    assert reading.strip is not None
    return sightings(reading.strip, reading.slots).records


def decided(all_of_them: Sequence[EventRecord], window: int) -> tuple[list[object], dict[bytes, object]]:
    """What the deduplicate stage decides, and what it remembers in the end, by the ten minutes that count."""
    stage, out = Deduplicator(window), KeepingOutbox()
    for record in all_of_them:
        stage.process([record], out)
    assert not out.rejected
    decisions: list[object] = []
    seen: dict[bytes, object] = {}
    for written in out.written:
        match written.event:
            case Headline() | Duplicate():
                decisions.append((written.key, written.event))
            case ChainEnd(chain=chain, ended_at=ended_at):
                decisions.append((written.key, chain, parse_instant(ended_at) // BUCKET_MS))
            case SeenHeadline() as event:
                last = format_instant(parse_instant(event.last_seen) // BUCKET_MS * BUCKET_MS)
                seen[written.key] = replace(event, last_seen=last, sightings=1)
            case None:
                seen.pop(written.key, None)
            case _:
                pass
    return decisions, seen


def day(seed: int, minutes: int, sites: int) -> tuple[list[EventRecord], list[EventRecord], Counter[str]]:
    """The sightings of all visits, and those that are published, in the order of their times."""
    every: list[tuple[int, list[EventRecord]]] = []
    some: list[tuple[int, list[EventRecord]]] = []
    counts: Counter[str] = Counter()
    random = Random(seed)
    shared = list(editions(random, minutes))
    for number in range(sites):
        own = list(editions(random, minutes))
        lag = random.randrange(30)
        shown = [
            (*own[minute][:4], *shared[max(0, minute - lag)][:3]) if number else shared[minute]
            for minute in range(minutes)
        ]
        for reading, must in readings(f"site-{number}", shown, offset=number * 7_000):
            records = records_of(reading)
            every.append((reading.visit.at, records))
            counts["all"] += len(records)
            if must:
                some.append((reading.visit.at, records))
                counts["published"] += len(records)

    def in_order(rows: list[tuple[int, list[EventRecord]]]) -> list[EventRecord]:
        return [record for _, records in sorted(rows, key=lambda row: row[0]) for record in records]

    return in_order(every), in_order(some), counts


def test_a_day_decides_alike_with_a_fraction_of_the_records() -> None:
    """Three sites, a visit a minute: the same headlines, duplicates, updates and ends, and the same state."""
    every, some, counts = day(seed=7, minutes=24 * 60, sites=3)
    assert decided(every, 3 * HOUR) == decided(some, 3 * HOUR)
    assert counts["published"] < counts["all"] / 3


@settings(max_examples=25)
@given(st.integers(0, 1 << 32), st.integers(20, 90), st.integers(1, 3))
def test_any_hour_decides_alike(seed: int, minutes: int, sites: int) -> None:
    """Whatever sites show, and however they show the same stories after one another."""
    every, some, _ = day(seed, minutes, sites)
    assert decided(every, 30 * MINUTE) == decided(some, 30 * MINUTE)
