"""How numbers of things are said."""

import pytest

from streams.counted import counted


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 strips"), (1, "1 strip"), (2, "2 strips"), (12_000, "12,000 strips")],
)
def test_one_is_singular(number: int, said: str) -> None:
    """And nothing else is."""
    assert counted(number, "strip") == said


def test_a_plural_of_its_own_is_given() -> None:
    """Where an s would be wrong, or a verb goes along."""
    assert counted(2, "entry", "entries") == "2 entries"
    assert counted(1, "topic is", "topics are") == "1 topic is"
