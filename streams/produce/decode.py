"""Bytes of a page to text: what the page declares, or what its bytes say, and never binary data.

UTF-8 is tried first, as nothing else passes for it by chance. The legacy encodings of Arabic pages are told
apart by where each places the commonest letters.
"""

import codecs
import re
from typing import Final

from streams.errors import InputError

MAX_BYTES: Final = 16 * 1024 * 1024
"""The largest page that is read: far beyond any page, little enough for memory."""

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""UTF-32 before UTF-16: the little-endian mark of one begins with that of the other."""

_BINARY: Final = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "a RIFF file (WebP, audio)"),
    (b"PK\x03\x04", "a zip archive (or an office document)"),
    (b"%PDF-", "a PDF document"),
    (b"\x1f\x8b", "gzip data; decompress it first"),
    (b"\x28\xb5\x2f\xfd", "zstd data; decompress it first"),
)

_DECLARED: Final = re.compile(
    rb"""<(?:meta\b[^>]{0,500}?\bcharset|\?xml\b[^>]{0,500}?\bencoding)\s*=\s*["']?\s*([\w.:-]{2,40})""",
    re.IGNORECASE,
)
_DECLARED_WITHIN: Final = 4_096
"""Bytes in which a declaration counts; HTML asks for 1,024, which not every page keeps."""

_KNOWN: Final = re.compile(
    r"utf-?8|(?:windows|cp)-?12(?:5\d)|iso-?8859-?\d+|latin-?1|us-ascii|koi8-[ru]|gb\d+|gbk|big5|euc-\w+|shift_jis",
    re.IGNORECASE,
)
"""Encodings that a page may declare: text only, none that can make lone surrogates."""

_SAMPLE: Final = 65_536
_HIGH: Final = re.compile(rb"[\x80-\xff]+")
_CONTROLS: Final = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CONTROL_SHARE: Final = 0.01
_WORD_SHARE: Final = 0.6
"""The share of high bytes that stand beside another from which whole words are in another script."""
_ARABIC: Final = {encoding: tuple("اليرمونتةب".encode(encoding)) for encoding in ("cp1256", "iso8859-6")}
"""The ten commonest letters of Arabic headlines, as bytes: the two encodings place most of them apart."""
_ARABIC_SHARE: Final = 0.5
"""The share of high bytes that these letters make: .67 in Arabic, .11 to .28 in Cyrillic read as such."""
_OTHER_SCRIPTS: Final = ["cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1250"]
_WIDE_SHARE: Final = 0.9
_WIDE_BLOCKS: Final = (0x00, 0x04, 0x06, 0x20, 0xFB, 0xFE)
"""High bytes in UTF-16 of Latin, Cyrillic and Arabic text and its punctuation."""


def decode(data: bytes, place: str) -> str:
    """The text of a page.

    A character cut off at the end, or damaged within a page that is otherwise in its encoding, becomes
    U+FFFD. The text holds no lone surrogate and no byte order mark.

    Args:
        data: The page as read, at most MAX_BYTES.
        place: Where it is from, for errors.

    Raises:
        InputError: Binary data, an unknown encoding, or more than MAX_BYTES.
    """
    if len(data) > MAX_BYTES:
        raise InputError(place, f"more than {MAX_BYTES // 1024**2} MiB; give the page that shows the strip")
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _checked(data[len(mark) :].decode(encoding, "replace"), place)
    for magic, kind in _BINARY:
        if data.startswith(magic):
            raise InputError(place, f"{kind}, not text")
    return _checked(data.decode(_encoding(data, place), "replace"), place)


def _checked(text: str, place: str) -> str:
    """Refuse text that is mostly control characters: binary data that happened to decode."""
    if len(_CONTROLS.findall(text[:_SAMPLE])) > _CONTROL_SHARE * len(text[:_SAMPLE]):
        raise InputError(place, "binary data, not text")
    return text


def _encoding(data: bytes, place: str) -> str:
    if b"\0" in data[:_SAMPLE] and (wide := _wide(data[:_SAMPLE])):
        return wide
    if _is_utf8(data):
        return "utf-8"
    declared = _DECLARED.search(data[:_DECLARED_WITHIN])
    if declared and (encoding := _declared(declared[1].decode("ascii", "replace"))):
        return encoding
    return _detected(data[:_SAMPLE], place)


def _wide(sample: bytes) -> str | None:
    """UTF-16 without a mark: the high bytes are of few blocks."""
    for encoding, high in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
        if sum(map(high.count, _WIDE_BLOCKS)) >= _WIDE_SHARE * len(high):
            low = sample[::2] if encoding == "utf-16-le" else sample[1::2]
            if low.count(0) < len(low) - _WIDE_SHARE * len(low):
                return encoding
    return None


def _is_utf8(data: bytes) -> bool:
    """Whether it is UTF-8, but for a character cut off at the end."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True


def _declared(label: str) -> str | None:
    """Python's name for a declared encoding, as browsers read it: Latin 1 is Windows-1252."""
    if not _KNOWN.fullmatch(label):
        return None
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return None
    return "cp1252" if name in {"iso8859-1", "ascii"} else name


def _detected(sample: bytes, place: str) -> str:
    """A legacy encoding by what its high bytes make: whole words (Arabic and others) or single accents."""
    runs = _HIGH.findall(sample)
    high = sum(map(len, runs))
    words = sum(len(run) for run in runs if len(run) > 1)
    if words < _WORD_SHARE * high:
        return "cp1252"
    letters = {encoding: sum(map(sample.count, common)) for encoding, common in _ARABIC.items()}
    likely = max(letters, key=lambda encoding: letters[encoding])
    if letters[likely] >= _ARABIC_SHARE * high:
        return likely
    if _mostly_utf8(sample):
        return "utf-8"
    from charset_normalizer import from_bytes  # noqa: PLC0415 (30 ms to import, seldom needed)

    best = from_bytes(sample, cp_isolation=_OTHER_SCRIPTS).best()
    if best is None:
        raise InputError(place, "an unknown encoding; save the page as UTF-8")
    return best.encoding


def _mostly_utf8(sample: bytes) -> bool:
    """UTF-8 with a few damaged characters."""
    text = sample.decode("utf-8", "replace")
    beyond_ascii = sum(not character.isascii() for character in text)
    return text.count("\ufffd") < (1 - _WIDE_SHARE) * beyond_ascii
