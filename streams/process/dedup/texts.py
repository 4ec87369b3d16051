"""The texts of a live headline packed in one bytes object: fold, text, id and chain, as in its changelog record.

As four Python strings they would take 400 bytes (two bytes per Arabic letter, and 72 per string), and 300 more once
they were written (each string caches its UTF-8); packed they take 270. They are needed only when a headline is written,
compared or ended, which is rare compared with its sightings; and a restore copies them without decoding.

The layout is four lines, each a JSON string or `null`. Lines contain no line break, because JSON escapes it.
"""

import re
from collections.abc import Collection, Sequence
from typing import Final, Protocol

import msgspec
from msgspec import Raw

from schemas.events import MAX_TEXT

_encode_lines: Final = msgspec.json.Encoder().encode_lines
_decode: Final = msgspec.json.Decoder(str).decode
_ID: Final = re.compile(rb'"[0-9a-f]{20}-[0-9]+"').fullmatch
_PIECES: Final = re.compile(
    rb"""(?: "[^\n]*" \n (?: "[^\n]*" | null ) \n "[0-9a-f]{20}-[0-9]+" \n (?: null | "[0-9a-f]{20}-[0-9]+" ) \n )*""",
    re.VERBOSE,
).fullmatch
"""Matches pieces of packed texts, a line break after each."""
_NULL: Final = b"null"
_NO_CHAIN: Final = b"\nnull"
NONE: Final = Raw(_NULL)
"""The line of an absent text."""
_EMPTY: Final = Raw(b'""')
_QUOTE: Final = ord('"')


def pack(*, folded: str, text: str, id: str = "", root: str | None = None) -> bytes:  # noqa: A002 (the event's word)
    """Pack texts.

    Args:
        folded: The text folded.
        text: The text.
        id: The headline's id.
        root: The id of the first headline of its chain; None if that is this headline.
    """
    lines = _encode_lines((folded, None if text == folded else text, id, root))
    return lines[:-1]  # without the last line break, and not in a buffer of a kilobyte as msgspec leaves it


def pack_raw(*, folded: Raw, text: Raw, id: Raw, root: Raw) -> bytes:  # noqa: A002
    """Pack the raw texts of a changelog record.

    Raises:
        ValueError: A text is not a UTF-8 string or is too long, or the id is not one.
    """
    is_folded = text == folded
    texts = b"\n".join((folded, NONE if is_folded else text, id, root))
    second = texts.index(b"\n") + 1
    third = texts.index(b"\n", second) + 1
    if not texts[0] == texts[third] == _QUOTE or not (is_folded or texts[second] == _QUOTE):
        raise ValueError("its texts are no strings")
    for each in (id,) if root == NONE else (id, root):
        if _ID(each) is None:
            raise ValueError(f"{bytes(each)!r} is no id")
    if text == _EMPTY:
        raise ValueError("its text is empty")
    texts.decode()
    if len(texts) > MAX_TEXT and len(text_of(texts)) > MAX_TEXT:
        raise ValueError(f"its text is longer than {MAX_TEXT:,} characters")
    return texts


class RawTexts(Protocol):
    """A changelog record with its texts as raw JSON."""

    @property
    def folded(self) -> Raw:
        """The text folded."""

    @property
    def text(self) -> Raw:
        """The text."""

    @property
    def id(self) -> Raw:
        """The headline's id."""

    @property
    def root(self) -> Raw:
        """The id of the first headline of its chain, or `NONE`."""


def pack_together(rows: Collection[RawTexts]) -> list[bytes] | None:
    """Pack the texts of several changelog records and check them together, in half of the time of `pack_raw` for each.

    None if one of them may be invalid: `pack_raw` tells.
    """
    texts = [row.text for row in rows]
    pieces = [
        b"\n".join((row.folded, NONE if text == row.folded else text, row.id, row.root))
        for row, text in zip(rows, texts, strict=True)
    ]
    together = b"\n".join((*pieces, b""))
    try:
        together.decode()
    except UnicodeDecodeError:
        return None
    is_valid = (
        _PIECES(together) is not None
        and NONE not in texts
        and _EMPTY not in texts
        and max(map(len, pieces), default=0) <= MAX_TEXT
    )
    return pieces if is_valid else None


def read_raw(text: Raw) -> str:
    """Decode a raw text of a changelog record.

    Raises:
        DecodeError: The text is not a string.
    """
    return _decode(text)


def raw(text: str) -> Raw:
    """Encode a text as in a changelog record."""
    return Raw(msgspec.json.encode(text))


def raw_texts(texts: bytes) -> tuple[Raw, Raw, Raw, Raw]:
    """Fold, text, id and chain as they stand in a changelog record; the chain is `NONE` where it is that itself."""
    folded, text, id, root = texts.split(b"\n")  # noqa: A001
    return (
        Raw(folded),
        Raw(folded if text == _NULL else text),
        Raw(id),
        NONE if root == _NULL else Raw(root),
    )


def folded_of(texts: bytes) -> str:
    """The text folded."""
    return _decode(texts[: texts.index(b"\n")])


def folded_lines(pieces: Sequence[bytes]) -> bytes:
    """The folded texts in several pieces, as lines of UTF-8."""
    lines = b"\n".join([texts[1 : texts.index(b"\n") - 1] for texts in pieces])
    if b"\\" in lines:
        return "\n".join(map(folded_of, pieces)).encode()
    return lines


def text_of(texts: bytes) -> str:
    """The text."""
    folded, text, *_ = texts.split(b"\n")
    return _decode(folded if text == _NULL else text)


def id_of(texts: bytes) -> str:
    """The headline's id."""
    return _decode(texts.split(b"\n")[2])


def root_of(texts: bytes) -> str | None:
    """The id of the first headline of its chain; None where it is that itself."""
    return None if texts.endswith(_NO_CHAIN) else _decode(texts.split(b"\n")[3])
