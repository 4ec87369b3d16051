"""The word lists are folded, hold no contradiction, and know words with their prefixes."""

import gzip
from pathlib import Path

import pytest

from streams.process.dedup.words import LANGUAGES, lexicon, stems, take_apart
from streams.process.dedup.words.train import known_words
from streams.process.fold import fold_words


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_folded(language: str) -> None:
    """Every word stands as `fold` leaves it, so that a headline's words can be looked up."""
    words = lexicon(language)
    for listed in (
        words.meanings,
        words.numbers,
        words.scales,
        words.units,
        words.droppable,
        words.minor,
        words.bounds,
    ):
        assert all(fold_words(word) == word for word in listed)
    assert all(fold_words(word) == word for word in sorted(words.known)[::97])


@pytest.mark.parametrize("language", LANGUAGES)
def test_critical_words_cannot_be_dropped(language: str) -> None:
    """A word that a guard watches is never one that can come and go."""
    words = lexicon(language)
    watched = {word for word, meaning in words.meanings.items() if meaning.kind in {"negation", "denial"}}
    assert not watched & (words.droppable | words.minor)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_week_has_seven_days_and_a_year_twelve_months(language: str) -> None:
    """Each language names seven days and at least twelve months."""
    meanings = lexicon(language).meanings.values()
    assert len({m.value for m in meanings if m.kind == "weekday"}) == 7
    assert len({m.value for m in meanings if m.kind == "month"}) >= 12


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_word_is_not_its_own_opposite(language: str) -> None:
    """Opposites are two words, either way round."""
    opposites = lexicon(language).opposites
    assert all(one != other and (other, one) in opposites for one, other in opposites)


def test_other_languages_have_no_words() -> None:
    """A language without lists has an empty lexicon, and nothing is known of its words."""
    words = lexicon("ru")
    assert not words.known
    assert words.meaning("понедельник") is None


def test_prefixes_are_taken_apart() -> None:
    """Conjunction, preposition and article are told from the stem."""
    parts = take_apart("وبالمدرسه")
    assert (parts.conjunction, parts.preposition, parts.article, parts.stem) == ("و", "ب", "ال", "مدرسه")
    assert list(stems("goals")) == []


def test_prefixes_do_not_hide_a_meaning() -> None:
    """A weekday, number or rank is known with its prefixes; a negation only behind a conjunction."""
    words = lexicon("ar")
    for word, kind in (
        ("والاثنين", "weekday"),
        ("للخميس", "weekday"),
        ("بيناير", "month"),
        ("ولا", "negation"),
    ):
        meaning = words.meaning(word)
        assert meaning is not None
        assert meaning.kind == kind
    assert words.number("لسته") == 6
    assert words.knows("وبالمدينه")


def test_words_are_learned_from_headlines(tmp_path: Path) -> None:
    """Training folds the words of each language and sorts them; numbers and other languages stay out."""
    corpus = tmp_path / "corpus.tsv.gz"
    lines = ["ar\tافتتاح معرض الكتاب", "fr\tÉté à Fès 2024", "xx\tignored", "en\tPort reopens"]
    corpus.write_bytes(gzip.compress("\n".join(lines).encode()))
    known = known_words([corpus])
    assert known == {
        "ar": ["افتتاح", "الكتاب", "معرض"],
        "en": ["port", "reopens"],
        "fr": ["a", "ete", "fes"],
    }
