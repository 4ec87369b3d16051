"""Texts that were written out, decoded wrongly or laced with control characters say what they stand for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.produce.labels import is_label
from streams.produce.plain import is_damaged, plain, repair, without_controls


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Bakers&#8217; strike", "Bakers’ strike"),
        ("Ports &amp;amp; rail", "Ports & rail"),
        ("The <b>new</b> <span class='x'>tram</span>", "The new tram"),
        ("One<br/>two&lt;br&gt;three", "One\ntwo\nthree"),
        ("الوزير: &quot;لا زيادة&quot;", 'الوزير: "لا زيادة"'),
        ("AT&T, R&copy, 3 < 5 and I <3 trams", "AT&T, R&copy, 3 < 5 and I <3 trams"),
        ("<![CDATA[Rain]]> at last", "Rain at last"),
    ],
)
def test_what_is_written_out_is_read(written: str, meant: str) -> None:
    """Entities and simple markup, twice escaped too; what is neither stays."""
    assert plain(written) == meant


@given(st.text() | st.text(alphabet="&<>;#abmprltgquo8217/ "))
def test_reading_twice_changes_nothing_more_than_controls(text: str) -> None:
    """A text is read to its end: up to three times escaped, it has no entity left."""
    assert plain(plain(text)) == plain(text) or "&" in plain(text)


@pytest.mark.parametrize("encoding", ["cp1252", "cp1256", "iso8859-15", "mac_roman", "cp1251", "latin-1"])
@pytest.mark.parametrize("text", ["La grève s’achève à la gare", "افتتاح محطة جديدة لتحلية مياه البحر"])
@pytest.mark.parametrize("times", [1, 2])
def test_text_that_was_decoded_wrongly_is_repaired(text: str, encoding: str, times: int) -> None:
    """UTF-8 that was read in another encoding, once or twice, is read right."""
    misread = text
    for _ in range(times):
        misread = "".join(bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in misread.encode())
    if times == 1 or encoding in {"cp1252", "latin-1", "cp1256"}:
        assert repair(misread) == text


def test_arabic_that_was_read_as_latin_is_repaired() -> None:
    """Windows-1256 that was read as Windows-1252 is read right, between tags and words of other scripts."""
    headline = "افتتاح محطة جديدة لتحلية مياه البحر (صور) AFP"
    misread = headline.encode("cp1256").decode("cp1252", "replace")
    assert repair(f"<p>Ça été<li>{misread}") == f"<p>Ça été<li>{headline}"


@pytest.mark.parametrize(
    "text",
    [
        "CAFÉ», DÉJÀ…",
        "ÇA ALORS, la fête créée à Ÿ",
        "Ångström à Malmö",
        "طريق «السلام» يُفتح، والطقس ممطر",
        "Группа «Звёзды» в Сочи",
        "İstanbul’da kış",
    ],
)
def test_sound_text_is_left_alone(text: str) -> None:
    """No word that somebody may have written is taken for a misreading."""
    assert repair(text) == text


def test_a_short_word_with_damage_is_repaired() -> None:
    """What a wrong encoding lost stays lost, and the rest of the word is read."""
    misread = "وزير في الميناء".encode().decode("cp1252", "replace")
    assert repair(misread).split()[1] == "\ufffdي"


@given(st.text())
def test_no_control_character_is_left(text: str) -> None:
    """Nothing that a terminal obeys or that turns a page round."""
    clean = without_controls(text)
    assert all(
        character in "\t\n\r" or character.isprintable() or ord(character) >= 0xA0 for character in clean
    )
    assert not set(clean) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def test_terminal_sequences_go_whole() -> None:
    """A colour or a window title leaves no litter; C1 is read as Windows-1252, as browsers do."""
    assert without_controls("\x1b[1;31mRain\x1b[0m \x1b]0;title\x07today\x92s") == "Rain today’s"


@pytest.mark.parametrize(
    ("text", "damaged"),
    [
        ("\ufffd\ufffd\ufffd \ufffd\ufffd\ufffd", True),
        ("?????? ???? ???", True),
        ("Ø§Ù„Ù…Ø¬Ù„Ø³", True),
        ("\ufffdt\ufffd chaud sur les plages", False),
        ("Where to? Who? And why?", False),
    ],
)
def test_damage_is_told(text: str, damaged: bool) -> None:
    """A text that nobody can read, and one with a damaged letter."""
    assert is_damaged(text) is damaged


@pytest.mark.parametrize(
    "text",
    [
        "Breaking News",
        "LATEST:",
        "À la une",
        "L’actu en direct",
        "عاجل",
        "🔴 آخر الأخبار",
        "شريط الأخبار :",
        "Tendances :",
    ],
)
def test_labels_are_known(text: str) -> None:
    """What a site writes before its headlines."""
    assert is_label(text)


@pytest.mark.parametrize(
    "text",
    [
        "Breaking: bridge closed",
        "",
        "Flash flood alert in the south",
        "خبر سار للفلاحين",
        "une une in in",
        "على le titre",
    ],
)
def test_headlines_are_no_labels(text: str) -> None:
    """A headline has words of its own."""
    assert not is_label(text)
