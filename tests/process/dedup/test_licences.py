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
