"""Decodes the bytes of a page to text, by its content rather than its declared encoding; refuses binary data.

UTF-8 is tried first, as no other text is valid UTF-8 by chance. Legacy encodings are detected as in Firefox
(chardetng). The declared encoding is used only if the detected one gives letters that form no words.
"""

import codecs
import re
from collections.abc import Iterator
from itertools import islice
from operator import itemgetter
from typing import Final

import webencodings

from streams.errors import InputError
from streams.produce.plain import repair, without_controls

MAX_PAGE: Final = 16 << 20
"""The largest page that is read, in bytes: far above real pages, and small enough for memory."""

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
"""Bytes in which a declaration is looked for; HTML allows 1,024, which not every page observes."""

_OLD_MACHINES: Final = re.compile(r"(?:cp|ibm)\d{3}", re.IGNORECASE)
"""Labels that the Encoding Standard no longer has."""
_UNREADABLE: Final = frozenset({"utf-16le", "utf-16be", "x-user-defined"})
"""Labels that cannot be true: a declaration that is readable as ASCII is not in UTF-16, and one is not for text."""
_WIDER: Final = {"shift_jis": "cp932", "euc-kr": "cp949", "gbk": "gb18030", "big5": "big5hkscs"}
"""Python codecs with the additional characters that browsers read under these names."""

_LEGACY: Final = ("cp720", "mac_arabic", "cp864", "mac_roman", "cp850", "cp866")
"""Encodings of DOS and old Macs, which browsers no longer detect: tried when every other gives no words."""

_SAMPLE: Final = 65_536
_CONTROLS: Final = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CONTROL_SHARE: Final = 0.01
_HIGH: Final = re.compile(rb"[\x80-\xff][A-Za-z\x80-\xff]*")
_LETTERS_BEFORE: Final = re.compile(rb"[A-Za-z]*\Z")
_LONGEST_BEGINNING: Final = 32
"""Letters of ASCII before a high byte that are taken for its word; runs of a million are pictures in base64."""
_FEW_BYTES: Final = 16
"""With fewer bytes in non-ASCII words than this, the declared encoding is tried before the detected one."""
_HIGH_WORDS: Final = 2_000
"""Words with non-ASCII bytes by which an encoding is judged."""
_UNNATURAL: Final = re.compile(
    "[\x80-\x9f\ufffd]"
    "|[A-Za-z](?![\u2018\u2019\u00b7\u00ad])[^\\W\\d_A-Za-z\xc0-\u024f\u1e00-\u1eff]"
    "|[^\\W\\d_A-Za-z\xaa\xba\xc0-\u024f\u1e00-\u1eff\u0600-\u06ff][A-Za-z]"
    "|[\xc0-\u024f][\u0621-\u064a]|[\u0621-\u064a][\xc0-\u024f]"
    "|[a-z\xdf-\xff][A-Z\xc0-\xde\u0160\u017d\u0178]"
    "|[\xc0-\xff\u0152\u0153\u0160\u0161\u0178\u017d\u017e]{4}"
    "|[^\\W\\d_][\xa1-\xa9\xac\xae-\xb4\xb6\xb8-\xbf\xd7\xf7\u02c6\u02dc\u2013-\u2017\u201a-\u203a\u20ac\u2122\u2200-\u25ff][^\\W\\d_]"
)
"""What occurs in no word: U+FFFD, letters of two scripts, a capital after a small letter, signs between letters."""
_UNNATURAL_SHARE: Final = 0.3
_LATIN: Final = frozenset(
    {"windows-1250", "windows-1254", "windows-1257", "windows-1258", "ISO-8859-2", "ISO-8859-4"}
)
"""Encodings that the detector gives for short French texts that are really in Windows-1252."""
_FRENCH: Final = (
    bytes(range(0x80)) + "àâçèéêëîïôùûÀÇÉÈÊÎŒœ«»’‘“”–—…€".encode("cp1252") + "€œ".encode("iso8859-15")
)
_LATIN_9: Final = re.compile(rb"[\xa4\xa6\xa8\xb4\xb8\xbc-\xbe]")
_WINDOWS_ONLY: Final = re.compile(rb"[\x80-\x9f]")
_WIDE_SHARE: Final = 0.9
_WIDE_BLOCKS: Final = (0x00, 0x04, 0x06, 0x20, 0xFB, 0xFE)
"""High bytes in UTF-16 of Latin, Cyrillic and Arabic text and its punctuation."""


def decode(data: bytes, place: str, charset: str | None = None) -> str:
    """The text of a page.

    A character cut off at the end, or damaged within a page that is otherwise in its encoding, becomes
    U+FFFD. The text holds no lone surrogate and no byte order mark.

    Args:
        data: The page as read, at most MAX_PAGE.
        place: Where it is from, for errors.
        charset: The charset of the server's Content-Type; used if the page itself declares none.

    Raises:
        InputError: Binary data, an unknown encoding, or more than MAX_PAGE.
    """
    if len(data) > MAX_PAGE:
        raise InputError(
            place,
            f"is larger than {MAX_PAGE >> 20} MiB, the most that is read; give the page that shows the strip",
        )
    for mark, encoding in _BOMS:
        if data.startswith(mark) and (encoding != "utf-8" or _is_utf8(data) or _mostly_utf8(data[:_SAMPLE])):
            return _checked(data[len(mark) :].decode(encoding, "replace"), place)
    for magic, kind in _BINARY:
        if data.startswith(magic):
            raise InputError(place, f"{kind}, not text")
    return _checked(data.decode(_encoding(data, place, charset), "replace"), place)


def _checked(text: str, place: str) -> str:
    """Repair text that was mojibake already; refuse binary data that happened to decode."""
    if len(_CONTROLS.findall(text[:_SAMPLE])) > _CONTROL_SHARE * len(text[:_SAMPLE]):
        raise InputError(place, "binary data, not text")
    return without_controls(repair(text))


def _encoding(data: bytes, place: str, charset: str | None) -> str:
    if b"\0" in data[:_SAMPLE] and (wide := _wide(data[:_SAMPLE])):
        return wide
    words = b" ".join(islice(_high_words(data), _HIGH_WORDS))
    if _is_utf8(data) or _mostly_utf8(words):
        return "utf-8"
    declared = _DECLARED.search(data[:_DECLARED_WITHIN])
    label = declared[1].decode("ascii", "replace") if declared else charset
    stated = _declared(label) if label else None
    guessed = _guessed(data, words)
    # One or two words are too few for detection.
    likely: list[str | None] = [stated, guessed] if len(words) < _FEW_BYTES else [guessed, stated]
    for encoding in likely:
        if encoding and encoding != "utf-8" and _unnatural_share(words, encoding) <= _UNNATURAL_SHARE:
            return encoding
    # These have most letters in common, so take the one that gives most words.
    share, seldom = min(((_unnatural_share(words, each), each) for each in _LEGACY), key=itemgetter(0))
    if share <= _UNNATURAL_SHARE:
        return seldom
    raise InputError(place, "an encoding that cannot be told, or damaged text; save the page as UTF-8")


def _high_words(data: bytes) -> Iterator[bytes]:
    """The words with bytes beyond ASCII, each from its beginning."""
    for match in _HIGH.finditer(data):
        before = _LETTERS_BEFORE.search(data[max(0, match.start() - _LONGEST_BEGINNING) : match.start()])
        yield (before[0] if before else b"") + match[0]


def _guessed(data: bytes, words: bytes) -> str | None:
    """The encoding in which Firefox would read a page without a declaration."""
    from chardetng_py import EncodingDetector  # noqa: PLC0415 (few pages need it)

    detector = EncodingDetector()
    detector.feed(data, last=True)
    name = str(detector.guess(tld=None, allow_utf8=False))
    if name in _LATIN and not words.translate(None, _FRENCH):
        name = "windows-1252"
    if name == "windows-1252" and _LATIN_9.search(words) and not _WINDOWS_ONLY.search(words):
        # The currency sign, the broken bar and fractions stand in no word: ISO-8859-15 has €, œ and Š there.
        return "iso8859-15"
    if name == "IBM866":
        # The detector does not know the Arabic code page of DOS, and takes it for this Cyrillic one.
        return _LEGACY[0]
    return _codec(name)


def _unnatural_share(words: bytes, encoding: str) -> float:
    """The share of `words`, decoded in an encoding, that no language would write (`_UNNATURAL`), from 0 to 1."""
    read = words.decode(encoding, "replace").split()
    return sum(1 for word in read if _UNNATURAL.search(word)) / max(1, len(read))


def _wide(sample: bytes) -> str | None:
    """The codec of UTF-16 without a byte order mark, detected by its few different high bytes; else None."""
    for encoding, high in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
        if sum(map(high.count, _WIDE_BLOCKS)) >= _WIDE_SHARE * len(high):
            low = sample[::2] if encoding == "utf-16-le" else sample[1::2]
            if low.count(0) < len(low) - _WIDE_SHARE * len(low):
                return encoding
    return None


def _is_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8; the last character may be truncated."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True


def _declared(label: str) -> str | None:
    """Python's name for a declared encoding; None for one that no page can be in."""
    if found := _codec(label):
        return found
    try:
        return codecs.lookup(label).name if _OLD_MACHINES.fullmatch(label) else None
    except LookupError:
        return None


def _codec(label: str) -> str | None:
    """Python's name for an encoding of the Encoding Standard, as browsers read it: Latin 1 is Windows-1252."""
    found = webencodings.lookup(label)
    if found is None or found.name in _UNREADABLE:
        return None
    return _WIDER.get(found.name, str(found.codec_info.name))


def _mostly_utf8(sample: bytes) -> bool:
    """Whether the bytes are UTF-8 with less than a tenth of the non-ASCII characters damaged."""
    text = sample.decode("utf-8", "replace")
    beyond_ascii = sum(not character.isascii() for character in text)
    return text.count("\ufffd") < (1 - _WIDE_SHARE) * beyond_ascii
