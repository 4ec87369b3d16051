"""Which language a headline is in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.process import language
from streams.process.fold import fold
from streams.process.language import LANGUAGES, detect


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("أمطار غزيرة شمال المملكة", "ar"),
        ("هاتف iPhone 17 يصل إلى الأسواق", "ar"),
        ("Averses orageuses attendues dans le nord du pays", "fr"),
        ("Le Raja en tete du championnat", "fr"),
        ("Heavy rain expected in the north of the country", "en"),
        ("Striker ruled out with a knee injury", "en"),
        ("Harbour leader criticises labour programme", "en"),
        ("В Москве прошел дождь", "ru"),
        ("ⴰⵎⴰⵣⵉⵖ", "zgh"),
        ("גשם כבד בצפון", "he"),
        ("地震発生のニュース", "ja"),
        ("北京下雨", "zh"),
        ("비가 온다", "ko"),
        ("2-1", "und"),
        ("!!!", "und"),
    ],
)
def test_a_headline_has_the_language_of_most_of_its_letters(text: str, language: str) -> None:
    """By script first; French and English by their trigrams and words."""
    assert detect(fold(text)) == language


@given(st.text())
def test_every_text_has_a_language(text: str) -> None:
    """Never an exception, always a code that an event can carry."""
    language = detect(fold(text))
    assert language in LANGUAGES
    assert 2 <= len(language) <= 3
    assert language.isascii()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Séisme de magnitude 4,2 à Al Hoceima", "URGENT – Seisme de magnitude 4.2 a Al Hoceïma"),
        ("Équipe nationale : la liste", "equipe nationale la liste"),
    ],
)
def test_every_spelling_of_a_headline_has_one_language(one: str, other: str) -> None:
    """One language, one partition, one owner: it is decided from the fold."""
    assert detect(fold(one)) == detect(fold(other))


@given(st.lists(st.text("abcdeéstu", min_size=1, max_size=7), min_size=1, max_size=6).map(" ".join))
def test_words_and_what_joins_them_say_what_the_whole_text_says(folded: str) -> None:
    """The odds of a text are those of its words and of all its trigrams, counted over the text with its blanks."""
    model = language._latin_model()
    padded = f" {folded} ".replace("é", "e")
    odds = model.bias + sum(language._telling_words().get(word, 0) for word in padded.split())
    odds += sum(model.trigrams.get(padded[at : at + 3], 0) for at in range(len(padded) - 2))
    assert language._latin_language(folded) == ("fr" if odds > 0 else "en")
