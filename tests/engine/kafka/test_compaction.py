"""What is restored of a state topic is what log compaction would leave."""

from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from streams.engine.kafka import compaction
from streams.engine.kafka.compaction import LatestByKey
from tests.support import raw_record

LOGS = st.lists(
    st.lists(
        st.builds(raw_record, st.sampled_from([b"a", b"b", b"c", b"d"]), st.sampled_from([None, b"1", b"2"]))
    )
)


@given(LOGS, st.integers(1, 5), st.integers(1, 3))
def test_the_last_record_of_each_key_is_left_in_order(
    log: list[list[object]], keys: int, at_once: int
) -> None:
    """However many keys are collected at a time, the state is the same as after taking every record in turn."""
    whole: dict[object, object] = {}
    left: dict[object, object] = {}
    given_on = 0

    def take(into: dict[object, object], record: object) -> None:
        into.pop(record.key, None)  # type: ignore[attr-defined]
        if record.value is not None:  # type: ignore[attr-defined]
            into[record.key] = record.value  # type: ignore[attr-defined]

    waiting = LatestByKey()
    with mock.patch.object(compaction, "_KEYS", keys), mock.patch.object(compaction, "_AT_ONCE", at_once):
        for records in [*log, []]:
            for record in records:
                take(whole, record)
            waiting.add(records)
            if waiting.is_full or not records:
                for piece in waiting.pieces():
                    assert 0 < len(piece) <= at_once
                    given_on += len(piece)
                    for record in piece:
                        take(left, record)
        for piece in waiting.pieces():
            for record in piece:
                take(left, record)
    assert list(left.items()) == list(whole.items())


def test_what_was_overwritten_or_forgotten_is_not_restored() -> None:
    """One record is left of a headline that was written in every bucket, and none of one that has ended."""
    waiting = LatestByKey()
    waiting.add([raw_record(b"live", b"%d" % number) for number in range(100)])
    waiting.add([raw_record(b"ended", b"1"), raw_record(b"ended", None)])
    [piece] = waiting.pieces()
    assert [record.value for record in piece] == [b"99"]
    waiting.add([raw_record(b"live", None)])
    [piece] = waiting.pieces()
    assert [record.key for record in piece] == [b"live"]
