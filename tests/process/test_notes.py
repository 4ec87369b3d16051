"""Notes beside a headline: what is known to be one is stripped, and nothing else."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.process import notes
from streams.process.fold import fold, headline_of
from streams.process.notes import plain

TRAM = "Tram line reopens after repairs"
TRAM_FR = "La ligne de tram rouvre après les travaux"
TRAM_AR = "إعادة فتح خط الترام بعد الإصلاحات"

NOTES = [
    # Tags, in every way that they are marked off.
    (TRAM, "BREAKING: {}"),
    (TRAM, "Breaking news – {}"),
    (TRAM, "[UPDATED] {}"),
    (TRAM, "*UPDATED* {}"),
    (TRAM, "#BreakingNews {}"),
    (TRAM, "🔴 LIVE: {}"),
    (TRAM, "LIVE {}"),
    (TRAM, "UPDATE 2-{}"),
    (TRAM, "RPT-{}"),
    (TRAM, "{} (photos)"),
    (TRAM, "{} - live updates"),
    (TRAM, "{} | Video"),
    (TRAM, "{}: live updates"),
    (TRAM_FR, "{} : suivez le direct"),
    (TRAM_AR, "{}: شاهد"),
    (TRAM_FR, "URGENT. {}"),
    (TRAM_FR, "MISE À JOUR. {}"),
    (TRAM_FR, "INFO COAST MATIN. {}"),
    (TRAM_FR, "Info franceinfo. {}"),
    (TRAM_FR, "[EN DIRECT] {}"),
    (TRAM_AR, "عاجل/ {}"),
    (TRAM_AR, "بالصور والفيديو: {}"),
    (TRAM_AR, "#خبر_عاجل {}"),
    (TRAM_AR, "عــــاجل| {}"),
    (TRAM_AR, "{} +فيديو"),
    (TRAM_AR, "{} .. صور"),
    # Outlets that are known, those that are plainly outlets, domains.
    (TRAM, "{} - Reuters"),
    (TRAM, "{} :: Al Jazeera English"),
    (TRAM, "{} (AFP, AP)"),
    (TRAM, "{}, via Reuters"),
    (TRAM_FR, "{} (via AFP)"),
    (TRAM_AR, "{} نقلا عن رويترز"),
    (TRAM, "{} | Coast Daily"),
    (TRAM, "{} · The Harbour Gazette"),
    (TRAM, "{} - coastdaily.com"),
    (TRAM, "(Reuters) - {}"),
    (TRAM, "BBC News - {}"),
    (TRAM_FR, "{} » Le Soir"),
    (TRAM_FR, "{} - Ouest-France"),
    (TRAM_FR, "Ouest-France : {}"),
    (TRAM_FR, "{} (avec AFP)"),
    (TRAM_FR, "{} | La Gazette du Littoral"),
    (TRAM_AR, "{} - رويترز"),
    (TRAM_AR, "{} | BBC News عربي"),
    (TRAM_AR, "{} (أ ف ب)"),
    (TRAM_AR, "{} - جريدة الساحل"),
    (TRAM_AR, "{} | وكالة أنباء الساحل"),
    (TRAM_AR, "{} - البيان"),
    (TRAM_AR, "{} #عاجل"),
    (TRAM, "{} #Breaking"),
    (TRAM, "{} (dpa)"),
    # Addresses and who passed it on.
    (TRAM, "{} https://coast.example/a?id=4"),
    (TRAM, "RT @coastdaily: {}"),
    (TRAM, "{} via @coastdaily"),
    (TRAM, "{} pic.twitter.com/AbC1"),
    # Several, and sections of a site.
    (TRAM, "🔴 BREAKING | Reuters: {} - live | Reuters https://t.co/x"),
    (TRAM, "Sport | {}"),
    (TRAM_FR, "{} | Société"),
    # Markup and entities.
    (TRAM, "<b>{}</b>"),
    (TRAM, "<![CDATA[{}]]>"),
    (TRAM, "&amp;quot;{}&amp;quot;"),
    (TRAM, '<a href="https://coast.example">{}</a>&nbsp;'),
]
KEPT = [
    (TRAM, "{} (women)"),
    (TRAM, "{} (retracted)"),
    (TRAM, "{} - rumours"),
    (TRAM, "{} - Fake News"),
    (TRAM, "{} - mayor"),
    (TRAM, "{} | Analysis"),
    (TRAM, "{} (special)"),
    (TRAM, "Drill: {}"),
    (TRAM, "Satire: {}"),
    (TRAM, "Rebels: {}"),
    (TRAM, "Correction: {}"),
    (TRAM, "Handball: {}"),
    (TRAM, "{} - press review"),
    (TRAM, "Video of {}"),
    (TRAM, "{}: alert"),
    (TRAM, "{}: Reuters"),
    (TRAM, "{} via Northport"),
    (TRAM_FR, "{} : mise à jour"),
    (TRAM_FR, "{} (le soir)"),
    (TRAM_FR, "{} - opposition"),
    (TRAM_FR, "Tribune : {}"),
    (TRAM_FR, "Exercice : {}"),
    (TRAM_FR, "direct {}"),
    (TRAM_AR, "{} (البيان)"),
    (TRAM_AR, "{} - قناة السويس"),
    (TRAM_AR, "{} - صحيفة أجنبية"),
    (TRAM_AR, "{} - موقع الحادث"),
    (TRAM_AR, "{} (تكذيب)"),
    (TRAM_AR, "تمرين: {}"),
    (TRAM_AR, "رأي: {}"),
    (TRAM_AR, "عاجل {}"),
    (TRAM, "{} #women"),
]


@pytest.mark.parametrize(("headline", "note"), NOTES)
def test_what_is_known_to_be_a_note_is_stripped(headline: str, note: str) -> None:
    """Tags, outlets, addresses and markup do not count, wherever sites put them."""
    assert fold(note.format(headline)) == fold(headline)


@pytest.mark.parametrize(("headline", "note"), KEPT)
def test_what_is_not_known_stays(headline: str, note: str) -> None:
    """Who, whether it is true, and what kind of text it is: such words make another headline."""
    assert fold(note.format(headline)) != fold(headline)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("L&rsquo;&eacute;t&eacute; arrive", "L’été arrive"),
        ("Parks &amp;amp; trams", "Parks & trams"),
        ("R&D at AT&T", "R&D at AT&T"),
        ("Closed [&#8230;]", "Closed […]"),
        ("5 < 6 and 7 > 6", "5 < 6 and 7 > 6"),
        ("Tram\u200bline\u200breopens", "Tram line reopens"),
        ("Tram line reo\u200bpens today again", "Tram line reo\u200bpens today again"),
    ],
)
def test_markup_is_read_as_what_it_stands_for(text: str, expected: str) -> None:
    """Entities are decoded however often they were escaped; what only looks like markup stays."""
    assert plain(text).strip() == expected


@pytest.mark.parametrize("text", ["BREAKING:", "Reuters", "https://t.co/x", "(photos)", "عاجل |", "- BBC"])
def test_a_text_that_is_only_a_note_stays(text: str) -> None:
    """Nothing is stripped to nothing."""
    assert headline_of(text)


@given(st.text(max_size=60))
def test_stripping_leaves_a_part_of_the_text(text: str) -> None:
    """Whatever stands in a text, what is left has no letters that were not there."""
    left = headline_of(text)
    assert left or not plain(text).strip()
    assert len(left) <= len(plain(text))


@given(st.text(alphabet=" \t\u00a0ab1ن:|!،,…–—»›·•¦/.-~*+vVا★🔴", max_size=60), st.integers(0, 60))
@example("ab, via b", 0)
@example("ab ، Via b", 0)
@example("اا نقلا عن ب", 0)
def test_no_mark_is_missed_for_lack_of_a_sign(text: str, begin: int) -> None:
    """Looking from the first sign on finds every mark that looking everywhere finds."""
    tail = [match.span() for match in notes._TAIL_MARK.finditer(text, begin)]
    assert [match.span() for match in notes._tail_marks(text, begin)] == tail
    head = [match.span() for match in notes._HEAD_MARK.finditer(text, begin, begin + notes._LONGEST)]
    assert [match.span() for match in notes._head_marks(text, begin)] == head


@given(st.text(alphabet=" aAéÉßvViنقلاعءيـ\u064b1,;'’\"“”«?؟%", max_size=60))
@example("Pont rouvert via Coast Daily")
@example("الجسر يفتح نقلا عن رويترز")
@example("LIVE Rovers win")
@example("'LIVE Rovers win")
def test_a_bare_text_has_no_notes(text: str) -> None:
    """What is told at a glance is what looking for notes finds."""
    assert not notes._is_bare(text) or notes._stripped(text) == text
