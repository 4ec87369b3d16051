"""Decoding pages: every encoding that tickers come in, and no binary data."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import InputError
from streams.produce.decode import MAX_PAGE, decode

ARABIC = "افتتاح محطة جديدة لتحلية مياه البحر | مجلس المدينة يصادق على الميزانية | أمطار مرتقبة يوم الخميس"
FRENCH = "Le port de pêche rouvre après trois mois | La grève s'achève à la gare | Été : les plages rouvertes"
RUSSIAN = "В столице открылась выставка современного искусства | Новый мост соединит два берега реки"


@pytest.mark.parametrize("text", [ARABIC, FRENCH, RUSSIAN, "plain ASCII | text", ""])
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
        ("utf-32-le", codecs.BOM_UTF32_LE),
    ],
)
def test_unicode(text: str, encoding: str, mark: bytes) -> None:
    """Unicode is read with or without a byte order mark, which does not come out."""
    assert decode(mark + text.encode(encoding), "here") == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (ARABIC, "cp1256"),
        (ARABIC, "iso8859-6"),
        (FRENCH, "cp1252"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        ("كأس العالم", "cp1256"),
    ],
)
def test_legacy_encoding_is_detected(text: str, encoding: str) -> None:
    """Legacy encodings are told by their bytes alone."""
    assert decode(text.encode(encoding), "here") == text


@pytest.mark.parametrize(
    ("declaration", "encoding"),
    [
        ('<meta charset="windows-1256">', "cp1256"),
        ("<META http-equiv=Content-Type content='text/html; charset=ISO-8859-6'>", "iso8859-6"),
        ('<?xml version="1.0" encoding="windows-1256"?>', "cp1256"),
        ('<meta charset="x-cp1256">', "cp1256"),
        ("<meta charset=arabic>", "iso8859-6"),
    ],
)
def test_declared_encoding_counts(declaration: str, encoding: str) -> None:
    """A page's declaration is believed, in HTML and XML."""
    page = f"<html>{declaration}<p>عدد</p>"
    assert decode(page.encode(encoding), "here") == page


def test_declared_latin_1_is_windows_1252() -> None:
    """As in browsers: pages that declare Latin 1 hold curly quotes of Windows-1252."""
    page = '<meta charset="iso-8859-1"><p>L’été à la plage…</p>'
    assert decode(page.encode("cp1252"), "here") == page


@pytest.mark.parametrize("label", ["utf-7", "unicode_escape", "idna", "rot13", "no-such-encoding", "utf-16"])
def test_odd_declaration_is_not_believed(label: str) -> None:
    """Encodings that are not for pages are ignored."""
    page = f'<meta charset="{label}"><p>{ARABIC}</p>'
    assert decode(page.encode("cp1256"), "here") == page


@pytest.mark.parametrize("label", ["utf-8", "iso-8859-1", "gb2312", "windows-1251", "utf-16"])
@pytest.mark.parametrize(
    ("text", "encoding"),
    [(ARABIC, "cp1256"), (ARABIC, "iso8859-6"), (ARABIC, "cp720"), (FRENCH, "cp1252"), (FRENCH, "mac_roman")],
)
def test_a_wrong_declaration_does_not_win_over_the_bytes(label: str, text: str, encoding: str) -> None:
    """A rewritten theme or a wrong header leaves a declaration that is not true."""
    page = f'<meta charset="{label}"><p>{text}</p>'
    assert decode(page.encode(encoding), "here") == page


def test_latin_9_is_told_by_its_euro_sign() -> None:
    """It has letters and the euro where Windows-1252 has signs that stand in no word."""
    page = "<p>Le blé atteint 250 € : le cœur du marché</p>"
    assert decode(page.encode("iso8859-15"), "here") == page


def test_utf8_that_was_encoded_twice_is_repaired() -> None:
    """What was read as Windows-1252 before comes out right."""
    assert (
        decode(
            "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in ARABIC.encode()).encode(), "here"
        )
        == ARABIC
    )


def test_control_characters_are_left_out() -> None:
    """Nothing of a page steers a terminal."""
    assert decode(b"Rain \x1b[31mtoday " + b"and dry weather from Friday " * 20, "here").startswith(
        "Rain today and"
    )


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_character_cut_off_at_the_end_is_replaced(lost: int) -> None:
    """A page cut inside a character is read to there."""
    assert decode((ARABIC + "🔴").encode()[:-lost], "here") == ARABIC + "\ufffd"


def test_damaged_utf8_is_still_utf8() -> None:
    """One damaged byte does not turn a page into another encoding."""
    data = bytearray(ARABIC.encode())
    data[20] = 0xFF
    assert decode(bytes(data), "here")[15:] in ARABIC


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"\xff\xd8\xff\xe0 JFIF",
        b"GIF89a....",
        b"PK\x03\x04 zip",
        b"%PDF-1.7",
        b"\x1f\x8b\x08 gzip",
        bytes(1000),
        b"\x7fELF" + bytes(60) + bytes(range(256)) * 4,
        b"text\0with\0separators\0of\0programs",
    ],
)
def test_binary_data_is_refused_by_name(data: bytes) -> None:
    """Images, archives and other binary data are refused, and the error names the place."""
    with pytest.raises(InputError, match=r"^here: "):
        decode(data, "here")


def test_a_picture_in_base64_is_passed_over_at_once() -> None:
    """A run of a million letters, as pictures and fonts in a page are, is no word to tell the encoding by."""
    page = b'<img src="data:image/png;base64,' + b"A" * 1_000_000 + b'"><p>' + FRENCH.encode("cp1252")
    assert decode(page, "here").endswith(FRENCH)


def test_large_page_is_refused_with_its_limit() -> None:
    """Beyond the limit nothing is tried."""
    with pytest.raises(InputError, match="16 MiB"):
        decode(b"a" * (MAX_PAGE + 1), "here")


@given(
    st.binary() | st.text(alphabet=st.characters()).map(lambda text: text.encode("utf-16", "surrogatepass"))
)
def test_any_bytes_decode_or_are_refused(data: bytes) -> None:
    """Arbitrary bytes raise nothing but InputError, and no lone surrogate comes out."""
    try:
        text = decode(data, "here")
    except InputError:
        return
    text.encode("utf-8")
