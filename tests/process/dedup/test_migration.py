"""A state that an older version of the fold keyed is carried on: nothing is published again, ids are kept.

`seen_of_fold_1.jsonl` is `ticker.seen` as the last version with fold 1 wrote it, before compaction: 29 headlines,
each shown twice.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from msgspec import Struct

from schemas.events import SeenHeadline, encode
from schemas.headers import EVENT_TIME_KEY
from streams.process.dedup.deduplicator import Deduplicator
from streams.process.fold import FOLD_VERSION
from streams.stage import EventRecord, RawRecord
from tests.support import HOUR, MINUTE, START, KeepingOutbox, raw_record, sighting


class _Row(Struct):
    key: str
    value: msgspec.Raw
    timestamp: int


def _log() -> Sequence[RawRecord]:
    lines = Path(__file__).with_name("seen_of_fold_1.jsonl").read_bytes().splitlines()
    rows = [msgspec.json.decode(line, type=_Row) for line in lines]
    return [raw_record(row.key.encode(), bytes(row.value), row.timestamp) for row in rows]


def _compacted(rows: Sequence[RawRecord]) -> Sequence[RawRecord]:
    return list({row.key: row for row in rows}.values())


def _of_headlines(out: KeepingOutbox) -> list[RawRecord]:
    return [row for row in out.state_log() if row.key != EVENT_TIME_KEY]


def _seen(row: RawRecord) -> SeenHeadline:
    assert row.value is not None
    return msgspec.json.decode(row.value, type=SeenHeadline)


def _restored(rows: Sequence[RawRecord]) -> Deduplicator:
    deduplicator = Deduplicator()
    deduplicator.restore(rows)
    return deduplicator


def _shown_again(rows: Sequence[RawRecord], at: int) -> Sequence[EventRecord]:
    """What the state holds, as producers of today show it again: headlines first, then their variants."""
    seen = sorted(map(_seen, rows), key=lambda row: (row.alias_of is not None, row.first_seen))
    return [
        sighting(row.text, at=at + slot, source=row.sources[0], slot=slot) for slot, row in enumerate(seen)
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_nothing_is_published_again_but_what_the_old_version_swallowed(order: int) -> None:
    """Every headline is found by its new key, whichever row comes first; a variant that says more comes out."""
    rows = _compacted(_log())
    out = KeepingOutbox()
    _restored(rows[::order]).process(_shown_again(rows, START + HOUR), out)
    assert [headline.text for headline in out.headlines()] == ["Library wins prize for quiet design"]
    assert out.counts["near"] + out.counts["exact"] == len(rows) - 1
    assert out.counts["exact"] >= sum(_seen(row).alias_of is None for row in rows)


def test_ids_are_kept() -> None:
    """What is shown again counts for the headline that was first seen: its id, and its update's chain."""
    rows = _compacted(_log())
    deduplicator = _restored(rows)
    before = {headline.id: (headline.text, headline.root) for headline in deduplicator.live()}
    deduplicator.process(_shown_again(rows, START + HOUR), KeepingOutbox())
    after = {headline.id: (headline.text, headline.root) for headline in deduplicator.live()}
    assert before.items() < after.items()
    assert len(after) == len(before) + 1


def test_old_producers_are_understood() -> None:
    """Workers are upgraded first: until producers are, sightings come under the keys of the old fold."""
    rows = _compacted(_log())
    out = KeepingOutbox()
    deduplicator = _restored(rows)
    old = [
        EventRecord(row.key, sighting(_seen(row).text, at=START + HOUR).value, START + HOUR, ())
        for row in rows
        if row.key is not None
    ]
    deduplicator.process(old, out)
    assert out.counts == {"exact": len(rows)}


def test_a_question_that_was_live_does_not_swallow_its_answer() -> None:
    """The old key of "... sinks?" is what the old fold made of "... sinks" too; today's keys tell them apart."""
    out = KeepingOutbox()
    _restored(_compacted(_log())).process([sighting("Trawler sinks off the cape", at=START + HOUR)], out)
    assert [headline.text for headline in out.headlines()] == ["Trawler sinks off the cape"]


@pytest.mark.parametrize("at", [0, 3, 9, 17])
def test_a_restart_in_the_middle_decides_the_same(at: int) -> None:
    """What an older fold keyed stays under its old key, so that a second restore finds it as the first did."""
    rows = _compacted(_log())
    again = _shown_again(rows, START + HOUR)
    whole, first, second = KeepingOutbox(), KeepingOutbox(), KeepingOutbox()
    _restored(rows).process(again, whole)
    _restored(rows).process(again[:at], first)
    _restored(_compacted([*rows, *first.state_log()])).process(again[at:], second)
    assert [*first.written, *second.written] == whole.written


def test_headlines_leave_with_all_their_keys() -> None:
    """When the window has passed over them, tombstones take away the rows that the old version wrote."""
    rows = _compacted(_log())
    out = KeepingOutbox()
    deduplicator = _restored(rows)
    later = [START + 90 * HOUR + minutes * MINUTE for minutes in range(0, 120, 10)]
    deduplicator.process([sighting("Rain returns to the hills", at=at) for at in later], out)
    assert {row.key for row in rows} <= {written.key for written in out.written if written.event is None}
    assert deduplicator.remembered == 1


def test_a_row_says_which_fold_made_its_key() -> None:
    """Rows of today name today's fold; a row of an old key that is written again goes on naming the old one."""
    rows = _compacted(_log())
    out = KeepingOutbox()
    deduplicator = _restored(rows)
    text = "Three hurt as tram leaves rails"
    deduplicator.process([sighting(text, at=START + HOUR), sighting("Rain returns to the hills")], out)
    written = {row.text: row for row in map(_seen, _of_headlines(out))}
    assert written[text].fold == 1
    assert written["Rain returns to the hills"].fold == FOLD_VERSION


def test_two_that_fold_alike_now_are_found_as_the_one_shown_first() -> None:
    """The old fold told "UPDATE 2-X" from "X": both stay live, and today's key finds the older, in any order."""
    slug = "UPDATE 2-Grain silo collapses near the station"
    rows = [
        row for row in _compacted(_log()) if _seen(row).text.endswith("Grain silo collapses near the station")
    ]
    assert len(rows) == 2
    for order in (rows, rows[::-1]):
        deduplicator = _restored(order)
        deduplicator.process([sighting(slug, at=START + HOUR, source="waha")], KeepingOutbox())
        seen = {headline.text: headline.sources for headline in deduplicator.live()}
        assert seen[slug][-1] == b"waha"


def test_a_row_of_todays_key_comes_before_one_that_only_folds_to_it() -> None:
    """A variant whose own row has the key belongs to its headline, whichever is read first."""
    now = KeepingOutbox()
    Deduplicator().process([sighting("Grain silo collapses near the station", at=START + MINUTE)], now)
    own = [raw_record(key, value) for key, value in now.headline_rows().items()]
    old = [row for row in _compacted(_log()) if _seen(row).text.startswith("UPDATE 2-")]
    for order in ([*own, *old], [*old, *own]):
        deduplicator = _restored(order)
        assert deduplicator.remembered == 2
        out = KeepingOutbox()
        again = sighting("Grain silo collapses near the station", at=START + 2 * MINUTE, source="waha")
        deduplicator.process([again], out)
        [row] = _of_headlines(out)
        assert row.key == again.key
        assert encode(_seen(row)) == row.value
