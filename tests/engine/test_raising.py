"""Whatever is raised while a record is decided on, and wherever: that record pays, and nothing else knows of it."""

import sys
from collections.abc import Callable, Sequence
from types import CodeType, FrameType
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from schemas.events import Headline, Sighting, encode
from schemas.topics import SEEN
from streams.engine.kafka.outbox import KafkaOutbox
from streams.engine.kafka.work import PoisonPillError, PoisonPills
from streams.pipeline import CATEGORIZE, DEDUPLICATE
from streams.stage import EventRecord, Processor, RawRecord, Stage
from tests.chaos.checker import deciding, decode_seen
from tests.support import MINUTE, START, sighting

_TEXTS = [
    "Bakers go on strike in Tafraout",
    "URGENT: Bakers go on strike in Tafraout",
    "3 dead in bus crash near Ouarzazate",
    "17 dead in bus crash near Ouarzazate",
    "Météo du jour",
    "Orchards bloom early in Sefrou",
    "Museum of Azrou opens its doors",
    "Harbour of Agadir closes for a day",
    "Council of Midelt plans a library",
    "Stadium of Oujda gets a new roof",
    "Railway to Beni Mellal is delayed",
]
_PARTITION = TopicPartition("test.input", 0)


class _Placed:
    """A record with its offset, as it is fetched."""

    def __init__(self, record: RawRecord, offset: int) -> None:
        self.key, self.value = record.key, record.value
        self.timestamp, self.headers = record.timestamp, record.headers
        self.offset = offset


class _Faults:
    """Raises when a function of the processors is entered for the so-manieth time while one record is decided on.

    When the record is tried again it raises in the same function: what was remembered of the first try, such as a
    text's fold, makes for fewer calls, and they cannot be counted again.
    """

    def __init__(self, victim: int, call: int) -> None:
        self.victim = victim
        self.call = call
        self.raised = False
        self._calls = 0
        self._offset = -1
        self._where: CodeType | None = None

    def at(self, offset: int) -> None:
        """The record that is decided on now."""
        self._offset, self._calls = offset, 0

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:  # noqa: ARG002 (sys.setprofile's)
        if event != "call" or self._offset != self.victim:
            return
        if "/streams/process/" not in frame.f_code.co_filename:
            return
        self._calls += 1
        if frame.f_code is self._where or (self._where is None and self._calls == self.call):
            self._where = frame.f_code
            self.raised = True
            raise MemoryError("no more of anything")


class _Watched:
    """A processor that tells the faults which record it is at."""

    def __init__(self, processor: Processor, faults: _Faults) -> None:
        self._processor = processor
        self._faults = faults

    def restore(self, records: Sequence[Any]) -> None:
        self._processor.restore(records)

    def process(self, records: Sequence[Any], out: Any) -> None:
        for record in records:
            self._faults.at(record.offset)
            self._processor.process([record], out)


def _run(stage: Stage, records: Sequence[_Placed], faults: _Faults) -> KafkaOutbox:
    """What the engine does, without Kafka: a state that is spoilt is dropped and read again."""
    suspects = PoisonPills(_PARTITION)
    while True:
        processor = _Watched(stage.processor(), faults)
        out = KafkaOutbox(stage.name, "test", _PARTITION)
        sys.setprofile(faults)
        try:
            for piece in suspects.pieces(list(records)):
                suspects.process(processor, piece, out)
            faults.at(-1)  # no record is decided on any more
            while not suspects.flush(out, len(records)):
                pass
        except (PoisonPillError, MemoryError):
            continue
        finally:
            sys.setprofile(None)
        return out


def _without_wall_clock(out: KafkaOutbox) -> dict[str, list[Any]]:
    """The records by topic; of the state, which suspects write more often, what decides of each key's last record."""
    written: dict[str, list[Any]] = {
        topic: [(row.key, row.value, row.timestamp) for row in rows]
        for topic, rows in out.records.items()
        if "deadletters" not in topic
    }
    last = {
        key: None if value is None else deciding(decode_seen(value))
        for key, value, _ in written.get("test.seen", ())
    }
    return written | {"test.seen": sorted(last.items())}


def _sightings(choices: Sequence[tuple[int, int, str]]) -> list[RawRecord]:
    made = [
        sighting(_TEXTS[which], at=START + step * 40 * MINUTE, source=source)
        for which, step, source in choices
    ]
    return [_raw(record) for record in made]


def _raw(record: EventRecord) -> RawRecord:
    assert record.value is not None
    return RawRecord(record.key, encode(record.value), record.timestamp, list(record.headers))


def _headlines(choices: Sequence[tuple[int, int, str]]) -> list[RawRecord]:
    made: list[RawRecord] = []
    for record in _sightings(choices):
        shown = msgspec.json.decode(record.value or b"", type=Sighting)
        headline = Headline(**asdict(shown), chain=shown.id)
        made.append(replace(record, value=encode(headline), headers=[]))
    return made


_CHOICES = st.lists(
    st.tuples(
        st.integers(0, len(_TEXTS) - 1),
        st.integers(0, 60) | st.integers(120, 150) | st.just(20_000),
        st.sampled_from(["akhbar", "sahafa", "khabar"]),
    ),
    min_size=1,
    max_size=40,
)


@pytest.mark.parametrize(("stage", "make"), [(DEDUPLICATE, _sightings), (CATEGORIZE, _headlines)])
@settings(max_examples=30)
@given(choices=_CHOICES, data=st.data())
def test_an_exception_anywhere_costs_its_record_and_nothing_else(
    stage: Stage,
    make: Callable[[Sequence[tuple[int, int, str]]], list[RawRecord]],
    choices: list[tuple[int, int, str]],
    data: st.DataObject,
) -> None:
    """Outputs and state are those of a run in which the record never came; it is a dead letter with its trace."""
    records = [_Placed(record, offset) for offset, record in enumerate(make(choices))]
    victim = data.draw(st.integers(0, len(records) - 1))
    faults = _Faults(victim, data.draw(st.integers(1, 40)))
    out = _run(stage, records, faults)
    letters = out.records["test.deadletters"]
    assert len(letters) == faults.raised
    if not faults.raised:
        return
    headers = dict(letters[0].headers)
    assert headers["ticker.error.offset"] == str(victim).encode()
    assert b"MemoryError: no more of anything" in headers["ticker.error.stacktrace"]
    assert (letters[0].key, letters[0].value) == (records[victim].key, records[victim].value)
    others = [record for record in records if record.offset != victim]
    whole = _run(stage, others, _Faults(-2, 0))
    assert _without_wall_clock(out) == _without_wall_clock(whole)
    assert out.counts == whole.counts
    assert [(kind.reason, letters) for kind, letters in out.dead_letters.items()] == [("MemoryError", 1)]


class _Storing(Processor):
    """Stores each record's key; encoding what is stored of one key raises."""

    def restore(self, records: Any) -> None:
        """Nothing is remembered."""

    def process(self, records: Sequence[Any], out: Any) -> None:
        for record in records:
            out.store(SEEN, record.key, self._row, record.timestamp)

    def _row(self, key: bytes) -> bytes:
        if key == b"3":
            raise ValueError("not this one")
        return b"row of " + key


def test_a_state_that_cannot_be_encoded_costs_its_record() -> None:
    """It is encoded when the transaction ends, and it is found all the same which record it is of."""
    suspects = PoisonPills(_PARTITION)
    records = [_Placed(RawRecord(b"%d" % number, b"", START, []), number) for number in range(6)]
    raised: list[type[Exception]] = []
    while True:
        out = KafkaOutbox("deduplicate", "test", _PARTITION)
        try:
            for piece in suspects.pieces(records):
                suspects.process(_Storing(), piece, out)
            while not suspects.flush(out, len(records)):
                pass
        except (PoisonPillError, ValueError) as error:
            raised.append(type(error))
        else:
            break
    assert raised == [ValueError, PoisonPillError]
    assert [letter.key for letter in out.records["test.deadletters"]] == [b"3"]
    assert [row.value for row in out.records["test.seen"]] == [b"row of %d" % n for n in (0, 1, 2, 4, 5)]


def test_what_is_raised_may_be_unable_to_say_what_it_is() -> None:
    """A dead letter is made of any exception, and of any headers."""

    class UnspeakableError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not even that")

    headers: list[Any] = [("ticker.error.attempt", b"9" * 5000), ("x", None), ("\udcff", b"")]
    record = RawRecord(b"k", b"v", START, headers)
    out = KafkaOutbox("deduplicate", "test", _PARTITION)
    out.reject(_Placed(record, 7), UnspeakableError())
    [letter] = out.records["test.deadletters"]
    assert ("ticker.error.message", b"(RuntimeError where the error was asked what it is)") in letter.headers
