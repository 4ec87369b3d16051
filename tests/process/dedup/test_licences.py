"""What may stand beside a headline without making another one of it, and what may not."""

import pytest

from streams.process.dedup.compare import compare

ENGLISH = "Harbour bridge reopens after winter repairs"
FRENCH = "Le pont rouvre après les travaux d'hiver"
ARABIC = "إعادة فتح الجسر بعد أشغال الشتاء"


@pytest.mark.parametrize(
    ("headline", "place"),
    [
        (ENGLISH, "in London"),
        (ENGLISH, "in New York"),
        (ENGLISH, "in the city of London"),
        (FRENCH, "à Buenos Aires"),
        (FRENCH, "dans la ville de Paris"),
        (ARABIC, "في طنجة"),
        (ARABIC, "بطنجة"),
        (ARABIC, "بمدينة طنجة"),
        (ARABIC, "بالدار البيضاء"),
    ],
)
def test_a_known_place_after_a_headline_is_no_other_headline(headline: str, place: str) -> None:
    """A preposition of place and a name of one word or more, with "the city of" or without."""
    assert compare(headline, f"{headline} {place}").rule == "longer"


@pytest.mark.parametrize(
    ("headline", "words"),
    [
        (ENGLISH, "in silence"),
        (ENGLISH, "in town"),
        (ENGLISH, "over London"),
        (FRENCH, "en silence"),
        (ARABIC, "في صمت"),
        (ARABIC, "بصمت"),
        (ARABIC, "بفرنسا"),
    ],
)
def test_other_words_after_a_headline_are_compared(headline: str, words: str) -> None:
    """What is no known place, no preposition of place, or may be the object of the verb ("بفرنسا")."""
    assert compare(headline, f"{headline} {words}").relation == "distinct"


@pytest.mark.parametrize(
    ("label", "headline"),
    [
        ("New York:", ENGLISH),
        ("Aleppo (AFP) -", ENGLISH),
        ("Agadir :", FRENCH),
        ("الدار البيضاء:", ARABIC),
        ("مدينة طنجة:", ARABIC),
    ],
)
def test_a_known_place_before_a_headline_is_its_label(label: str, headline: str) -> None:
    """Alone or with its agency."""
    assert compare(f"{label} {headline}", headline).rule == "labelled"


@pytest.mark.parametrize(("label", "headline"), [("Paris :", FRENCH), ("موسكو:", ARABIC)])
def test_a_place_that_speaks_before_a_colon_is_a_speaker(label: str, headline: str) -> None:
    """What a capital says is a statement, and another headline."""
    assert compare(f"{label} {headline}", headline).relation == "distinct"


@pytest.mark.parametrize(
    ("label", "headline"),
    [
        ("Digest:", ENGLISH),
        ("Thursday briefing:", ENGLISH),
        ("Revue de presse:", FRENCH),
        ("Journal de jeudi:", FRENCH),
        ("صحف الخميس:", ARABIC),
        ("حصاد اليوم:", ARABIC),
        ("نشرة الخميس |", ARABIC),
    ],
)
def test_the_rubric_of_a_headline_is_its_tag(label: str, headline: str) -> None:
    """A rubric's name, with its day and little words."""
    assert compare(f"{label} {headline}", headline).rule == "retagged"


@pytest.mark.parametrize(
    ("label", "headline"),
    [
        ("Briefing burns:", ENGLISH),
        ("The headlines of the day on Thursday and Friday:", ENGLISH),
        ("Journal volé:", FRENCH),
        ("صحف محترقة:", ARABIC),
    ],
)
def test_a_rubric_that_says_more_is_news(label: str, headline: str) -> None:
    """A word that is neither the rubric's nor a day's, or more words than a rubric has."""
    assert compare(f"{label} {headline}", headline).relation == "distinct"


@pytest.mark.parametrize(
    ("noted", "headline"),
    [
        (f"{ENGLISH} -- Reuters", ENGLISH),
        (f"{ENGLISH} >> Coast Daily", ENGLISH),
        (f"{ENGLISH} «video»", ENGLISH),
        (f"{ENGLISH} @Reuters", ENGLISH),
        (f"@PellGazette: {ENGLISH}", ENGLISH),
        (f"@pellgazette - {ENGLISH}", ENGLISH),
        (f"{ENGLISH} – DW – 11/27/2026", ENGLISH),
        (f"{ENGLISH} - BBC News - 27 November 2026", ENGLISH),
        (f"{ENGLISH} -Reuters", ENGLISH),
        (f"{ENGLISH} - The Pell Gazette & Herald", ENGLISH),
        (f"Watch live video: {ENGLISH}", ENGLISH),
        (f"شاهدوا بالفيديو: {ARABIC}", ARABIC),
        (f"{ENGLISH} | Vanguard", ENGLISH),
        (f"Rolling coverage | {ENGLISH}", ENGLISH),
        (f"{FRENCH} — retour en images", FRENCH),
        (f"[minute par minute] {FRENCH}", FRENCH),
        (f"تغطية متواصلة: {ARABIC}", ARABIC),
        (f"تغطية مباشرة: {ARABIC}", ARABIC),
        (f"Livestream: {ENGLISH}", ENGLISH),
        (f"{ARABIC} «صور»", ARABIC),
        (f"تغطية متواصلة: {ARABIC}", f"{ARABIC} -- رويترز"),
    ],
)
def test_a_note_beside_a_headline_may_stand_behind_any_mark(noted: str, headline: str) -> None:
    """Tags and outlets that the fold leaves, for it knows neither all of them nor all marks."""
    assert compare(noted, headline).rule == compare(headline, noted).rule == "retagged"


@pytest.mark.parametrize(
    ("noted", "headline"),
    [
        (f"{ENGLISH} -- drill", ENGLISH),
        (f"{ENGLISH} «retracted»", ENGLISH),
        (f"Reuters' editor: {ENGLISH}", ENGLISH),
        (f"@AnaMora: {ENGLISH}", ENGLISH),
        (f"@FakePellGazette: {ENGLISH}", ENGLISH),
        (f"Video of the day shows: {ENGLISH}", ENGLISH),
        (f"{FRENCH} >> démenti", FRENCH),
        (f"Vanguard: {ENGLISH}", ENGLISH),
        ("Mayor sues Evening Post, Guardian", "Mayor sues Evening Post"),
        (f"{ENGLISH}, Variety", ENGLISH),
        (f"{ENGLISH} - variety", ENGLISH),
        (f"Live prisoners: {ENGLISH}", ENGLISH),
        (f"{ENGLISH} -source", ENGLISH),
        (f"{ARABIC} «سيدات»", ARABIC),
        (f"خبر كاذب: {ARABIC}", ARABIC),
    ],
)
def test_a_note_that_is_not_known_is_said(noted: str, headline: str) -> None:
    """Behind any mark, what is no tag and no outlet makes another headline."""
    assert compare(noted, headline).relation == compare(headline, noted).relation == "distinct"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("الشركة تخفض إنتاجها ألف طن يوميا", "الشركة تخفض إنتاجها إلى ألف طن يوميا"),
        ("أسعار القمح ترتفع 5 بالمئة", "أسعار القمح ترتفع من 5 بالمئة"),
        ("La coopérative baisse ses prix 3 %", "La coopérative baisse ses prix à 3 %"),
    ],
)
def test_a_little_word_that_measures_is_said(one: str, other: str) -> None:
    """By how much is not to how much."""
    assert compare(one, other).relation == "distinct"
    assert (
        compare("Le derby débute 20h samedi soir", "Le derby débute à 20h samedi soir").relation
        == "duplicate"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Pound falls to record low", "Pound falls to new record low"),
        ("La livre à un niveau record", "La livre à un nouveau niveau record"),
        ("العملة تهبط لمستوى قياسي", "العملة تهبط إلى مستوى قياسي جديد"),
        ("تمديد حالة الطوارئ في الجزيرة", "تمديد جديد لحالة الطوارئ في الجزيرة"),
    ],
)
def test_a_new_record_is_another(one: str, other: str) -> None:
    """New says little of what happens once, and everything of what can happen again."""
    assert compare(one, other).relation == compare(other, one).relation == "distinct"
