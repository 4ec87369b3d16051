"""The name that was probably meant."""

from streams.closest import closest


def test_the_closest_name_is_found_whatever_its_case() -> None:
    """A letter that is missing, doubled or large does not hide what was meant."""
    names = ["serve", "sources", "Hill-Paper"]
    assert closest("SERVE", names) == "serve"
    assert closest("srouces", names) == "sources"
    assert closest("hill paper", names) == "Hill-Paper"


def test_nothing_is_suggested_where_no_name_is_like_it() -> None:
    """A suggestion that has nothing of what was typed would mislead."""
    assert closest("worker", ["serve", "sources"]) is None
    assert closest("worker", []) is None
