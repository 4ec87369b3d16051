"""A state that is read back: however many records come at once, it is the same."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.events import SeenHeadline, encode
from schemas.instants import format_instant
from streams.process.dedup.deduplicator import DEFAULT_WINDOW_MS
from streams.process.dedup.live import LiveHeadlines
from streams.process.fold import FOLD_VERSION, fold, fold_key
from streams.stage import RawRecord
from tests.support import MINUTE, START, raw_record

TEXTS = ("Ferry sinks off the cape", "Orchards bloom early this year", "وزير الطاقة يستقيل من منصبه")
OLD_KEYS = (b"00000000000000000000000000000001", b"00000000000000000000000000000002")
KEYS = (*(fold_key(fold(text)) for text in TEXTS), *OLD_KEYS)


@st.composite
def records(draw: st.DrawFn) -> RawRecord:
    """A headline of this fold or an older one, an alias or a tombstone, in any order."""
    kind = draw(st.sampled_from(["headline", "headline", "old", "alias", "tombstone"]))
    key = draw(st.sampled_from(KEYS[1:] if kind == "alias" else KEYS))
    if kind == "tombstone":
        return raw_record(key, None)
    text = TEXTS[KEYS.index(key)] if key not in OLD_KEYS else draw(st.sampled_from(TEXTS))
    seen = format_instant(START + draw(st.integers(0, 3)) * 7 * MINUTE)
    row = SeenHeadline(
        id=f"0011223344556677889{draw(st.integers(0, 2))}-0",
        text=text,
        language="ar" if text == TEXTS[-1] else "en",
        first_seen=format_instant(START),
        last_seen=seen,
        sightings=draw(st.integers(1, 3)),
        sources=("akhbar",),
        alias_of=KEYS[0].decode() if kind == "alias" else None,
        root="ffeeddccbbaa99887766-0" if draw(st.booleans()) else None,
        folded=None if kind == "old" else fold(text),
        fold=1 if kind == "old" else FOLD_VERSION,
    )
    return raw_record(key, encode(row))


def state(pieces: Sequence[Sequence[RawRecord]]) -> dict[str, Any]:
    """All that decisions depend on (not the order of aliases), after these pieces were restored one after another."""
    headlines = LiveHeadlines(DEFAULT_WINDOW_MS)
    for piece in pieces:
        headlines.restore(piece)
    headlines.settle()
    return {
        "keys": {
            key: (
                each.key,
                each.texts,
                each.last_seen,
                each.sightings,
                each.sources,
                sorted(each.aliases),
                each.fold,
            )
            for key, each in headlines.by_key.items()
        },
        "order": [each.key for each in headlines],
        "orphans": headlines._orphans,
        "refolded": headlines._refolded,
        "now": headlines.now,
        "ending": {end: sorted(headlines._ending.keys(end)) for end in headlines._ending},
        "found": [
            found and (found[0].key, found[1])
            for text, language in zip(TEXTS, ("en", "en", "ar"), strict=True)
            for found in [headlines.find(fold(text), text, language, oldest=0, but=None)]
        ],
    }


@given(st.lists(records(), max_size=14))
def test_records_that_are_restored_together_are_restored_one_after_another(log: list[RawRecord]) -> None:
    """Whatever the pieces are in which a state is read."""
    assert state([log]) == state([[record] for record in log])
