"""Positions: the ids of events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.serve.position import furthest, log_identity, read_position, write_position

IDENTITY = log_identity("cluster", "ticker.headlines")
POSITIONS = st.lists(st.integers(0, 2**62), min_size=1, max_size=12).map(tuple)


@given(position=POSITIONS)
def test_what_is_written_is_read_again(position: tuple[int, ...]) -> None:
    """An event's id brings the reader back to where it was."""
    assert read_position(write_position(IDENTITY, position), IDENTITY, len(position)) == position


@given(one=POSITIONS, other=POSITIONS)
def test_the_furthest_of_two_is_behind_neither(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    """A reader is never sent back on any partition."""
    assert all(a >= b for a, b in zip(furthest(one, other), one, strict=False))


@pytest.mark.parametrize(
    "text", ["", "1", "x.1.2", IDENTITY, f"{IDENTITY}.1", f"{IDENTITY}.1.02", f"{IDENTITY}.1.-2", "0" * 9000]
)
def test_what_is_no_position_of_this_log_is_none(text: str) -> None:
    """Ids come from outside."""
    assert read_position(text, IDENTITY, 2) is None


def test_another_cluster_has_other_positions() -> None:
    """Offsets of a cluster that was built anew mean nothing."""
    other = log_identity("another", "ticker.headlines")
    assert read_position(write_position(other, (1, 2)), IDENTITY, 2) is None
