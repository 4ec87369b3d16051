"""Corrections by people: honoured from where they stand among the sightings, and brought back by a restart."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from schemas.events import ChainEnd, Correction, Headline
from streams.corrections.statement import Kind, correction
from streams.process.dedup.corrected import correction_key
from streams.process.dedup.deduplicator import Deduplicator
from streams.stage import EventRecord, RawRecord
from tests.support import HOUR, MINUTE, START, KeepingOutbox, sighting

FIRST = "Le parlement adopte la loi de finances rectificative"
TYPO = "Le parlement adopte la loi de finances rectificatve"
OTHER = "Les vergers fleurissent tôt cette année"
CRASH = "{} dead in bus crash near Ouarzazate"


def said(kind: Kind, *texts: str, at: int = START, topic: str | None = None) -> EventRecord:
    """A correction as it stands among the sightings."""
    event = correction(kind, texts, by="amina", why="it is so", at=at, topic=topic)
    return EventRecord(correction_key(event), event, at)


def undone(record: EventRecord) -> EventRecord:
    """The same correction, taken back."""
    event = record.value
    assert isinstance(event, Correction)
    fields = {name: getattr(event, name) for name in event.__struct_fields__} | {"undone": True}
    return EventRecord(record.key, Correction(**fields), record.timestamp)


def decide(*records: EventRecord, deduplicator: Deduplicator | None = None) -> KeepingOutbox:
    """Run records through a deduplicator, a new one unless given."""
    out = KeepingOutbox()
    (deduplicator or Deduplicator()).process(records, out)
    return out


def shown(*texts: str) -> Sequence[EventRecord]:
    """Each text once, a minute apart, an hour after the start."""
    return [sighting(text, at=START + HOUR + number * MINUTE) for number, text in enumerate(texts)]


def texts(out: KeepingOutbox) -> list[str]:
    return [headline.text for headline in out.headlines()]


def test_what_was_taken_for_one_is_kept_apart() -> None:
    """A near duplicate that was swallowed is published at its next sighting, and the other one anew."""
    out = decide(sighting(FIRST), sighting(TYPO), said("split", TYPO, FIRST), *shown(FIRST, TYPO))
    assert texts(out) == [FIRST, FIRST, TYPO]
    assert len({headline.chain for headline in out.headlines()}) == 3
    assert out.counts == {"new": 3, "near": 1, "correction": 1}


def test_an_update_that_is_none_leaves_the_chain() -> None:
    """Two crashes are two stories, and the old one has its end."""
    three, four = CRASH.format(3), CRASH.format(4)
    out = decide(sighting(three), sighting(four), said("split", three, four), *shown(three, four))
    *_, again, apart = out.headlines()
    assert (again.updates, apart.updates) == (None, None)
    assert again.chain != apart.chain
    assert [w.event.chain for w in out.written if isinstance(w.event, ChainEnd)] == [out.headlines()[0].chain]


def test_what_was_taken_for_two_is_one() -> None:
    """Whichever is seen first is the headline; the other is swallowed by a person's word."""
    out = decide(sighting(FIRST), sighting(OTHER), said("join", FIRST, OTHER), *shown(OTHER, FIRST))
    assert texts(out) == [FIRST, OTHER, OTHER]
    assert [w.event.rule for w in out.written if w.topic == "duplicates"] == ["correction"]  # type: ignore[union-attr]


def test_a_headline_that_is_withdrawn_is_published_no_more() -> None:
    """Its story ends, and every later sighting of it is accounted for."""
    out = decide(sighting(FIRST), said("withdraw", FIRST), *shown(FIRST, FIRST))
    assert texts(out) == [FIRST]
    assert out.counts == {"new": 1, "correction": 1, "withdrawn": 2}
    assert list(out.headline_rows()) == [said("withdraw", FIRST).key]


def test_a_headline_carries_the_topic_that_a_person_gave_it() -> None:
    """Categorize files it there (`Headline.corrected`)."""
    out = decide(sighting(FIRST), said("recategorize", FIRST, topic="medtop:15000000"), *shown(FIRST))
    assert [headline.corrected for headline in out.headlines()] == [None, "medtop:15000000"]


def test_consumers_are_told_which_stories_ended() -> None:
    """The correction event names the chains, so that who keeps them can drop them."""
    out = decide(sighting(FIRST), sighting(OTHER), said("withdraw", FIRST))
    [event] = [w.event for w in out.written if w.topic == "corrections"]
    assert isinstance(event, Correction)
    assert event.chains == (out.headlines()[0].chain,)


def test_what_is_undone_holds_no_longer() -> None:
    """State and register have their tombstones."""
    held = said("withdraw", FIRST)
    out = decide(held, *shown(FIRST), undone(held), *shown(FIRST))
    assert out.counts == {"correction": 2, "withdrawn": 1, "new": 1}
    assert [w.event for w in out.written if w.topic == "corrections"][-1] is None


def test_of_two_that_disagree_the_later_holds() -> None:
    """A pair is apart or together, not both."""
    out = decide(said("join", FIRST, OTHER), said("split", OTHER, FIRST), *shown(FIRST, OTHER))
    assert texts(out) == [FIRST, OTHER]


RECORDS = st.lists(
    st.one_of(
        st.builds(
            sighting,
            st.sampled_from([FIRST, TYPO, OTHER, CRASH.format(3), CRASH.format(4)]),
            at=st.integers(0, 40).map(lambda step: START + step * 5 * HOUR),
        ),
        st.builds(lambda kind: said(kind, FIRST, TYPO), st.sampled_from(["split", "join"])),
        st.builds(
            lambda kind: said(kind, CRASH.format(3), CRASH.format(4)), st.sampled_from(["split", "join"])
        ),
        st.sampled_from([said("withdraw", OTHER), undone(said("withdraw", OTHER))]),
        st.just(said("recategorize", TYPO, topic="medtop:15000000")),
    ),
    max_size=30,
)


@given(RECORDS, st.data())
def test_a_restart_at_any_point_honours_what_was_corrected(
    records: list[EventRecord], data: st.DataObject
) -> None:
    """What is remembered is what is written, corrections too."""
    cut = data.draw(st.integers(0, len(records)))
    before = decide(*records[:cut])
    restored = Deduplicator()
    rows: dict[bytes | None, RawRecord] = {}
    for row in before.state_log():
        rows.pop(row.key, None)  # compaction leaves them in the order of the last records
        rows[row.key] = row
    restored.restore([row for row in rows.values() if row.value is not None])
    after = decide(*records[cut:], deduplicator=restored)
    whole = decide(*records)
    kinds = (Headline, ChainEnd, Correction)
    assert [w for w in (*before.written, *after.written) if isinstance(w.event, kinds)] == [
        w for w in whole.written if isinstance(w.event, kinds)
    ]
    assert before.counts + after.counts == whole.counts
