"""A live headline's texts in one piece."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import MAX_TEXT, SeenHeadline, encode
from streams.errors import RecordError
from streams.process.dedup.deduplicator import Deduplicator
from streams.process.dedup.headline import read_row
from streams.process.dedup.texts import (
    folded_lines,
    folded_of,
    id_of,
    pack,
    pack_raw,
    pack_together,
    root_of,
    text_of,
)
from streams.process.fold import FOLD_VERSION, fold
from streams.stage import RawRecord

ID = "00112233445566778899-7"
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["Le ministre de l'Énergie démissionne", "وزير الطاقة يستقيل", 'He said "no",\nthen left \\', "\0"]
)


@given(ANY_TEXT, ANY_TEXT, st.none() | st.just("ffeeddccbbaa99887766-0"))
def test_every_text_comes_back(text: str, folded: str, root: str | None) -> None:
    """Whatever is in them, and whether or not the fold says the same as the text."""
    texts = pack(folded=folded, text=text, id=ID, root=root)
    assert (folded_of(texts), text_of(texts), id_of(texts), root_of(texts)) == (folded, text, ID, root)
    assert folded_lines([texts, texts]) == f"{folded}\n{folded}".encode()


@given(ANY_TEXT.filter(bool), st.none() | st.just("ffeeddccbbaa99887766-0"))
def test_a_changelog_record_has_them_as_they_are_kept(text: str, root: str | None) -> None:
    """So a restart takes them over without reading them."""
    folded = fold(text)
    row = read_row(encode(_seen(text, folded=folded, root=root)))
    taken = pack_raw(folded=row.folded, text=row.text, id=row.id, root=row.root)
    assert taken == pack(folded=folded, text=text, id=ID, root=root)
    assert pack_together([row, row]) in ([taken, taken], None)


@pytest.mark.parametrize("field", ["id", "text", "folded"])
@pytest.mark.parametrize("value", [7, None, ["Ferry sinks"], {"text": "Ferry sinks"}])
def test_a_record_whose_texts_are_none_is_refused(field: str, value: object) -> None:
    """A state that was not written by a worker is not decided on: the error names the record."""
    row = msgspec.to_builtins(_seen("Ferry sinks", folded="ferry sinks")) | {field: value}
    with pytest.raises(RecordError, match="b'key' cannot be read"):
        Deduplicator().restore([RawRecord(b"key", msgspec.json.encode(row), 0, [])])


@pytest.mark.parametrize(
    ("old", "new"), [(b"ferry s", b"ferry\x90s"), (ID.encode(), ID.upper().encode() + b"V-0")]
)
def test_a_record_with_damaged_bytes_is_refused(old: bytes, new: bytes) -> None:
    """At once, and not when a decision asks for its texts: bytes that are no UTF-8, an id that is none."""
    row = encode(_seen("Ferry sinks", folded="ferry sinks"))
    with pytest.raises(RecordError, match="b'key' cannot be read"):
        Deduplicator().restore([RawRecord(b"key", row.replace(old, new), 0, [])])


def test_a_record_with_a_text_longer_than_any_headline_is_refused() -> None:
    """It would be written again, and no consumer of the state could read that."""
    row = encode(_seen("Ferry sinks", folded="ferry sinks")).replace(b"Ferry", b"F" * MAX_TEXT)
    with pytest.raises(RecordError, match="longer than 2,000 characters"):
        Deduplicator().restore([RawRecord(b"key", row, 0, [])])


def _seen(text: str, *, folded: str, root: str | None = None) -> SeenHeadline:
    return SeenHeadline(
        id=ID,
        text=text,
        language="en",
        first_seen="2026-03-11T08:00:00.000Z",
        last_seen="2026-03-11T08:00:00.000Z",
        sightings=1,
        sources=("akhbar",),
        root=root,
        folded=folded,
        fold=FOLD_VERSION,
    )
