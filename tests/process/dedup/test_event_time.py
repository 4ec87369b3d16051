"""Event time: no clock alone moves it far, what is true gets through, and a restart decides as before."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.events import SeenHeadline, encode
from schemas.instants import format_instant
from streams.process.dedup.deduplicator import Deduplicator
from streams.process.fold import fold, fold_key
from streams.stage import EventRecord, RawRecord
from tests.support import HOUR, MINUTE, START, KeepingOutbox, raw_record, sighting

DAY = 24 * HOUR
YEAR = 365 * DAY
MANY = [
    f"Council of {town} opens {thing}"
    for town in ("Tafraout", "Midelt", "Azrou", "Sefrou", "Boujad")
    for thing in ("a swimming pool", "two libraries", "the northern road", "its first museum")
]
WORDS = (
    "harbour",
    "orchard",
    "library",
    "stadium",
    "railway",
    "museum",
    "bakery",
    "hospital",
    "airport",
    "theatre",
)
OTHERS = [f"The {one} and the {other} close" for one in WORDS for other in WORDS if one < other][:20]
NEWS = [f"A {word} for Ouarzazate is planned" for word in WORDS]


def decide(*records: EventRecord | RawRecord, deduplicator: Deduplicator | None = None) -> KeepingOutbox:
    """Run records through a deduplicator, a new one unless given."""
    out = KeepingOutbox()
    (deduplicator or Deduplicator()).process(records, out)
    return out


def strip(at: int, *, source: str = "akhbar", texts: Sequence[str] = MANY) -> list[EventRecord]:
    """What a source shows at one moment."""
    return [sighting(text, at=at, source=source, slot=slot) for slot, text in enumerate(texts)]


@pytest.mark.parametrize("ahead", [100 * HOUR, 20 * DAY, 4 * YEAR, 900 * YEAR])
def test_one_clock_that_is_ahead_ends_nothing(ahead: int) -> None:
    """Whatever one strip says of the time, what is live stays live, and its own headlines come out once."""
    later = [strip(START + minutes * MINUTE) for minutes in (10, 20, 30)]
    wrong = strip(START + ahead, texts=OTHERS)
    out = decide(*strip(START), *later[0], *wrong, *wrong, *later[1], *later[2])
    assert out.counts == {"new": len(MANY) + 20, "exact": 3 * len(MANY) + 20}


@pytest.mark.parametrize("ahead", [5 * HOUR, 30 * HOUR, 4 * YEAR])
def test_the_same_headline_under_a_clock_that_is_ahead_is_the_same_headline(ahead: int) -> None:
    """Before it and after it, from its source and from others."""
    for source in ("akhbar", "sahafa"):
        out = decide(
            *strip(START),
            *strip(START + 10 * MINUTE),
            *strip(START + ahead, source=source),
            *strip(START + 20 * MINUTE),
        )
        assert out.counts == {"new": len(MANY), "exact": 3 * len(MANY)}


@pytest.mark.parametrize("offset", [-YEAR, -5 * DAY, -14 * HOUR, 14 * HOUR, 5 * DAY, YEAR])
def test_a_source_whose_clock_is_always_wrong_costs_a_headline_at_most_one_more_sighting(offset: int) -> None:
    """For a week it shows what two others show: nothing ends early and nothing comes out again and again."""
    records = []
    for step in range(0, 5 * 24 * 6, 6):
        at = START + step * 10 * MINUTE
        shown = MANY[step // 150 : step // 150 + 10]
        for source, its in (("akhbar", at), ("sahafa", at + MINUTE), ("astray", at + offset)):
            records += strip(its, source=source, texts=shown)
    deduplicator = Deduplicator()
    out = decide(*records, deduplicator=deduplicator)
    shown_in_all = len({record.key for record in records})
    assert out.counts["new"] <= shown_in_all * (2 if abs(offset) > 72 * HOUR and offset > 0 else 1)
    assert deduplicator.event_time is not None
    assert abs(deduplicator.event_time - (START + 5 * DAY)) < 7 * HOUR
    assert deduplicator.clocks["late" if offset < 0 else "ahead"] > 0 or abs(offset) == 14 * HOUR


def test_after_a_month_of_silence_everything_goes_on() -> None:
    """The first strips are believed for themselves, and when others agree, what was live a month ago ends."""
    deduplicator = Deduplicator()
    decide(*strip(START), *strip(START + 10 * MINUTE, source="sahafa"), deduplicator=deduplicator)
    month = START + 40 * DAY
    out = decide(
        *strip(month, texts=NEWS),
        *strip(month + MINUTE, source="sahafa", texts=NEWS),
        *strip(month + 2 * MINUTE, source="akhbar", texts=[*NEWS, *MANY]),
        *strip(month + 12 * MINUTE, source="akhbar", texts=[*NEWS, *MANY]),
        deduplicator=deduplicator,
    )
    assert out.counts["new"] == len(NEWS) + len(MANY)
    assert deduplicator.event_time == month + 20 * MINUTE
    assert {live.last_seen for live in deduplicator.live()} == {month + 12 * MINUTE}


def test_one_source_alone_gets_through_after_a_gap() -> None:
    """Strips of an hour, with nobody who says otherwise, are enough."""
    deduplicator = Deduplicator()
    decide(*strip(START), deduplicator=deduplicator)
    for minutes in range(0, 90, 10):
        at = START + 90 * DAY + minutes * MINUTE
        decide(*strip(at, texts=[f"Minute {minutes} of the match"]), deduplicator=deduplicator)
    assert deduplicator.event_time == START + 90 * DAY + 90 * MINUTE


def test_snapshots_far_apart_are_compared_by_their_own_times() -> None:
    """An archive with a page a week: what is on two of its pages is news on both."""
    out = decide(*(record for week in range(6) for record in strip(START + week * 7 * DAY)))
    assert out.counts == {"new": 6 * len(MANY)}


def test_a_first_clock_that_is_ahead_is_put_right_by_the_next() -> None:
    """A whole strip of the year 9999 before anything else: the others turn event time back."""
    deduplicator = Deduplicator()
    decide(*strip(START + 7000 * YEAR, texts=OTHERS), deduplicator=deduplicator)
    out = decide(
        *(
            record
            for minutes in range(0, 60, 5)
            for source in ("akhbar", "sahafa")
            for record in strip(START + minutes * MINUTE, source=source)
        ),
        deduplicator=deduplicator,
    )
    assert out.counts["new"] == len(MANY)
    assert deduplicator.event_time == START + 60 * MINUTE


def test_a_daily_rubric_is_told_apart_whatever_one_clock_said() -> None:
    """A sighting ten days ahead does not swallow the next editions."""
    weather = "Météo du jour"
    records = [*strip(START), sighting(weather, at=START)]
    records += [sighting(weather, at=START + 10 * DAY, source="astray")]
    for day in (1, 2, 3):
        records += [*strip(START + day * DAY), *strip(START + day * DAY + 10 * MINUTE, source="sahafa")]
        records += [sighting(weather, at=START + day * DAY + 20 * MINUTE)]
    editions = [h for h in decide(*records).headlines() if h.text == weather]
    assert len(editions) == 5


def test_a_state_that_an_earlier_release_let_be_poisoned_heals() -> None:
    """Rows far ahead end nothing when they are restored, are written anew, and leave when their time has come."""
    deduplicator = Deduplicator()
    out = decide(*strip(START), deduplicator=deduplicator)
    rows = out.state()
    for key in list(rows)[:3]:
        row = msgspec.json.decode(rows[key], type=SeenHeadline)
        rows[key] = encode(replace(row, last_seen=format_instant(START + 4 * YEAR)))
    restored = Deduplicator()
    restored.restore([raw_record(key, value) for key, value in rows.items()])
    after = decide(*strip(START + 20 * MINUTE), deduplicator=restored)
    assert after.counts == {"exact": len(MANY)}
    assert {live.last_seen for live in restored.live()} == {START + 20 * MINUTE}
    ends = [
        strip(START + day * DAY, source=s, texts=["Bakers go on strike"])
        for day in (1, 2, 3, 4)
        for s in "ab"
    ]
    decide(*(record for end in ends for record in end * 4), deduplicator=restored)
    decide(*(sighting(text, at=START + 4 * DAY) for text in OTHERS[:4]), deduplicator=restored)
    assert {live.text for live in restored.live()}.isdisjoint(MANY)


def test_a_constant_rate_with_wrong_clocks_keeps_the_memory_constant() -> None:
    """Simulated weeks, one strip in fifty of another year: what is remembered is what the window holds."""
    deduplicator = Deduplicator()
    held = []
    for hour in range(0, 24 * 14, 4):
        at = START + hour * HOUR
        wrong = at + YEAR if hour % 50 == 9 else at
        for source in ("akhbar", "sahafa", "khabar"):
            texts = [
                f"Hearing {hour * 10 + number} in case {hour}-{number} adjourned" for number in range(10)
            ]
            decide(
                *strip(wrong if source == "sahafa" else at, source=source, texts=texts),
                deduplicator=deduplicator,
            )
        held.append(deduplicator.remembered)
    assert max(held) <= held[7 * 6] * 1.1


@pytest.mark.parametrize("timestamp", [-1, 1_773_216_000_000_000, 253_402_300_800_000])
def test_a_timestamp_that_is_no_time_makes_a_dead_letter(timestamp: int) -> None:
    """Such as one in microseconds: it says so, and nothing has changed."""
    good = sighting(MANY[0])
    raw = raw_record(good.key, encode(good.value), timestamp, list(good.headers))
    deduplicator = Deduplicator()
    out = decide(raw, deduplicator=deduplicator)
    assert [str(error) for _, error in out.rejected] == [
        f"the timestamp {timestamp} is no time in milliseconds from 1970 to 9999"
    ]
    assert not out.written
    assert deduplicator.remembered == 0


RECORDS = st.lists(
    st.builds(
        sighting,
        st.sampled_from([*MANY, "Météo du jour", "Weather today"]),
        at=st.builds(
            lambda step, jump: max(0, START + step * 17 * MINUTE + jump),
            st.integers(0, 300),
            st.sampled_from(
                [0] * 8 + [5 * HOUR, 14 * HOUR, 80 * HOUR, 10 * DAY, 2 * YEAR, -80 * HOUR, -YEAR]
            ),
        ),
        source=st.sampled_from(["akhbar", "sahafa", "khabar", "watan"]),
    ),
    max_size=120,
)


@given(RECORDS, st.integers(0, 120))
def test_a_restart_among_wrong_clocks_decides_as_a_run_without(records: list[EventRecord], cut: int) -> None:
    """Event time, doubts and what has half ended come back from the state, compacted or not."""
    records.sort(key=lambda record: record.timestamp // (3 * DAY))
    whole = decide(*records)
    before = decide(*records[:cut])
    for rows in ([raw_record(*row) for row in before.state().items()], before.state_log()):
        restored = Deduplicator()
        restored.restore(rows)
        after = decide(*records[cut:], deduplicator=restored)
        assert before.counts + after.counts == whole.counts
        assert [*before.headlines(), *after.headlines()] == list(whole.headlines())


def test_a_claim_counts_after_a_restart_as_it_did_before() -> None:
    """Event time goes two months ahead and back to where a claim was made: it counts again, restart or not."""
    far, sources = 60 * DAY, ("akhbar", "sahafa")
    leaving = sorted(
        MANY, key=lambda text: fold_key(fold(text))
    )  # the order in which they go when event time leaps

    def by_both(text: str, at: int) -> list[EventRecord]:
        return [sighting(text, at=at, source=source) for source in sources]

    records = [
        *(record for text in MANY for record in by_both(text, START)),
        sighting(leaving[-1], at=START - far, source="akhbar"),
        *by_both(leaving[-2], START + far),
        *by_both(leaving[-3], START + MINUTE),
        sighting(leaving[-4], at=START - far, source="sahafa"),
    ]
    whole = Deduplicator()
    decide(*records, deduplicator=whole)
    for cut in range(len(records)):
        restored = Deduplicator()
        restored.restore(decide(*records[:cut]).state_log())
        decide(*records[cut:], deduplicator=restored)
        assert restored.event_time == whole.event_time, f"after a restart before record {cut}"


@given(RECORDS)
def test_every_sighting_is_accounted_for_whatever_the_clocks_say(records: list[EventRecord]) -> None:
    """In = new + exact + near + update, and what is remembered is what was written."""
    deduplicator = Deduplicator()
    out = decide(*records, deduplicator=deduplicator)
    assert out.counts.total() == len(records)
    assert len(out.state()) == deduplicator.remembered


def test_no_headline_is_shown_last_before_it_was_shown_first() -> None:
    """One whose time is doubted is remembered at the time of the stage; people are told when its source showed it."""
    deduplicator = Deduplicator()
    out = decide(
        *strip(START),
        sighting("Harbour closes", at=START + 2 * DAY, source="astray"),
        deduplicator=deduplicator,
    )
    [live] = [each for each in deduplicator.live() if each.text == "Harbour closes"]
    row = msgspec.json.decode(out.state()[live.key], type=SeenHeadline)
    assert row.last_seen < row.first_seen
    assert (row.last_shown, live.last_shown) == (row.first_seen, START + 2 * DAY)
