"""Exact deduplication: windows and rubrics by event time, and a state that a restart brings back."""

from collections.abc import Sequence
from unittest import mock

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.events import SeenHeadline, encode
from streams.errors import RecordError
from streams.process.dedup import live
from streams.process.dedup.deduplicator import Deduplicator
from streams.process.fold import fold
from streams.stage import EventRecord, Record
from tests.support import HOUR, MINUTE, START, KeepingOutbox, raw_record, sighting

RAIN = "أمطار غزيرة شمال المملكة"
STRIKE = "Grève nationale des enseignants"
WEATHER = "توقعات أحوال الطقس اليوم"


def decide(*records: Record, deduplicator: Deduplicator | None = None) -> KeepingOutbox:
    """Run records through a deduplicator, a new one unless given."""
    out = KeepingOutbox()
    (deduplicator or Deduplicator()).process(records, out)
    return out


def texts(out: KeepingOutbox) -> Sequence[str]:
    return [headline.text for headline in out.headlines()]


def test_a_headline_is_published_once_with_the_id_of_its_first_sighting() -> None:
    """Later sightings are counted, not published."""
    first, again = sighting(RAIN), sighting(RAIN, at=START + MINUTE)
    out = decide(first, again)
    assert [headline.id for headline in out.headlines()] == [first.value.id]  # type: ignore[union-attr]
    assert out.counts == {"new": 1, "exact": 1}


def test_spellings_of_one_headline_are_one_headline() -> None:
    """Identity is the fold."""
    assert texts(decide(sighting("عاجل: " + RAIN), sighting(RAIN + "!"))) == ["عاجل: " + RAIN]


@pytest.mark.parametrize(("hours", "published"), [(71, 1), (73, 2)])
def test_a_headline_stays_live_72_hours_after_its_last_sighting(hours: int, published: int) -> None:
    """Event time decides, whatever the clock says."""
    out = decide(sighting(RAIN), sighting(RAIN, at=START + hours * HOUR))
    assert len(out.headlines()) == published


def test_each_sighting_prolongs_the_life_of_a_headline() -> None:
    """A headline that is shown for a week is one headline."""
    out = decide(*(sighting(RAIN, at=START + day * 24 * HOUR) for day in range(7)))
    assert len(out.headlines()) == 1


@pytest.mark.parametrize(("text", "published"), [(WEATHER, 2), (RAIN, 1)])
def test_a_rubric_that_comes_back_after_16_hours_is_new(text: str, published: int) -> None:
    """The same words, tomorrow's weather; news that comes back is the same news."""
    out = decide(sighting(text), sighting(text, at=START + 17 * HOUR))
    assert len(out.headlines()) == published


def test_a_rubric_that_never_went_away_is_not_new() -> None:
    """Shown every hour for two days: the page just left it there."""
    out = decide(*(sighting(WEATHER, at=START + hour * HOUR) for hour in range(48)))
    assert len(out.headlines()) == 1


def test_a_late_sighting_joins_the_live_headline() -> None:
    """Sources report out of order; a replay mixes old and new."""
    out = decide(sighting(RAIN), sighting(RAIN, at=START - 5 * HOUR))
    assert out.counts == {"new": 1, "exact": 1}


def test_the_state_says_when_and_where_a_headline_was_seen() -> None:
    """A new source and a new ten-minute bucket are written; the same again is only counted."""
    out = decide(
        sighting(RAIN),
        sighting(RAIN, at=START + MINUTE),
        sighting(RAIN, at=START + 2 * MINUTE, source="sahafa"),
        sighting(RAIN, at=START + 11 * MINUTE),
    )
    rows = [w.event for w in out.written if isinstance(w.event, SeenHeadline)]
    assert [row.sightings for row in rows] == [1, 3, 4]
    assert rows[-1].sources == ("akhbar", "sahafa")
    assert rows[-1].first_seen == "2026-03-11T08:00:00.000Z"
    assert rows[-1].last_seen == "2026-03-11T08:11:00.000Z"


def test_a_headline_that_expires_leaves_a_tombstone() -> None:
    """The compacted topic forgets what the window forgets."""
    out = decide(sighting(RAIN), sighting(STRIKE, at=START + 80 * HOUR))
    assert [w.key for w in out.written if w.event is None] == [sighting(RAIN).key]
    assert list(out.headline_rows()) == [sighting(STRIKE).key]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (raw_record(b"k", None), "no value"),
        (raw_record(b"k", b"{not json"), "not a ticker.sighting.v1"),
        (raw_record(b"k", b'{"type": "ticker.sighting.v9"}'), "v9"),
        (raw_record(b"k", b'{"type": "ticker.sighting.v1", "slot": "x"}'), "slot|id"),
        (raw_record(b"k", b""), "truncated"),
        (raw_record(None, b"{}"), "no key"),
    ],
)
def test_a_record_that_is_no_sighting_is_rejected_and_the_rest_goes_on(record: Record, reason: str) -> None:
    """The reason says what was wrong; it counts neither as new nor as a duplicate."""
    out = decide(sighting(STRIKE), record, sighting(RAIN, at=START + MINUTE))
    [(rejected, error)] = out.rejected
    assert rejected is record
    with pytest.raises(RecordError, match=reason):
        raise error
    assert out.counts == {"new": 2}


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"rubbish",
        b"{}",
        b'{"type":"ticker.sighting.v2","id":"x"}',
        b'{"type":"ticker.strip.v1","id":"x"}',
        b'{"type":"ticker.sighting.v1","id":"3f9a1c0de45b7a21',
    ],
)
def test_rubbish_under_a_live_key_is_rejected(value: bytes | None) -> None:
    """Another version, another type, what was cut off: none of it is taken for one more sighting."""
    known = sighting(RAIN)
    poison = raw_record(known.key, value, START, known.headers)
    out = decide(known, poison, replace(known, value=known.value))
    assert [record for record, _ in out.rejected] == [poison]
    assert out.counts == {"new": 1, "exact": 1}


def test_a_sighting_that_others_wrote_is_a_sighting() -> None:
    """Whatever the order of its fields and the spaces between them."""
    known = sighting(RAIN)
    fields = msgspec.json.decode(encode(known.value))
    other = msgspec.json.format(msgspec.json.encode(dict(reversed(fields.items()))), indent=2)
    out = decide(known, raw_record(known.key, other, START, known.headers))
    assert (out.rejected, out.counts) == ([], {"new": 1, "exact": 1})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"{", b""),
        (b"seen.v1", b"seen.v2"),
        (b'sightings":1', b'sightings":"1"'),
        (b"2026-03-11T", b"2026-13-11T"),
    ],
)
def test_state_that_cannot_be_read_stops_the_restore(old: bytes, new: bytes) -> None:
    """Deciding with half a memory would publish what is known already."""
    [(key, value)] = decide(sighting(RAIN)).headline_rows().items()
    assert old in value
    with pytest.raises(RecordError, match=f"state record {key!r}"):
        Deduplicator().restore([raw_record(key, value.replace(old, new))])


def test_state_without_a_key_stops_the_restore() -> None:
    """A row that belongs to no headline is not one of ours."""
    with pytest.raises(RecordError, match="no key"):
        Deduplicator().restore([raw_record(None, None)])


def test_a_row_of_an_older_release_is_folded_when_it_is_read() -> None:
    """Rows that do not say their folded text bring the same headline back."""
    out = decide(sighting(RAIN))
    [(key, value)] = out.headline_rows().items()
    older = encode(replace(msgspec.json.decode(value, type=SeenHeadline), folded=None))
    assert older != value
    restored = Deduplicator()
    restored.restore([raw_record(key, older)])
    assert decide(sighting(f"{RAIN} | متابعة"), deduplicator=restored).counts == {"exact": 1}
    assert [headline.folded for headline in restored.live()] == [fold(RAIN)]


@pytest.mark.parametrize("last", [0, 1, 2])
def test_variants_come_back_whichever_row_comes_first(last: int) -> None:
    """Compaction keeps a key's last row, so a variant's may stand before that of its headline."""
    variants = [
        "قطار يدهس 3 أبقار قرب سطات",
        "قطار يدهس 3 أبقار كبيرة قرب سطات",
        "قطار يدهس ثلاث أبقار قرب سطات",
    ]
    out = decide(*map(sighting, variants))
    assert out.counts == {"new": 1, "near": 2}
    rows = [raw_record(key, value) for key, value in out.state().items()]
    restored = Deduplicator()
    restored.restore([row for number, row in enumerate(rows) if number != last])
    restored.restore([rows[last]])
    assert decide(*map(sighting, variants), deduplicator=restored).counts == {"exact": 3}
    assert restored.remembered == 3


TEXTS = st.sampled_from([RAIN, STRIKE, WEATHER, "نشرة جوية إنذارية", "Rain in the north", "مصرع 3 أشخاص"])
SIGHTINGS = st.lists(
    st.builds(
        sighting,
        TEXTS,
        at=st.integers(0, 200).map(lambda step: START + step * 37 * MINUTE),
        source=st.sampled_from(["akhbar", "sahafa"]),
    ),
    max_size=60,
)


@given(SIGHTINGS, st.data())
def test_a_run_with_a_restart_at_any_point_decides_as_a_run_without(
    records: list[EventRecord], data: st.DataObject
) -> None:
    """What is remembered is what is written: the state topic brings everything back, compacted or not."""
    cut = data.draw(st.integers(0, len(records)))
    whole = decide(*records)
    before = decide(*records[:cut])
    restored = Deduplicator()
    restored.restore([raw_record(key, value) for key, value in before.state().items()])
    uncompacted = Deduplicator()
    uncompacted.restore(before.state_log())
    in_bulk = Deduplicator()
    with mock.patch.object(live, "_GATHERED", 2):
        in_bulk.restore(before.state_log())
    for deduplicator in (restored, uncompacted, in_bulk):
        after = decide(*records[cut:], deduplicator=deduplicator)
        assert [*before.headlines(), *after.headlines()] == list(whole.headlines())
        assert before.counts + after.counts == whole.counts


@given(SIGHTINGS, st.integers(1, 7))
def test_batches_do_not_matter(records: list[EventRecord], size: int) -> None:
    """However a topic is cut into slices, the same is decided."""
    deduplicator, out = Deduplicator(), KeepingOutbox()
    for start in range(0, len(records), size):
        deduplicator.process(records[start : start + size], out)
    assert out.written == decide(*records).written


@given(SIGHTINGS)
def test_every_sighting_is_accounted_for(records: list[EventRecord]) -> None:
    """In = new + exact: the conservation law."""
    assert decide(*records).counts.total() == len(records)
