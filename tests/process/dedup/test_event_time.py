"""Event time: no clock alone moves it far, what is true gets through, and a restart decides as before."""

import random
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.events import EventTime, SeenHeadline, encode
from schemas.instants import EARLIEST, LATEST, MOMENTS, format_instant
from streams.process.dedup.deduplicator import Deduplicator
from streams.stage import EventRecord, RawRecord
from tests.chaos.corpus import Corpus
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


@pytest.mark.parametrize("timestamp", [EARLIEST, LATEST])
def test_every_moment_that_events_can_carry_is_decided_on(timestamp: int) -> None:
    """What the producer takes is no dead letter later: both know one limit."""
    out = decide(*strip(timestamp))
    assert (out.counts, out.rejected) == ({"new": len(MANY)}, [])


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
    rows = out.headline_rows()
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


@pytest.mark.parametrize("timestamp", [-1, 1_773_216_000_000_000, LATEST + 1])
def test_a_timestamp_that_is_no_time_makes_a_dead_letter(timestamp: int) -> None:
    """Such as one in microseconds: it says so, and nothing has changed."""
    good = sighting(MANY[0])
    raw = raw_record(good.key, encode(good.value), timestamp, list(good.headers))
    deduplicator = Deduplicator()
    out = decide(raw, deduplicator=deduplicator)
    assert [str(error) for _, error in out.rejected] == [
        f"the timestamp {timestamp} (ms) is no moment that events can carry; allowed: {MOMENTS}"
    ]
    assert not out.written
    assert deduplicator.remembered == 0


@pytest.mark.parametrize(("last", "beyond"), [(LATEST, LATEST + 1), (EARLIEST, EARLIEST - 1)])
def test_a_repetition_beyond_the_times_that_events_can_carry_is_no_repetition(last: int, beyond: int) -> None:
    """However close event time is to the end of all times, or to the beginning."""
    deduplicator = Deduplicator()
    for number in range(20):
        at = abs(last - 20 * MINUTE) + number * MINUTE
        decide(*strip(at, source=f"source-{number}"), deduplicator=deduplicator)
    repetition = strip(last, source="source-1")[0]
    assert decide(repetition, deduplicator=deduplicator).counts == {"exact": 1}
    raw = raw_record(repetition.key, encode(repetition.value), beyond, list(repetition.headers))
    assert len(decide(raw, deduplicator=deduplicator).rejected) == 1


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


@given(
    st.lists(
        st.tuples(st.integers(2, 5), st.integers(-900, 900), st.sampled_from(["akhbar", "sahafa", "astray"])),
        min_size=1,
        max_size=40,
    )
)
def test_a_minority_moves_nothing(wrong: list[tuple[int, int, str]]) -> None:
    """Whatever a third of the strips says, of whatever sources: no headline that is shown ends, and time stays true."""
    deduplicator, out = Deduplicator(), KeepingOutbox()
    at = START
    for right, ahead, by in [(3, 0, "akhbar"), *wrong]:
        for number in range(right):
            at += 7 * MINUTE
            source = ("akhbar", "sahafa")[number % 2]
            deduplicator.process(strip(at, source=source, texts=MANY[:9]), out)
        deduplicator.process([sighting(NEWS[0], at=max(0, at + ahead * HOUR), source=by)], out)
        now = deduplicator.event_time
        assert now is not None
        assert at - 7 * HOUR < now < at + 7 * HOUR
    shown = {headline.text for headline in out.headlines()} - {NEWS[0]}
    assert (
        out.counts["new"] - [headline.text for headline in out.headlines()].count(NEWS[0]) == len(shown) == 9
    )


def test_a_ladder_of_clocks_that_are_wrong_leads_nowhere() -> None:
    """Each wrong clock says a little more than the one before it; the others say what is true."""
    deduplicator = Deduplicator()
    for step in range(200):
        at = START + step * 10 * MINUTE
        for source in ("akhbar", "sahafa", "khabar"):
            decide(*strip(at, source=source), deduplicator=deduplicator)
        wrong = sighting(NEWS[0], at=START + step * 5 * HOUR, source="khabar")
        decide(wrong, deduplicator=deduplicator)
        assert deduplicator.event_time is not None
        assert deduplicator.event_time <= at + 7 * HOUR


@given(st.integers(-60 * 24, 60 * 24), st.integers(1, 4), st.integers(0, 40))
def test_a_jump_of_all_sources_is_followed(hours: int, sources: int, before: int) -> None:
    """By one strip more than supported the time before, and by eight buckets where one source speaks for several."""
    deduplicator = Deduplicator()

    def show(at: int, source: int) -> None:
        decide(*strip(at, source=f"source-{source}"), deduplicator=deduplicator)

    for number in range(before):
        show(START + number * MINUTE, number % 3)
    at = max(0, START + hours * HOUR)
    for number in range(17 if sources > 1 else 81):
        show(at + number * MINUTE, number % sources)
    assert deduplicator.event_time is not None
    assert abs(deduplicator.event_time - at) < 8 * HOUR


@pytest.mark.parametrize("seed", range(3))
def test_restarts_among_every_kind_of_wrong_clock_decide_nothing(seed: int) -> None:
    """A fifth of the clocks of a corpus are wrong by hours and months; it is restored every hundred records or so."""
    corpus, luck = Corpus(seed, poison=0.2), random.Random(seed)
    records = [raw_record(*placed[1:]) for placed in corpus.take(3_000) if placed.partition == seed]
    whole, apart = decide(*records), KeepingOutbox()
    while records:
        restored = Deduplicator()
        restored.restore([raw_record(*row) for row in apart.state().items()])
        piece = luck.randint(20, 200)
        restored.process(records[:piece], apart)
        records = records[piece:]
    assert apart.counts == whole.counts
    assert [written for written in apart.written if written.topic != "seen"] == [
        written for written in whole.written if written.topic != "seen"
    ]
    assert event_times(apart) == event_times(whole)


@pytest.mark.parametrize("by", [["hespress"], ["hespress", "akhbar"]])
def test_busy_sources_write_event_time_once_a_bucket_and_seventeen_votes_an_hour(by: list[str]) -> None:
    """A strip every other second for six hours: votes that say nothing new are not written."""
    out, deduplicator = KeepingOutbox(), Deduplicator()
    for number in range(0, 6 * 60 * 60, 2):
        at = START + number * 1000
        deduplicator.process([sighting(NEWS[0], at=at, source=by[number // 2 % len(by)])], out)
    assert deduplicator.event_time == at // (10 * MINUTE) * 10 * MINUTE + 10 * MINUTE
    assert len(event_times(out)) < 6 * 6 + 7 * 2 * 17


def event_times(out: KeepingOutbox) -> list[EventTime]:
    """Every row of event time that was written."""
    return [written.event for written in out.written if isinstance(written.event, EventTime)]


@given(st.integers(0, 30), st.integers(0, 6))
def test_a_state_heals_a_few_rows_at_a_time_and_as_well_after_a_restart(cut: int, poisoned: int) -> None:
    """Headlines that an earlier release dated far ahead: no decision writes more than eight of them."""
    rows = decide(*strip(START)).headline_rows()
    for key in list(rows)[: 3 * poisoned]:
        row = msgspec.json.decode(rows[key], type=SeenHeadline)
        rows[key] = encode(replace(row, last_seen=format_instant(START + 4 * YEAR)))
    again = [
        sighting(text, at=START + hours * HOUR, source=source)
        for hours in (1, 60, 71, 80)
        for source in ("akhbar", "sahafa")
        for text in NEWS[:4]
    ]
    whole, apart = KeepingOutbox(), KeepingOutbox()
    deduplicator = Deduplicator()
    deduplicator.restore([raw_record(*row) for row in rows.items()])
    for record in again:
        written = len(whole.written)
        deduplicator.process([record], whole)
        assert sum(isinstance(each.event, SeenHeadline) for each in whole.written[written:]) <= 8 + 1
    for piece in (again[:cut], again[cut:]):
        restored = Deduplicator()
        restored.restore([raw_record(*row) for row in (rows | apart.state()).items() if row[1] is not None])
        restored.process(piece, apart)
        rows = {key: row for key, row in rows.items() if key not in apart.forgotten}
    assert apart.counts == whole.counts
    assert ends(apart) == ends(whole)


def test_event_time_is_turned_back_in_bounded_steps() -> None:
    """Of the headlines of a strip from the year 9999 no decision dates more than eight back."""
    texts = [f"Hearing {number} in case {number}-{number} adjourned" for number in range(60)]
    deduplicator = Deduplicator()
    decide(*strip(START + 7000 * YEAR, texts=texts), deduplicator=deduplicator)
    for minutes in range(8):
        for record in strip(START + minutes * MINUTE, texts=NEWS[:4]):
            out = decide(record, deduplicator=deduplicator)
            assert sum(isinstance(each.event, SeenHeadline) for each in out.written) <= 8 + 1
    assert {live.last_seen for live in deduplicator.live()} <= {START, START + 7 * MINUTE}


def ends(out: KeepingOutbox) -> list[bytes]:
    """The keys of what ended, in order."""
    return [written.key for written in out.written if written.topic == "seen" and written.event is None]


@given(RECORDS)
def test_every_sighting_is_accounted_for_whatever_the_clocks_say(records: list[EventRecord]) -> None:
    """In = new + exact + near + update, and what is remembered is what was written."""
    deduplicator = Deduplicator()
    out = decide(*records, deduplicator=deduplicator)
    assert out.counts.total() == len(records)
    assert len(out.headline_rows()) == deduplicator.remembered


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
