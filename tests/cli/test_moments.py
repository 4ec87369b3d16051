"""Moments on the command line: times, and so long ago, within the limits of events."""

import pytest

from schemas.instants import LATEST
from streams.cli.moments import parse_moment
from streams.errors import SettingsError


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "1969-12-31T23:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_time_that_no_event_has_is_refused(text: str) -> None:
    """Kafka takes no time before 1970; the message names the flag and what is allowed."""
    with pytest.raises(
        SettingsError, match=r"--since: '.*' is no moment that events can carry; allowed: 1970"
    ):
        parse_moment("--since", text)


def test_so_long_ago_that_nothing_was_is_the_beginning() -> None:
    """`--since 9999w` asks for everything."""
    assert parse_moment("--since", "9999w") == 0
    assert parse_moment("--until", "9999-12-30T23:59:59.999Z") == LATEST
