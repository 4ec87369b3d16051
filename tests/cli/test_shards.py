"""A language that is divided over shards decides as one owner of everything."""

import json
from collections.abc import Sequence
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.topics import DECISIONS, DUPLICATES
from streams.bench.shards import Division
from streams.process.dedup.deduplicator import Deduplicator
from streams.stage import Record
from tests.command import ticker
from tests.support import HOUR, MINUTE, START, KeepingOutbox, Written, sighting

_TEXTS: Final = (
    "Minister opens new desalination plant in Agadir",
    "BREAKING: Minister opens new desalination plant in Agadir!",
    "Minister opens a new desalination plant in Agadir",
    "Three dead in collapse of building in Fez",
    "17 dead in collapse of building in Fez",
    "Weather forecast for today",
    "Port of Tangier sets a record",
)
_steps = st.sampled_from([0, MINUTE, 11 * MINUTE, 5 * HOUR, 17 * HOUR, 80 * HOUR])
_back = st.sampled_from([0, 0, 0, MINUTE, 12 * MINUTE, 90 * HOUR])
_shown = st.tuples(st.sampled_from(_TEXTS), st.sampled_from(["akhbar", "hadath"]), _steps, _back)


_LATE: Final = [
    (_TEXTS[0], "akhbar", 0, 0),
    (_TEXTS[6], "akhbar", 80 * HOUR, 0),
    (_TEXTS[0], "akhbar", 0, 80 * HOUR),
]
"""A headline ends, and a sighting from its life comes after that: a shard that was not told would swallow it."""
_LATE_EDITION: Final = [
    (_TEXTS[5], "akhbar", 0, 0),
    (_TEXTS[0], "akhbar", 17 * HOUR, 0),
    (_TEXTS[5], "akhbar", 0, 90 * HOUR),
]
"""A forecast comes days late, when the next one is due: whether it is another one, only event time tells."""
_VOTES: Final = [
    (_TEXTS[0], "akhbar", 0, 0),
    (_TEXTS[0], "akhbar", 0, MINUTE),
    (_TEXTS[2], "akhbar", 80 * HOUR, 0),
]
"""A strip that only repeats says all the same what time it is: a clock that is days ahead is outvoted."""


def _seen(out: KeepingOutbox) -> Sequence[Written]:
    return [written for written in out.written if written.topic in {DECISIONS.name, DUPLICATES.name}]


@settings(deadline=None)
@given(st.lists(_shown, max_size=40), st.sampled_from([1, 2, 4, 8]))
@example(_LATE, 2)
@example(_LATE_EDITION, 1)
@example(_VOTES, 1)
def test_shards_decide_as_one_owner(shown: list[tuple[str, str, int, int]], shards: int) -> None:
    """Same headlines, ids, updates, near duplicates and ends of chains in the same order, late sightings too."""
    now, records = START, list[Record]()
    for text, source, step, back in shown:
        now += step
        records.append(sighting(text, at=now - back, source=source))
    alone, divided = KeepingOutbox(), KeepingOutbox()
    Deduplicator().process(records, alone)
    Division(shards).process(records, divided)
    assert _seen(divided) == _seen(alone)


@pytest.mark.parametrize("shards", [4])
def test_the_benchmark_compares_and_measures(shards: int) -> None:
    """On the seeded corpus all decisions are the same, and few sightings reach the owner."""
    done = ticker("bench", "shards", "--shards", str(shards), "--sightings", "10000", "--json")
    assert done.returncode == 0, done.stderr.decode()
    _, row = map(json.loads, done.stdout.splitlines())
    assert row["is_same"]
    assert row["to_owner"] < 0.3
    assert 1 / shards <= row["largest_shard"] < 1.5 / shards + 0.1
