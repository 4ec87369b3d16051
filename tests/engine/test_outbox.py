"""One transaction's outputs: of a key whose state changes many times in it, only the last state is written."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice

from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from schemas.events import ChainEnd, SeenHeadline
from schemas.topics import DECISIONS, SEEN
from streams.engine.kafka.outbox import KafkaOutbox
from streams.process.dedup.deduplicator import Deduplicator
from streams.stage import EventRecord, RawRecord
from tests.support import HOUR, MINUTE, START, raw_record, sighting

_END = ChainEnd(chain="0123456789abcdef0123-0", ended_at="2026-03-11T08:00:00.000Z")
_TEXTS = [
    "Bakers go on strike in Tafraout",
    "URGENT: Bakers go on strike in Tafraout",
    "Bakers of the town go on strike in Tafraout",
    "3 dead in bus crash near Ouarzazate",
    "17 dead in bus crash near Ouarzazate",
    "Weather today",
    "Orchards bloom early in Sefrou",
    "Museum of Azrou opens its doors",
]
_SIGHTINGS = st.lists(
    st.builds(
        sighting,
        st.sampled_from(_TEXTS),
        at=st.one_of(
            st.integers(0, 30).map(lambda step: START + step * 7 * MINUTE),
            st.integers(-900, 900).map(lambda hours: START + hours * HOUR),
        ),
        source=st.sampled_from(["akhbar", "sahafa", "khabar"]),
    ),
    max_size=60,
)


def _outbox() -> KafkaOutbox:
    return KafkaOutbox("deduplicate", "test", TopicPartition("test.sightings", 0))


def _encoded(record: EventRecord) -> RawRecord:
    return raw_record(record.key, json.encode(record.value), record.timestamp, record.headers)


def test_a_key_is_written_once_as_it_is_at_the_end() -> None:
    """A strip that is shown for an hour changes its headlines' state six times, and again with each of its sources."""
    out, deduplicator = _outbox(), Deduplicator()
    for minute in range(61):
        shown = sighting(_TEXTS[0], at=START + minute * MINUTE, source=f"source-{minute % 3}")
        deduplicator.process([_encoded(shown)], out)
    before = out.size
    out.flush()
    assert out.size == before, "what waits to be encoded counts"
    [row] = [row for row in out.records["test.seen"] if row.key == sighting(_TEXTS[0]).key]
    seen = json.decode(row.value or b"", type=SeenHeadline)
    assert (seen.sightings, seen.last_seen) == (61, "2026-03-11T09:00:00.000Z")
    assert seen.sources == ("source-0", "source-1", "source-2")
    assert row.timestamp == START + 60 * MINUTE


def test_what_is_sent_or_forgotten_after_it_was_stored_comes_last() -> None:
    """Compaction keeps a key's last record, so no older state may follow a tombstone."""
    out = _outbox()
    for key in (b"sent", b"forgotten", b"stored", b"stored again"):
        out.store(SEEN, key, lambda key: b"state of " + key, START)
    out.send(SEEN, b"sent", _END, START)
    out.forget(SEEN, b"forgotten", START)
    out.forget(SEEN, b"stored again", START)
    out.store(SEEN, b"stored again", lambda key: b"new state of " + key, START)
    out.send(DECISIONS, b"stored", _END, START)
    out.flush()
    last = {row.key: row.value for row in out.records["test.seen"]}
    assert last == {
        b"sent": json.encode(_END),
        b"forgotten": None,
        b"stored": b"state of stored",
        b"stored again": b"new state of stored again",
    }
    assert out.size == len(out.records["test.seen"]) + 1


def test_states_are_encoded_a_few_at_a_time() -> None:
    """So many that others wait for the event loop too long would be written in one go otherwise."""
    out = _outbox()
    keys = [b"%d" % number for number in range(7)]
    for key in keys:
        out.store(SEEN, key, lambda key: b"state of " + key, START)
    written = [0]
    while not out.flush(3):
        written.append(len(out.records["test.seen"]))
        assert out.size == len(keys)
    assert written == [0, 3, 6]
    assert [row.key for row in out.records["test.seen"]] == keys


def _by_transactions(
    records: Sequence[RawRecord], sizes: Iterator[int]
) -> tuple[dict[str, list[RawRecord]], dict[str, int]]:
    """What is committed and counted where each transaction has so many records, with a restart before each."""
    state: dict[bytes | None, RawRecord] = {}
    committed, counts = defaultdict[str, list[RawRecord]](list), defaultdict[str, int](int)
    waiting = iter(records)
    while some := list(islice(waiting, next(sizes))):
        deduplicator, out = Deduplicator(), _outbox()
        deduplicator.restore([row for row in state.values() if row.value is not None])
        deduplicator.process(some, out)
        out.flush()
        for row in out.records.pop("test.seen", ()):
            state.pop(row.key, None)
            state[row.key] = row
        for topic, rows in out.records.items():
            committed[topic] += rows
        for outcome, number in out.counts.items():
            counts[outcome] += number
    return dict(committed), dict(counts)


@given(_SIGHTINGS, st.lists(st.integers(1, 9), min_size=60, max_size=60))
def test_a_restart_after_any_transaction_decides_nothing(shown: list[EventRecord], sizes: list[int]) -> None:
    """The states between the first and the last of a transaction are not missed, whatever the clocks say."""
    records = [_encoded(record) for record in shown]
    whole, counts = _by_transactions(records, iter([len(records), 1]))
    assert _by_transactions(records, iter(sizes)) == (whole, counts)
    assert sum(counts.values()) == len(records)
