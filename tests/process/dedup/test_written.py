"""What a deduplicator writes about a sighting, field by field: consumers and restarts read nothing else."""

from typing import Any

from msgspec.structs import asdict, replace

from schemas.events import ChainEnd, ClaimedTime, Duplicate, EventTime, Headline, SeenHeadline, Sighting
from schemas.headers import EVENT_TIME_KEY
from schemas.instants import format_instant
from schemas.topics import DECISIONS, DUPLICATES, SEEN
from streams.process.dedup.compare import compare
from streams.process.dedup.deduplicator import Deduplicator
from streams.process.fold import FOLD_VERSION, fold
from streams.stage import EventRecord
from tests.support import HOUR, MINUTE, START, KeepingOutbox, Written, sighting

LONG = "Harbour bridge reopens after three months of winter repairs"
CUT = "Harbour bridge reopens after three months of winter…"
MORE = "Harbour bridge reopens after five months of winter repairs"
OTHER = "Orchards bloom early in the southern valleys"


def written(*records: EventRecord, window: int | None = None) -> tuple[KeepingOutbox, list[Written]]:
    """What came of these records, and what the last of them made a deduplicator write, event time left out."""
    out = KeepingOutbox()
    deduplicator = Deduplicator() if window is None else Deduplicator(window)
    deduplicator.process(records[:-1], out)
    before = len(out.written)
    deduplicator.process(records[-1:], out)
    return out, [each for each in out.written[before:] if each.key != EVENT_TIME_KEY]


def shown(record: EventRecord) -> dict[str, Any]:
    """The fields that every event about a sighting takes from it."""
    assert isinstance(record.value, Sighting)
    return asdict(record.value)


def row(record: EventRecord, **changed: Any) -> SeenHeadline:
    """The changelog record of a headline that was seen once, and what is different."""
    fields = shown(record)
    seen = {
        "first_seen": fields["observed_at"],
        "last_seen": fields["observed_at"],
        "sightings": 1,
        "sources": (fields["source"],),
        "folded": fold(fields["text"]),
        "fold": FOLD_VERSION,
    }
    return SeenHeadline(**{name: fields[name] for name in ("id", "text", "language")} | seen | changed)


def test_a_new_headline_is_written_with_its_state() -> None:
    """The row that a restart reads, and the headline under its chain, both at its event time."""
    first = sighting(LONG)
    out, wrote = written(first)
    id_ = shown(first)["id"]
    assert wrote == [
        Written(SEEN.name, first.key, row(first), START),
        Written(DECISIONS.name, id_.encode(), Headline(**shown(first), chain=id_), START),
    ]
    assert out.counts == {"new": 1}


def test_a_near_duplicate_is_written_beside_its_winner() -> None:
    """Its own row as an alias, the winner's with one sighting and source more, and the duplicate with its rule."""
    at = START + 15 * MINUTE
    first, near = sighting(LONG), sighting(CUT, at=at, source="other")
    out, wrote = written(first, near)
    relation = compare(LONG, CUT)
    id_ = shown(first)["id"]
    seen_again = row(first, last_seen=format_instant(at), sightings=2, sources=("akhbar", "other"))
    duplicate = Duplicate(
        **shown(near),
        winner=id_,
        winner_text=LONG,
        chain=id_,
        rule=relation.rule,
        score=relation.score,
        detail=relation.detail or None,
    )
    assert wrote == [
        Written(SEEN.name, near.key, row(near, alias_of=first.key.decode(), folded=None), at),
        Written(SEEN.name, first.key, seen_again, at),
        Written(DUPLICATES.name, id_.encode(), duplicate, at),
    ]
    assert out.counts == {"new": 1, "near": 1}


def test_a_variant_that_comes_again_is_an_exact_duplicate() -> None:
    """A near duplicate is compared once: its fold key leads to the winner from then on."""
    again = sighting(CUT, at=START + 2 * MINUTE)
    out, wrote = written(sighting(LONG), sighting(CUT, at=START + MINUTE), again)
    assert out.counts == {"new": 1, "near": 1, "exact": 1}
    assert wrote == []


def test_an_update_names_its_chain_and_what_changed() -> None:
    """It is published under the chain of the headline that it updates, with the facts before and after."""
    at = START + MINUTE
    first, second = sighting(LONG), sighting(MORE, at=at)
    out, wrote = written(first, second)
    id_ = shown(first)["id"]
    update = Headline(**shown(second), chain=id_, updates=id_, changes=compare(LONG, MORE).changes)
    assert update.changes
    assert wrote == [
        Written(SEEN.name, second.key, row(second, root=id_), at),
        Written(DECISIONS.name, id_.encode(), update, at),
    ]
    assert out.counts == {"new": 1, "update": 1}


def test_the_end_of_a_headline_forgets_its_variants_and_ends_its_chain() -> None:
    """A tombstone for each of its keys, and the chain's end at the event time that was reached."""
    first, near = sighting(LONG), sighting(CUT, at=START + MINUTE)
    at = START + 4 * HOUR
    _, wrote = written(first, near, sighting(OTHER, at=at), window=2 * HOUR)
    id_ = shown(first)["id"]
    # What ends is written after the record that moved event time: in bounded steps where much ends at once.
    assert wrote[-3:] == [
        Written(SEEN.name, first.key, None, at),
        Written(SEEN.name, near.key, None, at),
        Written(DECISIONS.name, id_.encode(), ChainEnd(chain=id_, ended_at=format_instant(at)), at),
    ]


def test_event_time_is_written_where_a_strip_has_a_vote() -> None:
    """The bucket that was reached, strips that agree, and those that say otherwise; once for each strip."""
    ahead = START + 90 * HOUR
    out = KeepingOutbox()
    Deduplicator().process(
        [
            sighting(LONG),
            sighting(OTHER),
            sighting(LONG, at=START + MINUTE, source="other"),
            sighting(LONG, at=ahead, source="other"),
            sighting(OTHER, at=ahead, source="other"),
        ],
        out,
    )
    first = EventTime(
        reached=format_instant(START + 10 * MINUTE),
        agreed=format_instant(START + 10 * MINUTE),
        support=1,
        by="akhbar",
        last=ClaimedTime(by="akhbar", at=format_instant(START)),
    )
    second = replace(
        first, support=2, by=None, last=ClaimedTime(by="other", at=format_instant(START + MINUTE))
    )
    third = replace(
        second,
        last=ClaimedTime(by="other", at=format_instant(ahead)),
        later=(ClaimedTime(by="other", at=format_instant(ahead + 10 * MINUTE)),),
    )
    assert [each for each in out.written if each.key == EVENT_TIME_KEY] == [
        Written(SEEN.name, EVENT_TIME_KEY, first, START),
        Written(SEEN.name, EVENT_TIME_KEY, second, START + MINUTE),
        Written(SEEN.name, EVENT_TIME_KEY, third, ahead),
    ]
