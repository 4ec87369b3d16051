"""What is much is done in steps, and no step changes a decision."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from streams.process.dedup import chains, near
from streams.process.dedup.deduplicator import Deduplicator
from streams.process.dedup.headline import LiveHeadline, live_headline
from streams.process.dedup.live import LiveHeadlines
from streams.process.dedup.near import Indexed, NearIndex
from streams.process.dedup.slots import Slots
from streams.process.dedup.texts import pack
from streams.process.fold import fold, fold_key
from streams.stage import EventRecord
from tests.support import HOUR, START, KeepingOutbox, Written, sighting

CRASH = "{} dead in bus crash near Ouarzazate"
NEWS = [
    f"The {what} of Azrou {does}" for what in ("bakery", "museum") for does in ("opens", "closes", "burns")
]
SIGHTINGS = st.lists(
    st.builds(
        sighting,
        st.sampled_from([*NEWS, *(CRASH.format(dead) for dead in (3, 5, 17))]),
        at=st.integers(0, 60).map(lambda step: START + step * 5 * HOUR),
        source=st.sampled_from(["akhbar", "sahafa", "rasd"]),
    ),
    max_size=40,
)


def written(records: Sequence[EventRecord], sizes: Iterator[int], steps: int) -> list[Written]:
    """What is written where records come in pieces, with a restart before each that is prepared by so many steps."""
    before: list[Written] = []
    out = KeepingOutbox()
    waiting = iter(records)
    while piece := list(islice(waiting, next(sizes))):
        restored = Deduplicator()
        rows = KeepingOutbox()
        rows.written = before
        restored.restore(rows.state_log())
        for _ in islice(restored.prepare(), steps):
            pass
        out = KeepingOutbox()
        restored.process(piece, out)
        before += out.written
    return before


@given(SIGHTINGS, st.lists(st.integers(1, 9), min_size=40, max_size=40), st.integers(0, 3))
def test_pieces_and_steps_decide_nothing(records: list[EventRecord], sizes: list[int], steps: int) -> None:
    """However many records are decided on together, and however far a restart had got ready before the next."""
    whole = KeepingOutbox()
    Deduplicator().process(records, whole)
    with (
        mock.patch.object(chains, "_AT_ONCE", 2),
        mock.patch.multiple(near, _PACKED_AT_ONCE=1, _ADDED_AT_ONCE=2),
    ):
        apart = written(records, iter(sizes), steps)
    assert [each for each in apart if each.topic != "seen"] == [
        each for each in whole.written if each.topic != "seen"
    ]


class _Counting(Slots[Indexed]):
    """Live slots that count how many of them are asked for."""

    asked = 0

    def live(self, slots: Iterable[int]) -> Iterator[int]:
        for slot in slots:
            self.asked += 1
            yield from super().live([slot])


def test_a_headline_that_leaves_packs_a_few_slots() -> None:
    """However many headlines share a word: a posting of a million would take a tenth of a second at once."""
    index: NearIndex[Indexed] = NearIndex("en")
    live = index._live = _Counting()
    headlines = []
    for number in range(9_000):
        folded = fold(f"Harbour report {number}")
        headlines.append(Indexed(key=fold_key(folded), texts=pack(folded=folded, text=folded)))
        index.add(headlines[-1])
    longest = 0
    for headline in headlines[:-1]:
        before = live.asked
        index.remove(headline)
        longest = max(longest, live.asked - before)
    postings = index._words._by_stem
    assert longest <= 3 * near._PACKED_AT_ONCE
    assert postings["harbour"].live == 1
    assert len(postings["harbour"]) <= 2 * near._PACKED_AT_ONCE
    found = index.find(fold("Harbour report 8999"), "Harbour report 8999")
    assert found is not None


ANY_TIMES = st.lists(
    st.builds(
        sighting,
        st.sampled_from([*NEWS, "Weather today", CRASH.format(3)]),
        at=st.one_of(st.integers(-80, 80), st.integers(-900, 900)).map(lambda hours: START + hours * HOUR),
        source=st.sampled_from(["akhbar", "sahafa"]),
    ),
    max_size=60,
)


@given(ANY_TIMES)
def test_the_short_way_decides_as_the_long_one(records: list[EventRecord]) -> None:
    """Sightings at plain times are counted without asking whether their times are doubted, and without a vote."""
    short, long = KeepingOutbox(), KeepingOutbox()
    Deduplicator().process(records, short)
    with mock.patch.object(LiveHeadlines, "plain", (0, 0)):
        Deduplicator().process(records, long)
    assert short.written == long.written
    assert short.counts == long.counts


def _shown(key: bytes, at: int) -> LiveHeadline:
    text = f"The bakery of {key.decode()} opens"
    return live_headline(
        key=key,
        folded=fold(text),
        text=text,
        id=f"{key.decode()}-0",
        language="en",
        first_seen=at,
        last_seen=at,
        sightings=1,
        sources=("akhbar",),
        root=None,
    )


@given(
    st.sets(st.integers(10, 99), min_size=2, max_size=9),
    st.lists(st.tuples(st.integers(10, 99), st.sampled_from([0, 0, 1])), max_size=6),
    st.integers(0, 6),
)
def test_a_headline_that_comes_late_ends_in_its_turn(
    together: set[int], late: list[tuple[int, int]], ended: int
) -> None:
    """Of those that end together some have left when others come, as late or later: the order is the same."""
    live = LiveHeadlines(window=72 * HOUR)
    for number in together:
        live.add(_shown(b"a%d" % number, START))
    live.add(_shown(b"now", START + 90 * HOUR))
    for _ in range(ended):
        if (headline := live.next_ended()) is not None:
            live.end(headline)
    for number, hours in late:
        if b"a%d" % number not in live.by_key:
            live.add(_shown(b"a%d" % number, START - hours * HOUR))
    waiting = sorted((each.bucket_end, each.key) for each in live if each.key != b"now")
    left = []
    while (headline := live.next_ended()) is not None:
        left.append((headline.bucket_end, headline.key))
        live.end(headline)
    assert left == waiting
