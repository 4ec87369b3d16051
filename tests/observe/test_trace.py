"""The trace that a strip begins."""

import re

from hypothesis import given
from hypothesis import strategies as st

from streams.observe.trace import traceparent

STRIP_IDS = st.from_regex(r"[0-9a-f]{20}", fullmatch=True)


@given(STRIP_IDS)
def test_it_is_a_w3c_traceparent(strip_id: str) -> None:
    """Version 00, a trace id and a span id that are not all zeros, sampled."""
    match = re.fullmatch(r"00-([0-9a-f]{32})-([0-9a-f]{16})-01", traceparent(strip_id))
    assert match is not None
    assert int(match[1], 16) > 0
    assert int(match[2], 16) > 0


@given(STRIP_IDS, STRIP_IDS)
def test_strips_have_their_own(one: str, other: str) -> None:
    """The same strip always has the same trace, another strip another."""
    assert (traceparent(one) == traceparent(other)) == (one == other)
