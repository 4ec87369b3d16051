"""What is live, by number."""

from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from streams.process.dedup import slots
from streams.process.dedup.slots import Slots


@given(st.lists(st.integers(1, 9) | st.integers(-200, -1), max_size=60))
def test_numbers_find_what_they_were_given_to_until_it_goes(steps: list[int]) -> None:
    """Some come, as many as a step says, or one goes: always as a dictionary would have it, and no page stays empty."""
    live: Slots[str] = Slots()
    expected: dict[int, str] = {}
    with mock.patch.multiple(slots, _BITS=2, _PAGE=4):
        for step in steps:
            if step > 0:
                coming = [f"headline {live.next + number}" for number in range(step)]
                expected |= dict(enumerate(coming, live.next))
                live.extend(coming)
            elif expected:
                gone = list(expected)[step % len(expected)]
                del expected[gone]
                live.remove(gone)
        assert {slot: live.get(slot) for slot in live.live(range(live.next))} == expected
        assert list(live) == list(expected.values())
        assert len(live) == len(expected)
        assert len(live._pages) <= len(expected) + 1
