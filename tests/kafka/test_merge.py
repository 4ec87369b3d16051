"""The order in which records of several partitions are shown."""

from typing import NamedTuple

from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.merge import Merge


class Fetched(NamedTuple):
    """A record, as far as the order goes."""

    timestamp: int
    partition: int


PLACES = [TopicPartition("t", number) for number in range(3)]
HISTORIES = st.lists(st.lists(st.integers(0, 50).map(float), max_size=12).map(sorted), min_size=3, max_size=3)


@given(HISTORIES, st.data())
def test_a_history_comes_in_the_order_of_time_however_it_is_fetched(
    histories: list[list[int]], data: st.DataObject
) -> None:
    """A partition that is slow to fetch holds the others back; nothing is lost, nothing comes twice."""
    left = {
        place: [Fetched(ms, place.partition) for ms in history]
        for place, history in zip(PLACES, histories, strict=True)
    }
    merge = Merge(PLACES)
    shown: list[Fetched] = []
    while merge.pending:
        place = data.draw(st.sampled_from(sorted(merge.pending)))
        count = data.draw(st.integers(0, 5))
        merge.add(place, left[place][:count])
        left[place] = left[place][count:]
        if not left[place]:
            merge.finish(place)
        shown += merge.ready()
    assert shown == sorted((Fetched(ms, n) for n, history in enumerate(histories) for ms in history))


def test_a_partition_keeps_its_own_order() -> None:
    """A late record stands behind the one that Kafka has before it, and holds nobody up."""
    merge = Merge(PLACES[:2])
    merge.add(PLACES[0], [Fetched(10, 0), Fetched(3, 0), Fetched(11, 0)])
    merge.add(PLACES[1], [Fetched(10, 1), Fetched(12, 1)])
    for place in PLACES[:2]:
        merge.finish(place)
    assert [record.timestamp for record in merge.ready()] == [10, 3, 10, 11, 12]


def test_what_comes_later_is_shown_as_it_comes() -> None:
    """Once the past is told nobody waits for a partition that is quiet."""
    merge = Merge([])
    merge.add(PLACES[1], [Fetched(5, 1)])
    assert [record.timestamp for record in merge.ready()] == [5]
    merge.add(PLACES[0], [Fetched(4, 0)])
    assert [record.timestamp for record in merge.ready()] == [4]
