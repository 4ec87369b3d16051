"""Which language a headline is in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.process import language
from streams.process.fold import fold
from streams.process.language import LANGUAGES, detect
from streams.process.language.train import learn, long_names_in, names_in


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("أمطار غزيرة شمال المملكة", "ar"),
        ("هاتف iPhone 17 يصل إلى الأسواق", "ar"),
        ("Nintendo Switch Online تصل إلى المنطقة", "ar"),
        ("Le mot « عاجل » gagne les sites d'information", "fr"),
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
    """By script first, Arabic with Latin names in it; French and English by their trigrams and words."""
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


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Cyclist crosses the Kalahari desert", "en"),
        ("Thé à la menthe : les prix montent", "fr"),
        ("Taroudant rebuilds the old souk", "en"),
        ("Rabat : le parking des trams rouvre", "fr"),
        ("Nantes tram drivers end strike", "en"),
        ("Guelmim airport opens to night flights", "en"),
        ("Ouazzani wins Meknes chess open", "en"),
        ("Le remake du film de Clint Eastwood", "fr"),
        ("Snowboard : le titre à Burton", "fr"),
        ("Cloud : le groupe Rackspace dévisse", "fr"),
        ("Espagne - Danemark 2-1", "fr"),
        ("Spain - Denmark 2-1", "en"),
    ],
)
def test_neither_names_nor_borrowed_words_decide(text: str, language: str) -> None:
    """Names of places and people say nothing unless the languages spell them differently, and borrowed words little."""
    assert detect(fold(text)) == language


@given(st.lists(st.text("abcdeéstu", min_size=1, max_size=7), min_size=1, max_size=6).map(" ".join))
def test_what_is_remembered_of_words_says_what_the_model_says(folded: str) -> None:
    """The language of a text is that of the sum of its words, whatever words came before."""
    assert language._latin_language(folded) == language._latin_model().language_of(folded)


def test_a_name_is_written_with_a_capital_in_the_middle_of_headlines() -> None:
    """Whatever begins a sentence has a capital, and so has every word of a headline that is written in capitals."""
    names = names_in(
        [
            "Le maire de Tafraout inaugure une nouvelle place",
            "Neige : Fermeture de quatre routes autour du village",
            "New Harbour Wall Opens In Tarfaya Before The Winter",
        ]
    )
    assert names == {"tafraout"}


def test_a_long_name_has_a_small_word_within() -> None:
    """What is a sentence's own, or begins it, is no such name."""
    headlines = [
        "Les cyclistes du Tour de Corse arrivent à La Baule",
        "La ville de Tafraout vue par les peintres de l'école",
    ]
    assert long_names_in(headlines) == {"Tour de Corse", "La Baule"}


def test_names_teach_nothing_and_words_teach_as_they_are_used() -> None:
    """A model that is learned knows the language of new headlines by their words, beside names of the other one."""
    french = [
        "le port de tanger ferme",
        "le pont de tanger ferme",
        "le train de tanger arrive",
        "la gare ferme",
    ]
    english = ["the port closes", "the bridge closes", "the train arrives", "the ferry closes"]
    rows = [("fr", text) for text in french] + [("en", text) for text in english]
    model = learn(rows, frozenset({"tanger"}))
    assert model.words["tanger"] == 0
    assert model.words["the"] < 0 < model.words["de"]
    assert model.language_of("the tanger ferry arrives") == "en"
    assert model.language_of("le ferry de tanger ferme") == "fr"
