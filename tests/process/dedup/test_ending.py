"""Which live headlines end next."""

from unittest import mock

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from streams.process.dedup import ending as module
from streams.process.dedup.ending import Ending
from streams.process.dedup.event_time import BUCKET_MS

KEYS = [b"%x%d" % (digit, number) for digit in (1, 2) for number in range(4)]


class _Headline(Struct, eq=False):
    key: bytes
    bucket_end: int


@given(st.lists(st.tuples(st.sampled_from(KEYS), st.integers(0, 3)), max_size=60), st.integers(0, 4))
def test_headlines_end_by_bucket_then_by_key(steps: list[tuple[bytes, int]], before: int) -> None:
    """However they moved, there and back too, and whatever ended and came again meanwhile."""
    live: dict[bytes, _Headline] = {}
    ending: Ending[_Headline] = Ending(live)
    with mock.patch.object(module, "_FEW", 2):
        for key, bucket in steps:
            end = bucket * BUCKET_MS
            if bucket == 0:
                if key in live:
                    ending.remove(live.pop(key))
            elif key in live:
                ending.move(live[key], end)
            else:
                live[key] = _Headline(key, end)
                ending.add(live[key])
    assert sum(len(shard.keys) for shard in ending._shards.values()) <= 4 * len(live) + 2 * len(
        ending._shards
    )
    due = sorted(
        (each.bucket_end, each.key) for each in live.values() if each.bucket_end < before * BUCKET_MS
    )
    left = []
    while (headline := ending.first(before * BUCKET_MS)) is not None:
        left.append((headline.bucket_end, headline.key))
        ending.remove(headline)
        del live[headline.key]
    assert left == due
