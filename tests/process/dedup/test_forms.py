"""Forms of a stem and compounds that share a part are no typing errors: they say who, whose, and how many."""

import pytest

from streams.process.dedup.compare import compare

ARABIC = "عمدة البلدة يكرم {} بعد سنوات من الخدمة"
FRENCH = "Le jury félicite les proches et {} de la vallée"
ENGLISH = "Town council thanks {} for years of service"


@pytest.mark.parametrize(
    ("headline", "one", "other"),
    [
        (ARABIC, "زميله", "زميلته"),
        (ARABIC, "زميله", "زميليه"),
        (ARABIC, "زميله", "زميلاته"),
        (ARABIC, "زميله", "زميلها"),
        (ARABIC, "زميله", "زميلهم"),
        (ARABIC, "زميلا", "زميلها"),
        (ARABIC, "محاميها", "محامييها"),
        (ARABIC, "طباخهم", "طباختهم"),
        (ARABIC, "بستانيين", "بستانيتين"),
        (ARABIC, "المسعفان", "المسعفتان"),
        (FRENCH, "un magicien", "une magicienne"),
        (FRENCH, "vigneron", "vigneronne"),
        (FRENCH, "nageur", "nageuse"),
        (FRENCH, "nageurs", "nageuses"),
        (FRENCH, "religieux", "religieuse"),
        (FRENCH, "intellectuel", "intellectuelle"),
        (FRENCH, "lycéens", "lycéennes"),
        (FRENCH, "fugitif", "fugitive"),
        (ENGLISH, "chairman", "chairwoman"),
        (ENGLISH, "tribesman", "tribesmen"),
        (ENGLISH, "stepbrother", "stepmother"),
        (ENGLISH, "northeast", "northwest"),
        (ENGLISH, "trainer", "trainee"),
        (ENGLISH, "mentor", "mentee"),
        (ENGLISH, "kidnapper", "kidnapped"),
        (ENGLISH, "detained", "detainees"),
        (ENGLISH, "deadlier", "deadliest"),
        (ENGLISH, "importation", "deportation"),
        (ENGLISH, "interstate", "intrastate"),
        (ENGLISH, "the eleventh", "the seventh"),
        (FRENCH, "la détention", "la rétention"),
        (FRENCH, "un importateur", "un exportateur"),
        (FRENCH, "la septième", "la centième"),
        (FRENCH, "les nigériens", "les nigérians"),
        (FRENCH, "l'équipe gambienne", "l'équipe zambienne"),
        (ARABIC, "ألفا جندي", "ألف جندي"),
        (ARABIC, "مليونا متطوع", "مليون متطوع"),
        (ARABIC, "مئتي متطوع", "مئة متطوع"),
        (ARABIC, "شاعر ليبيا", "شاعر ليبي"),
        (ARABIC, "تضحيتهم", "تضحيتهما"),
    ],
)
def test_another_form_says_another_fact(headline: str, one: str, other: str) -> None:
    """Him, her, them; his and hers; who does it and who suffers it: whether or not the words are known."""
    assert compare(headline.format(one), headline.format(other)).relation != "duplicate"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("بلدية الزهراء تنفق مليونا على الحدائق", "بلدية الزهراء تنفق مليون على الحدائق"),
        ("القوات البرية تنهي مناورات الربيع", "القوت البرية تنهي مناورات الربيع"),
        ("المدينة العتيقة تستعد لمهرجان الحكاية", "المدينة العتيقية تستعد لمهرجان الحكاية"),
        ("Le gouvernement reporte la réforme des gares", "Le gouvernemet reporte la réforme des gares"),
        ("Government reopens the old canal", "Goverment reopens the old canal"),
    ],
)
def test_a_letter_that_was_lost_is_a_typing_error(one: str, other: str) -> None:
    """Where the two words are no forms of one stem, or an article says that nobody's is meant."""
    assert compare(one, other).relation == "duplicate"
