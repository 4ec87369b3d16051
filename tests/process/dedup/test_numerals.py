"""Numbers in digits, words and magnitudes are read to one value."""

import pytest

from streams.process.dedup.numerals import read_numeral
from streams.process.dedup.words import lexicon
from streams.process.fold import fold


@pytest.mark.parametrize(
    ("language", "text", "kind", "value"),
    [
        ("ar", "3 آلاف", "number", "3000"),
        ("ar", "ثلاثة آلاف", "number", "3000"),
        ("ar", "لثلاثة", "number", "3"),
        ("ar", "خمسة عشر", "number", "15"),
        ("ar", "خمسة وعشرون", "number", "25"),
        ("ar", "مئة وخمسة", "number", "105"),
        ("ar", "مليوني", "number", "2000000"),
        ("ar", "و10", "number", "10"),
        ("ar", "الـ600", "number", "600"),
        ("ar", "٪45", "number", "45%"),
        ("ar", "تسعة بالمائة", "number", "9%"),
        ("ar", "2-1", "score", "2-1"),
        ("fr", "quatre-vingt-dix-sept", "number", "97"),
        ("fr", "soixante et onze", "number", "71"),
        ("fr", "deux cent trente", "number", "230"),
        ("fr", "2 000", "number", "2000"),
        ("fr", "2 millions d'euros", "number", "2000000€"),
        ("fr", "2 M€", "number", "2000000€"),
        ("fr", "2 Mds €", "number", "2000000000€"),
        ("fr", "25 MDH", "number", "25000000dh"),
        ("fr", "25 millions de dirhams", "number", "25000000dh"),
        ("en", "$5m", "number", "5000000$"),
        ("ar", "30 مليون درهم", "number", "30000000dh"),
        ("fr", "1ère", "ordinal", "1"),
        ("fr", "3e", "ordinal", "3"),
        ("fr", "XIVe", "ordinal", "14"),
        ("fr", "VIIIe", "ordinal", "8"),
        ("fr", "1er", "ordinal", "1"),
        ("fr", "1er avril", "number", "1"),
        ("ar", "5 ملايير درهم", "number", "5000000000dh"),
        ("ar", "10 كيلومترات", "number", "10km"),
        ("en", "4 pct", "number", "4%"),
        ("en", "twenty-five thousand", "number", "25000"),
        ("en", "one hundred and five", "number", "105"),
        ("en", "25,000", "number", "25000"),
        ("fr", "6.037,11", "number", "6037.11"),
        ("en", "$2bn", "number", "2000000000$"),
        ("en", "4 per cent", "number", "4%"),
        ("en", "21st", "ordinal", "21"),
        ("en", "G20", "number", "g20"),
    ],
)
def test_a_number_has_one_value(language: str, text: str, kind: str, value: str) -> None:
    """However it is written, a number is read to its kind and value."""
    numeral = read_numeral(fold(text).split(), 0, lexicon(language))
    assert numeral is not None
    assert (numeral.kind, numeral.value) == (kind, value)


@pytest.mark.parametrize(
    ("language", "text"),
    [("ar", "وزير"), ("fr", "mille-feuille rien"), ("en", "often"), ("fr", "la vie"), ("fr", "une scie")],
)
def test_other_words_are_no_numbers(language: str, text: str) -> None:
    """A word that only looks like a number word is none."""
    assert read_numeral(fold(text).split()[-1:], 0, lexicon(language)) is None


def test_two_numbers_in_a_row_stay_two() -> None:
    """Numbers that do not add up in words are read one at a time."""
    assert read_numeral(["five", "seven"], 0, lexicon("en")) == read_numeral(["five"], 0, lexicon("en"))
